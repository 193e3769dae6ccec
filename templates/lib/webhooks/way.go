package webhooks

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/templates/lib/fn"
)

// maxItems bounds the items of a signature's header. Svix sends eleven at the most.
const maxItems = 32

// A message is what is signed, and what signs it.
type message struct {
	body            part
	id, stamp, form string
	url, otherURL   string // the ways in which the sender may have written its address
	signatures      []string
}

// verify finds the message that a key signed in an event.
func (k key) verify(event *events.APIGatewayProxyRequest, body part, o *Options) (message, error) {
	m, err := k.read(event, body, o)
	if err != nil {
		return m, err
	}
	err = k.algorithm.verify(k.bytes, k.fill(&m), m.signatures, *o)
	if err != nil && m.otherURL != "" {
		m.url = m.otherURL
		err = k.algorithm.verify(k.bytes, k.fill(&m), m.signatures, *o)
	}
	if err != nil || !k.stamped() {
		return m, err
	}
	if k.stampField != "" {
		m.stamp = jsonField(body.data(), k.stampField)
	}
	t, unit, err := k.time(m.stamp)
	if err != nil {
		return m, err
	}
	return m, o.fresh(t, unit, k.tolerance)
}

// read is the message in an event.
func (w *way) read(event *events.APIGatewayProxyRequest, body part, o *Options) (m message, err error) {
	m.body = body
	var value string // of the signature's header
	for _, names := range w.sets() {
		m.id, m.stamp, value, err = names.read(event, o)
		if err == nil {
			break
		}
	}
	if err != nil {
		return m, err
	}
	if strings.Contains(w.content, "{id}.") && strings.Contains(m.id, ".") {
		return m, errors.New("its id has a dot in it, which is what ends it")
	}

	items := []string{value}
	if w.separator != "" {
		items = strings.SplitN(value, w.separator, maxItems+1)
		if len(items) > maxItems {
			return m, errors.New("the signature's header has too many items")
		}
	}
	m.signatures = items[:0]
	for _, item := range items {
		if s, ok := strings.CutPrefix(item, w.mark); ok {
			m.signatures = append(m.signatures, s)
		} else if s, ok := strings.CutPrefix(item, w.stampMark); ok && w.stampMark != "" {
			m.stamp = s
		}
	}
	if len(m.signatures) == 0 {
		return m, fmt.Errorf("no signature in the header %s starts with %s", o.header(w.sets()[0]), w.mark)
	}
	if m.form, err = w.form(event, body); err != nil {
		return m, err
	}
	m.url, m.otherURL, err = w.urls(event, o)
	return m, err
}

// sets are the sets of headers, of which there is one at least.
func (w *way) sets() []headers {
	if len(w.headers) == 0 {
		return []headers{{}}
	}
	return w.headers
}

// read finds what a set of headers says, which has to be there whole.
func (h headers) read(event *events.APIGatewayProxyRequest, o *Options) (id, stamp, signature string, err error) {
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
			return "", "", "", fmt.Errorf("no id in the header %s", h.id)
		}
	}
	if h.stamp != "" {
		if stamp = fn.Header(*event, h.stamp); stamp == "" {
			return "", "", "", fmt.Errorf("no timestamp in the header %s", h.stamp)
		}
	}
	return id, stamp, signature, nil
}

// stamped tells whether a message has a timestamp.
func (w *way) stamped() bool {
	return w.stampField != "" || strings.Contains(w.content, "{stamp}")
}

// time is what a timestamp says, and the unit that it is in.
func (w *way) time(stamp string) (t time.Time, unit time.Duration, err error) {
	n, err := strconv.ParseUint(stamp, 10, 63)
	if err != nil || n > math.MaxInt64/1000 {
		return t, 0, errors.New("its timestamp is no time")
	}
	unit = w.unit
	if unit == 0 {
		unit = time.Millisecond
		if n < 1e11 { // in seconds until the year 5138, in milliseconds until 1973
			unit = time.Second
		}
	}
	if unit == time.Second {
		return time.Unix(int64(n), 0), unit, nil
	}
	return time.UnixMilli(int64(n)), unit, nil
}

// stamp is a time as the sender writes it.
func (w *way) stamp(t time.Time) string {
	if w.unit == time.Second {
		return strconv.FormatInt(t.Unix(), 10)
	}
	return strconv.FormatInt(t.UnixMilli(), 10)
}

// A signing is what a sender adds to an event.
type signing struct {
	event   events.APIGatewayProxyRequest // with what is not in headers
	headers []header                      // the signature's first
}

type header struct{ name, value string }

// sign signs an event of its own. It wraps ErrSign.
func sign(scheme Scheme, event events.APIGatewayProxyRequest, o *Options) (signing, error) {
	refuse := func(err error) (signing, error) { return signing{}, fmt.Errorf("%w: %w", ErrSign, err) }

	method, ok := methods[scheme]
	if !ok {
		return refuse(fmt.Errorf("unknown scheme %q", string(scheme)))
	}
	k, err := method.key(o.secret())
	if err != nil {
		return refuse(o.unset(err))
	}

	body, err := o.body(&event)
	if err != nil {
		return refuse(err)
	}
	at := o.EventTimestamp
	if at.IsZero() {
		at = o.now()
	}
	names := k.sets()[0]
	m := message{stamp: k.stamp(at), id: fn.Header(event, names.id)}
	if names.id != "" && m.id == "" {
		m.id = newID()
	}
	body = k.prepare(&event, body, m.stamp)
	m.body = body
	if m.form, err = k.form(&event, body); err != nil {
		return refuse(err)
	}
	if m.url, _, err = k.urls(&event, o); err != nil {
		return refuse(err)
	}
	signature, err := k.algorithm.sign(k.bytes, k.fill(&m), *o)
	if err != nil {
		return refuse(err)
	}
	value := k.mark + signature
	if k.stampMark != "" {
		value = k.stampMark + m.stamp + k.separator + value
	}
	s := signing{event, []header{{o.header(names), value}}}
	if names.id != "" {
		s.headers = append(s.headers, header{names.id, m.id})
	}
	if names.stamp != "" {
		s.headers = append(s.headers, header{names.stamp, m.stamp})
	}
	return s, nil
}

// newID is the id of a new message.
func newID() string {
	var random [16]byte
	if _, err := rand.Read(random[:]); err != nil {
		panic(err) // no system that Go runs on lets it come to that
	}
	return "msg_" + hex.EncodeToString(random[:])
}

// prepare adds to an event what its sender has in it besides headers. The result is its body.
func (w *way) prepare(event *events.APIGatewayProxyRequest, body part, stamp string) part {
	if w.stampField != "" && jsonField(body.data(), w.stampField) == "" {
		if stamped, ok := withField(body.data(), w.stampField, stamp); ok {
			body, event.Body = part{text: stamped}, stamped
			if event.IsBase64Encoded {
				event.Body = base64.StdEncoding.EncodeToString([]byte(stamped))
			}
		}
	}
	if w.hashQuery != "" && !body.empty() && !isForm(*event) {
		hash := content{body}.sum()
		event.QueryStringParameters, event.MultiValueQueryStringParameters =
			with(event.QueryStringParameters, event.MultiValueQueryStringParameters, w.hashQuery, hash)
	}
	return body
}

// jsonField is a field of a JSON object, or "" where it has none that is a scalar.
func jsonField(object []byte, name string) string {
	var fields map[string]scalar
	if !bytes.Contains(object, []byte(name)) || json.Unmarshal(object, &fields) != nil {
		return ""
	}
	return string(fields[name])
}

// A scalar is the text of a JSON string, or the digits of a number, and "" for anything else. What
// is too long for an id or a time is not copied.
type scalar string

// UnmarshalJSON is as encoding/json has it.
func (s *scalar) UnmarshalJSON(value []byte) error {
	if len(value) > 1024 {
		return nil
	}
	switch c := value[0]; {
	case c == '"':
		return json.Unmarshal(value, (*string)(s))
	case c == '-' || '0' <= c && c <= '9':
		*s = scalar(value)
	}
	return nil
}

// withField is a JSON object with a number for its last field.
func withField(object []byte, name, number string) (string, bool) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(object, &fields) != nil || fields == nil {
		return "", false
	}
	comma := ","
	if len(fields) == 0 {
		comma = ""
	}
	end := bytes.LastIndexByte(object, '}')
	return string(object[:end]) + comma + strconv.Quote(name) + ":" + number + "}", true
}
