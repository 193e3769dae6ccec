package webhooks

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/templates/lib/fn"
)

// maxItems limits the items in a signature header. Svix sends at most eleven.
const maxItems = 32

// A message is the signed part of an event, with its signatures.
type message struct {
	body                segment
	id, timestamp, form string
	url, alternateURL   string // the sender may sign either form of its URL
	signatures          []string
}

// A verifiedEvent is an event with a valid signature.
type verifiedEvent struct {
	message
	definition *definition
	event      *events.APIGatewayProxyRequest
	key        key // verified the signature
}

// verify returns the message in event if it was signed with one of the secrets.
// Its errors wrap ErrVerification.
func verify(scheme Scheme, event *events.APIGatewayProxyRequest, o *Options) (verifiedEvent, error) {
	reject := func(err error) (verifiedEvent, error) {
		return verifiedEvent{}, fmt.Errorf("%w: %w", ErrVerification, err)
	}

	definition, ok := definitions[scheme]
	if !ok {
		return reject(fmt.Errorf("unknown scheme %q", string(scheme)))
	}
	body, err := o.body(event)
	if err != nil {
		return reject(err)
	}
	v := verifiedEvent{definition: definition, event: event, message: message{body: body}}
	if len(definition.formats) == 0 {
		return v, nil
	}
	if !o.EventTimestamp.IsZero() {
		if err := o.checkTimestamp(o.EventTimestamp, 0, 0); err != nil {
			return reject(err)
		}
	}
	var one [1]key // avoids an allocation in the usual case
	keys, err := o.keys(one[:0], definition)
	if err != nil {
		return reject(err)
	}
	matched := false
	var reason error
	for _, k := range keys {
		// Try all keys: the time taken must not reveal which one matched.
		m, err := k.verify(event, body, o)
		switch {
		case err == nil && !matched:
			v.message, v.key, matched = m, k, true
		case reason == nil:
			reason = err
		}
	}
	if !matched {
		return reject(reason)
	}
	return v, nil
}

// verify returns the message in event if it was signed with the key.
func (k key) verify(event *events.APIGatewayProxyRequest, body segment, o *Options) (message, error) {
	m, err := k.parse(event, body, o)
	if err != nil {
		return m, err
	}
	err = k.algorithm.verify(k.bytes, k.signs(m), m.signatures, *o)
	if err != nil && m.alternateURL != "" {
		m.url = m.alternateURL
		err = k.algorithm.verify(k.bytes, k.signs(m), m.signatures, *o)
	}
	if err != nil || !k.hasTimestamp() {
		return m, err
	}
	if k.timestampField != "" {
		m.timestamp = jsonField(body.data(), k.timestampField)
	}
	t, unit, err := k.parseTimestamp(m.timestamp)
	if err != nil {
		return m, err
	}
	return m, o.checkTimestamp(t, unit, k.tolerance)
}

// parse reads the message and its signatures from event.
func (f *format) parse(event *events.APIGatewayProxyRequest, body segment, o *Options) (m message, err error) {
	m.body = body
	var header string
	for _, names := range f.headerSets() {
		header, m.id, m.timestamp, err = names.read(event, o)
		if err == nil {
			break
		}
	}
	if err != nil {
		return m, err
	}
	if strings.Contains(m.id, ".") {
		// In the signed content, a dot separates the ID from the timestamp.
		return m, errors.New("the message ID contains a dot")
	}
	if err := f.parseSignatures(&m, header); err != nil {
		return m, fmt.Errorf("header %s: %w", o.header(f.headerSets()[0]), err)
	}
	if m.form, err = f.form(event, body); err != nil {
		return m, err
	}
	m.url, m.alternateURL, err = f.urls(event, o)
	return m, err
}

// parseSignatures sets the signatures of m and, if the signature header
// contains it, the timestamp.
func (f *format) parseSignatures(m *message, header string) error {
	items := []string{header}
	if f.separator != "" {
		items = strings.SplitN(header, f.separator, maxItems+1)
		if len(items) > maxItems {
			return fmt.Errorf("more than %d items", maxItems)
		}
	}
	m.signatures = items[:0]
	for _, item := range items {
		if s, ok := strings.CutPrefix(item, f.signaturePrefix); ok {
			m.signatures = append(m.signatures, s)
		} else if s, ok := strings.CutPrefix(item, f.timestampPrefix); ok && f.timestampPrefix != "" {
			m.timestamp = s
		}
	}
	if len(m.signatures) == 0 {
		return fmt.Errorf("no signature starts with %q", f.signaturePrefix)
	}
	return nil
}

// headerSets returns the sets of headers that the sender may use, at least one.
func (f *format) headerSets() []headerNames {
	if len(f.headers) == 0 {
		return []headerNames{{}}
	}
	return f.headers
}

// read returns the values of the headers. It fails if one of them is missing.
func (h headerNames) read(
	event *events.APIGatewayProxyRequest, o *Options,
) (signature, id, timestamp string, err error) {
	name := o.header(h)
	signature = fn.Header(*event, name)
	if signature != "" && o.SignatureTransformer != nil {
		signature = o.SignatureTransformer(signature)
	}
	if signature == "" {
		return "", "", "", fmt.Errorf("no signature in the header %s", name)
	}
	if h.id != "" {
		if id = fn.Header(*event, h.id); id == "" {
			return "", "", "", fmt.Errorf("no message ID in the header %s", h.id)
		}
	}
	if h.timestamp != "" {
		if timestamp = fn.Header(*event, h.timestamp); timestamp == "" {
			return "", "", "", fmt.Errorf("no timestamp in the header %s", h.timestamp)
		}
	}
	return signature, id, timestamp, nil
}

// hasTimestamp reports whether messages have a timestamp.
func (f *format) hasTimestamp() bool {
	return f.timestampField != "" || f.timestampPrefix != "" || f.headerSets()[0].timestamp != ""
}

// parseTimestamp returns the time and the unit of a timestamp.
func (f *format) parseTimestamp(timestamp string) (t time.Time, unit time.Duration, err error) {
	n, err := strconv.ParseUint(timestamp, 10, 63)
	if err != nil || n > math.MaxInt64/1000 {
		return t, 0, errors.New("the timestamp is not valid")
	}
	unit = f.timestampUnit
	if unit == 0 {
		// In seconds, 1e11 is the year 5138; in milliseconds, it is 1973.
		unit = time.Millisecond
		if n < 1e11 {
			unit = time.Second
		}
	}
	if unit == time.Second {
		return time.Unix(int64(n), 0), unit, nil
	}
	return time.UnixMilli(int64(n)), unit, nil
}

// checkTimestamp returns an error if t, which is in whole units, differs from
// the current time by more than the tolerance. Options.Tolerance takes
// precedence over the scheme's.
func (o *Options) checkTimestamp(t time.Time, unit, tolerance time.Duration) error {
	if o.Tolerance > 0 {
		tolerance = o.Tolerance
	}
	if tolerance == 0 {
		tolerance = DefaultTolerance
	}
	if offset := o.now().Truncate(unit).Sub(t).Abs(); offset > tolerance {
		return fmt.Errorf("the timestamp is off by %s, more than the tolerance of %s", offset, tolerance)
	}
	return nil
}
