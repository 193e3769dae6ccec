package gateway_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/runtime/gateway"
)

// A vector is a request and the event that another implementation made of it.
type vector struct {
	Name    string
	Request struct {
		Method, Target string
		Headers        map[string]string
		Body           []byte `json:"body_base64"`
	}
	Event    map[string]any
	Response struct{ Status int }
}

func vectors(t *testing.T, file string) []vector {
	t.Helper()
	data, err := os.ReadFile("../../../testdata/vectors/" + file)
	require.NoError(t, err)
	var list []vector
	for _, line := range bytes.Split(bytes.TrimSpace(data), []byte("\n")) {
		var v vector
		require.NoError(t, json.Unmarshal(line, &v))
		list = append(list, v)
	}
	require.NotEmpty(t, list)
	return list
}

// raw returns the request in wire format, with its target unchanged.
func (v *vector) raw(host string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n", v.Request.Method, v.Request.Target, host)
	for name, value := range v.Request.Headers {
		fmt.Fprintf(&b, "%s: %s\r\n", name, value)
	}
	if len(v.Request.Body) > 0 {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(v.Request.Body))
	}
	b.WriteString("\r\n")
	b.Write(v.Request.Body)
	return b.String()
}

// send sends a request on a new connection and returns the response.
func send(t *testing.T, server *httptest.Server, request, method string) (*http.Response, string) {
	t.Helper()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, request)
	require.NoError(t, err)
	response, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response, string(body)
}

// echo serves a function that responds with its event.
func echo(t *testing.T, g *gateway.Gateway) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(g.Handler(func(_ context.Context, event request) (response, error) {
		body, err := json.Marshal(event)
		return response{StatusCode: 200, Body: string(body)}, err
	}))
	t.Cleanup(server.Close)
	return server
}

// TestVectorsV1 compares events with those of an API Gateway emulator. Fields
// that the emulator invents are not compared.
func TestVectorsV1(t *testing.T) {
	server := echo(t, new(gateway.Gateway))
	compared := 0
	for _, v := range vectors(t, "http-apigw-v1.jsonl") {
		t.Run(v.Name, func(t *testing.T) {
			if v.Event == nil {
				return // covered by TestVectorsRedwood and by package server
			}
			compared++
			if v.Name == "trailing slash" { // the emulator drops the slash, API Gateway does not
				v.Event["path"] = "/echo/"
				v.Event["requestContext"].(map[string]any)["path"] = "/echo/"
			}
			_, body := send(t, server, v.raw("127.0.0.1:18930"), v.Request.Method)
			var got map[string]any
			require.NoError(t, json.Unmarshal([]byte(body), &got))

			for _, field := range []string{
				"httpMethod", "path", "resource", "queryStringParameters", "multiValueQueryStringParameters",
				"pathParameters", "stageVariables",
			} {
				assert.Equal(t, v.Event[field], got[field], field)
			}
			for _, field := range []string{"headers", "multiValueHeaders"} {
				headers := got[field].(map[string]any)
				delete(headers, "Connection") // added by this test
				assert.Equal(t, v.Event[field], headers, field)
			}
			assert.Equal(t, v.Event["isBase64Encoded"], got["isBase64Encoded"] == true)
			want := v.Event["body"]
			if want == nil { // the Go type cannot represent null
				want = ""
			}
			assert.Equal(t, want, got["body"])

			wantContext, gotContext := v.Event["requestContext"].(map[string]any),
				got["requestContext"].(map[string]any)
			for _, field := range []string{"path", "resourcePath", "httpMethod", "protocol"} {
				assert.Equal(t, wantContext[field], gotContext[field], field)
			}
			for _, field := range []string{"sourceIp", "userAgent"} {
				assert.Equal(t, wantContext["identity"].(map[string]any)[field],
					gotContext["identity"].(map[string]any)[field], field)
			}
			format := regexp.MustCompile(`^\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000$`)
			for _, context := range []map[string]any{wantContext, gotContext} {
				assert.Regexp(t, format, context["requestTime"])
			}
		})
	}
	assert.Equal(t, 21, compared)
}

// TestVectorsRedwood compares events with those of Redwood's server, except for
// differences in format: which requests reach a function, and with which body.
func TestVectorsRedwood(t *testing.T) {
	var reached *request
	server := httptest.NewServer(gateway.Handler(func(_ context.Context, event request) (response, error) {
		reached = &event
		return ok("{}"), nil
	}))
	t.Cleanup(server.Close)
	for _, v := range vectors(t, "http-redwood.jsonl") {
		t.Run(v.Name, func(t *testing.T) {
			if v.Response.Status == 404 || v.Response.Status == 500 {
				return // covered by package server
			}
			reached = nil
			response, _ := send(t, server, v.raw("127.0.0.1:8911"), v.Request.Method)
			require.Equal(t, 200, response.StatusCode) // even where Redwood responds 415
			require.NotNil(t, reached)
			assert.Equal(t, v.Request.Method, reached.HTTPMethod)
			body := []byte(reached.Body)
			if reached.IsBase64Encoded {
				var err error
				body, err = base64.StdEncoding.DecodeString(reached.Body)
				require.NoError(t, err)
			}
			assert.Equal(t, string(v.Request.Body), string(body))
			if v.Event == nil {
				return
			}
			for name, value := range v.Event["headers"].(map[string]any) {
				assert.Equal(t, value, reached.Headers[http.CanonicalHeaderKey(name)], name)
			}
			assert.Equal(t, v.Event["path"], reached.Path)
		})
	}
}
