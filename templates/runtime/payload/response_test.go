package payload_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/runtime/payload"
)

func TestEncode(t *testing.T) {
	response := events.APIGatewayProxyResponse{
		StatusCode: 201,
		Headers:    map[string]string{"content-type": "text/html", "X-Both": "b", "Set-Cookie": "c=3"},
		MultiValueHeaders: map[string][]string{
			"Set-Cookie": {"a=1; Path=/", "b=2, or so"}, "Vary": {"Accept", "Cookie"}, "x-both": {"a", "b"}, "X-None": {},
		},
		Body: "<b>5 & 6</b>",
	}
	for kind, want := range map[payload.Kind]string{
		payload.REST: `{"statusCode":201,"headers":{"Set-Cookie":"c=3","X-Both":"b","content-type":"text/html"},` +
			`"multiValueHeaders":{"Set-Cookie":["a=1; Path=/","b=2, or so"],"Vary":["Accept","Cookie"],"X-None":[],"x-both":["a","b"]},"body":"<b>5 & 6</b>"}`,
		payload.HTTP: `{"statusCode":201,"headers":{"Content-Type":"text/html","Vary":"Accept, Cookie","X-Both":"a, b"},` +
			`"cookies":["a=1; Path=/","b=2, or so","c=3"],"body":"<b>5 & 6</b>","isBase64Encoded":false}`,
		payload.ALB: `{"statusCode":201,"statusDescription":"201 Created","headers":{"Content-Type":"text/html",` +
			`"SEt-Cookie":"c=3","Set-Cookie":"a=1; Path=/","Vary":"Accept, Cookie","X-Both":"a, b","set-Cookie":"b=2, or so"},` +
			`"body":"<b>5 & 6</b>","isBase64Encoded":false}`,
		payload.ALBMultiValue: `{"statusCode":201,"statusDescription":"201 Created","multiValueHeaders":{"Content-Type":["text/html"],` +
			`"Set-Cookie":["a=1; Path=/","b=2, or so","c=3"],"Vary":["Accept","Cookie"],"X-Both":["a","b"]},` +
			`"body":"<b>5 & 6</b>","isBase64Encoded":false}`,
	} {
		t.Run(kind.String(), func(t *testing.T) {
			before := encode(t, response)
			for range 10 { // the order of a map does not show
				got, err := kind.Encode(response)
				require.NoError(t, err)
				assert.Equal(t, want, string(got))
			}
			assert.Equal(t, before, encode(t, response), "the handler's own maps")
		})
	}
}

// A load balancer wants headers of its kind even where there are none; nobody gets a null.
func TestEncodeNothing(t *testing.T) {
	for kind, want := range map[payload.Kind]string{
		payload.HTTP:          `{"statusCode":204,"headers":{},"body":"","isBase64Encoded":false}`,
		payload.ALB:           `{"statusCode":204,"statusDescription":"204 No Content","headers":{},"body":"","isBase64Encoded":false}`,
		payload.ALBMultiValue: `{"statusCode":204,"statusDescription":"204 No Content","multiValueHeaders":{},"body":"","isBase64Encoded":false}`,
	} {
		got, err := kind.Encode(events.APIGatewayProxyResponse{StatusCode: 204})
		require.NoError(t, err)
		assert.Equal(t, want, string(got))
	}
	got, err := payload.ALB.Encode(events.APIGatewayProxyResponse{StatusCode: 299})
	require.NoError(t, err)
	assert.Contains(t, string(got), `"statusDescription":"299"`)
}

var kinds = []payload.Kind{payload.REST, payload.HTTP, payload.ALB, payload.ALBMultiValue}

// Format 1.0 gets the bytes that it gets from lambda.Start.
func TestEncodeAsLambdaStart(t *testing.T) {
	for _, response := range []events.APIGatewayProxyResponse{
		{StatusCode: 200},
		{StatusCode: 200, Body: "<é>\u2028\n", Headers: map[string]string{"A": "b"}},
		{StatusCode: 404, Body: "AAE=", IsBase64Encoded: true, MultiValueHeaders: map[string][]string{"A": nil, "B": {"1", "2"}}},
	} {
		want, err := lambda.NewHandler(func() (events.APIGatewayProxyResponse, error) { return response, nil }).Invoke(context.Background(), nil)
		require.NoError(t, err)
		got, err := payload.REST.Encode(response)
		require.NoError(t, err)
		assert.Equal(t, string(want), string(got))
	}
}

func TestEncodeMalformed(t *testing.T) {
	for name, test := range map[string]struct {
		response events.APIGatewayProxyResponse
		want     string
	}{
		"no status": {events.APIGatewayProxyResponse{Body: "x"}, "status 0"},
		"99":        {events.APIGatewayProxyResponse{StatusCode: 99}, "status 99"},
		"600":       {events.APIGatewayProxyResponse{StatusCode: 600}, "status 600"},
		"-1":        {events.APIGatewayProxyResponse{StatusCode: -1}, "status -1"},
		"text":      {events.APIGatewayProxyResponse{StatusCode: 200, Body: "Hello!", IsBase64Encoded: true}, "body: "},
		"cut":       {events.APIGatewayProxyResponse{StatusCode: 200, Body: "AAE", IsBase64Encoded: true}, "body: "},
		"URL":       {events.APIGatewayProxyResponse{StatusCode: 200, Body: "-_-_", IsBase64Encoded: true}, "body: illegal base64 data at input byte 0"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, kind := range kinds {
				got, err := kind.Encode(test.response)
				require.ErrorContains(t, err, test.want)
				assert.Nil(t, got)
			}
		})
	}
	for _, status := range []int{100, 599} {
		_, err := payload.HTTP.Encode(events.APIGatewayProxyResponse{StatusCode: status, Body: "AAE=\n", IsBase64Encoded: true})
		require.NoError(t, err)
	}
}

// Cookies of a load balancer in the mode of single values: as many as the name has ways to be written, none lost.
func TestEncodeManyCookies(t *testing.T) {
	cookies := make([]string, 512)
	for i := range cookies {
		cookies[i] = fmt.Sprintf("c%d=%d", i, i)
	}
	response := events.APIGatewayProxyResponse{StatusCode: 200, MultiValueHeaders: map[string][]string{"Set-Cookie": cookies}}
	out, err := payload.ALB.Encode(response)
	require.NoError(t, err)
	var answer events.ALBTargetGroupResponse
	require.NoError(t, json.Unmarshal(out, &answer))
	for name := range answer.Headers {
		assert.Equal(t, "Set-Cookie", http.CanonicalHeaderKey(name))
	}
	assert.ElementsMatch(t, cookies, slices.Collect(maps.Values(answer.Headers)))

	response.MultiValueHeaders["Set-Cookie"] = append(cookies, "one=more")
	_, err = payload.ALB.Encode(response)
	assert.EqualError(t, err, "513 cookies, where a load balancer without multi-valued headers takes 512")
	_, err = payload.ALBMultiValue.Encode(response)
	assert.NoError(t, err)
}

// What callers make of an answer, as AWS documents it, is what the handler returned.
func FuzzEncode(f *testing.F) {
	f.Add(200, "text/html", "a=1", "b=2", []byte("<b>"), false)
	f.Add(404, "image/png", "", "", []byte{0x89, 'P', 'N', 'G'}, true)
	f.Add(500, "", "x", "x", []byte{0xff, 0xfe}, false)
	f.Fuzz(func(t *testing.T, status int, contentType, cookie, another string, body []byte, encoded bool) {
		text := string(body)
		if encoded {
			text = base64.StdEncoding.EncodeToString(body)
		}
		contentType, cookie, another = strings.ToValidUTF8(contentType, ""), strings.ToValidUTF8(cookie, ""), strings.ToValidUTF8(another, "")
		response := events.APIGatewayProxyResponse{
			StatusCode:        status,
			Headers:           map[string]string{"content-type": contentType},
			MultiValueHeaders: map[string][]string{"set-cookie": {cookie, another}},
			Body:              text,
			IsBase64Encoded:   encoded,
		}
		for _, kind := range kinds {
			out, err := kind.Encode(response)
			if status < 100 || status > 599 {
				require.Error(t, err)
				continue
			}
			require.NoError(t, err)
			require.True(t, json.Valid(out))
			var answer struct {
				StatusCode        int
				StatusDescription string
				Headers           map[string]string
				MultiValueHeaders map[string][]string
				Cookies           []string
				Body              string
				IsBase64Encoded   bool
			}
			require.NoError(t, json.Unmarshal(out, &answer))
			require.Equal(t, status, answer.StatusCode)

			sent := http.Header{}
			for name, value := range answer.Headers {
				sent.Add(name, value)
			}
			for name, values := range answer.MultiValueHeaders {
				for _, value := range values {
					sent.Add(name, value)
				}
			}
			for _, value := range answer.Cookies {
				sent.Add("Set-Cookie", value)
			}
			require.Equal(t, []string{contentType}, sent.Values("Content-Type"))
			require.ElementsMatch(t, []string{cookie, another}, sent.Values("Set-Cookie"))

			got := []byte(answer.Body)
			if answer.IsBase64Encoded {
				got, err = base64.StdEncoding.DecodeString(answer.Body)
				require.NoError(t, err)
			}
			require.True(t, bytes.Equal(body, got))
		}
	})
}

// What is said to be base64 is taken exactly where the standard library decodes it.
func FuzzBase64(f *testing.F) {
	for _, seed := range []string{"", "AAE=", "AAE", "AA=E", "AAE=\n", "\r\nAA\nE=", "AAE=x", "====", "-_-_", "AAF="} {
		f.Add(seed)
	}
	f.Add(strings.Repeat("A", 1022) + "==AAAA") // at the end of a decoder's buffer
	f.Add(strings.Repeat("A", 1022) + "==\n")
	f.Fuzz(func(t *testing.T, body string) {
		_, want := base64.StdEncoding.DecodeString(body)
		_, got := payload.HTTP.Encode(events.APIGatewayProxyResponse{StatusCode: 200, Body: body, IsBase64Encoded: true})
		require.Equal(t, want == nil, got == nil, "%v and %v", want, got)
	})
}

func BenchmarkEncode(b *testing.B) {
	response := events.APIGatewayProxyResponse{StatusCode: 200, Headers: map[string]string{"Content-Type": "application/json"}, Body: `{"data":"divide function"}`}
	for _, kind := range kinds {
		b.Run(kind.String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := kind.Encode(response); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
