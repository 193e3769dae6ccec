package webhooks

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/templates/lib/fn"
)

// A signedEvent is an event and the headers that the sender adds to it.
type signedEvent struct {
	event   events.APIGatewayProxyRequest // without headers
	headers []header                      // the first has the signature
}

type header struct{ name, value string }

// sign signs event as the sender does. Its errors wrap ErrSign.
func sign(scheme Scheme, event events.APIGatewayProxyRequest, o *Options) (signedEvent, error) {
	fail := func(err error) (signedEvent, error) { return signedEvent{}, fmt.Errorf("%w: %w", ErrSign, err) }

	definition, ok := definitions[scheme]
	if !ok {
		return fail(fmt.Errorf("unknown scheme %q", string(scheme)))
	}
	k, err := definition.key(o.secret())
	if err != nil {
		return fail(o.noSecret(err))
	}
	body, err := o.body(&event)
	if err != nil {
		return fail(err)
	}
	at := o.EventTimestamp
	if at.IsZero() {
		at = o.now()
	}
	names := k.headerSets()[0]
	m := message{timestamp: k.formatTimestamp(at), id: fn.Header(event, names.id)}
	if names.id != "" && m.id == "" {
		m.id = newID()
	}
	m.body = k.prepare(&event, body, m.timestamp)
	if m.form, err = k.form(&event, m.body); err != nil {
		return fail(err)
	}
	if m.url, _, err = k.urls(&event, o); err != nil {
		return fail(err)
	}
	signature, err := k.algorithm.sign(k.bytes, k.signs(m), *o)
	if err != nil {
		return fail(err)
	}

	value := k.signaturePrefix + signature
	if k.timestampPrefix != "" {
		value = k.timestampPrefix + m.timestamp + k.separator + value
	}
	s := signedEvent{event, []header{{o.header(names), value}}}
	if names.id != "" {
		s.headers = append(s.headers, header{names.id, m.id})
	}
	if names.timestamp != "" {
		s.headers = append(s.headers, header{names.timestamp, m.timestamp})
	}
	return s, nil
}

// formatTimestamp returns t as the sender writes it.
func (f *format) formatTimestamp(t time.Time) string {
	if f.timestampUnit == time.Second {
		return strconv.FormatInt(t.Unix(), 10)
	}
	return strconv.FormatInt(t.UnixMilli(), 10)
}

// newID returns the ID of a new message.
func newID() string {
	var random [16]byte
	if _, err := rand.Read(random[:]); err != nil {
		panic(err) // cannot happen on systems that Go supports
	}
	return "msg_" + hex.EncodeToString(random[:])
}

// prepare makes the changes to the body and the query that the sender makes
// before signing. It returns the new body.
func (f *format) prepare(event *events.APIGatewayProxyRequest, body segment, timestamp string) segment {
	if f.timestampField != "" && jsonField(body.data(), f.timestampField) == "" {
		if text, ok := appendField(body.data(), f.timestampField, timestamp); ok {
			body, event.Body = segment{text: text}, text
			if event.IsBase64Encoded {
				event.Body = base64.StdEncoding.EncodeToString([]byte(text))
			}
		}
	}
	if f.bodyHashParam != "" && !body.empty() && !isForm(*event) {
		event.QueryStringParameters, event.MultiValueQueryStringParameters = withValue(
			event.QueryStringParameters, event.MultiValueQueryStringParameters, f.bodyHashParam, body.sha256Hex())
	}
	return body
}

// withValue returns copies of an event's single-value and multi-value map in
// which name, in any case, has only the given value. If multi is nil, its copy
// has the values of single.
func withValue(
	single map[string]string, multi map[string][]string, name, value string,
) (map[string]string, map[string][]string) {
	all := make(map[string][]string, len(multi)+1)
	if multi == nil {
		for key, value := range single {
			all[key] = []string{value}
		}
	}
	maps.Copy(all, multi)
	maps.DeleteFunc(all, func(key string, _ []string) bool { return strings.EqualFold(key, name) })
	all[name] = []string{value}

	last := make(map[string]string, len(single)+1)
	maps.Copy(last, single)
	maps.DeleteFunc(last, func(key, _ string) bool { return strings.EqualFold(key, name) })
	last[name] = value
	return last, all
}
