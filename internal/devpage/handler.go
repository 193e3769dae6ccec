package devpage

import (
	"crypto/subtle"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"mime"
	"net/http"
	"path/filepath"
	"strconv"
	"time"
)

//go:embed assets
var assets embed.FS

// maxPost is the size of the largest request to the page in bytes: an edited
// body and its header, as JSON.
const maxPost = 4 << 20

func (p *Page) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.fngen/{$}", p.ServePage)
	for name, contentType := range map[string]string{
		"page.css": "text/css; charset=utf-8", "page.js": "text/javascript; charset=utf-8",
		"problem.js": "text/javascript; charset=utf-8",
	} {
		mux.HandleFunc("GET /.fngen/"+name, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			data, _ := assets.ReadFile("assets/" + name) // it is embedded
			_, _ = w.Write(data)
		})
	}
	mux.HandleFunc("GET /.fngen/events", p.serveEvents)
	mux.HandleFunc("GET /.fngen/requests/{n}", p.serveRecord)
	mux.HandleFunc("POST /.fngen/send", p.post(p.send))
	mux.HandleFunc("POST /.fngen/sample", p.post(p.sample))
	mux.HandleFunc("POST /.fngen/replay", p.post(p.replay))
	return mux
}

// ServeHTTP serves what is below /.fngen/.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	setHeaders(w.Header(), "")
	p.handler.ServeHTTP(w, r)
}

// setHeaders sets the headers of everything that the page consists of: only its
// own files run, no other page frames it, and nothing is stored.
func setHeaders(h http.Header, style string) {
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'"+style+
		"; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// ServePage serves the page itself, at whatever path.
func (p *Page) ServePage(w http.ResponseWriter, _ *http.Request) {
	setHeaders(w.Header(), "")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	page := template.Must(template.ParseFS(assets, "assets/page.html"))
	_ = page.Execute(w, map[string]string{"Project": filepath.Base(p.Project), "Token": p.token, "Run": p.run})
}

// serveRecord serves a request with its response.
func (p *Page) serveRecord(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(r.PathValue("n"))
	record, ok := p.Record(n)
	if err != nil || !ok {
		writeJSON(w, http.StatusNotFound, failure{Error: "this request is no longer kept"})
		return
	}
	var problem *Problem
	if record.Failure != nil {
		problem = record.Failure.Problem(p.Project, p.Editor)
	}
	writeJSON(w, http.StatusOK, struct {
		summary
		Target         string    `json:"target"`
		Header         []Field   `json:"header"`
		Body           BodyView  `json:"body"`
		StatusText     string    `json:"statusText"`
		ResponseHeader []Field   `json:"responseHeader"`
		ResponseBody   BodyView  `json:"responseBody"`
		RequestID      string    `json:"requestId"`
		Log            []LogLine `json:"log"`
		Problem        *Problem  `json:"problem,omitempty"`
	}{
		record.summary(), redactTarget(record.Target), redactHeader(record.Header),
		record.Body.view(record.Header.Get("Content-Type")), http.StatusText(record.Status),
		redactHeader(record.ResponseHeader), record.ResponseBody.view(record.ResponseHeader.Get("Content-Type")),
		record.RequestID, p.Output.linesOf(record, p.Records()), problem,
	})
}

type failure struct {
	Error string `json:"error"`
	Hint  string `json:"hint,omitempty"`
}

// A command is what a request to the page asks for.
type command struct {
	N        int            `json:"n"`        // the number of the record or the delivery
	Function string         `json:"function"` // the function to call
	Sample   string         `json:"sample"`
	Message  *string        `json:"message"` // or nil
	Request  *EditedRequest `json:"request"` // or nil to send the record again as it is
	Sign     bool           `json:"sign"`
}

// post returns the handler of a command, which responds with the number of the
// record of the request that was sent. Only the page can send commands: another
// page can neither read the token nor send the header.
func (p *Page) post(run func(*http.Request, command) (n int, err error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		mediaType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
		switch {
		case subtle.ConstantTimeCompare([]byte(r.Header.Get("Fngen-Token")), []byte(p.token)) != 1:
			writeJSON(w, http.StatusForbidden, failure{Error: "reload this page: fngen dev was restarted"})
			return
		case mediaType != "application/json":
			writeJSON(w, http.StatusUnsupportedMediaType, failure{Error: "the request is not JSON"})
			return
		}
		var c command
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxPost)).Decode(&c); err != nil {
			writeJSON(w, http.StatusBadRequest, failure{Error: "reading the request: " + err.Error()})
			return
		}
		n, err := run(r, c)
		if err != nil {
			f := failure{Error: err.Error()}
			var hinted interface{ Hint() string }
			if errors.As(err, &hinted) {
				f.Hint = hinted.Hint()
			}
			writeJSON(w, http.StatusUnprocessableEntity, f)
			return
		}
		writeJSON(w, http.StatusOK, map[string]int{"n": n})
	}
}

// send sends a recorded request again, or another one.
func (p *Page) send(r *http.Request, c command) (n int, err error) {
	earlier, found := p.Record(c.N)
	switch {
	case !found && c.N != 0:
		return 0, fmt.Errorf("request %d is no longer kept", c.N)
	case c.Request == nil && !found:
		return 0, errors.New("there is no request to send")
	case c.Request == nil:
		c.Request = &EditedRequest{
			Method: earlier.Method, Target: redactTarget(earlier.Target), Header: redactHeader(earlier.Header),
		}
	}
	request, err := c.Request.restore(earlier)
	if err != nil {
		return 0, err
	}
	if c.Sign {
		return p.Invoke(r, Call{Function: c.Function, Request: &request})
	}
	return p.Send(r, request)
}

// sample sends a sample event, a message, or runs a function on a schedule.
func (p *Page) sample(r *http.Request, c command) (n int, err error) {
	return p.Invoke(r, Call{Function: c.Function, Sample: c.Sample, Message: c.Message})
}

// replay sends a delivery again.
func (p *Page) replay(r *http.Request, c command) (n int, err error) {
	return p.Invoke(r, Call{Replay: c.N})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // fails only if the client has disconnected
}

// A summary is a request in the list.
type summary struct {
	N        int     `json:"n"`
	Function string  `json:"function"`
	Method   string  `json:"method"`
	Path     string  `json:"path"`
	Start    int64   `json:"start"` // in milliseconds since 1970
	Millis   float64 `json:"ms"`
	Status   int     `json:"status"`
	Done     bool    `json:"done"`
	Failed   bool    `json:"failed,omitempty"` // the function returned an error or panicked
	Delivery int     `json:"delivery,omitempty"`
}

func (r Record) summary() summary {
	method, path := r.Method, r.Target
	if r.Event {
		method, path = "EVENT", r.Function
	}
	for i := range len(path) {
		if path[i] == '?' {
			path = path[:i]
			break
		}
	}
	return summary{
		r.N, r.Function, method, path, r.Start.UnixMilli(),
		float64(r.Duration.Round(10*time.Microsecond)) / float64(time.Millisecond), r.Status, r.Done, r.Failure != nil,
		r.Delivery,
	}
}
