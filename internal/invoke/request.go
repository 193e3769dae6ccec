package invoke

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/delivery"
	"github.com/fngen/fngen/internal/devserver"
	"github.com/fngen/fngen/internal/hint"
	"github.com/fngen/fngen/internal/project"
)

// A request is an HTTP request, apart from the server's address.
type request struct {
	method      string
	path, query string // escaped
	host        string
	header      http.Header
	body        []byte

	isEvent bool           // it goes to Lambda's Invoke API
	kind    generator.Kind // of the function
	count   int            // of the messages or records in the event
}

const (
	typeForm  = "application/x-www-form-urlencoded"
	typeJSON  = "application/json"
	typeText  = "text/plain; charset=utf-8"
	typeBytes = "application/octet-stream"
)

// A builder builds the request of one call.
type builder struct {
	*Client
	Options
	dev devServer

	function project.Function
	webhook  *project.Webhook // what the function verifies, or nil
}

// build returns the request that the options describe.
func (b *builder) build(ctx context.Context) (*request, error) {
	if b.Replay > 0 {
		return b.replay(ctx)
	}
	f, err := find(b.Project, b.Options.Function)
	if err != nil {
		return nil, err
	}
	if err := b.use(f); err != nil {
		return nil, err
	}
	switch {
	case f.Kind != generator.KindHTTP:
		return b.trigger()
	case len(b.Data) > 1:
		return nil, &OptionError{"data", errors.New("a request has one body")}
	case !b.At.IsZero():
		return nil, &OptionError{"at", fmt.Errorf("%s has no schedule", f.Name)}
	case b.Event != nil:
		return b.event()
	}
	return b.plain()
}

// use makes f the function of the call.
func (b *builder) use(f project.Function) (err error) {
	b.function = f
	b.webhook, err = b.Project.Webhook(f)
	return err
}

// plain returns the request for a call with a body, a sample or neither.
func (b *builder) plain() (*request, error) {
	r := &request{query: b.Query, host: b.dev.host(), header: http.Header{}}
	if len(b.Data) > 0 {
		r.body = b.Data[0]
	}
	sign := b.Sign || b.Secret != ""
	defaultMethod := http.MethodGet
	if sign || b.Data != nil || b.Sample != "" {
		defaultMethod = http.MethodPost
	}
	var err error
	if r.method, r.path, err = b.route(defaultMethod); err != nil {
		return nil, err
	}
	switch {
	case b.Sample != "":
		sign = sign || b.webhook != nil
		if err := b.addSample(r); err != nil {
			return nil, err
		}
	case len(r.body) > 0:
		sendsForms := sign && b.signature().Scheme.SendsForms()
		r.header.Set("Content-Type", contentType(r.body, sendsForms))
	}
	if err := b.applyOptions(r); err != nil {
		return nil, err
	}
	if sign {
		return r, b.sign(r)
	}
	return r, nil
}

// contentType returns the media type of a body, judging by its bytes. Text that
// is not JSON is a form if the sender sends forms.
func contentType(body []byte, sendsForms bool) string {
	switch {
	case json.Valid(body):
		return typeJSON
	case !utf8.Valid(body):
		return typeBytes
	case sendsForms:
		return typeForm
	}
	return typeText
}

// addSample sets the header and body of r to those of the sample event. The
// sample's scheme is, in this order: the one before a slash in its name, that
// of the options, or the one that the function verifies.
func (b *builder) addSample(r *request) error {
	scheme, name := generator.DefaultScheme, b.Sample
	if b.webhook != nil {
		scheme = b.webhook.Scheme.Name
	}
	if b.Scheme != nil {
		scheme = b.Scheme.Name
	}
	if before, after, ok := strings.Cut(name, "/"); ok {
		if parsed, err := generator.ParseScheme(before); err == nil {
			scheme, name = parsed.Name, after
		}
	}
	var random [16]byte
	if _, err := rand.Read(random[:]); err != nil {
		return err
	}
	message, err := delivery.Sample(scheme, name, time.Now(), random)
	var unknown *delivery.UnknownError
	if errors.As(err, &unknown) {
		if nearest := generator.Nearest(name, unknown.Names); nearest != "" {
			err = hint.With(err, "--sample="+strings.TrimSuffix(b.Sample, name)+nearest)
		}
		return &OptionError{"sample", err}
	}
	if err != nil {
		return err
	}
	r.body = message.Body
	for name, value := range message.Header {
		r.header.Set(name, value)
	}
	return nil
}

// replay returns the request of the delivery that the options name, with a new
// signature.
func (b *builder) replay(ctx context.Context) (*request, error) {
	d, err := b.delivery(ctx)
	if err != nil {
		return nil, err
	}
	f, err := find(b.Project, d.Function)
	if err != nil {
		return nil, err
	}
	if b.Options.Function != "" {
		named, err := find(b.Project, b.Options.Function)
		if err != nil {
			return nil, err
		}
		if named.Name != f.Name {
			return nil, &OptionError{"replay", hint.Newf(fmt.Sprintf("fngen invoke %s --replay %d", f.Name, d.N),
				"delivery %d was for %s, not for %s", d.N, f.Name, named.Name)}
		}
	}
	if err := b.use(f); err != nil {
		return nil, err
	}
	path, query, _ := strings.Cut(d.Target, "?")
	r := &request{
		method: d.Method, path: path, query: query, host: b.dev.host(), header: d.Header.Clone(),
		body: delivery.Restamp(b.signature().Scheme.Name, d.Body, time.Now()),
	}
	if r.header == nil {
		r.header = http.Header{}
	}
	r.header.Del("Connection")
	if err := b.applyOptions(r); err != nil {
		return nil, err
	}
	return r, b.sign(r)
}

// delivery returns the delivery to replay.
func (b *builder) delivery(ctx context.Context) (delivery.Delivery, error) {
	all, err := b.dev.deliveries(ctx)
	if err != nil {
		return delivery.Delivery{}, err
	}
	for _, d := range all {
		if d.N != b.Replay {
			continue
		}
		if !strings.HasPrefix(d.Target, "/") { // appended to the server's address, it could name another server
			return d, fmt.Errorf("cannot replay delivery %d: its target is %q", d.N, d.Target)
		}
		if d.Omitted > 0 {
			return d, fmt.Errorf("cannot replay delivery %d: its body of %d bytes was too large to record", d.N, d.Omitted)
		}
		return d, nil
	}
	return delivery.Delivery{}, hint.Newf("fngen invoke --deliveries", "no delivery %d is recorded", b.Replay)
}

// event returns the request that passes the event to the function as Lambda's
// Invoke API does: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
func (b *builder) event() (*request, error) {
	if !json.Valid(b.Event) {
		return nil, errors.New("event is not valid JSON")
	}
	r := &request{
		method:  http.MethodPost,
		path:    "/2015-03-31/functions" + (&url.URL{Path: "/" + b.function.Name}).EscapedPath() + "/invocations",
		header:  http.Header{"Content-Type": {typeJSON}},
		body:    b.Event,
		isEvent: true,
		kind:    b.function.Kind,
		count:   recordCount(b.Event),
	}
	b.addSent(r)
	return r, nil
}

// addSent adds the header by which fngen dev recognizes its own request.
func (b *builder) addSent(r *request) {
	if b.Sent != "" {
		r.header.Set(devserver.SentHeader, b.Sent)
	}
}

// recordCount returns the number of records in an event.
func recordCount(event []byte) int {
	var batch struct{ Records []json.RawMessage }
	_ = json.Unmarshal(event, &batch) // other events have none
	return len(batch.Records)
}

// applyOptions applies the options that change any request: the header, the
// token and the fields of the body.
func (b *builder) applyOptions(r *request) error {
	b.addSent(r)
	replaced := map[string]bool{}
	for _, field := range b.Header {
		name := http.CanonicalHeaderKey(field.Name)
		if !replaced[name] { // an option that is repeated adds a second value
			r.header.Del(name)
			replaced[name] = true
		}
		r.header.Add(name, field.Value)
		if name == "Host" {
			r.host = field.Value // net/http ignores the header field
		}
	}
	if b.Bearer != "" {
		r.header.Set("Authorization", "Bearer "+b.Bearer)
		if b.AuthProvider != "" {
			r.header.Set("auth-provider", b.AuthProvider)
		}
	}
	set := delivery.Set
	if mediaType, _, _ := mime.ParseMediaType(r.header.Get("Content-Type")); mediaType == typeForm {
		set = delivery.SetForm
	}
	for _, assignment := range b.Set {
		body, err := set(r.body, assignment)
		if err != nil {
			return &OptionError{"set", err}
		}
		r.body = body
	}
	return nil
}
