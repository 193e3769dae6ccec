package gateway_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/runtime/gateway"
)

func TestWriteResponse(t *testing.T) {
	for name, test := range map[string]struct {
		response response
		header   http.Header
		body     string
	}{
		"plain": {ok("{}"), http.Header{"Content-Type": {"application/json"}, "Content-Length": {"2"}}, "{}"},
		"empty": {response{StatusCode: 404},
			http.Header{"Content-Type": {"application/json"}, "Content-Length": {"0"}}, ""},
		"no content": {response{StatusCode: 204, Body: "dropped", Headers: map[string]string{"X": "1"}},
			http.Header{"X": {"1"}}, ""},
		"not modified": {response{StatusCode: 304, Body: "dropped", Headers: map[string]string{"Etag": `"1"`}},
			http.Header{"Etag": {`"1"`}}, ""},
		"binary": {response{StatusCode: 200, Headers: map[string]string{"content-type": "image/png"},
			Body: base64.StdEncoding.EncodeToString([]byte("\x89PNG\x00\xff")), IsBase64Encoded: true},
			http.Header{"Content-Type": {"image/png"}, "Content-Length": {"6"}}, "\x89PNG\x00\xff"},
		"cookies": {response{StatusCode: 200,
			MultiValueHeaders: map[string][]string{"Set-Cookie": {"a=1, 2; Path=/", "b=2"}}},
			http.Header{"Set-Cookie": {"a=1, 2; Path=/", "b=2"}, "Content-Type": {"application/json"},
				"Content-Length": {"0"}}, ""},
		"both maps": {response{StatusCode: 200, Headers: map[string]string{"X-A": "3", "X-B": "1", "x-c": "1"},
			MultiValueHeaders: map[string][]string{"X-A": {"1", "2"}, "X-B": {"2", "1"}, "X-C": {"2"}}},
			http.Header{"X-A": {"1", "2", "3"}, "X-B": {"2", "1"}, "X-C": {"2", "1"},
				"Content-Type": {"application/json"}, "Content-Length": {"0"}}, ""},
		"the same type in both maps": {response{StatusCode: 200, Headers: map[string]string{"Content-Type": "text/html"},
			MultiValueHeaders: map[string][]string{"content-type": {"text/html"}}},
			http.Header{"Content-Type": {"text/html"}, "Content-Length": {"0"}}, ""},
		"empty type": {response{StatusCode: 200, Headers: map[string]string{"Content-Type": ""},
			MultiValueHeaders: map[string][]string{"X-None": {}}},
			http.Header{"Content-Type": {"application/json"}, "Content-Length": {"0"}}, ""},
		"hop-by-hop": {response{StatusCode: 200, Body: "abc",
			Headers: map[string]string{"connection": "upgrade", "Upgrade": "h2c", "Transfer-Encoding": "chunked",
				"content-length": "9999", "Trailer": "X", "TE": "x", "Keep-Alive": "x"},
			MultiValueHeaders: map[string][]string{"CONTENT-LENGTH": {"1", "2"}}},
			http.Header{"Content-Type": {"application/json"}, "Content-Length": {"3"}}, "abc"},
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			require.NoError(t, gateway.WriteResponse(w, test.response))
			assert.Equal(t, test.response.StatusCode, w.Code)
			assert.Equal(t, test.header, w.Header())
			assert.Equal(t, test.body, w.Body.String())
		})
	}
}

func TestMalformedResponse(t *testing.T) {
	for name, r := range map[string]response{
		"zero":           {},
		"99":             {StatusCode: 99},
		"600":            {StatusCode: 600},
		"negative":       {StatusCode: -200},
		"continue":       {StatusCode: 100},
		"switching":      {StatusCode: 101},
		"early hints":    {StatusCode: 103},
		"base64":         {StatusCode: 200, Body: "abc", IsBase64Encoded: true},
		"base64 of URLs": {StatusCode: 200, Body: "_-__", IsBase64Encoded: true},
		"LF":             {StatusCode: 200, Headers: map[string]string{"X": "a\nSet-Cookie: b=1"}},
		"CR":             {StatusCode: 200, MultiValueHeaders: map[string][]string{"X": {"fine", "a\rb"}}},
		"NUL":            {StatusCode: 200, Headers: map[string]string{"X": "a\x00"}},
		"name":           {StatusCode: 200, Headers: map[string]string{"X Y": "a"}},
		"name, colon":    {StatusCode: 200, MultiValueHeaders: map[string][]string{"Trailer:X": {"a"}}},
		"name, LF":       {StatusCode: 200, Headers: map[string]string{"X\n": "a"}},
		"no name":        {StatusCode: 200, Headers: map[string]string{"": "a"}},
		"no content":     {StatusCode: 204, Body: "abc", IsBase64Encoded: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			assert.ErrorIs(t, gateway.WriteResponse(w, r), gateway.ErrMalformed)
			assert.Empty(t, w.Header())
			assert.Zero(t, w.Body.Len())

			for _, expose := range []bool{false, true} {
				var log syncBuffer
				server := serve(t, &gateway.Gateway{Logger: logTo(&log), ExposeErrors: expose},
					func(context.Context, request) (response, error) { return r, nil })
				resp, body := get(t, server.URL+"/divide")
				assert.Equal(t, 502, resp.StatusCode)
				assert.Contains(t, log.String(), "malformed response")
				assert.NotContains(t, log.String()+body, "b=1", "the value of a header may be a secret")
				if expose {
					assert.Contains(t, body, "malformed response")
				} else {
					assert.Equal(t, `{"message":"Internal server error"}`, body)
				}
				assert.NotContains(t, resp.Header, "X")
			}
		})
	}
}

// TestHead checks that the response to HEAD has the length of the body and no
// body.
func TestHead(t *testing.T) {
	server := serve(t, new(gateway.Gateway),
		func(context.Context, request) (response, error) { return ok("four"), nil })
	resp, err := http.Head(server.URL + "/divide")
	require.NoError(t, err)
	resp.Body.Close()
	assert.Equal(t, int64(4), resp.ContentLength)
	assert.Equal(t, 200, resp.StatusCode)
}

// FuzzWriteResponse checks that a response is either rejected entirely, or
// written as valid HTTP.
func FuzzWriteResponse(f *testing.F) {
	f.Add(200, "Content-Type", "text/plain", "Set-Cookie", "a=1", "body", false)
	f.Add(204, "x", "", "X", "1", "Ym9keQ==", true)
	f.Add(101, "Upgrade", "h2c", "Connection", "upgrade", "", false)
	f.Add(302, "Location", "/\r\nSet-Cookie: a=b", "", "\x00", "\xff", true)
	f.Fuzz(func(t *testing.T, status int, name, value, multiName, multiValue, body string, encoded bool) {
		r := response{
			StatusCode:        status,
			Headers:           map[string]string{name: value},
			MultiValueHeaders: map[string][]string{multiName: {multiValue, value}},
			Body:              body,
			IsBase64Encoded:   encoded,
		}
		w := httptest.NewRecorder()
		if err := gateway.WriteResponse(w, r); err != nil {
			require.ErrorIs(t, err, gateway.ErrMalformed)
			require.Empty(t, w.Header())
			require.Zero(t, w.Body.Len())
			return
		}
		require.Equal(t, status, w.Code)
		for name, values := range w.Header() {
			require.False(t, strings.ContainsAny(name, "\r\n: ") || name == "", name)
			require.False(t,
				slices.ContainsFunc(values, func(v string) bool { return strings.ContainsAny(v, "\r\n\x00") }), values)
			require.NotContains(t, []string{"Connection", "Transfer-Encoding", "Upgrade"}, name)
		}
		if status != 204 && status != 304 {
			require.Len(t, w.Header()["Content-Type"], 1)
			if !encoded {
				require.Equal(t, body, w.Body.String())
			}
		}
	})
}

// FuzzEvent checks that every request can be converted to a consistent event.
func FuzzEvent(f *testing.F) {
	f.Add("/divide/a%2Fb", "a=1&a[]=2&&b=%zz", "X-Forwarded-For", "1.2.3.4", "host:80", "body")
	f.Add("//", "=&;", "Content-Type", "image/png", "[::1]:80", "\xff")
	f.Fuzz(func(t *testing.T, path, query, name, value, host, body string) {
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.URL.Path, r.URL.RawQuery, r.Host = path, query, host
		r.Header[http.CanonicalHeaderKey(name)] = []string{"first", value}
		event, err := gateway.EventFromRequest(r)
		require.NoError(t, err)
		consistent(t, event)
		if !event.IsBase64Encoded {
			require.Equal(t, body, event.Body)
		}
	})
}

// consistent checks the properties that every event has.
func consistent(t *testing.T, e request) {
	t.Helper()
	require.Len(t, e.QueryStringParameters, len(e.MultiValueQueryStringParameters))
	for name, values := range e.MultiValueQueryStringParameters {
		require.Equal(t, values[len(values)-1], e.QueryStringParameters[name])
		require.True(t, utf8.ValidString(name+strings.Join(values, "")))
	}
	for name, values := range e.MultiValueHeaders {
		require.Equal(t, values[len(values)-1], e.Headers[name])
	}
	for name, value := range e.Headers {
		if _, ok := e.MultiValueHeaders[name]; !ok {
			require.Equal(t, "Content-Type application/json", name+" "+value)
		}
	}
	require.True(t, strings.HasPrefix(e.Path, "/") && strings.HasPrefix(e.Resource, "/"))
	require.Equal(t, e.Resource, e.RequestContext.ResourcePath)
	if e.IsBase64Encoded {
		_, err := base64.StdEncoding.DecodeString(e.Body)
		require.NoError(t, err)
	} else {
		require.True(t, utf8.ValidString(e.Body))
	}
}
