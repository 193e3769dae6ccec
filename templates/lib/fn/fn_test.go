package fn_test

import (
	"context"
	"encoding/base64"
	"errors"
	"math"
	"net/http"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/lib/fn"
)

func TestChain(t *testing.T) {
	errStopped := errors.New("stopped")
	tests := map[string]struct {
		chain []string
		want  []string
		err   error
	}{
		"no middleware": {nil, []string{"handler"}, nil},
		"one":           {[]string{"a"}, []string{"a in", "handler", "a out"}, nil},
		"first listed first": {
			[]string{"a", "b", "c"}, []string{"a in", "b in", "c in", "handler", "c out", "b out", "a out"}, nil,
		},
		"stopped early": {[]string{"a", "stop", "c"}, []string{"a in", "stop", "a out"}, errStopped},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			var middleware []fn.Middleware
			for _, step := range tt.chain {
				middleware = append(middleware, func(next fn.Handler) fn.Handler {
					return func(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
						if step == "stop" {
							got = append(got, step)
							return events.APIGatewayProxyResponse{}, errStopped
						}
						got = append(got, step+" in")
						defer func() { got = append(got, step+" out") }()
						return next(ctx, event)
					}
				})
			}
			handler := fn.Chain(func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
				got = append(got, "handler")
				return events.APIGatewayProxyResponse{}, nil
			}, middleware...)

			_, err := handler(t.Context(), events.APIGatewayProxyRequest{})
			assert.Equal(t, tt.err, err)
			assert.Equal(t, tt.want, got)
		})
	}
}

func TestJSON(t *testing.T) {
	tests := map[string]struct {
		v    any
		want string
	}{
		"null":             {nil, `null`},
		"text":             {"plain", `"plain"`},
		"map":              {map[string]any{"data": "divide function"}, `{"data":"divide function"}`},
		"struct":           {struct{ A, B int }{1, 2}, `{"A":1,"B":2}`},
		"no HTML escape":   {`<a href="/?x=1&y=2">`, `"<a href=\"/?x=1&y=2\">"`},
		"non-ASCII":        {"Zoë 東京", `"Zoë 東京"`},
		"trailing newline": {"\n", `"\n"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			response, err := fn.JSON(http.StatusCreated, tt.v)
			require.NoError(t, err)
			assert.Equal(t, events.APIGatewayProxyResponse{
				StatusCode: http.StatusCreated,
				Headers:    map[string]string{"Content-Type": "application/json"},
				Body:       tt.want,
			}, response)
		})
	}
}

// Handlers return the results of JSON directly, so the response must be zero on
// an error.
func TestJSONError(t *testing.T) {
	for name, v := range map[string]any{
		"channel":  make(chan int),
		"function": func() {},
		"NaN":      math.NaN(),
		"deep":     map[string]any{"a": []any{math.Inf(1)}},
	} {
		t.Run(name, func(t *testing.T) {
			response, err := fn.JSON(http.StatusOK, v)
			require.ErrorContains(t, err, "fn: encoding response body: ")
			assert.Zero(t, response)
		})
	}
}

func TestBinary(t *testing.T) {
	for name, data := range map[string][]byte{
		"none":     nil,
		"text":     []byte("text"),
		"not text": {0x00, 0xff, 0x89, 'P', 'N', 'G', '\r', '\n'},
	} {
		t.Run(name, func(t *testing.T) {
			response, err := fn.Binary("image/png", data)
			require.NoError(t, err)
			assert.Equal(t, events.APIGatewayProxyResponse{
				StatusCode:      http.StatusOK,
				Headers:         map[string]string{"Content-Type": "image/png"},
				Body:            base64.StdEncoding.EncodeToString(data),
				IsBase64Encoded: true,
			}, response)
		})
	}
}

func TestHeader(t *testing.T) {
	type single = map[string]string
	type multi = map[string][]string
	tests := map[string]struct {
		single single
		multi  multi
		name   string
		want   string
	}{
		"no headers":         {nil, nil, "X-Id", ""},
		"absent":             {single{"X-Other": "1"}, multi{"X-Other": {"1"}}, "X-Id", ""},
		"exact":              {single{"X-Id": "1"}, nil, "X-Id", "1"},
		"sent in lower case": {single{"x-id": "1"}, nil, "X-Id", "1"},
		"name in lower case": {single{"X-Id": "1"}, nil, "x-id", "1"},
		"exact name wins": {
			single{"X-ID": "upper", "X-Id": "exact", "x-id": "lower"}, nil, "X-Id", "exact",
		},
		"otherwise first in order": {
			single{"x-id": "lower", "X-Id": "title", "X-iD": "odd"}, nil, "X-ID", "title",
		},
		"multi-valued only":              {nil, multi{"X-Id": {"1"}}, "X-Id", "1"},
		"multi-valued, any case":         {single{}, multi{"x-id": {"1"}}, "X-Id", "1"},
		"multi-valued, last value":       {nil, multi{"X-Id": {"1", "2", "3"}}, "X-Id", "3"},
		"multi-valued, exact name wins":  {nil, multi{"x-id": {"lower"}, "X-Id": {"exact"}}, "X-Id", "exact"},
		"multi-valued, first in order":   {nil, multi{"x-id": {"lower"}, "X-Id": {"title"}}, "X-ID", "title"},
		"multi-valued, without a value":  {nil, multi{"X-Id": {}}, "X-Id", ""},
		"single before multi":            {single{"x-id": "single"}, multi{"X-Id": {"multi"}}, "X-Id", "single"},
		"empty in single is not missing": {single{"X-Id": ""}, multi{"X-Id": {"multi"}}, "X-Id", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			event := events.APIGatewayProxyRequest{Headers: tt.single, MultiValueHeaders: tt.multi}
			// The order of a map is random, so one call could pass by chance.
			for range 50 {
				require.Equal(t, tt.want, fn.Header(event, tt.name))
			}
		})
	}
}

func TestBody(t *testing.T) {
	tests := map[string]struct {
		body    string
		encoded bool
		want    string
		fails   bool
	}{
		"empty":                    {"", false, "", false},
		"plain":                    {`{"a":1}`, false, `{"a":1}`, false},
		"plain that looks encoded": {"aGVsbG8=", false, "aGVsbG8=", false},
		"base64":                   {"aGVsbG8=", true, "hello", false},
		"binary in base64":         {"AP+J", true, "\x00\xff\x89", false},
		"base64, empty":            {"", true, "", false},
		"not base64":               {"!", true, "", true},
		"truncated base64":         {"aGVsbG8", true, "", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := fn.Body(events.APIGatewayProxyRequest{Body: tt.body, IsBase64Encoded: tt.encoded})
			if tt.fails {
				require.ErrorContains(t, err, "fn: decoding request body: ")
				assert.Nil(t, got)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.want, string(got))
		})
	}
}
