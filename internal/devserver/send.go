package devserver

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"net/http"

	"github.com/fngen/fngen/internal/devpage"
)

// newPage returns the page at /.fngen/.
func (s *server) newPage() *devpage.Page {
	return devpage.New(devpage.Options{
		Project: s.Project, Editor: s.Editor, Send: s.send, Invoke: s.invoke, Deliveries: s.deliveries.All,
	})
}

// send handles a request of the page as if a client had sent it, and returns
// the number of its record. r is the request to the page.
func (s *server) send(r *http.Request, request devpage.ActualRequest) (n int, err error) {
	sent, err := http.NewRequestWithContext(r.Context(), request.Method, "http://"+r.Host+request.Target,
		bytes.NewReader(request.Body))
	if err != nil {
		return 0, errors.New("the method or the path is not valid")
	}
	sent.Header, sent.RemoteAddr, sent.RequestURI = request.Header, r.RemoteAddr, request.Target
	if host := sent.Header.Get("Host"); host != "" {
		sent.Host = host
	}
	for _, name := range []string{"Host", "Content-Length", "Connection", "Transfer-Encoding"} {
		sent.Header.Del(name)
	}
	if n = s.record(discard{}, sent, ""); n == 0 {
		return 0, errors.New("the request is refused: see who may call fngen dev in the documentation")
	}
	return n, nil
}

// invoke sends a signed request of the page and returns the number of its
// record. r is the request to the page.
func (s *server) invoke(r *http.Request, c devpage.Call) (n int, err error) {
	if s.Invoke == nil {
		return 0, errors.New("fngen dev cannot sign requests")
	}
	sent := rand.Text()
	s.sent.Store(sent, 0)
	defer s.sent.Delete(sent)
	if err := s.Invoke(context.WithoutCancel(r.Context()), s.Port, sent, c); err != nil {
		return 0, err
	}
	number, _ := s.sent.Load(sent)
	n, _ = number.(int)
	return n, nil
}

// discard is an http.ResponseWriter that only the record of the response
// outlives.
type discard http.Header

func (d discard) Header() http.Header         { return http.Header(d) }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}
