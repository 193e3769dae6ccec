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

// ErrMalformed is the error that [WriteResponse] returns for a response that is
// not valid.
var ErrMalformed = errors.New("gateway: malformed response")

// WriteResponse writes a function's response as API Gateway does. If the
// response is malformed, WriteResponse writes nothing and returns an error that
// wraps [ErrMalformed]; API Gateway answers 502 then. A response is malformed
// if its status is not between 200 and 599, if a header's name or value is not
// valid in HTTP, or if IsBase64Encoded is set and the body is not base64. Any
// other error comes from the connection.
//
// A header that is in both maps has the values of both, those of the
// multi-valued map first and without duplicates, as API Gateway documents in
// "Output format of a Lambda function for proxy integration". Of Content-Type
// only the first value is written; the default is application/json. Hop-by-hop
// headers such as Connection are dropped, and Content-Length is the length of
// the body.
func WriteResponse(w http.ResponseWriter, response events.APIGatewayProxyResponse) error {
	status := response.StatusCode
	if status < 200 || status > 599 {
		return fmt.Errorf("%w: status %d", ErrMalformed, status)
	}
	var decoded []byte
	if response.IsBase64Encoded {
		var err error
		if decoded, err = base64.StdEncoding.DecodeString(response.Body); err != nil {
			return fmt.Errorf("%w: decoding body: %w", ErrMalformed, err)
		}
	}
	canonical, err := checkHeaders(response.Headers, response.MultiValueHeaders)
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

// setHeaders merges the two maps of a response into header. If all names are
// canonical, each name occurs once in a map and the order does not matter.
// Otherwise the names are sorted, so that the result is deterministic.
func setHeaders(header http.Header, single map[string]string, multi map[string][]string, canonical bool) {
	delete(header, "Content-Type") // the function's value replaces it
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
	for _, name := range sortedKeys(multi) {
		m.addMulti(textproto.CanonicalMIMEHeaderKey(name), multi[name])
	}
	for _, name := range sortedKeys(single) {
		m.addSingle(textproto.CanonicalMIMEHeaderKey(name), single[name])
	}
}

// A merger adds values to headers, by canonical name.
type merger struct {
	header  http.Header
	backing []string // one allocation for all headers with a single value
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

// sortedKeys returns the keys of a map in order.
func sortedKeys[V any](headers map[string]V) []string {
	names := make([]string, 0, len(headers))
	for name := range headers {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// hopByHop reports whether a header, given by its canonical name, concerns the
// connection and not the response. See RFC 9110, section 7.6.1.
func hopByHop(name string) bool {
	switch name {
	case "Connection", "Content-Length", "Keep-Alive", "Proxy-Connection",
		"Te", "Trailer", "Transfer-Encoding", "Upgrade":
		return true
	}
	return false
}

// checkHeaders returns an error for a header that is not valid in HTTP, and
// reports whether all names are canonical. The error does not contain the value,
// which may be a secret.
func checkHeaders(single map[string]string, multi map[string][]string) (canonical bool, err error) {
	canonical = true
	for name, value := range single {
		if !isToken(name) {
			return false, fmt.Errorf("%w: header %q", ErrMalformed, name)
		}
		if !isValue(value) {
			return false, fmt.Errorf("%w: value of header %q", ErrMalformed, name)
		}
		canonical = canonical && textproto.CanonicalMIMEHeaderKey(name) == name
	}
	for name, values := range multi {
		if !isToken(name) {
			return false, fmt.Errorf("%w: header %q", ErrMalformed, name)
		}
		for _, value := range values {
			if !isValue(value) {
				return false, fmt.Errorf("%w: value of header %q", ErrMalformed, name)
			}
		}
		canonical = canonical && textproto.CanonicalMIMEHeaderKey(name) == name
	}
	return canonical, nil
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

// isValue reports whether value is a valid header value. See RFC 9110, section
// 5.5.
func isValue(value string) bool {
	for i := 0; i < len(value); i++ {
		if c := value[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
