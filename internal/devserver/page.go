package devserver

import (
	"fmt"
	"mime"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/fngen/fngen/internal/devpage"
)

// serveWithoutWeb responds to requests for the web side of projects that have
// none: with the page of fngen dev, or with a list of the functions for commands
// and for clients that may not see the page.
func (s *server) serveWithoutWeb(w http.ResponseWriter, r *http.Request) {
	switch {
	case !s.knowsHost(r):
		refuseHost(w, r)
	case r.URL.Path == "/" && isDeveloper(r) && preferredType(r.Header.Values("Accept")) == "text/html":
		s.page.ServePage(w, r)
	case strings.HasPrefix(r.URL.Path, "/.fngen/"):
		s.serveInfo(w, r)
	case r.URL.Path == "/":
		s.serveList(w, r)
	default:
		http.NotFound(w, r)
	}
}

// serveList responds with the paths of the functions.
func (s *server) serveList(w http.ResponseWriter, r *http.Request) {
	t, err := s.gate.acquire(r.Context(), queueTimeout)
	if err != nil {
		s.writeUnavailable(w, r, err)
		return
	}
	defer t.release()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	for _, pattern := range routes(t.http) {
		method, path, _ := strings.Cut(pattern, "/")
		fmt.Fprintln(w, method+s.APIURL+"/"+path)
	}
}

// servesPage reports whether the page is on the port of a request: on that of
// the functions, and on the web side's if the project has no web side. A web
// side's own scripts must not reach it.
func (s *server) servesPage(r *http.Request) bool {
	if s.WebTarget == nil {
		return true
	}
	_, port, _ := net.SplitHostPort(r.Host)
	return port == strconv.Itoa(s.Port)
}

// writeError responds with an error. Its detail may contain paths of this
// machine, so callers from outside do not get it.
func (s *server) writeError(w http.ResponseWriter, r *http.Request, status int, title, detail string) {
	problem := s.withoutDetails(r, &devpage.Problem{Title: title, Text: detail})
	writePreferred(w, r, status, problem, devpage.Never, 0)
}

// preferredType returns which media type of errors has the highest quality in
// the Accept headers of a request. The first one wins a tie, and the default is
// text/plain.
func preferredType(accept []string) string {
	preferred, highest := "text/plain", 0.0
	for _, item := range strings.Split(strings.Join(accept, ","), ",") {
		name, parameters, err := mime.ParseMediaType(item)
		if err != nil || !slices.Contains([]string{"text/html", "application/json", "text/plain"}, name) {
			continue
		}
		quality := 1.0
		if q, ok := parameters["q"]; ok {
			quality, _ = strconv.ParseFloat(q, 64) // 0 if it is not a number
		}
		if quality > highest {
			preferred, highest = name, quality
		}
	}
	return preferred
}
