package generator

import (
	"encoding/json"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

// TemplateVersion is the version of [TemplateData]. It increases when a field
// is removed or changes its meaning, and stays when a field is added.
const TemplateVersion = 1

// TemplateData is what the templates of a function's files are executed with.
//
// The templates of fngen are in templates/function. Strings without a comment
// on quoting contain no character that needs an escape in a Go string literal.
type TemplateData struct {
	Version int // TemplateVersion

	Name    string // of the function, such as updateOrderStatus or slack/events
	Package string // name of the function's Go package, such as updateorderstatus or events

	// Kind is what calls the function. The fields from Route on are about kind
	// http only.
	Kind     Kind
	Schedule string // cron expression, for kind schedule. Use Quote.
	Queue    string // name of the queue, for kind queue

	Module string // path of the project's module
	Lib    string // import path of the directory that contains the support packages

	Database bool // the project has the support packages db and dbtest
	Fixtures bool // a fixtures file declares the request, message or event that tests send

	Route string // path of the function's URL, such as /updateOrderStatus or /slack/events

	// Routes are the requests that the function declares to answer. If there
	// are none, it answers every method at Route and below.
	Routes []RouteData

	// The middleware in front of the handler, in the order in which it runs. A
	// field is nil if the function does not have it.
	CORS      *CORSData
	AllowIP   *AllowIPData
	RateLimit *RateLimitData
	Webhook   *WebhookData
	Auth      *AuthData

	// Input is nil if the function does not decode a JSON body.
	Input *InputData

	// Binary is the media type of the response, or empty for JSON. Use Quote.
	Binary string

	// Stream says that the response is streamed, as server-sent events.
	Stream bool
}

// RouteData describes a route of a function.
type RouteData struct {
	Pattern string // such as GET /users/{id}

	// A request for a test.
	Method     string // constant in package net/http, such as MethodGet
	Path       string // such as /users/1
	Parameters []Parameter
}

// HTTPMethod returns the method of a test's request, such as GET.
func (d RouteData) HTTPMethod() string {
	return strings.ToUpper(strings.TrimPrefix(d.Method, "Method"))
}

// CORSData describes the origins whose pages may call a function.
type CORSData struct {
	Any      bool     // pages on any origin may call it
	Origins  []string // only "*" if Any is set
	Allowed  []string // allowed origins for a test: one for each entry of Origins
	Rejected []string // other origins for a test, none if Any is set
}

// AllowIPData describes the client IP addresses that may call a function.
type AllowIPData struct {
	List     []string // addresses and CIDR blocks
	Client   string   // an allowed address
	Allowed  []string // allowed addresses for a test: one in each entry of List
	Rejected []string // other addresses for a test, at the edges of List
}

// RateLimitData describes the rate at which one client may call a function.
type RateLimitData struct {
	Unit     string // function of package ratelimit: PerSecond, PerMinute or PerHour
	Requests int    // requests in one unit of time
	Burst    int    // requests at once; equal to Requests unless given
	Below    int    // Burst - 1
	Window   int    // seconds, rounded up, until Burst requests are allowed again
}

// WebhookData describes how a function verifies webhooks.
type WebhookData struct {
	Scheme          string   // constant in package webhooks, such as SHA256
	Sender          string   // name of the provider, or empty for any sender
	Signed          bool     // requests have a signature: false only for Skip
	SignsPayload    bool     // the signature depends on the payload
	SignatureHeader string   // header of the signature, or empty if the scheme sets it
	SecretEnv       string   // environment variable of the secret
	URLEnv          string   // environment variable of the public URL, or empty if the scheme does not sign it
	TokenEnv        string   // environment variable of the verify token, or empty if the sender has none
	Note            []string // lines of a comment about the secret

	// For tests.
	Secret      string          // secret that the sender signs with
	OtherSecret string          // secret of another sender
	PublicKey   string          // key that verifies, or empty if Secret does
	URL         string          // public URL of the function
	Payload     string          // body of a request; use Quote
	Form        bool            // Payload is a form, not JSON
	List        bool            // Payload is an array of JSON objects
	Token       string          // value of TokenEnv
	Handshakes  []HandshakeData // signed requests that package webhooks responds to
	Challenges  []ChallengeData // the same without a signature
}

// HandshakeData describes a request by which a provider checks an endpoint, and
// the response that it expects.
type HandshakeData struct {
	Name    string
	Payload string // body of the request; use Quote
	Status  string // constant in package net/http, such as StatusOK
	Body    string // body of the response; use Quote
}

// ChallengeData describes a request without a signature by which a provider
// checks an endpoint, and the body of the response with status 200.
type ChallengeData struct {
	Name    string
	Method  string            // constant in package net/http, such as MethodGet
	Query   map[string]string // parameters
	Headers map[string]string
	Payload string // body of the request, or empty; use Quote
	Body    string // body of the response; use Quote
}

// AuthData describes the users that may call a function.
type AuthData struct {
	Roles []string // one of which is required; any user may call if empty
}

// Request returns the first route, whose request the tests send.
func (d TemplateData) Request() RouteData {
	if len(d.Routes) > 0 {
		return d.Routes[0]
	}
	return RouteData{Method: d.method(Route{}), Path: d.Route}
}

// method returns the constant of package net/http for the method of a test's
// request.
func (d TemplateData) method(r Route) string {
	method := r.Method
	switch {
	case method == "" && (d.Webhook != nil || d.Input != nil):
		return "MethodPost"
	case method == "":
		return "MethodGet"
	}
	return "Method" + method[:1] + strings.ToLower(method[1:])
}

// Patterns returns the patterns of the routes.
func (d TemplateData) Patterns() []string {
	var patterns []string
	for _, r := range d.Routes {
		patterns = append(patterns, r.Pattern)
	}
	return patterns
}

// PathParameters returns the names of the path parameters of all routes, sorted.
func (d TemplateData) PathParameters() []string {
	var names []string
	for _, r := range d.Routes {
		for _, p := range r.Parameters {
			names = append(names, p.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Body returns the JSON body of the response to Request.
func (d TemplateData) Body() string {
	if d.Input != nil {
		return `{"data":` + d.Input.JSON + "}"
	}
	body := map[string]string{}
	for _, name := range d.PathParameters() {
		body[name] = ""
	}
	for _, p := range d.Request().Parameters {
		body[p.Name] = p.Value
	}
	body["data"] = d.Name + " function"
	text, _ := json.Marshal(body) // a map of strings cannot fail
	return string(text)
}

// Guarded reports whether the function has middleware in front of its handler.
func (d TemplateData) Guarded() bool {
	return d.CORS != nil || d.AllowIP != nil || d.RateLimit != nil || d.Webhook != nil || d.Auth != nil
}

// HasPayload reports whether the function decodes the message of a webhook.
func (d TemplateData) HasPayload() bool { return d.Webhook != nil && d.Input == nil }

// Signed reports whether requests must have a webhook signature.
func (d TemplateData) Signed() bool { return d.Webhook != nil && d.Webhook.Signed }

// Zoned reports whether the schedule has a time zone.
func (d TemplateData) Zoned() bool { return strings.HasPrefix(d.Schedule, "CRON_TZ=") }

// FIFO reports whether the queue keeps the order of its messages.
func (d TemplateData) FIFO() bool { return strings.HasSuffix(d.Queue, fifoSuffix) }

// Open reports whether anyone can call the function: no check depends on the
// client.
func (d TemplateData) Open() bool { return d.AllowIP == nil && !d.Signed() && d.Auth == nil }

// Quote returns text as a Go string literal. Text that contains double quotes,
// as JSON does, becomes a raw string literal if it can.
func (d TemplateData) Quote(text string) string {
	if strings.Contains(text, `"`) && strconv.CanBackquote(text) {
		return "`" + text + "`"
	}
	return strconv.Quote(text)
}

// Arguments returns list as string literals that are separated by commas. More
// than three are on a line each.
func (d TemplateData) Arguments(list []string) string {
	quoted := make([]string, len(list))
	for i, text := range list {
		quoted[i] = d.Quote(text)
	}
	if len(list) > 3 {
		return "\n" + strings.Join(quoted, ",\n") + ",\n"
	}
	return strings.Join(quoted, ", ")
}

// templateData returns the data for the function that spec describes.
func (s Spec) templateData(p Project, module string) TemplateData {
	d := TemplateData{
		Version: TemplateVersion,

		Name:    s.Name.String(),
		Package: s.Name.Package(),

		Kind:     s.kind(),
		Schedule: s.Schedule,
		Queue:    s.Queue,

		Module: module,
		Lib:    path.Join(module, p.Lib),

		Database: p.hasDatabase(),
		Fixtures: s.Fixtures,

		Route:  s.Name.Route(),
		Binary: s.Binary,
		Stream: s.Stream,
	}
	if s.CORS != nil {
		d.CORS = s.CORS.templateData()
	}
	if s.AllowIP != nil {
		d.AllowIP = s.AllowIP.templateData()
	}
	if s.RateLimit != nil {
		d.RateLimit = s.RateLimit.templateData()
	}
	if s.Webhook != nil {
		d.Webhook = s.Webhook.templateData(s.Name)
	}
	if s.Input != nil {
		d.Input = s.Input.templateData()
	}
	for _, r := range s.Routes {
		example, parameters := r.Example()
		d.Routes = append(d.Routes, RouteData{r.String(), d.method(r), example, parameters})
	}
	if d.Webhook != nil {
		d.Webhook.URL = "https://example.com" + d.Request().Path
	}
	if s.Auth != nil {
		d.Auth = &AuthData{Roles: s.Auth.Roles}
	}
	return d
}

func (s Scheme) templateData(name Name) *WebhookData {
	d := &WebhookData{
		Scheme:          s.Ident,
		Sender:          s.sender,
		Signed:          s.keys != (keys{}),
		SignsPayload:    s.keys != (keys{}) && !s.secretOnly,
		SignatureHeader: s.SignatureHeader(),
		SecretEnv:       s.SecretEnv(name),
		URLEnv:          s.urlEnv,
		TokenEnv:        s.tokenEnv,
		Note:            s.note,

		Secret:      s.keys.secret,
		OtherSecret: s.keys.otherSecret,
		PublicKey:   s.keys.publicKey,
		Payload:     s.payload,
		List:        strings.HasPrefix(s.payload, "["),
		Form:        s.form,
	}
	if s.tokenEnv != "" {
		d.Token = verifyToken
	}
	for _, c := range s.challenges {
		d.Challenges = append(d.Challenges, ChallengeData{c.name, c.method, c.query, c.headers, c.payload, c.body})
	}
	for _, h := range s.handshakes {
		status := "StatusOK"
		if h.status == http.StatusNoContent {
			status = "StatusNoContent"
		}
		d.Handshakes = append(d.Handshakes, HandshakeData{Name: h.name, Payload: h.payload, Status: status, Body: h.body})
	}
	return d
}
