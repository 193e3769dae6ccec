package gateway

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"

	"github.com/aws/aws-lambda-go/events"
)

// ErrMalformed is what [WriteResponse] fails with where a response will not do. The caller answers 502.
var ErrMalformed = errors.New("gateway: malformed response")

// WriteResponse writes a function's response as API Gateway does. Where that is malformed the error is
// [ErrMalformed], and nothing is written: a status that is no final one (200 to 599), a header's name or value that
// HTTP has none of, a body that is not base64 although it should be. Any other error is the connection's.
//
// A header that stands in both maps has the values of both, those of the multi-valued map first and none twice; so
// does API Gateway ("Output format of a Lambda function for proxy integration"). Content-Type, of which there can be
// one, is the multi-valued map's, and application/json where there is none. What is the connection's business
// (Connection, Transfer-Encoding, ...) is left out, and Content-Length is the body's.
func WriteResponse(w http.ResponseWriter, response events.APIGatewayProxyResponse) error {
	status := response.StatusCode
	if status < 200 || status > 599 {
		return fmt.Errorf("%w: status %d", ErrMalformed, status)
	}
	var decoded []byte
	var err error
	if response.IsBase64Encoded {
		if decoded, err = base64.StdEncoding.DecodeString(response.Body); err != nil {
			return fmt.Errorf("%w: body: %w", ErrMalformed, err)
		}
	}
	var canonical bool
	canonical, err = checkHeaders(response.Headers, response.MultiValueHeaders)
	if err != nil {
		return err
	}

	header := w.Header()
	setHeaders(header, response.Headers, response.MultiValueHeaders, canonical)
	if status == http.StatusNoContent || status == http.StatusNotModified {
		w.WriteHeader(status)
		return nil
	}
	if types := header["Content-Type"]; len(types) == 0 || types[0] == "" {
		header["Content-Type"] = []string{"application/json"}
	} else {
		header["Content-Type"] = types[:1]
	}
	length := len(response.Body)
	if response.IsBase64Encoded {
		length = len(decoded)
	}
	setLength(header, length)
	w.WriteHeader(status)
	if response.IsBase64Encoded {
		_, err = w.Write(decoded)
	} else {
		_, err = io.WriteString(w, response.Body)
	}
	if err != nil {
		return fmt.Errorf("gateway: response: %w", err)
	}
	return nil
}

func setLength(header http.Header, length int) {
	header["Content-Length"] = []string{strconv.Itoa(length)}
}

// setHeaders merges the two maps of a response. Where all names are canonical, no two are one, and their order makes no
// difference. Others are sorted.
func setHeaders(header http.Header, single map[string]string, multi map[string][]string, canonical bool) {
	delete(header, "Content-Type") // the function's counts
	m := merger{header: header, backing: make([]string, 0, len(single))}
	if canonical {
		for name, values := range multi {
			m.addMulti(name, values)
		}
		for name, value := range single {
			m.addSingle(name, value)
		}
		return
	}
	for _, name := range sorted(multi) {
		m.addMulti(textproto.CanonicalMIMEHeaderKey(name), multi[name])
	}
	for _, name := range sorted(single) {
		m.addSingle(textproto.CanonicalMIMEHeaderKey(name), single[name])
	}
}

// A merger adds to headers, by canonical names.
type merger struct {
	header  http.Header
	backing []string // for the values of all that have one
}

func (m *merger) addMulti(name string, values []string) {
	if !hopByHop(name) && len(values) > 0 {
		m.header[name] = append(m.header[name], values...)
	}
}

func (m *merger) addSingle(name, value string) {
	values := m.header[name]
	switch {
	case hopByHop(name):
	case len(values) == 0:
		m.backing = append(m.backing, value)
		m.header[name] = m.backing[len(m.backing)-1 : len(m.backing) : len(m.backing)]
	case !slices.Contains(values, value):
		m.header[name] = append(values, value)
	}
}

// sorted are a map's keys.
func sorted[V any](headers map[string]V) []string {
	names := make([]string, 0, len(headers))
	for name := range headers {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// hopByHop tells whether a header, by its canonical name, is the business of the connection and not of who answers:
// RFC 9110, section 7.6.1.
func hopByHop(name string) bool {
	switch name {
	case "Connection", "Content-Length", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade":
		return true
	}
	return false
}

// checkHeaders finds what HTTP has no header of, and tells whether all names are in canonical case.
func checkHeaders(single map[string]string, multi map[string][]string) (canonical bool, err error) {
	canonical = true
	for name, value := range single {
		if !isToken(name) || !isValue(value) {
			return false, fmt.Errorf("%w: header %q: %q", ErrMalformed, name, value)
		}
		canonical = canonical && textproto.CanonicalMIMEHeaderKey(name) == name
	}
	for name, values := range multi {
		if !isToken(name) {
			return false, fmt.Errorf("%w: header %q", ErrMalformed, name)
		}
		for _, value := range values {
			if !isValue(value) {
				return false, fmt.Errorf("%w: header %q: %q", ErrMalformed, name, value)
			}
		}
		canonical = canonical && textproto.CanonicalMIMEHeaderKey(name) == name
	}
	return canonical, nil
}

// isToken tells whether a header may have this name: RFC 9110, section 5.6.2.
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

// isValue tells whether a header may have this value: RFC 9110, section 5.5.
func isValue(value string) bool {
	for i := 0; i < len(value); i++ {
		if c := value[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
