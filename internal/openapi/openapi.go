// Package openapi describes functions as an OpenAPI document.
package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/fngen/fngen/internal/project"
)

// Version is the version of the OpenAPI Specification that documents follow.
// See https://spec.openapis.org/oas/v3.1.1.html.
const Version = "3.1.1"

// Options describe the API as a whole.
type Options struct {
	Title   string
	Version string   // of the API
	Servers []string // base URLs; clients need one if the document is a file
}

// A Function is a function that a document describes.
type Function struct {
	Name   string
	Routes []Route
	project.Contract
}

// A Route is a method, or "" for several, and a path in the syntax of
// http.ServeMux, such as /users/{id}.
type Route struct{ Method, Path string }

type (
	document struct {
		OpenAPI    string                           `json:"openapi"`
		Info       info                             `json:"info"`
		Servers    []server                         `json:"servers,omitempty"`
		Paths      map[string]map[string]*operation `json:"paths"`
		Components components                       `json:"components"`
	}
	info struct {
		Title   string `json:"title"`
		Version string `json:"version"`
	}
	server struct {
		URL string `json:"url"`
	}
	components struct {
		Schemas         map[string]*schema        `json:"schemas,omitempty"`
		SecuritySchemes map[string]securityScheme `json:"securitySchemes,omitempty"`
	}
	operation struct {
		OperationID string                `json:"operationId"`
		Parameters  []parameter           `json:"parameters,omitempty"`
		RequestBody *requestBody          `json:"requestBody,omitempty"`
		Responses   map[string]response   `json:"responses"`
		Security    []map[string][]string `json:"security,omitempty"`
	}
	parameter struct {
		Name        string  `json:"name"`
		In          string  `json:"in"`
		Description string  `json:"description,omitempty"`
		Required    bool    `json:"required"`
		Schema      *schema `json:"schema"`
	}
	requestBody struct {
		Required bool                 `json:"required"`
		Content  map[string]mediaType `json:"content"`
	}
	response struct {
		Description string               `json:"description"`
		Content     map[string]mediaType `json:"content,omitempty"`
	}
	mediaType struct {
		Schema *schema `json:"schema,omitempty"`
	}
	securityScheme struct {
		Type         string `json:"type"`
		Scheme       string `json:"scheme,omitempty"`
		BearerFormat string `json:"bearerFormat,omitempty"`
		In           string `json:"in,omitempty"`
		Name         string `json:"name,omitempty"`
		Description  string `json:"description,omitempty"`
	}
)

// Document returns an OpenAPI document in JSON.
func Document(options Options, functions []Function) ([]byte, error) {
	d := document{
		OpenAPI:    Version,
		Info:       info{options.Title, options.Version},
		Paths:      map[string]map[string]*operation{},
		Components: components{Schemas: map[string]*schema{}, SecuritySchemes: map[string]securityScheme{}},
	}
	for _, url := range options.Servers {
		d.Servers = append(d.Servers, server{url})
	}
	for _, f := range functions {
		d.add(f)
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(d); err != nil {
		return nil, fmt.Errorf("encoding the document: %w", err)
	}
	return b.Bytes(), nil
}

// add adds the operations of a function.
func (d *document) add(f Function) {
	security, body := d.security(f), d.body(f)
	for _, route := range f.Routes {
		path, parameters := parsePath(route.Path)
		if d.Paths[path] == nil {
			d.Paths[path] = map[string]*operation{}
		}
		for _, method := range route.methods(f) {
			o := &operation{OperationID: d.operationID(f, method, parameters), Parameters: parameters, Security: security}
			o.Responses = d.responses(f)
			if body != nil && (method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch) {
				o.RequestBody = &requestBody{true, map[string]mediaType{"application/json": {body}}}
				for _, status := range []int{
					http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType,
					http.StatusUnprocessableEntity, http.StatusInternalServerError,
				} {
					o.respond(status, "application/problem+json", d.shared("Problem"))
				}
			}
			d.Paths[path][strings.ToLower(method)] = o
		}
	}
}

// methods returns the methods of the route. A route without a method accepts
// every method, and gets the one that clients of such a function use.
func (r Route) methods(f Function) []string {
	switch {
	case r.Method != "":
		return []string{r.Method}
	case f.Input != nil || f.Webhook != nil:
		return []string{http.MethodPost}
	}
	return []string{http.MethodGet}
}

// parsePath returns the path in the syntax of OpenAPI, and its parameters.
func parsePath(path string) (string, []parameter) {
	var parameters []parameter
	path = strings.TrimSuffix(path, "{$}")
	path = regexp.MustCompile(`\{[^{}]+\}`).ReplaceAllStringFunc(path, func(wildcard string) string {
		name, rest := strings.CutSuffix(strings.Trim(wildcard, "{}"), "...")
		p := parameter{Name: name, In: "path", Required: true, Schema: &schema{Type: "string"}}
		if rest {
			p.Description = "The rest of the path, which may contain slashes."
		}
		parameters = append(parameters, p)
		return "{" + name + "}"
	})
	return path, parameters
}

// operationID returns a unique name for an operation, from which generators of
// clients make the names of functions.
func (d *document) operationID(f Function, method string, parameters []parameter) string {
	id := identifier(f.Name)
	if len(f.Routes) > 1 {
		id = strings.ToLower(method) + strings.ToUpper(id[:1]) + id[1:]
		for _, p := range parameters {
			id += "By" + strings.ToUpper(p.Name[:1]) + p.Name[1:]
		}
	}
	unique := id
	for n := 2; d.hasOperation(unique); n++ {
		unique = id + strconv.Itoa(n)
	}
	return unique
}

func (d *document) hasOperation(id string) bool {
	for _, item := range d.Paths {
		for _, o := range item {
			if o.OperationID == id {
				return true
			}
		}
	}
	return false
}

// identifier returns the name of a function as one word: slackEvents for
// slack/events.
func identifier(function string) string {
	words := strings.Split(function, "/")
	for i, word := range words[1:] {
		words[i+1] = strings.ToUpper(word[:1]) + word[1:]
	}
	return strings.Join(words, "")
}

// responses returns the responses of every operation of a function.
func (d *document) responses(f Function) map[string]response {
	o := operation{Responses: map[string]response{}}
	if f.Binary != "" {
		o.respond(http.StatusOK, f.Binary, nil)
	} else {
		o.respond(http.StatusOK, "application/json", &schema{})
	}
	const message = "application/json"
	if f.Webhook != nil || f.Auth || f.AllowIP {
		o.respond(http.StatusUnauthorized, message, d.shared("Message"))
	}
	if f.Roles {
		o.respond(http.StatusForbidden, message, d.shared("Message"))
	}
	if f.RateLimit {
		o.respond(http.StatusTooManyRequests, message, d.shared("Message"))
	}
	return o.Responses
}

func (o *operation) respond(status int, contentType string, s *schema) {
	o.Responses[strconv.Itoa(status)] = response{http.StatusText(status), map[string]mediaType{contentType: {s}}}
}

// security returns the security requirement of a function, or nil if everyone
// may call it.
func (d *document) security(f Function) []map[string][]string {
	required := map[string][]string{}
	if f.Auth {
		d.Components.SecuritySchemes["bearer"] = securityScheme{Type: "http", Scheme: "bearer", BearerFormat: "JWT"}
		required["bearer"] = []string{}
	}
	if f.Webhook != nil {
		if header := signatureHeader(*f.Webhook); header != "" {
			name := f.Webhook.Scheme.Name + "." + header
			d.Components.SecuritySchemes[name] = securityScheme{
				Type: "apiKey", In: "header", Name: header,
				Description: "The signature of the request by the scheme " + f.Webhook.Scheme.Name + ".",
			}
			required[name] = []string{}
		}
	}
	if len(required) == 0 {
		return nil
	}
	return []map[string][]string{required}
}

// shared returns a reference to the schema Message or Problem.
func (d *document) shared(name string) *schema {
	text := &schema{Type: "string"}
	switch name {
	case "Message":
		d.Components.Schemas[name] = &schema{
			Type: "object", Properties: map[string]*schema{"message": text}, Required: []string{"message"},
		}
	case "Problem":
		d.Components.Schemas[name] = &schema{
			Description: "A problem in the format of RFC 9457.",
			Type:        "object",
			Properties: map[string]*schema{
				"title":  text,
				"status": {Type: "integer"},
				"detail": text,
				"errors": {Type: "array", Items: &schema{
					Type: "object", Properties: map[string]*schema{"field": text, "detail": text},
					Required: []string{"detail", "field"},
				}},
			},
			Required: []string{"status", "title"},
		}
	}
	return reference(name)
}

// body returns the schema of a function's request bodies, or nil if it decodes
// none. Structs become schemas of the components, which may refer to each other.
func (d *document) body(f Function) *schema {
	if f.Input == nil {
		return nil
	}
	component := func(name string) string { return strings.ReplaceAll(f.Name, "/", ".") + "." + name }
	isBody := func(name string) bool {
		return slices.ContainsFunc(f.Input.Types, func(t project.Type) bool { return t.Struct == name })
	}
	for _, s := range f.Input.Structs {
		d.Components.Schemas[component(s.Name)] = structSchema(s, isBody(s.Name), component)
	}
	if len(f.Input.Types) == 1 {
		return typeSchema(f.Input.Types[0], component)
	}
	choice := &schema{}
	for _, t := range f.Input.Types {
		choice.AnyOf = append(choice.AnyOf, typeSchema(t, component))
	}
	return choice
}

// YAML returns a document as YAML.
func YAML(document []byte) ([]byte, error) {
	var node yaml.Node
	if err := yaml.Unmarshal(document, &node); err != nil { // JSON is YAML
		return nil, fmt.Errorf("converting the document to YAML: %w", err)
	}
	resetStyle(&node)
	var b bytes.Buffer
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	if err := encoder.Encode(&node); err != nil {
		return nil, fmt.Errorf("encoding YAML: %w", err)
	}
	return b.Bytes(), nil
}

// resetStyle removes the braces and quotes of JSON. The encoder quotes what
// would not be a string otherwise.
func resetStyle(node *yaml.Node) {
	node.Style = 0
	for _, child := range node.Content {
		resetStyle(child)
	}
}
