package payload_test

import (
	"bytes"
	"cmp"
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
			"Set-Cookie": {"a=1; Path=/", "b=2, or so"}, "Vary": {"Accept", "Cookie"}, "x-both": {"a", "b"},
			"X-None": {},
		},
		Body: "<b>5 & 6</b>",
	}
	for kind, want := range map[payload.Kind]string{
		payload.REST: `{"statusCode":201,"headers":{"Content-Type":"text/html"},` +
			`"multiValueHeaders":{"Set-Cookie":["a=1; Path=/","b=2, or so","c=3"],"Vary":["Accept","Cookie"],` +
			`"X-Both":["a","b"]},"body":"<b>5 & 6</b>"}`,
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
			for range 10 { // map iteration order must not matter
				got, err := kind.Encode(response)
				require.NoError(t, err)
				assert.Equal(t, want, string(got))
			}
			assert.Equal(t, before, encode(t, response), "the handler's maps are not modified")
		})
	}
}

// TestEncodeEmpty checks that a load balancer gets its kind of headers even if
// there are none, and that no field is null.
func TestEncodeEmpty(t *testing.T) {
	for kind, want := range map[payload.Kind]string{
		payload.HTTP:          `{"statusCode":204,"headers":{},"body":"","isBase64Encoded":false}`,
		payload.ALB:           `{"statusCode":204,"statusDescription":"204 No Content","headers":{},"body":"","isBase64Encoded":false}`,
		payload.ALBMultiValue: `{"statusCode":204,"statusDescription":"204 No Content","multiValueHeaders":{},"body":"","isBase64Encoded":false}`,
	} {
		got, err := kind.Encode(events.APIGatewayProxyResponse{StatusCode: 204})
		require.NoError(t, err)
		assert.Equal(t, want, string(got))
	}
	dropped := events.APIGatewayProxyResponse{StatusCode: 204, Body: "AAE=", IsBase64Encoded: true}
	got, err := payload.HTTP.Encode(dropped)
	require.NoError(t, err)
	assert.Equal(t, `{"statusCode":204,"headers":{},"body":"","isBase64Encoded":false}`, string(got))
	got, err = payload.ALB.Encode(events.APIGatewayProxyResponse{StatusCode: 299})
	require.NoError(t, err)
	assert.Contains(t, string(got), `"statusDescription":"299"`)
}

var kinds = []payload.Kind{payload.REST, payload.HTTP, payload.ALB, payload.ALBMultiValue}

// TestEncodeLikeLambdaStart checks that responses of format 1.0 are encoded as
// lambda.Start encodes them.
func TestEncodeLikeLambdaStart(t *testing.T) {
	for _, response := range []events.APIGatewayProxyResponse{
		{StatusCode: 204},
		{StatusCode: 200, Body: "<é>\u2028\n", Headers: map[string]string{"A": "b", "Content-Type": "text/html"}},
		{StatusCode: 404, Body: "AAE=", IsBase64Encoded: true, Headers: map[string]string{"Content-Type": "image/png"},
			MultiValueHeaders: map[string][]string{"B": {"1", "2"}}},
	} {
		want, err := lambda.NewHandler(func() (events.APIGatewayProxyResponse, error) {
			return response, nil
		}).Invoke(context.Background(), nil)
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
		"no status": {events.APIGatewayProxyResponse{Body: "x"}, "malformed response: status 0"},
		"text": {events.APIGatewayProxyResponse{StatusCode: 200, Body: "Hello!", IsBase64Encoded: true},
			"decoding body: "},
		"cut": {events.APIGatewayProxyResponse{StatusCode: 200, Body: "AAE", IsBase64Encoded: true},
			"decoding body: "},
		"URL": {events.APIGatewayProxyResponse{StatusCode: 200, Body: "-_-_", IsBase64Encoded: true},
			"decoding body: illegal base64 data at input byte 0"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, kind := range kinds {
				got, err := kind.Encode(test.response)
				require.ErrorContains(t, err, test.want)
				assert.Nil(t, got)
			}
		})
	}
	for _, status := range []int{200, 599} {
		_, err := payload.HTTP.Encode(events.APIGatewayProxyResponse{StatusCode: status, Body: "AAE=\n",
			IsBase64Encoded: true})
		require.NoError(t, err)
	}
}

// TestEncodeManyCookies checks the limit on cookies of a load balancer without
// multi-value headers.
func TestEncodeManyCookies(t *testing.T) {
	cookies := make([]string, 512)
	for i := range cookies {
		cookies[i] = fmt.Sprintf("c%d=%d", i, i)
	}
	response := events.APIGatewayProxyResponse{StatusCode: 200,
		MultiValueHeaders: map[string][]string{"Set-Cookie": cookies}}
	out, err := payload.ALB.Encode(response)
	require.NoError(t, err)
	var decoded events.ALBTargetGroupResponse
	require.NoError(t, json.Unmarshal(out, &decoded))
	delete(decoded.Headers, "Content-Type")
	for name := range decoded.Headers {
		assert.Equal(t, "Set-Cookie", http.CanonicalHeaderKey(name))
	}
	assert.ElementsMatch(t, cookies, slices.Collect(maps.Values(decoded.Headers)))

	response.MultiValueHeaders["Set-Cookie"] = append(cookies, "one=more")
	_, err = payload.ALB.Encode(response)
	assert.EqualError(t, err,
		"response has 513 cookies: a load balancer without multi-value headers supports at most 512")
	_, err = payload.ALBMultiValue.Encode(response)
	assert.NoError(t, err)
}

// FuzzEncode checks that the service decodes a response, as AWS documents it,
// to what the handler returned.
func FuzzEncode(f *testing.F) {
	f.Add(200, "text/html", "a=1", "b=2", []byte("<b>"), false)
	f.Add(404, "image/png", "", "", []byte{0x89, 'P', 'N', 'G'}, true)
	f.Add(500, "", "x", "x", []byte{0xff, 0xfe}, false)
	f.Fuzz(func(t *testing.T, status int, contentType, cookie, another string, body []byte, encoded bool) {
		text := string(body)
		if encoded {
			text = base64.StdEncoding.EncodeToString(body)
		}
		contentType, cookie, another = strings.ToValidUTF8(contentType, ""), strings.ToValidUTF8(cookie, ""),
			strings.ToValidUTF8(another, "")
		response := events.APIGatewayProxyResponse{
			StatusCode:        status,
			Headers:           map[string]string{"content-type": contentType},
			MultiValueHeaders: map[string][]string{"set-cookie": {cookie, another}},
			Body:              text,
			IsBase64Encoded:   encoded,
		}
		for _, kind := range kinds {
			out, err := kind.Encode(response)
			if err != nil {
				require.ErrorContains(t, err, "malformed response: ")
				continue
			}
			require.True(t, json.Valid(out))
			var decoded struct {
				StatusCode        int
				StatusDescription string
				Headers           map[string]string
				MultiValueHeaders map[string][]string
				Cookies           []string
				Body              string
				IsBase64Encoded   bool
			}
			require.NoError(t, json.Unmarshal(out, &decoded))
			require.Equal(t, status, decoded.StatusCode)

			sent := http.Header{}
			for name, value := range decoded.Headers {
				sent.Add(name, value)
			}
			for name, values := range decoded.MultiValueHeaders {
				for _, value := range values {
					sent.Add(name, value)
				}
			}
			for _, value := range decoded.Cookies {
				sent.Add("Set-Cookie", value)
			}
			require.ElementsMatch(t, []string{cookie, another}, sent.Values("Set-Cookie"))
			if status == http.StatusNoContent || status == http.StatusNotModified {
				require.Empty(t, decoded.Body)
				continue
			}
			require.Equal(t, []string{cmp.Or(contentType, "application/json")}, sent.Values("Content-Type"))

			got := []byte(decoded.Body)
			if decoded.IsBase64Encoded {
				got, err = base64.StdEncoding.DecodeString(decoded.Body)
				require.NoError(t, err)
			}
			require.True(t, bytes.Equal(body, got))
		}
	})
}

// FuzzBase64 checks that checkBase64 accepts what the standard library decodes.
func FuzzBase64(f *testing.F) {
	for _, seed := range []string{"", "AAE=", "AAE", "AA=E", "AAE=\n", "\r\nAA\nE=", "AAE=x", "====", "-_-_", "AAF="} {
		f.Add(seed)
	}
	f.Add(strings.Repeat("A", 1022) + "==AAAA") // at the end of a decoder's buffer
	f.Add(strings.Repeat("A", 1022) + "==\n")
	f.Fuzz(func(t *testing.T, body string) {
		_, want := base64.StdEncoding.DecodeString(body)
		_, got := payload.HTTP.Encode(events.APIGatewayProxyResponse{StatusCode: 200, Body: body,
			IsBase64Encoded: true})
		require.Equal(t, want == nil, got == nil, "%v and %v", want, got)
	})
}

func BenchmarkEncode(b *testing.B) {
	response := events.APIGatewayProxyResponse{StatusCode: 200,
		Headers: map[string]string{"Content-Type": "application/json"}, Body: `{"data":"divide function"}`}
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
