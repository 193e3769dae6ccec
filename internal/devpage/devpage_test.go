package devpage

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The number of records, the size of a header, and the output are bounded.
func TestBounds(t *testing.T) {
	p := New(Options{})
	first := p.Begin(Record{Header: http.Header{"X": {strings.Repeat("x", maxHeader)}}})
	r, ok := p.Record(first)
	assert.True(t, ok)
	assert.Equal(t, http.Header{"Fngen-Omitted": {"the header is too large to record"}}, r.Header)
	for range maxRecords {
		p.Begin(Record{})
	}
	assert.Len(t, p.Records(), maxRecords)
	_, ok = p.Record(first)
	assert.False(t, ok)
	p.Finish(r) // it is not kept any more
	assert.Len(t, p.Records(), maxRecords)

	tail := p.Output.Tail(io.Discard)
	_, _ = io.WriteString(tail, strings.Repeat("x", 2*maxLine)+"\n")
	assert.Len(t, p.Output.lines[0].text, maxLine)
	for i := range maxLines {
		fmt.Fprintf(tail, "line %d\n", i)
	}
	assert.Len(t, p.Output.lines, maxLines)
	assert.Equal(t, "line 0", p.Output.lines[0].text)
	_, _ = tail.Write(make([]byte, 2*maxTail))
	assert.Len(t, tail.String(), maxTail)
}

// Lines belong to the request whose id they have. Without an id, they belong to
// each request that was in progress.
func TestLinesOf(t *testing.T) {
	start := time.Now()
	a := Record{N: 1, Start: start, Duration: 10 * time.Millisecond, Done: true, RequestID: "id-a"}
	b := Record{N: 2, Start: start, Duration: time.Minute, Done: true, RequestID: "id-b"}
	o := &Output{}
	o.add([]line{
		{start.Add(-time.Second), "before"},
		{start.Add(time.Millisecond), "\x1b[31mnone\x1b[0m token=secret"},
		{start.Add(2 * time.Millisecond), "by id-b"},
		{start.Add(time.Second), "after"},
		{start.Add(2 * time.Second), "late id-a"},
	})
	texts := func(r Record) (texts []string) {
		for _, l := range o.linesOf(r, []Record{a, b}) {
			texts = append(texts, fmt.Sprint(l.ByID, " ", plain([]byte(l.Text))))
		}
		return texts
	}
	assert.Equal(t, []string{"false none token=[redacted]", "true late id-a"}, texts(a))
	assert.Equal(t, []string{"false none token=[redacted]", "true by id-b", "false after"}, texts(b))
}

// The browser gets what has happened, and then what happens.
func TestEvents(t *testing.T) {
	p := New(Options{Project: "/shop"})
	p.Begin(Record{Method: "GET", Target: "/first?token=secret", Start: time.Now()})
	server := httptest.NewServer(p)
	defer server.Close()
	response, err := http.Get(server.URL + "/.fngen/events")
	require.NoError(t, err)
	defer response.Body.Close()
	read := func(want string) (text string) {
		buf := make([]byte, 4096)
		for !strings.Contains(text, want) {
			n, err := response.Body.Read(buf)
			require.NoError(t, err)
			text += string(buf[:n])
		}
		return text
	}
	text := read("/first")
	assert.Contains(t, text, "event: state\ndata: {")
	assert.Contains(t, text, `"status":"building"`)
	assert.NotContains(t, text, "secret")
	functions := func() []Function { return []Function{{Name: "divide"}} }
	p.SetState(State{Status: Ready, Took: time.Second, Functions: functions})
	read(`"name":"divide"`)
	p.SetState(State{Status: Failed, Problem: &Problem{Title: "broken"}})
	assert.Contains(t, read("broken"), `"name":"divide"`, "the functions are those of the last program")
	n := p.Begin(Record{Method: "GET", Target: "/second"})
	read("/second")
	p.Finish(Record{N: n, Method: "GET", Target: "/second", Status: 418})
	read(`"status":418`)
}

// Commands need the page's token and the media type of JSON, so that no other
// page can send them.
func TestPost(t *testing.T) {
	var sent []ActualRequest
	p := New(Options{Send: func(_ *http.Request, r ActualRequest) (int, error) {
		sent = append(sent, r)
		return 7, nil
	}})
	n := p.Begin(Record{Method: "GET", Target: "/f?token=secret", Header: http.Header{"Cookie": {"a=secret"}}})
	body := fmt.Sprintf(`{"n":%d}`, n)
	for _, test := range []struct {
		name, token, contentType, body string
		status                         int
	}{
		{"page", p.token, "application/json", body, http.StatusOK},
		{"no token", "", "application/json", body, http.StatusForbidden},
		{"other token", p.run, "application/json", body, http.StatusForbidden},
		{"form", p.token, "text/plain", body, http.StatusUnsupportedMediaType},
		{"no JSON", p.token, "application/json", "x", http.StatusBadRequest},
		{"too large", p.token, "application/json", `{"sample":"` + strings.Repeat("x", maxPost), http.StatusBadRequest},
		{"unknown record", p.token, "application/json", `{"n":99}`, http.StatusUnprocessableEntity},
		{"nothing", p.token, "application/json", `{}`, http.StatusUnprocessableEntity},
	} {
		r := httptest.NewRequest(http.MethodPost, "/.fngen/send", strings.NewReader(test.body))
		r.Header.Set("Fngen-Token", test.token)
		r.Header.Set("Content-Type", test.contentType)
		w := httptest.NewRecorder()
		p.ServeHTTP(w, r)
		assert.Equal(t, test.status, w.Code, test.name)
	}
	assert.Equal(t, []ActualRequest{{"GET", "/f?token=secret", http.Header{"Cookie": {"a=secret"}}, nil}}, sent)
}

// Nothing is stored, framed or run that is not the page's own, and the detail of
// a request has no secrets.
func TestServeHTTP(t *testing.T) {
	p := New(Options{Project: "/home/<shop>"})
	n := p.Begin(Record{Method: "GET", Target: "/f?token=secret", Header: http.Header{"Cookie": {"a=secret"}}})
	for path, want := range map[string]string{
		"/.fngen/": "&lt;shop&gt;", "/.fngen/page.css": "--accent", "/.fngen/page.js": "EventSource",
		"/.fngen/problem.js": "EventSource", fmt.Sprintf("/.fngen/requests/%d", n): `"target":"/f?token=[redacted]"`,
		"/.fngen/requests/99": "no longer kept", "/.fngen/other": "not found", "/.fngen/send": "Method Not Allowed",
	} {
		w := httptest.NewRecorder()
		p.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		assert.Contains(t, w.Body.String(), want, path)
		assert.NotContains(t, w.Body.String(), "=secret", path)
		assert.Contains(t, w.Header().Get("Content-Security-Policy"), "frame-ancestors 'none'", path)
		assert.NotContains(t, w.Header().Get("Content-Security-Policy"), "unsafe", path)
		assert.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"), path)
		assert.Equal(t, "no-store", w.Header().Get("Cache-Control"), path)
		assert.Equal(t, "no-referrer", w.Header().Get("Referrer-Policy"), path)
	}
	script, err := assets.ReadFile("assets/page.js")
	require.NoError(t, err)
	assert.NotContains(t, string(script), "innerHTML")
	assert.LessOrEqual(t, strings.Count(string(script), "\n"), 420)
}

func TestEditorURL(t *testing.T) {
	assert.Equal(t, "vscode://file/a%20b/f.go:3:5", VSCode.URL("/a b/f.go", 3, 5))
	assert.Equal(t, "idea://open?file=%2Fa+b%2Ff.go&line=3&column=1", IDEA.URL("/a b/f.go", 3, 0))
	assert.Empty(t, NoEditor.URL("/f.go", 1, 1))
	for _, test := range []struct {
		env  map[string]string
		want Editor
	}{
		{nil, VSCode},
		{map[string]string{"TERM_PROGRAM": "vscode", "EDITOR": "goland"}, VSCode},
		{map[string]string{"VISUAL": "/opt/goland --wait"}, IDEA},
		{map[string]string{"VISUAL": "vim", "EDITOR": "idea"}, IDEA},
		{map[string]string{"TERMINAL_EMULATOR": "JetBrains-JediTerm"}, IDEA},
	} {
		assert.Equal(t, test.want, DetectEditor(func(name string) string { return test.env[name] }))
	}
}

// Clients that accept JSON get what the page shows.
func TestWriteJSON(t *testing.T) {
	w := httptest.NewRecorder()
	(&Problem{Title: "t", Text: "a.go:1:2: x", Places: []Place{{File: "a.go", Line: 1}}}).WriteJSON(w, 500)
	var got map[string]any
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &got))
	assert.Equal(t, "t", got["message"])
	assert.Equal(t, "a.go:1:2: x", got["error"])
	assert.Len(t, got["places"], 1)
}
