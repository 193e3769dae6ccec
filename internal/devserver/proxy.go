package devserver

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/fngen/fngen/internal/devpage"
	"github.com/fngen/fngen/templates/runtime/route"
)

// Headers between the reverse proxy and the program. Package server of
// templates/runtime has the same constants.
const (
	peerHeader   = "Fngen-Peer"   // on requests: the client's IP address
	publicHeader = "Fngen-Public" // on requests from outside: responses must not have details of errors
	noteHeader   = "Fngen-Note"   // on responses: what Lambda would have rejected, separated by commas
	idHeader     = "Fngen-Id"     // on responses: the request's id
	failedNote   = "failed"       // in noteHeader: the function returned an error or panicked

	invokePath = "/2015-03-31/functions/" // Lambda's Invoke API, which only a developer may call
)

// serveFunctions handles requests on the functions' port.
func (s *server) serveFunctions(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/.fngen/") {
		s.serveInfo(w, r)
		return
	}
	s.forward(w, r)
}

// webHandler handles requests on the web side's port. It forwards those below
// APIURL to the functions and all others to the web side.
func (s *server) webHandler() http.Handler {
	functions := http.StripPrefix(s.APIURL, http.HandlerFunc(s.forward))
	web := http.Handler(http.HandlerFunc(s.serveWithoutWeb))
	if s.WebTarget != nil {
		web = s.webProxy()
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, s.APIURL+"/") {
			functions.ServeHTTP(w, r)
		} else {
			web.ServeHTTP(w, r)
		}
	})
}

// webProxy forwards requests to the web side's own server.
func (s *server) webProxy() *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(s.WebTarget)
			p.Out.URL.RawQuery = p.In.URL.RawQuery // the proxy drops a malformed query
			p.Out.Host = p.In.Host                 // the browser's origin
			p.SetXForwarded()
		},
		ErrorLog: log.New(io.Discard, "", 0),
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() == nil {
				detail := fmt.Sprintf("%s: %v", s.WebTarget, err)
				s.writeError(w, r, http.StatusBadGateway, "cannot reach the web side", detail)
			}
		},
	}
}

// forward handles a request to a function.
func (s *server) forward(w http.ResponseWriter, r *http.Request) { s.record(w, r, "") }

// record sends a request to the program as soon as the gate is open, prints it,
// and keeps it for the page. It also keeps requests to functions that verify
// webhooks. Without a label, the method and the path are printed, or the function of an
// event. It returns
// the number of the record, or 0 if the request was refused.
func (s *server) record(w http.ResponseWriter, r *http.Request, label string) (n int) {
	start := time.Now()
	recorder := &responseRecorder{ResponseWriter: w}
	// The path is escaped because it is printed to a terminal. The query is
	// omitted because it may contain secrets.
	escaped := r.URL.EscapedPath()
	line := fmt.Sprintf("%-6s %s", r.Method, escaped)
	if name := invokedFunction(escaped); name != "" {
		line = "EVENT  " + name
	}
	line = cmp.Or(label, line)
	defer func() {
		status := strconv.Itoa(recorder.status)
		if recorder.status == 0 {
			status = "---" // the client closed the connection
		}
		if w.Header().Get("X-Amz-Function-Error") != "" {
			status += " failed"
		}
		s.print(s.Stdout, fmt.Sprintf("%s  %s  %d ms\n", line, status, time.Since(start).Milliseconds()))
	}()
	if r.Method == http.MethodConnect {
		http.Error(recorder, "CONNECT is not supported", http.StatusMethodNotAllowed)
		return 0
	}
	if !s.knowsHost(r) {
		refuseHost(recorder, r)
		return 0
	}
	if strings.HasPrefix(path.Clean(r.URL.Path), invokePath) && !isLocal(r) {
		refuse(recorder, r, "only clients on this machine may invoke functions with an event", "")
		return 0
	}
	e := s.beginExchange(r, recorder, start)
	defer e.finish()
	s.watcher.Sync(r.Context()) // the client may have saved a file just before
	t, err := s.gate.acquire(r.Context(), queueTimeout)
	if err != nil {
		s.writeUnavailable(recorder, r, err)
		return e.record.N
	}
	defer t.release()
	e.record.Function, e.isDelivery = t.function(r)
	e.recordBody()
	s.functionProxy(t, &e.record).ServeHTTP(recorder, r)
	return e.record.N
}

// function returns the function that a request is for, and whether it is a
// delivery to one that verifies webhooks.
func (t *target) function(r *http.Request) (name string, ok bool) {
	if name := invokedFunction(r.URL.Path); name != "" {
		return name, false
	}
	match := t.router.Find(route.Request{Method: r.Method, Path: r.URL.EscapedPath()})
	if match.Status != 0 {
		return "", false
	}
	f := t.http[match.Function]
	return f.Name, f.Webhook
}

// functionProxy forwards requests to t unchanged, except for peerHeader.
func (s *server) functionProxy(t *target, record *devpage.Record) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Transport:  t.transport,
		BufferPool: &s.buffers,
		ErrorLog:   log.New(io.Discard, "", 0),
		Rewrite: func(p *httputil.ProxyRequest) {
			t.rewrite(p)
			p.Out.Header.Del(publicHeader)
			if !s.isTrusted(p.In) {
				p.Out.Header.Set(publicHeader, "1")
			}
		},
		ModifyResponse: func(response *http.Response) error {
			isFailure := false
			for _, note := range strings.Split(response.Header.Get(noteHeader), ",") {
				isFailure = isFailure || note == failedNote
				if text := noteText(note); text != "" {
					s.noteOnce(text)
				}
			}
			response.Header.Del(noteHeader)
			record.RequestID = cmp.Or(response.Header.Get(idHeader), response.Header.Get("X-Amzn-Requestid"))
			response.Header.Del(idHeader)
			if response.Header.Get("X-Amz-Function-Error") != "" {
				var err error
				record.Failure, err = readInvokeFailure(response)
				return err
			}
			if !isFailure {
				return nil
			}
			failure, err := readFailure(response)
			if failure != nil {
				record.Failure = failure
				s.explainFailure(response, failure)
			}
			return err
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() == nil {
				s.writeExit(w, r, t, err)
			}
		},
	}
}

// A bufferPool keeps the buffers through which responses are copied.
type bufferPool struct{ pool sync.Pool }

func (b *bufferPool) Get() []byte {
	if buffer, ok := b.pool.Get().(*[]byte); ok {
		return *buffer
	}
	return make([]byte, 32<<10)
}

func (b *bufferPool) Put(buffer []byte) { b.pool.Put(&buffer) }

// rewrite addresses a request to t. It restores what [httputil.ReverseProxy]
// removes or rewrites.
func (t *target) rewrite(p *httputil.ProxyRequest) {
	p.Out.URL = &url.URL{
		Scheme: "http", Host: t.Addr, Path: p.In.URL.Path, RawPath: p.In.URL.RawPath,
		RawQuery: p.In.URL.RawQuery, ForceQuery: p.In.URL.ForceQuery,
	}
	p.Out.Host = p.In.Host
	if local, ok := p.In.Context().Value(http.LocalAddrContextKey).(net.Addr); ok && p.In.Host == "" {
		p.Out.Host = local.String() // HTTP/1.0 requires no Host, and Go would send the program's address
	}
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
		if values, ok := p.In.Header[name]; ok {
			p.Out.Header[name] = values
		}
	}
	p.Out.Header.Set(peerHeader, clientIP(p.In).String())
}

// noteText returns the text of a value of noteHeader: what works here would
// fail on AWS. It returns "" for an unknown value.
func noteText(note string) string {
	const hint = " (--aws-limits rejects it here, too)"
	switch note {
	case "body-too-large":
		return "a request is larger than AWS Lambda's limit of 6 MB" + hint
	case "response-too-large":
		return "a response is larger than AWS Lambda's limit of 6 MB" + hint
	case "too-slow":
		return "a function took longer than API Gateway's timeout of 29 s" + hint
	}
	return ""
}

// writeUnavailable responds with the error that acquire returned. It writes
// nothing if the client closed the connection.
func (s *server) writeUnavailable(w http.ResponseWriter, r *http.Request, err error) {
	var broken *brokenError
	switch {
	case errors.As(err, &broken):
		s.writeProblem(w, r, http.StatusInternalServerError, broken.page())
	case errors.Is(err, errStillBuilding):
		w.Header().Set("Retry-After", "1")
		title := err.Error()
		if s.page != nil && s.page.State().Status == devpage.Starting {
			title = "the functions' program does not listen on its port yet: " +
				"does an init function or a package variable wait?"
		}
		s.writeProblem(w, r, http.StatusServiceUnavailable, &devpage.Problem{Title: title})
	}
}
