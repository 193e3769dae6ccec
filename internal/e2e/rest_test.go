//go:build linux

package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/lambdaruntime"
)

// notes is a package of the project that keeps notes in the file NOTES_FILE,
// which the functions share on Lambda, too.
const notes = `package notes

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
)

type Note struct {
	ID   string   ` + "`json:\"id\"`" + `
	Tags []string ` + "`json:\"tags\"`" + `
}

func All() (map[string]Note, error) {
	all := map[string]Note{}
	data, err := os.ReadFile(os.Getenv("NOTES_FILE"))
	if errors.Is(err, fs.ErrNotExist) {
		return all, nil
	}
	if err != nil {
		return nil, err
	}
	return all, json.Unmarshal(data, &all)
}

func Save(all map[string]Note) error {
	data, err := json.Marshal(all)
	if err != nil {
		return err
	}
	return os.WriteFile(os.Getenv("NOTES_FILE"), data, 0o600)
}
`

// notesOrigin is the origin of the pages that may call the functions.
const notesOrigin = "https://app.example.com"

// noteFunctions are the functions of the resource: their routes, their flags and
// the statements that replace the last one of the generated handler.
var noteFunctions = map[string]struct {
	route  string
	flags  []string
	handle string
}{
	"list": {"GET /notes", nil, `return fn.JSON(http.StatusOK, map[string]any{
		"notes": all, "tags": event.MultiValueQueryStringParameters["tag"],
	})`},
	"read": {"GET /notes/{id}", nil, `note, ok := all[event.PathParameters["id"]]
	if !ok {
		return fn.JSON(http.StatusNotFound, map[string]string{"message": "no note " + event.PathParameters["id"]})
	}
	return fn.JSON(http.StatusOK, note)`},
	"create": {"POST /notes", []string{"--auth", "--input=id:string,tags:[]string"}, `
	all[in.ID] = notes.Note{ID: in.ID, Tags: in.Tags}
	if err := notes.Save(all); err != nil {
		return fn.Problem(err)
	}
	return fn.JSON(http.StatusCreated, all[in.ID])`},
	"delete": {"DELETE /notes/{id}", []string{"--auth"}, `delete(all, event.PathParameters["id"])
	if err := notes.Save(all); err != nil {
		return events.APIGatewayProxyResponse{}, err
	}
	return events.APIGatewayProxyResponse{StatusCode: http.StatusNoContent}, nil`},
}

// newNotes creates a project with a REST resource that pages on an origin may
// call.
func newNotes(t *testing.T, origin string) string {
	t.Helper()
	dir := newModule(t)
	for name, f := range noteFunctions {
		args := []string{"function", "notes/" + name, "--no-tests", "--route=" + f.route, "--cors=" + origin}
		do(t, dir, append(args, f.flags...)...)
		path := functions + "/notes/" + name + "/" + name + ".go"
		source, err := os.ReadFile(filepath.Join(dir, path))
		require.NoError(t, err)
		head := string(source[:bytes.LastIndex(source, []byte("return fn.JSON"))])
		head = strings.Replace(head, "\n\t\"example.com/app/api/src/lib/cors\"",
			"\n\t\"example.com/app/api/src/lib/cors\"\n\t\"example.com/app/api/src/services/notes\"", 1)
		writeFile(t, dir, path, head+"all, err := notes.All()\n\tif err != nil {\n"+
			"\t\treturn events.APIGatewayProxyResponse{}, err\n\t}\n\t"+f.handle+"\n}\n")
	}
	writeFile(t, dir, "api/src/services/notes/notes.go", notes)
	return dir
}

// A noteRequest is a request and the response to it.
type noteRequest struct {
	name           string
	method, target string
	header         []string // names and values, in turn
	body           string

	status int
	want   string // part of the body
	to     string // the function that receives the request on Lambda, if no route matches it
}

// A noteResponse is what a client sees of a response.
type noteResponse struct {
	status int
	header http.Header
	body   string
}

// noteRequests returns the requests that are sent in turn.
func noteRequests(t *testing.T, secret string) []noteRequest {
	t.Helper()
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"sub": "1"}).SignedString([]byte(secret))
	require.NoError(t, err)
	page := []string{"Origin", notesOrigin}
	user := append([]string{"Authorization", "Bearer " + token, "Auth-Provider", "custom"}, page...)
	author := append([]string{"Content-Type", "application/json"}, user...)
	preflight := func(method, origin string) []string {
		return []string{"Origin", origin, "Access-Control-Request-Method", method}
	}
	const valid = `{"id":"a/b","tags":["x","é"]}`
	text := append([]string{"Content-Type", "text/plain"}, user...)
	foreign := preflight("POST", "https://evil.example")
	return []noteRequest{
		{"empty list", "GET", "/notes", nil, "", 200, `{"notes":{},"tags":null}`, ""},
		{"preflight of list", "OPTIONS", "/notes", preflight("GET", notesOrigin), "", 204, "", "create"},
		{"preflight of create", "OPTIONS", "/notes", preflight("POST", notesOrigin), "", 204, "", "create"},
		{"preflight of delete", "OPTIONS", "/notes/1", preflight("DELETE", notesOrigin), "", 204, "", "delete"},
		{"preflight of another origin", "OPTIONS", "/notes", foreign, "", 403, "", "create"},
		{"preflight of null", "OPTIONS", "/notes/1", preflight("DELETE", "null"), "", 403, "", "read"},
		{"OPTIONS", "OPTIONS", "/notes", page, "", 204, "", "list"},
		{"signed out", "POST", "/notes", append([]string{"Content-Type", "application/json"}, page...), valid, 401, "", ""},
		{"create", "POST", "/notes", author, valid, 201, valid, ""},
		{"create another", "POST", "/notes", author, `{"id":"a b","tags":[]}`, 201, `"a b"`, ""},
		{"wrong Content-Type", "POST", "/notes", text, valid, 415, `"status":415`, ""},
		{"no Content-Type", "POST", "/notes", user, valid, 201, valid, ""},
		{"malformed", "POST", "/notes", author, `{`, 400, `"status":400`, ""},
		{"no body", "POST", "/notes", author, "", 400, "", ""},
		{"not UTF-8", "POST", "/notes", author, "{\"id\":\"\xff\",\"tags\":[]}", 201, "", ""},
		{"unknown field", "POST", "/notes", author, `{"id":"1","tags":[],"more":1}`, 422, `"field":"more"`, ""},
		{"missing field", "POST", "/notes", author, `{"tags":[]}`, 422, `"field":"id"`, ""},
		{"too large", "POST", "/notes", author, strings.Repeat(" ", 1<<20) + valid, 413, `"status":413`, ""},
		{"list", "GET", "/notes?tag=a&tag=b%20c&tag=d+e&other=1", page, "", 200, `"tags":["a","b c","d e"]`, ""},
		{"HEAD of list", "HEAD", "/notes", page, "", 200, "", ""},
		{"encoded slash", "GET", "/notes/a%2Fb", page, "", 200, valid, ""},
		{"encoded space", "GET", "/notes/a%20b", nil, "", 200, `"a b"`, ""},
		{"encoded percent", "GET", "/notes/a%2520b", nil, "", 404, "no note a%20b", ""},
		{"HEAD of a missing note", "HEAD", "/notes/1", page, "", 404, "", ""},
		{"trailing slash", "GET", "/notes/", page, "", 404, "Not Found", "list"},
		{"trailing slash of a note", "GET", "/notes/1/", page, "", 404, "Not Found", "read"},
		{"below a note", "GET", "/notes/1/2", page, "", 404, "Not Found", "read"},
		{"unrouted method", "PUT", "/notes", page, "", 405, "Method Not Allowed", "list"},
		{"unrouted method of a note", "PATCH", "/notes/1", page, "", 405, "Method Not Allowed", "read"},
		{"unknown method", "PURGE", "/notes/1", page, "", 405, "Method Not Allowed", "read"},
		{"delete signed out", "DELETE", "/notes/a%20b", page, "", 401, "", ""},
		{"delete", "DELETE", "/notes/a%20b", user, "", 204, "", ""},
		{"read deleted", "GET", "/notes/a%20b", page, "", 404, "no note a b", ""},
	}
}

// dropFunctions matches what fngen dev adds to responses with status 404.
var dropFunctions = regexp.MustCompile(`,"functions":\[[^]]*\]`)

// A sender sends a request to the functions.
type sender func(t *testing.T, r noteRequest) noteResponse

// TestREST checks that a resource of four functions responds to every request
// in the same way behind fngen dev and fngen serve, and on Lambda to the events
// of REST APIs, HTTP APIs and load balancers.
func TestREST(t *testing.T) {
	dir := newNotes(t, notesOrigin)
	const secret = "a secret of 32 bytes or even more"
	file := filepath.Join(t.TempDir(), "notes.json")
	t.Setenv("AUTH_JWT_SECRET", secret)
	t.Setenv("NOTES_FILE", file)
	requests := noteRequests(t, secret)

	var served []noteResponse
	// check sends the requests. The responses must be those of fngen serve, with
	// which it is called first, except for what the documentation says.
	check := func(t *testing.T, kind string, send sender) {
		require.NoError(t, os.RemoveAll(file))
		for i, r := range requests {
			got := send(t, r)
			got.header.Del("Date")
			got.header.Del("Content-Length")
			if kind == "serve" {
				served = append(served, got)
			}
			want := noteResponse{served[i].status, served[i].header.Clone(), served[i].body}
			switch {
			case r.name == "no Content-Type" && (kind == "load balancer" || kind == "function URL"):
				assert.Equal(t, http.StatusUnsupportedMediaType, got.status, "API Gateway adds one, others do not")
				continue
			case kind == "dev": // says in addition what there is
				got.body = dropFunctions.ReplaceAllString(got.body, "")
			case kind != "serve" && r.to != "": // a function does not know the methods of the others
				got.header.Del("Allow")
				want.header.Del("Allow")
			}
			assert.Equal(t, r.status, got.status, "%s: %s", r.name, got.body)
			assert.Contains(t, got.body, r.want, r.name)
			assert.Equal(t, want, got, r.name)
		}
	}

	t.Run("serve", func(t *testing.T) {
		server, screen := goProcess(dir, "serve", "--port", "0")
		require.NoError(t, server.Start())
		ended := make(chan int, 1)
		go func() { ended <- server.wait() }()
		t.Cleanup(func() { _ = server.Process.Kill() })
		screen.wait(t, "listening on http")
		check(t, "serve", sendTo(listening.FindStringSubmatch(screen.all())[1]))
		require.NoError(t, server.Process.Signal(syscall.SIGTERM))
		assert.Zero(t, <-ended, screen.all())
	})
	t.Run("dev", func(t *testing.T) { check(t, "dev", sendTo(startDevIn(t, dir).url)) })

	code, out := fngenBuild(t, dir)
	require.Zero(t, code, out)
	router := http.NewServeMux() // routes as API Gateway does
	runtimes := map[string]*lambdaruntime.Runtime{}
	for name, f := range noteFunctions {
		runtime, err := lambdaruntime.Start(lambdaruntime.Function{
			Command: []string{unzip(t, filepath.Join(dir, "dist", "notes-"+name+".zip"))},
			Env:     []string{"AUTH_JWT_SECRET=" + secret, "NOTES_FILE=" + file},
		})
		require.NoError(t, err)
		t.Cleanup(func() { _ = runtime.Close() })
		runtimes[name] = runtime
		router.HandleFunc(f.route, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, name) })
	}
	for kind, event := range map[string]func(*http.Request, string) any{
		"REST API": restEvent, "HTTP API": httpEvent, "function URL": urlEvent, "load balancer": balancerEvent,
	} {
		t.Run(kind, func(t *testing.T) {
			check(t, kind, func(t *testing.T, r noteRequest) noteResponse {
				request := httptest.NewRequest(r.method, r.target, nil)
				for i := 0; i < len(r.header); i += 2 {
					request.Header.Add(r.header[i], r.header[i+1])
				}
				w := httptest.NewRecorder()
				router.ServeHTTP(w, request)
				name := w.Body.String()
				if r.to != "" {
					name, request.Pattern = r.to, ""
				}
				require.Contains(t, runtimes, name, r.name)
				payload, err := json.Marshal(event(request, r.body))
				require.NoError(t, err)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				data, err := runtimes[name].Invoke(ctx, payload)
				require.NoError(t, err, r.name)
				return responseOf(t, r.method, data)
			})
		})
	}
}

// sendTo returns a sender that sends requests over HTTP.
func sendTo(origin string) sender {
	return func(t *testing.T, r noteRequest) noteResponse {
		request, err := http.NewRequestWithContext(t.Context(), r.method, origin+r.target, strings.NewReader(r.body))
		require.NoError(t, err)
		for i := 0; i < len(r.header); i += 2 {
			request.Header.Add(r.header[i], r.header[i+1])
		}
		response, err := http.DefaultTransport.RoundTrip(request)
		require.NoError(t, err, r.name)
		body, err := io.ReadAll(response.Body)
		require.NoError(t, errors.Join(err, response.Body.Close()))
		return noteResponse{response.StatusCode, response.Header, string(body)}
	}
}

// responseOf decodes the response of a function as API Gateway and load
// balancers do.
func responseOf(t *testing.T, method string, data []byte) noteResponse {
	t.Helper()
	var decoded struct {
		StatusCode        int
		Headers           map[string]string
		MultiValueHeaders map[string][]string
		Body              string
		IsBase64Encoded   bool
	}
	require.NoError(t, json.Unmarshal(data, &decoded), "%s", data)
	header := http.Header{}
	for name, value := range decoded.Headers {
		header.Set(name, value)
	}
	for name, values := range decoded.MultiValueHeaders {
		header[http.CanonicalHeaderKey(name)] = values
	}
	body := decoded.Body
	if decoded.IsBase64Encoded {
		raw, err := base64.StdEncoding.DecodeString(body)
		require.NoError(t, err)
		body = string(raw)
	}
	if method == http.MethodHead {
		body = "" // the service does not send it
	}
	return noteResponse{decoded.StatusCode, header, body}
}

// lowerHeader returns the headers with lower-case names, as HTTP/2 has them.
func lowerHeader(r *http.Request) (single map[string]string, multiple map[string][]string) {
	single, multiple = map[string]string{"host": r.Host}, map[string][]string{"host": {r.Host}}
	for name, values := range r.Header {
		name = strings.ToLower(name)
		single[name], multiple[name] = strings.Join(values, ","), values
	}
	return single, multiple
}

// addContentType adds the Content-Type that API Gateway adds to requests with a
// body, as testdata/vectors records.
func addContentType(headers map[string]string, body string) {
	if _, ok := headers["content-type"]; !ok && body != "" {
		headers["content-type"] = "application/json"
	}
}

// restEvent returns the event of a REST API for which all media types are
// binary.
func restEvent(r *http.Request, body string) any {
	single, multiple := lowerHeader(r)
	addContentType(single, body)
	e := events.APIGatewayProxyRequest{
		HTTPMethod: r.Method, Path: r.URL.EscapedPath(), Headers: single, MultiValueHeaders: multiple,
		QueryStringParameters: map[string]string{}, MultiValueQueryStringParameters: r.URL.Query(),
		Body: base64.StdEncoding.EncodeToString([]byte(body)), IsBase64Encoded: body != "",
	}
	for name, values := range r.URL.Query() {
		e.QueryStringParameters[name] = values[len(values)-1]
	}
	if _, path, ok := strings.Cut(r.Pattern, " "); ok {
		e.Resource = path
		if id := r.PathValue("id"); id != "" {
			e.PathParameters = map[string]string{"id": url.PathEscape(id)}
		}
	}
	return e
}

// httpEvent returns the event of an HTTP API with payload format 2.0.
func httpEvent(r *http.Request, body string) any {
	e := urlEvent(r, body).(events.APIGatewayV2HTTPRequest)
	addContentType(e.Headers, body)
	e.RequestContext.DomainName = "abc.execute-api.us-east-1.amazonaws.com"
	e.RawPath, e.RequestContext.HTTP.Path = r.URL.Path, r.URL.Path
	if r.Pattern != "" {
		e.RouteKey = r.Pattern
		if id := r.PathValue("id"); id != "" {
			e.PathParameters = map[string]string{"id": id}
		}
	}
	return e
}

// urlEvent returns the event of a function URL.
func urlEvent(r *http.Request, body string) any {
	e := events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: "$default", RawPath: r.URL.EscapedPath(), RawQueryString: r.URL.RawQuery,
		Body: base64.StdEncoding.EncodeToString([]byte(body)), IsBase64Encoded: body != "",
	}
	e.Headers, _ = lowerHeader(r)
	e.RequestContext.Stage, e.RequestContext.DomainName = "$default", "abc.lambda-url.us-east-1.on.aws"
	e.RequestContext.HTTP.Method, e.RequestContext.HTTP.Path = r.Method, r.URL.EscapedPath()
	return e
}

// balancerEvent returns the event of a load balancer with multi-value headers,
// which does not decode the query.
func balancerEvent(r *http.Request, body string) any {
	_, headers := lowerHeader(r)
	query := map[string][]string{}
	for _, pair := range strings.FieldsFunc(r.URL.RawQuery, func(r rune) bool { return r == '&' }) {
		name, value, _ := strings.Cut(pair, "=")
		query[name] = append(query[name], value)
	}
	return events.ALBTargetGroupRequest{
		HTTPMethod: r.Method, Path: r.URL.EscapedPath(), MultiValueHeaders: headers,
		MultiValueQueryStringParameters: query, Body: base64.StdEncoding.EncodeToString([]byte(body)), IsBase64Encoded: true,
		RequestContext: events.ALBTargetGroupRequestContext{ELB: events.ELBContext{TargetGroupArn: "arn"}},
	}
}

// TestRESTInBrowser checks that a page on another origin can use every method of
// a resource, and that its paths arrive as the page sent them.
func TestRESTInBrowser(t *testing.T) {
	browser := startBrowser(t)
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<!doctype html><title>Page</title>")
	}))
	t.Cleanup(page.Close)
	const secret = "a secret of at least 32 characters"
	t.Setenv("AUTH_JWT_SECRET", secret)
	t.Setenv("NOTES_FILE", filepath.Join(t.TempDir(), "notes.json"))
	notes := startDevIn(t, newNotes(t, page.URL)).url + "/notes"
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"sub": "1"}).SignedString([]byte(secret))
	require.NoError(t, err)
	header := map[string]string{
		"Authorization": "Bearer " + token, "auth-provider": "custom", "Content-Type": "application/json",
	}
	const note = `{"id":"a/b c","tags":["x"]}`
	for _, step := range []struct{ method, path, body, want string }{
		{"POST", "", note, "201 " + note},
		{"POST", "", "{", "400 "},
		{"GET", "/a%2Fb%20c", "", "200 " + note},
		{"GET", "/missing", "", "404 "},
		{"DELETE", "/a%2Fb%20c", "", "204 "},
		{"GET", "", "", `200 {"notes":{},"tags":null}`},
		{"PUT", "", "", "blocked"}, // no function answers its preflight
	} {
		init := map[string]any{"method": step.method, "headers": header}
		if step.body != "" {
			init["body"] = step.body
		}
		assert.Contains(t, fetch(t, browser, page.URL, notes+step.path, init), step.want, "%s %s", step.method, step.path)
	}
}
