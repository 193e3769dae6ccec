package invoke_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/hint"
	"github.com/fngen/fngen/internal/invoke"
	"github.com/fngen/fngen/internal/project"
	"github.com/fngen/fngen/templates/lib/webhooks"
)

// newProject opens a project with the functions divide, which verifies nothing,
// and orders, which verifies sha256Verifier.
func newProject(t *testing.T) *project.Project {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":                           "module example.com/app\n\ngo 1.22\n",
		"api/src/functions/divide/main.go": "package divide\n\nfunc Handler() {}\n",
		"api/src/functions/users/users.go": "package users\n\nfunc Handler() {}\n\n" +
			"var Routes = []string{\"GET /users/{id}\", \"DELETE /users/{id}\", \"POST /users\", \"PUT /users/{id}/{path...}\"}\n",
		"api/src/functions/orders/orders.go": `package orders

import "example.com/app/api/src/lib/webhooks"

var Handler = webhooks.Require(webhooks.SHA256, webhooks.Options{
	SecretEnv: "ORDERS_SECRET", SignatureHeader: "X-Signature",
})
`,
	} {
		file := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o777))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o666))
	}
	p, err := project.Open(dir, project.Options{Env: func(string) string { return "" }})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Close()) })
	return p
}

// A received is a request that a test server received.
type received struct {
	*http.Request
	body string
}

// serve starts a server that records the last request and responds to it with
// handler. It also acts as the fngen dev of a project, if project is not "".
func serve(t *testing.T, project, deliveries string, handler http.HandlerFunc) (port int, last *received) {
	t.Helper()
	last = &received{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case project != "" && r.URL.Path == "/.fngen/dev":
			_ = json.NewEncoder(w).Encode(map[string]string{"project": project, "version": "v0.1.0"})
		case project != "" && r.URL.Path == "/.fngen/deliveries":
			_, _ = io.WriteString(w, deliveries)
		default:
			body, _ := io.ReadAll(r.Body)
			last.Request, last.body = r, string(body)
			handler(w, r)
		}
	}))
	t.Cleanup(server.Close)
	_, text, err := net.SplitHostPort(server.Listener.Addr().String())
	require.NoError(t, err)
	port, err = strconv.Atoi(text)
	require.NoError(t, err)
	return port, last
}

func ok(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }

func TestCall(t *testing.T) {
	p := newProject(t)
	port, last := serve(t, p.Dir, "", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-One", "1")
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "short and stout")
	})
	c := &invoke.Client{Project: p, Port: port, Version: "v1"}
	response, err := c.Call(context.Background(), invoke.Options{
		Function: "divide", Path: "/a%2Fb", Query: "b=1&a=2", Data: [][]byte{[]byte(`{"n":1}`)}, Set: []string{"n=2"},
		Header: []invoke.HeaderField{{"x-a", "1"}, {"X-A", "2"}}, Bearer: "token", AuthProvider: "supabase",
	})
	require.NoError(t, err)
	assert.Equal(t, http.StatusTeapot, response.Code)
	assert.Equal(t, "418 I'm a teapot", response.Status)
	assert.Equal(t, "1", response.Header.Get("X-One"))
	assert.Equal(t, "short and stout", string(response.Body))

	assert.Equal(t, http.MethodPost, last.Method)
	assert.Equal(t, "/divide/a%2Fb?b=1&a=2", last.RequestURI)
	assert.Equal(t, `{"n":2}`, last.body)
	assert.Equal(t, []string{"1", "2"}, last.Header["X-A"])
	assert.Equal(t, "application/json", last.Header.Get("Content-Type"))
	assert.Equal(t, "Bearer token", last.Header.Get("Authorization"))
	assert.Equal(t, "supabase", last.Header.Get("Auth-Provider"))
	assert.Equal(t, "fngen/v1", last.Header.Get("User-Agent"))
}

// The path and the method choose a route.
func TestCallRoutes(t *testing.T) {
	p := newProject(t)
	port, last := serve(t, p.Dir, "", ok)
	c := &invoke.Client{Project: p, Port: port}
	for _, test := range []struct {
		o    invoke.Options
		want string
	}{
		{invoke.Options{Function: "divide"}, "GET /divide"},
		{invoke.Options{Function: "divide", Path: "/x", Method: "PATCH"}, "PATCH /divide/x"},
		{invoke.Options{Function: "divide", Path: "/divide"}, "GET /divide"},
		{invoke.Options{Function: "divide", Path: "/divide/x"}, "GET /divide/x"},
		{invoke.Options{Function: "divide", Path: "/divided"}, "GET /divide/divided"},
		{invoke.Options{Function: "users", Path: "/users/7"}, "GET /users/7"},
		{invoke.Options{Function: "users", Path: "/users/7", Method: "DELETE"}, "DELETE /users/7"},
		{invoke.Options{Function: "users", Path: "/users/7", Method: "HEAD"}, "HEAD /users/7"},
		{invoke.Options{Function: "users", Path: "/users/7", Method: "OPTIONS"}, "OPTIONS /users/7"},
		{invoke.Options{Function: "users", Path: "/users/a%2Fb/x/y", Method: "PUT"}, "PUT /users/a%2Fb/x/y"},
		{invoke.Options{Function: "users", Data: [][]byte{[]byte("{}")}}, "POST /users"},
		{invoke.Options{Function: "users", Method: "POST"}, "POST /users"},
	} {
		_, err := c.Call(context.Background(), test.o)
		require.NoError(t, err, test.want)
		assert.Equal(t, test.want, last.Method+" "+last.RequestURI)
	}
	const routes = "choose one of its routes: GET /users/{id}, DELETE /users/{id}, POST /users, PUT /users/{id}/{path...}"
	for _, test := range []struct {
		o          invoke.Options
		want, hint string
	}{
		{
			invoke.Options{Function: "users"},
			`the route "GET /users/{id}" has path parameters`, "fngen invoke users --path /users/1",
		},
		{
			invoke.Options{Function: "users", Method: "PUT"},
			`the route "PUT /users/{id}/{path...}" has path parameters`, "fngen invoke users --path /users/1/a/b --method PUT",
		},
		{invoke.Options{Function: "users", Method: "PATCH"}, "users has no route for PATCH", routes},
		{invoke.Options{Function: "users", Path: "/7"}, "users has no route for GET /7", routes},
		{
			invoke.Options{Function: "users", Path: "/users/7", Data: [][]byte{[]byte("{}")}},
			"users has no route for POST /users/7", routes,
		},
	} {
		_, err := c.Call(context.Background(), test.o)
		require.EqualError(t, err, test.want)
		assert.Equal(t, test.hint, hint.Of(err))
	}
}

func TestCallSigns(t *testing.T) {
	p := newProject(t)
	port, last := serve(t, p.Dir, "", ok)
	c := &invoke.Client{Project: p, Port: port, Environ: []string{"ORDERS_SECRET=s3cr3t"}}
	verify := func(t *testing.T, secret string) {
		t.Helper()
		signature := last.Header.Get("X-Signature")
		assert.NoError(t, webhooks.VerifySignature(webhooks.SHA256, last.body, signature, webhooks.Options{Secret: secret}))
	}

	_, err := c.Call(context.Background(), invoke.Options{Function: "orders", Data: [][]byte{[]byte("{}")}, Sign: true})
	require.NoError(t, err)
	verify(t, "s3cr3t")

	_, err = c.Call(context.Background(), invoke.Options{Function: "orders", Data: [][]byte{[]byte("{}")}, Secret: "other"})
	require.NoError(t, err)
	verify(t, "other")

	_, err = c.Call(context.Background(), invoke.Options{Function: "orders", Data: [][]byte{[]byte("{}")}})
	require.NoError(t, err)
	assert.Empty(t, last.Header.Get("X-Signature"), "a body does not make the request signed")
}

func TestCallReplays(t *testing.T) {
	p := newProject(t)
	const deliveries = `[
		{"n":7,"function":"orders","method":"POST","target":"/orders/in?a=b","header":{"X-Id":["1"]},"body":"e30="},
		{"n":8,"function":"orders","method":"POST","target":"@example.com/"},
		{"n":9,"function":"orders","method":"POST","target":"/orders","omitted":5}]`
	port, last := serve(t, p.Dir, deliveries, ok)
	c := &invoke.Client{Project: p, Port: port, Environ: []string{"ORDERS_SECRET=s3cr3t"}}
	_, err := c.Call(context.Background(), invoke.Options{Replay: 7})
	require.NoError(t, err)
	assert.Equal(t, "/orders/in?a=b", last.RequestURI)
	assert.Equal(t, "{}", last.body)
	assert.Equal(t, "1", last.Header.Get("X-Id"))
	assert.NotEmpty(t, last.Header.Get("X-Signature"))

	for _, test := range []struct {
		o    invoke.Options
		want string
	}{
		{invoke.Options{Replay: 6}, "no delivery 6 is recorded"},
		{invoke.Options{Replay: 8}, `cannot replay delivery 8: its target is "@example.com/"`},
		{invoke.Options{Replay: 9}, "cannot replay delivery 9: its body of 5 bytes was too large to record"},
		{invoke.Options{Replay: 7, Function: "divide"}, "delivery 7 was for orders, not for divide"},
	} {
		_, err := c.Call(context.Background(), test.o)
		assert.EqualError(t, err, test.want)
	}

	all, err := c.Deliveries(context.Background(), "orders")
	require.NoError(t, err)
	assert.Len(t, all, 3)
	all, err = c.Deliveries(context.Background(), "divide")
	require.NoError(t, err)
	assert.Empty(t, all)
}

func TestCallEvent(t *testing.T) {
	p := newProject(t)
	respond := func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"statusCode":201,"headers":{"x-a":"1","x-b":"1"},"multiValueHeaders":{"X-B":["2","3"]},`+
			`"cookies":["c=1"],"body":"aGk=","isBase64Encoded":true}`)
	}
	port, last := serve(t, p.Dir, "", func(w http.ResponseWriter, r *http.Request) { respond(w, r) })
	c := &invoke.Client{Project: p, Port: port}
	o := invoke.Options{Function: "divide", Event: []byte(`{"httpMethod":"GET"}`)}
	response, err := c.Call(context.Background(), o)
	require.NoError(t, err)
	assert.Equal(t, "/2015-03-31/functions/divide/invocations", last.RequestURI)
	assert.Equal(t, `{"httpMethod":"GET"}`, last.body)
	assert.Equal(t, "201 Created", response.Status)
	assert.Equal(t, http.Header{"X-A": {"1"}, "X-B": {"2", "3"}, "Set-Cookie": {"c=1"}}, response.Header)
	assert.Equal(t, "hi", string(response.Body))

	for _, test := range []struct{ name, header, body, want string }{
		{"function error", "Unhandled", `{"errorMessage":"no","errorType":"E"}`, "the function failed: E: no"},
		{"function error without a message", "Unhandled", `?`, "the function failed without an error message"},
		{"not JSON", "", `?`, "the function's response is not an API Gateway proxy response"},
		{"no status", "", `{}`, "the function's response is not an API Gateway proxy response"},
		{
			"not base64", "", `{"statusCode":200,"body":"?","isBase64Encoded":true}`,
			"the function's response has isBase64Encoded set, but its body is not base64",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			respond = func(w http.ResponseWriter, _ *http.Request) {
				if test.header != "" {
					w.Header().Set("X-Amz-Function-Error", test.header)
				}
				_, _ = io.WriteString(w, test.body)
			}
			_, err := c.Call(context.Background(), o)
			assert.EqualError(t, err, test.want)
		})
	}

	o.Event = []byte("?")
	_, err = c.Call(context.Background(), o)
	assert.EqualError(t, err, "event is not valid JSON")
}

// Without an fngen dev of this project, the client starts a server for the call
// and stops it afterwards.
func TestCallStartsServer(t *testing.T) {
	p := newProject(t)
	other, _ := serve(t, t.TempDir(), "", func(http.ResponseWriter, *http.Request) {
		t.Error("another project's server was called")
	})
	port, last := serve(t, "", "", ok)
	stopped := false
	c := &invoke.Client{Project: p, Port: other}
	c.StartServer = func(_ context.Context, function, publicURL string) (invoke.Server, error) {
		assert.Equal(t, "divide", function)
		assert.Equal(t, "https://example.com", publicURL)
		return invoke.Server{URL: "http://127.0.0.1:" + strconv.Itoa(port), Stop: func() error {
			stopped = true
			return nil
		}}, nil
	}
	response, err := c.Call(context.Background(), invoke.Options{Function: "divide", PublicURL: "https://example.com"})
	require.NoError(t, err)
	assert.Equal(t, "ok", string(response.Body))
	assert.Equal(t, "/divide", last.RequestURI)
	assert.True(t, stopped)

	failure := errors.New("the server does not exit")
	c.StartServer = func(context.Context, string, string) (invoke.Server, error) {
		return invoke.Server{URL: "http://127.0.0.1:" + strconv.Itoa(port), Stop: func() error { return failure }}, nil
	}
	response, err = c.Call(context.Background(), invoke.Options{Function: "divide"})
	assert.ErrorIs(t, err, failure)
	assert.Equal(t, "ok", string(response.Body))

	failure = errors.New("build failed")
	c.StartServer = func(context.Context, string, string) (invoke.Server, error) { return invoke.Server{}, failure }
	_, err = c.Call(context.Background(), invoke.Options{Function: "divide"})
	assert.ErrorIs(t, err, failure)

	_, err = c.Deliveries(context.Background(), "")
	assert.ErrorContains(t, err, "serves another project, ")
}

func TestCallErrors(t *testing.T) {
	p := newProject(t)
	port, last := serve(t, p.Dir, "", ok)
	c := &invoke.Client{Project: p, Port: port}
	const publicKey = "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
	discord, sns, standard := scheme(t, "discord"), scheme(t, "sns"), scheme(t, "standard")
	tests := []struct {
		name       string
		o          invoke.Options
		want, hint string
	}{
		{"unknown function", invoke.Options{Function: "divied"}, `no function "divied"`, "fngen invoke divide"},
		{"nothing similar", invoke.Options{Function: "x"}, `no function "x"`, "fngen list"},
		{
			"no secret", invoke.Options{Function: "orders", Sign: true},
			"no secret to sign with: ORDERS_SECRET is not set", "set it in .env, or pass --secret @FILE",
		},
		{
			"no scheme", invoke.Options{Function: "divide", Sign: true},
			"divide does not verify signatures", "choose a scheme and a secret: --webhook=SCHEME --secret @FILE",
		},
		{
			"key of the sender", invoke.Options{Function: "divide", Sign: true, Scheme: sns},
			"only the sender has the key that signs for sns",
			`aws sns publish --topic-arn "$SNS_TOPIC_ARN" --message Hello`,
		},
		{
			"public key", invoke.Options{Function: "divide", Sign: true, Scheme: discord},
			"DISCORD_PUBLIC_KEY is a public key, which cannot sign", "pass the private key of the pair: --secret @FILE",
		},
		{
			"public key as the secret", invoke.Options{Function: "divide", Scheme: standard, Secret: publicKey},
			"the secret is a public key, which cannot sign", "pass the private key of the pair: --secret @FILE",
		},
		{
			"unknown sample", invoke.Options{Function: "divide", Sample: "github/pus"},
			`unknown sample "pus" of github`, "--sample=github/push",
		},
		{
			"set without JSON", invoke.Options{Function: "divide", Data: [][]byte{[]byte("text")}, Set: []string{"a=b"}},
			"body is not valid JSON", "",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := c.Call(context.Background(), test.o)
			require.ErrorContains(t, err, test.want)
			assert.Equal(t, test.hint, hint.Of(err))
			assert.Nil(t, last.Request, "nothing was sent")
		})
	}
	_, err := c.Call(context.Background(), tests[len(tests)-1].o)
	var option *invoke.OptionError
	require.ErrorAs(t, err, &option)
	assert.Equal(t, "set", option.Option)
}

func scheme(t *testing.T, name string) *generator.Scheme {
	t.Helper()
	s, err := generator.ParseScheme(name)
	require.NoError(t, err)
	return &s
}
