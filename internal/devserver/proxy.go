package devserver

import (
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

	"github.com/fngen/fngen/internal/delivery"
	"github.com/fngen/fngen/templates/runtime/route"
)

// Headers between the reverse proxy and the program. Package server of
// templates/runtime has the same constants.
const (
	peerHeader   = "Fngen-Peer"   // on requests: the client's IP address
	publicHeader = "Fngen-Public" // on requests from outside: responses must not have details of errors
	noteHeader   = "Fngen-Note"   // on responses: what Lambda would have rejected, separated by commas

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
	web := http.Handler(http.HandlerFunc(s.serveList))
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

// forward sends a request to the program as soon as the gate is open, and logs
// it. It also keeps requests to functions that verify webhooks.
func (s *server) forward(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	recorder := &statusRecorder{ResponseWriter: w}
	// The path is escaped because it is printed to a terminal. The query is
	// omitted because it may contain secrets.
	line := fmt.Sprintf("%-6s %s", r.Method, r.URL.EscapedPath())
	defer func() {
		status := strconv.Itoa(recorder.status)
		if recorder.status == 0 {
			status = "---" // the client closed the connection
		}
		s.print(s.Stdout, fmt.Sprintf("%s  %s  %d ms\n", line, status, time.Since(start).Milliseconds()))
	}()
	if r.Method == http.MethodConnect {
		http.Error(recorder, "CONNECT is not supported", http.StatusMethodNotAllowed)
		return
	}
	if !s.knowsHost(r) {
		refuseHost(recorder, r)
		return
	}
	if strings.HasPrefix(path.Clean(r.URL.Path), invokePath) && !isLocal(r) {
		writeError(recorder, r, http.StatusForbidden, "only clients on this machine may invoke functions with an event", "")
		return
	}
	s.watcher.Sync(r.Context()) // the client may have saved a file just before
	t, err := s.gate.acquire(r.Context(), queueTimeout)
	if err != nil {
		s.writeUnavailable(recorder, r, err)
		return
	}
	defer t.release()
	if name, ok := t.webhook(r); ok {
		body := &bodyRecorder{ReadCloser: r.Body}
		r.Body = body
		defer func() {
			data, omitted := body.recorded()
			s.deliveries.Add(delivery.Delivery{
				Time: start, Function: name, Method: r.Method, Target: r.URL.RequestURI(), Status: recorder.status,
				Header: r.Header.Clone(), Body: data, Omitted: omitted,
			})
		}()
	}
	s.functionProxy(t).ServeHTTP(recorder, r)
}

// webhook returns the function that a request is for, if that function verifies
// webhooks.
func (t *target) webhook(r *http.Request) (name string, ok bool) {
	match := t.router.Find(route.Request{Method: r.Method, Path: r.URL.EscapedPath()})
	if match.Status != 0 {
		return "", false
	}
	f := t.program.Functions[match.Function]
	return f.Name, f.Webhook
}

// functionProxy forwards requests to t unchanged, except for peerHeader.
func (s *server) functionProxy(t *target) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Transport: t.transport,
		ErrorLog:  log.New(io.Discard, "", 0),
		Rewrite: func(p *httputil.ProxyRequest) {
			t.rewrite(p)
			p.Out.Header.Del(publicHeader)
			if !s.isTrusted(p.In) {
				p.Out.Header.Set(publicHeader, "1")
			}
		},
		ModifyResponse: func(response *http.Response) error {
			for _, note := range strings.Split(response.Header.Get(noteHeader), ",") {
				if text := noteText(note); text != "" {
					s.noteOnce(text)
				}
			}
			response.Header.Del(noteHeader)
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() == nil {
				s.writeError(w, r, http.StatusBadGateway, "the functions' process exited during the request", err.Error())
			}
		},
	}
}

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
		s.writeError(w, r, http.StatusInternalServerError, broken.title, broken.detail)
	case errors.Is(err, errStillBuilding):
		w.Header().Set("Retry-After", "1")
		s.writeError(w, r, http.StatusServiceUnavailable, err.Error(), "")
	}
}

// A bodyRecorder records the part of a request body that was read, up to
// deliveryBytes. It is locked because a transport may still read the body after
// the response has arrived.
type bodyRecorder struct {
	io.ReadCloser

	mu   sync.Mutex
	data []byte
	size int
}

func (b *bodyRecorder) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.size += n; b.size <= deliveryBytes {
		b.data = append(b.data, p[:n]...)
	} else {
		b.data = nil
	}
	return n, err
}

// recorded returns what has been read, or its size if that is too large to
// keep.
func (b *bodyRecorder) recorded() (data []byte, omitted int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.size > deliveryBytes {
		omitted = b.size
	}
	return b.data, omitted
}

// A statusRecorder records the status of a response.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (r *statusRecorder) WriteHeader(status int) {
	if r.status < 200 { // 1xx responses precede the final one
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *statusRecorder) Write(p []byte) (int, error) {
	if r.status < 200 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(p)
}

// Unwrap gives [http.ResponseController] the wrapped ResponseWriter.
func (r *statusRecorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
