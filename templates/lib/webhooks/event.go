package webhooks

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/templates/lib/fn"
)

// A message is an event that a scheme verifies.
type message struct {
	ctx     context.Context // of the request
	scheme  Scheme
	event   events.APIGatewayProxyRequest
	options Options

	text    string // the body
	decoded []byte // the body instead of text, if the event has it in base64

	secret        string // signed the message, if it is verified
	given         string // signature in place of the header's, if not empty
	untransformed bool   // do not apply Options.SignatureTransformer
}

var (
	errMismatch = errors.New("the signature does not match")
	errNoScheme = errors.New("no scheme is given")
)

// verify returns nil if one of the secrets signed the message. Its errors wrap
// ErrVerification.
func (m *message) verify() error {
	err := m.readBody()
	if err == nil && m.scheme != Skip {
		err = m.checkSecrets()
		if err != nil && m.options.SignatureTransformer != nil {
			m.untransformed = true
			if m.checkSecrets() == nil {
				err = nil
			}
		}
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrVerification, err)
	}
	return nil
}

// readBody sets the body that is signed.
func (m *message) readBody() (err error) {
	switch {
	case m.scheme == nil:
		return errNoScheme
	case m.options.Payload != "":
		m.text = m.options.Payload
	case m.event.IsBase64Encoded:
		m.decoded, err = fn.Body(m.event)
	default:
		m.text = m.event.Body
	}
	return err
}

// checkSecrets returns nil if one of the secrets signed the message.
func (m *message) checkSecrets() error {
	if at := m.options.EventTimestamp; !at.IsZero() {
		if err := m.options.checkOffset(m.options.now().Sub(at), DefaultTolerance); err != nil {
			return err
		}
	}
	first, unset := m.options.secret()
	var reason error
	for _, secret := range append([]string{first}, m.options.Secrets...) {
		if m.secret = trimSecret(secret); m.secret == "" {
			continue
		}
		err := m.scheme.verify(*m, m.secret)
		if err == nil {
			return nil
		}
		reason = cmp.Or(reason, err)
	}
	return cmp.Or(reason, unset)
}

// header returns the value of a header.
func (m *message) header(name string) string { return fn.Header(m.event, name) }

// signature returns the value of the signature header. Its name is the given
// one unless Options.SignatureHeader is set.
func (m *message) signature(name string) (string, error) {
	if m.options.SignatureHeader != "" {
		name = m.options.SignatureHeader
	}
	signature := m.given
	if signature == "" {
		signature = m.header(name)
	}
	if transform := m.options.SignatureTransformer; transform != nil && signature != "" && !m.untransformed {
		signature = transform(signature)
	}
	if signature == "" {
		return "", fmt.Errorf("no signature in the header %s", name)
	}
	return signature, nil
}

// body returns the body.
func (m *message) body() []byte {
	if m.decoded != nil {
		return m.decoded
	}
	return []byte(m.text)
}

// writeBody writes the body to a hash or a buffer, which cannot fail. A hash
// accepts only bytes, and converting a whole string first takes longer than
// passing it through a small buffer.
func (m *message) writeBody(w io.Writer) {
	if m.decoded != nil {
		_, _ = w.Write(m.decoded)
		return
	}
	buffer := make([]byte, min(1024, len(m.text)))
	for rest := m.text; rest != ""; {
		n := copy(buffer, rest)
		_, _ = w.Write(buffer[:n])
		rest = rest[n:]
	}
}

// mac returns the HMAC (RFC 2104) of a prefix and the body.
func (m *message) mac(newHash func() hash.Hash, key []byte, prefix string) []byte {
	mac := hmac.New(newHash, key)
	_, _ = io.WriteString(mac, prefix)
	m.writeBody(mac)
	return mac.Sum(nil)
}

// match returns nil if one of the signatures is the wanted one. It compares all
// of them in constant time.
func match(want string, signatures ...string) error {
	found := 0
	for _, signature := range signatures {
		found |= subtle.ConstantTimeCompare([]byte(signature), []byte(want))
	}
	if found == 0 {
		return errMismatch
	}
	return nil
}

// contentID returns an ID for a message that has none from its sender: a hash
// of the body and of what else tells it from other messages.
func (m *message) contentID(prefix string) string {
	hash := sha256.Sum256(append([]byte(prefix), m.body()...))
	return "sha256:" + hex.EncodeToString(hash[:])
}

// checkOffset returns an error if a time is off by more than the tolerance.
// Options.Tolerance takes precedence.
func (o *Options) checkOffset(offset, tolerance time.Duration) error {
	if o.Tolerance > 0 {
		tolerance = o.Tolerance
	}
	if offset.Abs() > tolerance {
		return fmt.Errorf("the timestamp is off by %s, more than the tolerance of %s", offset.Abs(), tolerance)
	}
	return nil
}

// secret returns the secret to sign with, which also verifies.
func (o *Options) secret() (string, error) {
	secret := trimSecret(valueOrEnv(o.Secret, o.SecretEnv))
	switch {
	case secret != "":
		return secret, nil
	case o.SecretEnv != "":
		return "", fmt.Errorf("the secret is not set: environment variable %s is empty", o.SecretEnv)
	}
	return "", errors.New("the secret is not set")
}

// trimSecret removes line breaks at the end of a secret, as files have them. It
// returns "" for a blank secret, or one that HMAC treats as empty because it
// pads keys with zeros.
func trimSecret(secret string) string {
	if strings.Trim(secret, " \t\r\n\x00") == "" {
		return ""
	}
	return strings.TrimRight(secret, "\r\n")
}

// valueOrEnv returns value or, if it is empty, the environment variable env.
func valueOrEnv(value, env string) string {
	if value == "" && env != "" {
		return os.Getenv(env)
	}
	return value
}

func (o *Options) now() time.Time {
	if o.Now != nil {
		return o.Now()
	}
	return time.Now()
}

// A draft is an event that a scheme signs.
type draft struct {
	event   events.APIGatewayProxyRequest // without the headers
	options Options
	body    string
	at      time.Time                      // when the event is signed
	headers []struct{ name, value string } // to add; the first has the signature
}

// sign signs event as the sender does. Its errors wrap ErrSign.
func sign(scheme Scheme, event events.APIGatewayProxyRequest, o Options) (d *draft, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("%w: %w", ErrSign, err)
		}
	}()
	d = &draft{event: event, options: o, at: o.EventTimestamp}
	if d.at.IsZero() {
		d.at = o.now()
	}
	switch scheme {
	case nil:
		return nil, errNoScheme
	case Skip:
		return d, nil
	}
	secret, err := o.secret()
	if err != nil {
		return nil, err
	}
	body, err := fn.Body(event)
	if err != nil {
		return nil, err
	}
	d.body = cmp.Or(o.Payload, string(body))
	return d, scheme.sign(d, secret)
}

// setSignature adds the signature header. Its name is the given one unless
// Options.SignatureHeader is set. Call it before setHeader.
func (d *draft) setSignature(name, value string) {
	if d.options.SignatureHeader != "" {
		name = d.options.SignatureHeader
	}
	d.setHeader(name, value)
}

// setHeader adds another header.
func (d *draft) setHeader(name, value string) {
	d.headers = append(d.headers, struct{ name, value string }{name, value})
}

// hmacSum returns the HMAC of content.
func hmacSum(newHash func() hash.Hash, key []byte, content string) []byte {
	mac := hmac.New(newHash, key)
	mac.Write([]byte(content))
	return mac.Sum(nil)
}

// withValue returns copies of an event's single-value and multi-value map in
// which name, in any case, has only the given value. If multi is nil, its copy
// has the values of single.
func withValue(
	single map[string]string, multi map[string][]string, name, value string,
) (map[string]string, map[string][]string) {
	one, all := map[string]string{name: value}, map[string][]string{name: {value}}
	for key, value := range single {
		if strings.EqualFold(key, name) {
			continue
		}
		one[key] = value
		if multi == nil {
			all[key] = []string{value}
		}
	}
	for key, values := range multi {
		if !strings.EqualFold(key, name) {
			all[key] = values
		}
	}
	return one, all
}
