// Package invoke calls the functions of a project over HTTP. It finds the
// running fngen dev, builds and signs requests, and returns the responses. It
// prints nothing and reads no command line.
package invoke

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/delivery"
	"github.com/fngen/fngen/internal/dotenv"
	"github.com/fngen/fngen/internal/hint"
	"github.com/fngen/fngen/internal/project"
)

// A Client calls the functions of one project.
type Client struct {
	Project *project.Project
	Port    int      // the port of fngen dev
	Environ []string // the environment of the process, where secrets are looked up before the .env files
	Version string   // of fngen, for the header User-Agent

	// StartServer starts a server for one function, as Launcher.Start does.
	// Call uses it if no fngen dev is running for the project.
	StartServer func(ctx context.Context, function, publicURL string) (Server, error)
}

// A Server is a server that serves one function for one call.
type Server struct {
	URL  string // such as http://127.0.0.1:41234
	Stop func() error
}

// Options describe a call. The zero value of a field that is not mentioned here
// has no effect.
//
// Event sends an event to Lambda's Invoke API. Replay sends an earlier delivery
// again. Otherwise the request is built from the other fields.
type Options struct {
	Function string // in any spelling; may be empty with Replay

	Method string // the default is POST with a body, a sample or a signature, else GET
	Path   string // escaped; see builder.route
	Query  string // encoded
	Header []HeaderField
	Sample string // the name of a sample event, as EVENT, SCHEME/EVENT or KIND/EVENT

	// Data is the body of the request; nil sends none. A function that handles
	// messages gets one for each element, other functions take at most one.
	Data [][]byte

	At  time.Time // when the schedule of the function is due; zero is now
	Set []string

	Event  []byte // JSON
	Replay int    // the number of a delivery

	Bearer       string // a token, for the header Authorization
	AuthProvider string

	Sign      bool
	Scheme    *generator.Scheme // nil selects the scheme that the function verifies
	Secret    string            // overrides the function's environment variable
	PublicURL string            // the URL to sign, for schemes that sign one

	// Sent is the value of the header devserver.SentHeader, by which fngen dev
	// recognizes its own request.
	Sent string

	// Stream is called with the head of a response that is streamed, and
	// returns the writer for its body, which is then not kept.
	Stream func(*Response) io.Writer
}

// A HeaderField is one field of a header.
type HeaderField struct{ Name, Value string }

// An OptionError reports an option that does not fit the project, the function or
// the request.
type OptionError struct {
	Option string // the name of its flag, such as set
	Err    error
}

func (e *OptionError) Error() string { return e.Err.Error() }
func (e *OptionError) Unwrap() error { return e.Err }

// A Response is a function's response.
type Response struct {
	Proto, Status string // such as HTTP/1.1 and 200 OK
	Code          int
	Header        http.Header
	Body          []byte        // empty if it was written as it arrived
	Elapsed       time.Duration // from sending the request to the end of the body, or to its start if it is streamed
	Streamed      bool          // Options.Stream was called

	// These are set if the function is not called over HTTP. Body is then what
	// it returned, as JSON.
	Kind   generator.Kind
	Count  int      // of the messages or records that were sent, or 0
	Failed []string // the IDs of those that failed
}

// Call sends one request and returns the response, whatever its status. If a
// launched server cannot be stopped, it returns the response and an error.
// Errors that callers can test for are *OptionError, *FunctionError and
// *delivery.UnknownError.
func (c *Client) Call(ctx context.Context, o Options) (*Response, error) {
	dev, err := c.findDev(ctx)
	if err != nil {
		return nil, err
	}
	b := builder{Client: c, Options: o, dev: dev}
	r, err := b.build(ctx)
	if err != nil {
		return nil, err
	}
	if dev.running {
		return c.send(ctx, dev.url(), r, o.Stream)
	}
	server, err := c.StartServer(ctx, b.function.Name, o.PublicURL)
	if err != nil {
		return nil, err
	}
	response, err := c.send(ctx, server.URL, r, o.Stream)
	return response, errors.Join(err, server.Stop())
}

// find returns the function with a name, in any of the spellings that
// generator.ParseName accepts. It also finds a function whose source does not
// parse: the compiler reports such errors better.
func find(p *project.Project, name string) (project.Function, error) {
	functions, skipped, err := p.List()
	if err != nil {
		return project.Function{}, err
	}
	for _, s := range skipped {
		if s.Kind == project.SkipUnparsable {
			functions = append(functions, project.Function{Name: s.Name, Kind: generator.KindHTTP, Route: "/" + s.Name})
		}
	}
	if len(functions) == 0 {
		return project.Function{}, &project.NoFunctionsError{Dir: p.Functions}
	}
	spellings := []string{name}
	if parsed, err := generator.ParseName(name); err == nil {
		spellings = append(spellings, parsed.String())
	}
	var names []string
	for _, f := range functions {
		names = append(names, f.Name)
	}
	for _, spelling := range spellings {
		if i := slices.Index(names, spelling); i >= 0 {
			return functions[i], nil
		}
	}
	advice := "fngen list"
	if nearest := generator.Nearest(name, names); nearest != "" {
		advice = "fngen invoke " + nearest
	}
	return project.Function{}, hint.Newf(advice, "no function %q", name)
}

// SampleNames returns the names of the samples that suit a function, or those
// of scheme if it is not nil. It returns nil if the function is unknown or has
// no samples.
func SampleNames(p *project.Project, function string, scheme *generator.Scheme) []string {
	if scheme != nil {
		return delivery.Samples(scheme.Name)
	}
	f, err := find(p, function)
	if err != nil {
		return nil
	}
	if f.Kind != generator.KindHTTP {
		return delivery.Events(string(f.Kind))
	}
	webhook, err := p.Webhook(f)
	if err != nil || webhook == nil {
		return nil
	}
	return delivery.Samples(webhook.Scheme.Name)
}

// variables returns the environment that functions see during development.
func (c *Client) variables() (map[string]string, error) {
	added, err := dotenv.Read(c.Project.Root.FS(), dotenv.For("development"), c.Environ)
	if err != nil {
		return nil, err
	}
	variables := map[string]string{}
	for _, variable := range slices.Concat(c.Environ, added) {
		name, value, _ := strings.Cut(variable, "=")
		if name != "" { // Windows has variables such as =C:
			variables[name] = value
		}
	}
	return variables, nil
}
