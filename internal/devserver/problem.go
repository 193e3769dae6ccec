package devserver

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/fngen/fngen/internal/devpage"
	"github.com/fngen/fngen/internal/instance"
)

const (
	exitDelay  = 500 * time.Millisecond // how long a process may take to exit after its connections broke
	maxFailure = 1 << 20                // the size of the largest error response of a function that is read, in bytes
)

// problemOf returns the problem of a failed build.
func problemOf(err error) *devpage.Problem {
	var broken *brokenError
	if errors.As(err, &broken) {
		return broken.page()
	}
	return &devpage.Problem{Title: err.Error()}
}

// page returns the error as it is shown to clients.
func (e *brokenError) page() *devpage.Problem {
	if e.problem != nil {
		return e.problem
	}
	return &devpage.Problem{Title: e.title, Text: e.detail}
}

// exitProblem returns the problem of a program that could not be started or
// exited before it listened.
func (s *server) exitProblem(title string, err error, tail *devpage.Tail) *devpage.Problem {
	if !errors.As(err, new(*instance.ExitError)) {
		return &devpage.Problem{Title: title, Text: err.Error()}
	}
	return devpage.ExitProblem(s.Project, title, err.Error(), tail.String(), s.Editor)
}

// writeExit responds to a request whose program broke the connection.
func (s *server) writeExit(w http.ResponseWriter, r *http.Request, t *target, err error) {
	problem := &devpage.Problem{Title: "the functions' process exited during the request", Text: err.Error()}
	if t.tail != nil {
		select {
		case <-t.Done(): // all its output has arrived
			problem = devpage.ExitProblem(s.Project, problem.Title, problem.Text, t.tail.String(), s.Editor)
		case <-time.After(exitDelay):
		}
	}
	s.writeProblem(w, r, http.StatusBadGateway, problem)
}

// writeProblem responds with a problem, whose page is loaded again after the
// next build.
func (s *server) writeProblem(w http.ResponseWriter, r *http.Request, status int, p *devpage.Problem) {
	reload := devpage.Regularly
	isRead := r.Method == http.MethodGet || r.Method == http.MethodHead
	switch {
	case !isRead || !s.isTrusted(r): // loading it again would repeat the request
		reload = devpage.Never
	case s.servesPage(r) && isLoopback(r):
		reload = devpage.OnBuild
	}
	builds := 0
	if s.page != nil {
		builds = s.page.Builds()
	}
	writePreferred(w, r, status, s.withoutDetails(r, p), reload, builds)
}

// withoutDetails returns what the sender of a request may see of a problem:
// callers from outside only get its title, because the rest contains paths and
// source of this machine.
func (s *server) withoutDetails(r *http.Request, p *devpage.Problem) *devpage.Problem {
	if s.isTrusted(r) {
		return p
	}
	return &devpage.Problem{Title: p.Title}
}

// writePreferred writes a problem in the media type that the client prefers.
func writePreferred(
	w http.ResponseWriter, r *http.Request, status int, p *devpage.Problem, reload devpage.Reload, builds int,
) {
	switch preferredType(r.Header.Values("Accept")) {
	case "text/html":
		p.WriteHTML(w, status, reload, builds)
	case "application/json":
		p.WriteJSON(w, status)
	default:
		p.WriteText(w, status)
	}
}

// peek returns the body of a response about a failure, and leaves the response
// as it is.
func peek(response *http.Response) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(response.Body, maxFailure))
	if err != nil {
		return nil, err
	}
	_ = response.Body.Close()
	setBody(response, data)
	return data, nil
}

// readInvokeFailure returns why a function failed that was called through
// Lambda's Invoke API, and leaves the response as it is.
func readInvokeFailure(response *http.Response) (*devpage.Failure, error) {
	data, err := peek(response)
	if err != nil {
		return nil, err
	}
	var failure struct {
		Message string   `json:"errorMessage"`
		Stack   []string `json:"stackTrace"`
	}
	_ = json.Unmarshal(data, &failure) // without its message, it is still a failure
	return &devpage.Failure{Error: failure.Message, Stack: failure.Stack}, nil
}

// readFailure returns why a function failed, and leaves the response as it is.
func readFailure(response *http.Response) (*devpage.Failure, error) {
	data, err := peek(response)
	if err != nil {
		return nil, err
	}
	failure := new(devpage.Failure)
	if json.Unmarshal(data, failure) != nil || failure.Error == "" { // a caller from outside gets no details
		return nil, nil
	}
	return failure, nil
}

// explainFailure replaces the response of a function that failed by a page, if
// the client is a browser that shows it. Other clients get the function's own
// response.
func (s *server) explainFailure(response *http.Response, failure *devpage.Failure) {
	r := response.Request
	if r.Header.Get(publicHeader) != "" || preferredType(r.Header.Values("Accept")) != "text/html" {
		return
	}
	page := &buffered{header: http.Header{}}
	s.writeProblem(page, r, response.StatusCode, failure.Problem(s.Project, s.Editor))
	for name, values := range page.header {
		response.Header[name] = values
	}
	setBody(response, page.Bytes())
}

func setBody(response *http.Response, data []byte) {
	response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(data)), int64(len(data))
	response.Header.Set("Content-Length", strconv.Itoa(len(data)))
}

// A buffered is an http.ResponseWriter that keeps a response in memory.
type buffered struct {
	bytes.Buffer
	header http.Header
}

func (b *buffered) Header() http.Header { return b.header }
func (b *buffered) WriteHeader(int)     {}
