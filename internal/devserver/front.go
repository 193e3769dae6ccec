package devserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/fngen/fngen/internal/delivery"
)

// A PortError says that a port is somebody else's.
type PortError struct {
	Port  int
	Owner string // what is known of who has it, or ""
	Err   error
}

func (e *PortError) Error() string {
	if e.Owner != "" {
		return fmt.Sprintf("port %d is in use: %s", e.Port, e.Owner)
	}
	return fmt.Sprintf("port %d is in use", e.Port)
}

func (e *PortError) Unwrap() error { return e.Err }

// Hint returns what the user can do about it.
func (e *PortError) Hint() string {
	if e.Owner != "" {
		return "stop that process, or choose another port with --port and --web-port"
	}
	return fmt.Sprintf("lsof -i :%d names the process; --port and --web-port choose other ports", e.Port)
}

// The headers between the door and the programs behind it, which package server of templates/runtime knows.
const (
	peerHeader = "Fngen-Peer" // who asks
	noteHeader = "Fngen-Note" // what Lambda would have refused, separated by commas
)

// front is the door: the functions' port and the web side's.
type front struct {
	servers   []*http.Server
	listeners [][]net.Listener // of each server
}

// listen opens the ports, so that there is an error before there is anything else.
func (s *server) listen() (*front, error) {
	f := &front{}
	quiet := log.New(io.Discard, "", 0)
	for _, door := range []struct {
		port    *int
		handler http.Handler
	}{
		{&s.Port, http.HandlerFunc(s.serveFunctions)},
		{&s.WebPort, s.webSide()},
	} {
		listeners, err := listen(s.Host, *door.port)
		if err != nil {
			f.close()
			if errors.Is(err, syscall.EADDRINUSE) {
				return nil, &PortError{*door.port, owner(*door.port), err}
			}
			return nil, fmt.Errorf("cannot listen on %s: %w", s.Host, err)
		}
		*door.port = listeners[0].Addr().(*net.TCPAddr).Port
		f.listeners = append(f.listeners, listeners)
		f.servers = append(f.servers, &http.Server{
			Handler: door.handler, ErrorLog: quiet, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		})
	}
	host := s.Host
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsUnspecified() {
		host = "localhost"
	}
	s.print(s.Stdout, fmt.Sprintf("functions  http://%s/<name>\nweb        http://%s  (functions at %s/<name>)\n",
		net.JoinHostPort(host, strconv.Itoa(s.Port)), net.JoinHostPort(host, strconv.Itoa(s.WebPort)), s.APIURL))
	return f, nil
}

// listen listens at a host. localhost has two addresses, of which browsers take the one or the other.
func listen(host string, port int) ([]net.Listener, error) {
	at := func(host string, port int) (net.Listener, error) {
		return net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	}
	if host != "localhost" {
		l, err := at(host, port)
		return []net.Listener{l}, err
	}
	first, err := at("127.0.0.1", port)
	if err != nil {
		return nil, err
	}
	second, err := at("::1", first.Addr().(*net.TCPAddr).Port)
	switch {
	case err == nil:
		return []net.Listener{first, second}, nil
	case port != 0 && errors.Is(err, syscall.EADDRINUSE):
		return nil, errors.Join(err, first.Close())
	}
	return []net.Listener{first}, nil // there is no IPv6 here
}

// owner says who has a port, if it is another fngen dev.
func owner(port int) string {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	i, err := Ask(ctx, port)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("fngen dev of %s has it, process %d", i.Project, i.PID)
}

// serve serves until the servers are closed.
func (f *front) serve() error {
	failed := make(chan error)
	n := 0
	for i, server := range f.servers {
		for _, l := range f.listeners[i] {
			n++
			go func() { failed <- server.Serve(l) }()
		}
	}
	var first error
	for range n {
		if err := <-failed; first == nil && !errors.Is(err, http.ErrServerClosed) {
			first = err
			f.close()
		}
	}
	return first
}

func (f *front) close() {
	for i, server := range f.servers {
		_ = server.Close()
		for _, l := range f.listeners[i] {
			_ = l.Close()
		}
	}
}

// Info is what a dev server says of itself, at /.fngen/dev.
type Info struct {
	Project   string `json:"project"` // its directory
	Version   string `json:"version"` // of fngen
	PID       int    `json:"pid"`
	PublicURL string `json:"publicUrl,omitempty"` // by which the functions are known outside
}

// Ask asks the dev server at a port of this machine who it is.
func Ask(ctx context.Context, port int) (Info, error) {
	var i Info
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/.fngen/dev", port), nil)
	if err != nil {
		return i, err
	}
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(request)
	if err != nil {
		return i, err
	}
	defer response.Body.Close()
	if err := json.NewDecoder(io.LimitReader(response.Body, 1<<16)).Decode(&i); err != nil || i.Project == "" {
		return i, errors.New("it is no fngen dev")
	}
	return i, nil
}

// about answers what fngen's other commands ask. Only who is on this machine may: not a page in a browser, to which
// another host's name may lead here, and not who comes through a tunnel or a proxy that ends on this machine.
func (s *server) about(w http.ResponseWriter, r *http.Request) {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	ip, _ := netip.ParseAddr(strings.Trim(host, "[]"))
	passed := slices.ContainsFunc([]string{
		"Origin", "Sec-Fetch-Site", "Via", "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip",
	}, func(name string) bool { return len(r.Header[name]) > 0 })
	if !peer(r).IsLoopback() || host != "localhost" && !ip.IsLoopback() || passed {
		http.Error(w, "only for this machine", http.StatusForbidden)
		return
	}
	var answer any
	switch r.URL.Path {
	case "/.fngen/dev":
		answer = Info{s.Project, s.Version, os.Getpid(), s.PublicURL}
	case "/.fngen/deliveries":
		answer = s.deliveries.All()
	default:
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

func peer(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap()
}

// serveFunctions answers /<name>.
func (s *server) serveFunctions(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/.fngen/") {
		s.about(w, r)
		return
	}
	s.forward(w, r)
}

// webSide answers <APIURL>/<name>, and leaves all else to the web side.
func (s *server) webSide() http.Handler {
	functions := http.StripPrefix(s.APIURL, http.HandlerFunc(s.forward))
	others := http.Handler(http.HandlerFunc(s.list))
	if s.WebTarget != nil {
		others = &httputil.ReverseProxy{
			Rewrite: func(p *httputil.ProxyRequest) {
				p.SetURL(s.WebTarget)
				p.Out.URL.RawQuery = p.In.URL.RawQuery // as it came, be it well-formed or not
				p.Out.Host = p.In.Host                 // the origin that the browser knows
				p.SetXForwarded()
			},
			ErrorLog: log.New(io.Discard, "", 0),
			ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
				if r.Context().Err() == nil {
					answer(w, r, http.StatusBadGateway, "the web side does not answer", fmt.Sprintf("%s: %v", s.WebTarget, err))
				}
			},
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, s.APIURL+"/") {
			functions.ServeHTTP(w, r)
		} else {
			others.ServeHTTP(w, r)
		}
	})
}

// forward sends a request to the program of the functions, when there is one of the files as they are, and logs it.
func (s *server) forward(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	answered := &recorder{ResponseWriter: w}
	// What is logged has no query, which may have secrets, and is escaped as it came.
	line := fmt.Sprintf("%-6s %s", r.Method, r.URL.EscapedPath())
	defer func() {
		status := strconv.Itoa(answered.status)
		if answered.status == 0 {
			status = "---" // the client left
		}
		s.print(s.Stdout, fmt.Sprintf("%s  %s  %d ms\n", line, status, time.Since(start).Milliseconds()))
	}()
	if r.Method == http.MethodConnect {
		http.Error(answered, "no proxy", http.StatusMethodNotAllowed)
		return
	}
	t, err := s.gate.acquire(r.Context(), patience)
	if err != nil {
		s.refuse(answered, r, err)
		return
	}
	defer t.release()
	if name, ok := t.webhook(r); ok {
		body := &kept{ReadCloser: r.Body}
		r.Body = body
		defer func() {
			data, omitted := body.sum()
			s.deliveries.Add(delivery.Delivery{
				Time: start, Function: name, Method: r.Method, Target: r.URL.RequestURI(), Status: answered.status,
				Header: r.Header.Clone(), Body: data, Omitted: omitted,
			})
		}()
	}
	s.proxy(t).ServeHTTP(answered, r)
}

// webhook is the function that a request is for, if it is one that verifies webhooks.
func (t *target) webhook(r *http.Request) (name string, ok bool) {
	name, _, _ = strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	return name, slices.Contains(t.plan.Routes, Route{name, true})
}

// kept keeps what is read of a body, unless it is too much. A transport may still read when there is an answer already.
type kept struct {
	io.ReadCloser

	mu   sync.Mutex
	data []byte
	size int
}

func (k *kept) Read(p []byte) (int, error) {
	n, err := k.ReadCloser.Read(p)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.size += n; k.size <= deliveryBytes {
		k.data = append(k.data, p[:n]...)
	} else {
		k.data = nil
	}
	return n, err
}

// sum is what has been read, or if it was too much, how much it was.
func (k *kept) sum() (data []byte, omitted int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.size > deliveryBytes {
		omitted = k.size
	}
	return k.data, omitted
}

// proxy sends requests to a program as they came.
func (s *server) proxy(t *target) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Transport: t.transport,
		ErrorLog:  log.New(io.Discard, "", 0),
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL = &url.URL{
				Scheme: "http", Host: t.Addr, Path: p.In.URL.Path, RawPath: p.In.URL.RawPath,
				RawQuery: p.In.URL.RawQuery, ForceQuery: p.In.URL.ForceQuery,
			}
			p.Out.Host = p.In.Host
			if here, ok := p.In.Context().Value(http.LocalAddrContextKey).(net.Addr); ok && p.In.Host == "" {
				p.Out.Host = here.String() // HTTP/1.0 needs none, and nobody is to see the program's
			}
			for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
				if values, ok := p.In.Header[name]; ok {
					p.Out.Header[name] = values
				}
			}
			p.Out.Header.Set(peerHeader, peer(p.In).String())
		},
		ModifyResponse: func(response *http.Response) error {
			for _, note := range strings.Split(response.Header.Get(noteHeader), ",") {
				if text := notes()[note]; text != "" {
					s.once(text)
				}
			}
			response.Header.Del(noteHeader)
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() == nil {
				answer(w, r, http.StatusBadGateway, "the functions ended while they were asked", err.Error())
			}
		},
	}
}

// notes are what programs note of requests that work here and not on Lambda.
func notes() map[string]string {
	const limits = " (--aws-limits has it refused here too)"
	return map[string]string{
		"body-too-large":     "a request is larger than the 6 MB that AWS Lambda takes" + limits,
		"response-too-large": "a response is larger than the 6 MB that AWS Lambda takes" + limits,
		"too-slow":           "a function took longer than the 29 s for which API Gateway waits" + limits,
	}
}

// refuse answers a request for which there is no program.
func (s *server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var broken *brokenError
	switch {
	case errors.As(err, &broken):
		answer(w, r, http.StatusInternalServerError, broken.what, broken.text)
	case errors.Is(err, errStillBuilding):
		w.Header().Set("Retry-After", "1")
		answer(w, r, http.StatusServiceUnavailable, err.Error(), "")
	}
}

// A recorder notes the status of an answer.
type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(status int) {
	if r.status < 200 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	if r.status < 200 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(p)
}

func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
