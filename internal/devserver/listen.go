package devserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"syscall"
	"time"
)

// A PortError reports that a port is in use by another process.
type PortError struct {
	Port  int
	Owner string // describes the other process, or ""
	Err   error
}

func (e *PortError) Error() string {
	if e.Owner != "" {
		return fmt.Sprintf("port %d is in use by %s", e.Port, e.Owner)
	}
	return fmt.Sprintf("port %d is in use", e.Port)
}

func (e *PortError) Unwrap() error { return e.Err }

// Hint returns how to find the process, and how to use another port.
func (e *PortError) Hint() string {
	if e.Owner != "" {
		return "stop that process, or choose another port with --port and --web-port"
	}
	return fmt.Sprintf("lsof -i :%d names the process; --port and --web-port choose other ports", e.Port)
}

// endpoints are the HTTP servers of the functions' port and of the web side's.
type endpoints struct {
	servers   []*http.Server
	listeners [][]net.Listener // of each server
}

// listen opens both ports, and sets s.Port and s.WebPort to the ports that the
// system has chosen if they are 0. It returns a *PortError if one is in use.
func (s *server) listen() (*endpoints, error) {
	e := &endpoints{}
	for _, endpoint := range []struct {
		port    *int
		handler http.Handler
	}{
		{&s.Port, http.HandlerFunc(s.serveFunctions)},
		{&s.WebPort, s.webHandler()},
	} {
		listeners, err := listen(s.Host, *endpoint.port)
		if err != nil {
			e.close()
			if errors.Is(err, syscall.EADDRINUSE) {
				return nil, &PortError{*endpoint.port, portOwner(*endpoint.port), err}
			}
			return nil, fmt.Errorf("cannot listen on %s: %w", s.Host, err)
		}
		*endpoint.port = listeners[0].Addr().(*net.TCPAddr).Port
		e.listeners = append(e.listeners, listeners)
		e.servers = append(e.servers, &http.Server{
			Handler: endpoint.handler, ErrorLog: log.New(io.Discard, "", 0),
			ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		})
	}
	return e, nil
}

// listen listens on a port of host. localhost has an IPv4 and an IPv6 address,
// and browsers use either.
func listen(host string, port int) ([]net.Listener, error) {
	listenAt := func(host string, port int) (net.Listener, error) {
		return net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	}
	if host != "localhost" {
		l, err := listenAt(host, port)
		return []net.Listener{l}, err
	}
	v4, err := listenAt("127.0.0.1", port)
	if err != nil {
		return nil, err
	}
	v6, err := listenAt("::1", v4.Addr().(*net.TCPAddr).Port)
	switch {
	case err == nil:
		return []net.Listener{v4, v6}, nil
	case port != 0 && errors.Is(err, syscall.EADDRINUSE):
		return nil, errors.Join(err, v4.Close())
	}
	return []net.Listener{v4}, nil // the machine has no IPv6
}

// portOwner describes the process that listens on a port if it is another
// fngen dev, and returns "" otherwise.
func portOwner(port int) string {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	i, err := Ask(ctx, port)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("fngen dev of %s (process %d)", i.Project, i.PID)
}

// printAddresses prints where the server listens.
func (s *server) printAddresses() {
	host := s.Host
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsUnspecified() {
		host = "localhost"
	}
	if s.debugger != "" {
		s.print(s.Stdout, fmt.Sprintf(`debugger   127.0.0.1:%d
  VS Code, in launch.json:
    {"name": "fngen dev", "type": "go", "request": "attach", "mode": "remote", "host": "127.0.0.1", "port": %[1]d}
  GoLand: Run, Edit Configurations, Go Remote: host 127.0.0.1, port %[1]d
`, s.DebugPort))
	}
	s.print(s.Stdout, fmt.Sprintf("functions  http://%s/<name>\nweb        http://%s  (functions at %s/<name>)\n",
		net.JoinHostPort(host, strconv.Itoa(s.Port)), net.JoinHostPort(host, strconv.Itoa(s.WebPort)), s.APIURL))
	s.print(s.Stdout, fmt.Sprintf("page       http://%s/.fngen/\n", net.JoinHostPort(host, strconv.Itoa(s.Port))))
}

// serve serves until the endpoints are closed. If one server fails, serve
// closes the other and returns the error.
func (e *endpoints) serve() error {
	results := make(chan error)
	running := 0
	for i, server := range e.servers {
		for _, l := range e.listeners[i] {
			running++
			go func() { results <- server.Serve(l) }()
		}
	}
	var first error
	for range running {
		if err := <-results; first == nil && !errors.Is(err, http.ErrServerClosed) {
			first = err
			e.close()
		}
	}
	return first
}

func (e *endpoints) close() {
	for i, server := range e.servers {
		_ = server.Close()
		for _, l := range e.listeners[i] {
			_ = l.Close()
		}
	}
}
