package response_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/runtime/gateway"
	"github.com/fngen/fngen/templates/runtime/payload"
	"github.com/fngen/fngen/templates/runtime/response"
)

type (
	single   = map[string]string
	multi    = map[string][]string
	returned = events.APIGatewayProxyResponse
)

// sent is what a client gets.
type sent struct {
	status int
	header http.Header
	body   string
}

// fromServer returns what package gateway writes.
func fromServer(r returned) (sent, error) {
	w := httptest.NewRecorder()
	if err := gateway.WriteResponse(w, r); err != nil {
		if len(w.Header()) > 0 || w.Body.Len() > 0 {
			err = fmt.Errorf("a malformed response was partly written: %v", w.Header())
		}
		return sent{}, err
	}
	header := w.Header()
	header.Del("Content-Length") // API Gateway adds it
	return sent{w.Code, header, w.Body.String()}, nil
}

// fromLambda returns what a service makes of the response that package payload
// encodes, as AWS documents it.
func fromLambda(kind payload.Kind, r returned) (sent, error) {
	encoded, err := kind.Encode(r)
	if err != nil {
		return sent{}, err
	}
	var decoded struct {
		StatusCode        int
		Headers           map[string]string
		MultiValueHeaders map[string][]string
		Cookies           []string
		Body              string
		IsBase64Encoded   bool
	}
	if err := json.Unmarshal(encoded, &decoded); err != nil {
		return sent{}, err
	}
	header := http.Header{}
	for name, values := range decoded.MultiValueHeaders {
		for _, value := range values {
			header.Add(name, value)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(decoded.Headers)) {
		if !slices.Contains(header.Values(name), decoded.Headers[name]) {
			header.Add(name, decoded.Headers[name])
		}
	}
	for _, cookie := range decoded.Cookies {
		header.Add("Set-Cookie", cookie)
	}
	body := decoded.Body
	if decoded.IsBase64Encoded {
		data, err := base64.StdEncoding.DecodeString(body)
		if err != nil {
			return sent{}, err
		}
		body = string(data)
	}
	return sent{decoded.StatusCode, header, body}, nil
}

var kinds = []payload.Kind{payload.REST, payload.HTTP, payload.ALB, payload.ALBMultiValue}

// comparable returns a response in a form that does not depend on the order of
// cookies, nor on whether the values of other headers are joined.
func comparable(s sent) sent {
	header := http.Header{}
	for name, values := range s.header {
		if name == "Set-Cookie" {
			header[name] = slices.Sorted(slices.Values(values))
		} else {
			header[name] = []string{strings.Join(values, ", ")}
		}
	}
	s.header = header
	return s
}

// The server, and Lambda behind every service, give clients the same response.
func TestSameResponseEverywhere(t *testing.T) {
	const json = "application/json"
	for name, test := range map[string]struct {
		returned returned
		header   http.Header
		body     string
	}{
		"JSON": {
			returned{StatusCode: 200, Body: "{}", Headers: single{"Content-Type": json}},
			http.Header{"Content-Type": {json}}, "{}",
		},
		"no Content-Type": {
			returned{StatusCode: 201, Body: "{}"},
			http.Header{"Content-Type": {json}}, "{}",
		},
		"empty type": {
			returned{StatusCode: 201, Headers: single{"content-type": ""}},
			http.Header{"Content-Type": {json}}, "",
		},
		"no content": {
			returned{StatusCode: 204, Body: "dropped", Headers: single{"X": "1"}},
			http.Header{"X": {"1"}}, "",
		},
		"not modified": {
			returned{StatusCode: 304, Body: "AA==", IsBase64Encoded: true, Headers: single{"ETag": "1"}},
			http.Header{"Etag": {"1"}}, "",
		},
		"599": {
			returned{StatusCode: 599},
			http.Header{"Content-Type": {json}}, "",
		},
		"base64": {
			returned{StatusCode: 200, Body: "AP8=", IsBase64Encoded: true,
				Headers: single{"content-type": "image/png"}},
			http.Header{"Content-Type": {"image/png"}}, "\x00\xff",
		},
		"not UTF-8": {
			returned{StatusCode: 200, Body: "a\xff", Headers: single{"content-type": "text/plain"}},
			http.Header{"Content-Type": {"text/plain"}}, "a\xff",
		},
		"lower case": {
			returned{StatusCode: 302, Headers: single{"location": "/x"}},
			http.Header{"Location": {"/x"}, "Content-Type": {json}}, "",
		},
		"several values": {
			returned{StatusCode: 200, MultiValueHeaders: multi{"Vary": {"A", "B"}}},
			http.Header{"Vary": {"A, B"}, "Content-Type": {json}}, "",
		},
		"several cookies": {
			returned{StatusCode: 200, MultiValueHeaders: multi{"set-cookie": {"b=2", "a=1, x"}}},
			http.Header{"Set-Cookie": {"a=1, x", "b=2"}, "Content-Type": {json}}, "",
		},
		"both maps": {
			returned{StatusCode: 200,
				Headers: single{"vary": "C"}, MultiValueHeaders: multi{"Vary": {"A", "B"}}},
			http.Header{"Vary": {"A, B, C"}, "Content-Type": {json}}, "",
		},
		"value twice": {
			returned{StatusCode: 200,
				Headers: single{"Location": "/x"}, MultiValueHeaders: multi{"location": {"/x"}}},
			http.Header{"Location": {"/x"}, "Content-Type": {json}}, "",
		},
		"no values": {
			returned{StatusCode: 200,
				Headers: single{"Location": "/x"}, MultiValueHeaders: multi{"Location": {}, "X": nil}},
			http.Header{"Location": {"/x"}, "Content-Type": {json}}, "",
		},
		"tab and UTF-8": {
			returned{StatusCode: 200, Headers: single{"X": "a\té"}},
			http.Header{"X": {"a\té"}, "Content-Type": {json}}, "",
		},
		"Content-Length": {
			returned{StatusCode: 200, Body: "abc", Headers: single{"content-length": "1"}},
			http.Header{"Content-Type": {json}}, "abc",
		},
		"hop-by-hop": {
			returned{StatusCode: 200,
				Headers: single{"Transfer-Encoding": "chunked", "connection": "close", "Keep-Alive": "1", "TE": "x",
					"Trailer": "X", "Upgrade": "h2c", "Proxy-Connection": "x"}},
			http.Header{"Content-Type": {json}}, "",
		},
		"base64, newline": {
			returned{StatusCode: 200, Body: "YW\nJj\r\n", IsBase64Encoded: true},
			http.Header{"Content-Type": {json}}, "abc",
		},
		"Date and Server": {
			returned{StatusCode: 200, Headers: single{"Server": "x", "Date": "y"}},
			http.Header{"Server": {"x"}, "Date": {"y"}, "Content-Type": {json}}, "",
		},
		"WWW-Authenticate": {
			returned{StatusCode: 401, Headers: single{"WWW-Authenticate": "Bearer"}},
			http.Header{"Www-Authenticate": {"Bearer"}, "Content-Type": {json}}, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			want := sent{test.returned.StatusCode, test.header, test.body}
			before := fmt.Sprint(test.returned)
			got, err := fromServer(test.returned)
			require.NoError(t, err)
			assert.Equal(t, want, comparable(got), "server")
			for _, kind := range kinds {
				got, err := fromLambda(kind, test.returned)
				require.NoError(t, err)
				assert.Equal(t, want, comparable(got), kind)
			}
			assert.Equal(t, before, fmt.Sprint(test.returned), "the function's maps are not modified")
		})
	}
}

func TestMalformed(t *testing.T) {
	for name, test := range map[string]struct {
		returned returned
		want     string
	}{
		"no status":            {returned{}, "status 0"},
		"negative status":      {returned{StatusCode: -200}, "status -200"},
		"informational status": {returned{StatusCode: 103}, "status 103"},
		"switching protocols":  {returned{StatusCode: 101}, "status 101"},
		"status 199":           {returned{StatusCode: 199}, "status 199"},
		"status 600":           {returned{StatusCode: 600}, "status 600"},
		"CR": {
			returned{StatusCode: 200, Headers: single{"X": "secret\rX: 1"}},
			`value of header "X"`,
		},
		"LF": {
			returned{StatusCode: 200, MultiValueHeaders: multi{"X": {"fine", "secret\nX: 1"}}},
			`value of header "X"`,
		},
		"NUL": {
			returned{StatusCode: 200, Headers: single{"x": "secret\x00"}},
			`value of header "X"`,
		},
		"DEL": {
			returned{StatusCode: 200, Headers: single{"X": "secret\x7f"}},
			`value of header "X"`,
		},
		"value that is not UTF": {
			returned{StatusCode: 200, Headers: single{"X": "secret\xe9"}},
			`value of header "X"`,
		},
		"dropped header": {
			returned{StatusCode: 200, Headers: single{"Connection": "secret\n"}},
			`value of header "Connection"`,
		},
		"space in a name": {returned{StatusCode: 200, Headers: single{"X Y": "1"}}, `header "X Y"`},
		"colon in a name": {
			returned{StatusCode: 200, MultiValueHeaders: multi{"Trailer:X": {"1"}}},
			`header "Trailer:X"`,
		},
		"LF in a name":          {returned{StatusCode: 200, Headers: single{"X\n": "1"}}, `header "X\n"`},
		"name that is no ASCII": {returned{StatusCode: 200, Headers: single{"é": "1"}}, `header "é"`},
		"no name":               {returned{StatusCode: 200, Headers: single{"": "1"}}, `header ""`},
		"names by case": {
			returned{StatusCode: 200, Headers: single{"X-A": "1", "x-a": "1"}},
			"header X-A is set under names",
		},
		"lists by case": {
			returned{StatusCode: 200, MultiValueHeaders: multi{"X-A": {"1"}, "x-a": {"2"}}},
			"header X-A is set under names",
		},
		"cookies by case": {
			returned{StatusCode: 200, Headers: single{"Set-Cookie": "1", "set-cookie": "2"}},
			"header Set-Cookie is set under names",
		},
		"two locations": {
			returned{StatusCode: 302, MultiValueHeaders: multi{"Location": {"/secret", "/y"}}},
			"header Location has more than one value",
		},
		"two types": {
			returned{StatusCode: 200, Headers: single{"Content-Type": "a/b"}, MultiValueHeaders: multi{"content-type": {"a/c"}}},
			"header Content-Type has more than one value",
		},
		"two origins": {
			returned{StatusCode: 200, MultiValueHeaders: multi{"access-control-allow-origin": {"*", "*"}}},
			"header Access-Control-Allow-Origin has more",
		},
		"not base64": {
			returned{StatusCode: 200, Body: "secret", IsBase64Encoded: true},
			"decoding body: ",
		},
		"base64 of URLs": {
			returned{StatusCode: 200, Body: "_-__", IsBase64Encoded: true},
			"decoding body: ",
		},
		"base64 without a body": {
			returned{StatusCode: 204, Body: "abc", IsBase64Encoded: true},
			"decoding body: ",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := fromServer(test.returned)
			require.ErrorIs(t, err, response.ErrMalformed)
			assert.ErrorContains(t, err, "malformed response: "+test.want)
			assert.NotContains(t, err.Error(), "secret")
			for _, kind := range kinds {
				_, err := fromLambda(kind, test.returned)
				require.ErrorIs(t, err, response.ErrMalformed, kind)
				assert.ErrorContains(t, err, "malformed response: "+test.want, kind)
				assert.NotContains(t, err.Error(), "secret")
			}
		})
	}
}

// A malformed response leaves the headers that package gateway has set.
func TestSetHeaderChangesNothing(t *testing.T) {
	header := http.Header{"Content-Type": {"x/y"}, "Fngen-Note": {"too-slow"}}
	want := header.Clone()
	require.Error(t, response.SetHeader(header, returned{StatusCode: 200, Headers: single{"A": "1", "B": "\n"}}))
	assert.Equal(t, want, header)
}

func TestSetHeaderAllocations(t *testing.T) {
	header := http.Header{}
	r := returned{StatusCode: 200, Headers: single{"Content-Type": "text/html", "Location": "/x"}}
	allocs := testing.AllocsPerRun(100, func() {
		clear(header)
		if err := response.SetHeader(header, r); err != nil {
			t.Fatal(err)
		}
	})
	assert.LessOrEqual(t, allocs, 1.0)
}

// FuzzSameResponse checks that the server and Lambda take the same responses for
// malformed, and give clients the same status, headers and body for the others.
func FuzzSameResponse(f *testing.F) {
	f.Add(200, "Content-Type", "text/plain", "Set-Cookie", "a=1", "body", false)
	f.Add(204, "x", "", "X", "1", "Ym9keQ==", true)
	f.Add(101, "Upgrade", "h2c", "Connection", "upgrade", "", false)
	f.Add(302, "Location", "/\r\nSet-Cookie: a=b", "location", "\x00", "\xff", true)
	f.Add(302, "Location", "/", "location", "/", "\xff", false)
	f.Fuzz(func(t *testing.T, status int, name, value, multiName, multiValue, body string, encoded bool) {
		r := returned{
			StatusCode: status, Headers: single{name: value}, MultiValueHeaders: multi{multiName: {multiValue, value}},
			Body: body, IsBase64Encoded: encoded,
		}
		server, serverErr := fromServer(r)
		for _, kind := range kinds {
			lambda, lambdaErr := fromLambda(kind, r)
			require.Equal(t, serverErr == nil, lambdaErr == nil, "%v and %v", serverErr, lambdaErr)
			if serverErr == nil {
				require.Equal(t, comparable(server), comparable(lambda), kind)
			}
		}
	})
}
