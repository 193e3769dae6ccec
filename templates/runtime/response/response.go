// Package response checks the responses of functions, so that a response is
// valid on AWS Lambda if and only if it is valid in package gateway.
//
// API Gateway answers 502 for a response that it cannot use, and documents
// neither what it takes for one nor what it does with most of the others:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
// Where it documents nothing, this package takes the stricter choice.
package response

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/textproto"
	"slices"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
)

// ErrMalformed is the error, possibly wrapped, for a response that is not valid.
var ErrMalformed = errors.New("malformed response")

// SetHeader adds the headers of a function's response to header, under their
// canonical names. If the response is malformed, SetHeader changes nothing and
// returns an error that wraps [ErrMalformed]. It is malformed if
//
//   - its status is not between 200 and 599: a function cannot send
//     informational responses (1xx),
//   - the name of a header is not a token, or its value has control characters
//     or is not UTF-8, as JSON requires,
//   - two names in one of the maps differ only in letter case, or
//   - a header that has one value by definition, such as Location, has several.
//
// A header in both maps has the values of both, those of the multi-valued map
// first and without duplicates, as API Gateway documents. Hop-by-hop headers
// and Content-Length are dropped. The default Content-Type is application/json,
// and replaces that of header.
func SetHeader(header http.Header, r events.APIGatewayProxyResponse) error {
	if r.StatusCode < 200 || r.StatusCode > 599 {
		return fmt.Errorf("%w: status %d", ErrMalformed, r.StatusCode)
	}
	single, err := canonical(r.Headers)
	if err != nil {
		return err
	}
	multi, err := canonical(r.MultiValueHeaders)
	if err != nil {
		return err
	}
	for name, values := range multi {
		if slices.ContainsFunc(values, isInvalid) {
			return invalidValue(name)
		}
		if len(values) > 1 && hasOneValue(name) {
			return severalValues(name)
		}
	}
	for name, value := range single {
		if isInvalid(value) {
			return invalidValue(name)
		}
		if values := multi[name]; len(values) > 0 && values[0] != value && hasOneValue(name) {
			return severalValues(name)
		}
	}

	delete(header, contentType)
	for name, values := range multi {
		if len(values) > 0 && !isHopByHop(name) {
			header[name] = append(header[name], values...)
		}
	}
	backing := make([]string, 0, len(single)+1) // one allocation for all single values
	add := func(name, value string) {
		backing = append(backing, value)
		header[name] = backing[len(backing)-1 : len(backing) : len(backing)]
	}
	for name, value := range single {
		switch values := header[name]; {
		case isHopByHop(name):
		case len(values) == 0:
			add(name, value)
		case !slices.Contains(values, value):
			header[name] = append(values, value)
		}
	}
	if types := header[contentType]; len(types) == 0 || types[0] == "" {
		delete(header, contentType)
		if HasBody(r.StatusCode) {
			add(contentType, "application/json")
		}
	}
	return nil
}

// Head returns the status and the headers of a stream, with its cookies, as a
// response without a body.
func Head(stream *events.APIGatewayProxyStreamingResponse) events.APIGatewayProxyResponse {
	head := events.APIGatewayProxyResponse{
		StatusCode:        stream.StatusCode,
		Headers:           stream.Headers,
		MultiValueHeaders: stream.MultiValueHeaders,
	}
	if len(stream.Cookies) > 0 {
		multi := make(map[string][]string, len(stream.MultiValueHeaders)+1)
		maps.Copy(multi, stream.MultiValueHeaders)
		multi["Set-Cookie"] = slices.Concat(multi["Set-Cookie"], stream.Cookies)
		head.MultiValueHeaders = multi
	}
	return head
}

const contentType = "Content-Type"

// HasBody reports whether a response with the status can have a body. See RFC
// 9110, sections 15.3.5 and 15.4.5.
func HasBody(status int) bool {
	return status != http.StatusNoContent && status != http.StatusNotModified
}

// canonical returns headers by their canonical names. It returns headers itself
// if all names are canonical.
func canonical[V any](headers map[string]V) (map[string]V, error) {
	isCanonical := true
	for name := range headers {
		if !isToken(name) {
			return nil, fmt.Errorf("%w: header %q", ErrMalformed, name)
		}
		isCanonical = isCanonical && textproto.CanonicalMIMEHeaderKey(name) == name
	}
	if isCanonical {
		return headers, nil
	}
	byName := make(map[string]V, len(headers))
	for name, value := range headers {
		name = textproto.CanonicalMIMEHeaderKey(name)
		if _, ok := byName[name]; ok {
			return nil, fmt.Errorf("%w: header %s is set under names that differ in letter case", ErrMalformed, name)
		}
		byName[name] = value
	}
	return byName, nil
}

// The errors do not contain values, which may be secrets.

func invalidValue(name string) error { return fmt.Errorf("%w: value of header %q", ErrMalformed, name) }

func severalValues(name string) error {
	return fmt.Errorf("%w: header %s has more than one value", ErrMalformed, name)
}

// isHopByHop reports whether a header, given by its canonical name, concerns the
// connection and not the response. See RFC 9110, section 7.6.1.
func isHopByHop(name string) bool {
	switch name {
	case "Connection", "Content-Length", "Keep-Alive", "Proxy-Connection",
		"Te", "Trailer", "Transfer-Encoding", "Upgrade":
		return true
	}
	return false
}

// hasOneValue reports whether a header, given by its canonical name, has one
// value by definition: in RFC 9110, and in the Fetch standard.
func hasOneValue(name string) bool {
	switch name {
	case "Access-Control-Allow-Credentials", "Access-Control-Allow-Origin", "Access-Control-Max-Age", "Age",
		"Content-Disposition", "Content-Location", "Content-Range", contentType, "Date", "Etag", "Expires",
		"Last-Modified", "Location", "Retry-After":
		return true
	}
	return false
}

// isToken reports whether name is a valid header name. See RFC 9110, section
// 5.6.2.
func isToken(name string) bool {
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '!', c == '#', c == '$', c == '%', c == '&', c == '\'', c == '*', c == '+', c == '-', c == '.',
			c == '^', c == '_', c == '`', c == '|', c == '~':
		default:
			return false
		}
	}
	return name != ""
}

// isInvalid reports whether value cannot be the value of a header. See RFC 9110,
// section 5.5.
func isInvalid(value string) bool {
	for i := 0; i < len(value); i++ {
		if c := value[i]; c < ' ' && c != '\t' || c == 0x7f {
			return true
		}
	}
	return !utf8.ValidString(value)
}
