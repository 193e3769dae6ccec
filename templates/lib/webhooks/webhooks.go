// Package webhooks verifies that an event comes from who shares a secret with
// the function, and signs events as that sender does.
//
// A [Scheme] fixes how: which bytes are signed, with which algorithm, and how the
// signature is written. There is one for each of many providers, and some for senders of
// your own. Nothing that the sender sends can change it. An unset secret verifies nothing and
// signs nothing. Signatures are compared in constant time.
//
//	var Handler = fn.Chain(handle,
//		webhooks.Require(webhooks.Stripe, webhooks.Options{
//			SecretEnv: "STRIPE_WEBHOOK_SECRET",
//		}),
//	)
//
// [Once], behind Require, lets each message reach the handler once.
package webhooks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/templates/lib/fn"
)

// DefaultSignatureHeader is the header of the signature where neither
// Options.SignatureHeader nor the scheme names one.
const DefaultSignatureHeader = "RW-WEBHOOK-SIGNATURE"

// DefaultTolerance is how far a timestamp may be off where neither
// Options.Tolerance nor the scheme says it.
const DefaultTolerance = 5 * time.Minute

// Errors wrap one of these two, with a reason that is meant for the log and
// never for the sender. No reason contains a secret.
var (
	// ErrVerification says that an event or a signature does not verify.
	ErrVerification = errors.New("webhook not verified")

	// ErrSign says that something cannot be signed.
	ErrSign = errors.New("webhook not signed")
)

// Options are what a scheme needs to know. The zero value of each field has a
// default, save the secret, which one of Secret, SecretEnv and Secrets gives.
type Options struct {
	// Secret is the key that sender and receiver share, as the sender shows it and with no white
	// space around it. Where
	// the scheme's is a pair of keys, the private one signs and the public one verifies.
	Secret string

	// SecretEnv names the environment variable that has the secret. It is read
	// at each verification, when Secret is empty.
	SecretEnv string

	// Secrets are others that verify too, while one is rotated out. They never sign.
	Secrets []string

	// URL is the public address of the endpoint, where the scheme signs it: as it was given to
	// the sender, with its query. URLEnv names the environment variable that has it, read when
	// URL is empty. Without either it is https and the requestContext's domain, path and query:
	// where the sender signs a form's fields after it, what is in the one could then be moved to
	// the other.
	URL, URLEnv string

	// SignatureHeader is the header that has the signature, in any case, instead of the scheme's.
	SignatureHeader string

	// SignatureTransformer turns the header's value into what the scheme has in it, where
	// a sender wraps it in something of its own.
	SignatureTransformer func(string) string

	// Payload is what was signed, where that is not the event's body.
	Payload string

	// EventTimestamp is when the event happened, where its payload tells. It has to be within
	// Tolerance (or DefaultTolerance) of now, in the past or the future. In signing, it is
	// the scheme's timestamp, which is now where this is zero.
	EventTimestamp time.Time

	// Tolerance bounds how far a timestamp may be off. Zero is the scheme's, or DefaultTolerance.
	Tolerance time.Duration

	// Now is the clock, time.Now where it is nil.
	Now func() time.Time

	// Issuer is who has to have issued the token, where the scheme has one.
	Issuer string
}

// Require is middleware that answers 401 to events that do not verify and logs
// why. Handlers behind it can trust what the scheme signs, which is the payload mostly. What a
// provider asks of an endpoint before it sends events to it, Require answers itself.
// Options.Payload is not for it: what it verifies is the body that the handler gets.
func Require(scheme Scheme, options Options) fn.Middleware {
	options.Payload = ""
	return func(next fn.Handler) fn.Handler {
		return func(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
			v, err := verify(scheme, &event, &options)
			if err != nil {
				slog.WarnContext(ctx, "webhook refused", "path", event.Path, "reason", err)
				return fn.JSON(http.StatusUnauthorized, map[string]string{"message": "Unauthorized"})
			}
			if v.method.handshake != nil {
				if answer, ok, err := v.method.handshake(v); ok {
					slog.InfoContext(ctx, "webhook handshake answered", "path", event.Path)
					return answer, err
				}
			}
			return next(withMessage(ctx, v), event)
		}
	}
}

// VerifyEvent is nil for an event that was signed with one of the secrets, and wraps
// ErrVerification for any other.
func VerifyEvent(scheme Scheme, event events.APIGatewayProxyRequest, options Options) error {
	_, err := verify(scheme, &event, &options)
	return err
}

// VerifySignature is nil for a payload whose signature, as the header has it, was made with
// one of the secrets, and wraps ErrVerification for any other. A scheme that signs more of
// an event than that verifies by VerifyEvent alone.
func VerifySignature(scheme Scheme, payload, signature string, options Options) error {
	event := events.APIGatewayProxyRequest{Body: payload, Headers: map[string]string{}}
	options.Payload = ""
	if method, ok := methods[scheme]; ok {
		for _, way := range method.ways {
			for _, headers := range way.sets() {
				event.Headers[options.header(headers)] = signature
			}
		}
	}
	return VerifyEvent(scheme, event, options)
}

// SignPayload is the signature of a payload as its sender writes it in the
// header. It wraps ErrSign where the secret is unset, the scheme signs nothing, or it signs more
// than a payload: SignEvent signs by any scheme.
func SignPayload(scheme Scheme, payload string, options Options) (string, error) {
	method, ok := methods[scheme]
	if ok && len(method.ways) == 0 {
		return "", fmt.Errorf("%w: %s has no signature", ErrSign, scheme)
	}
	options.Payload = ""
	s, err := sign(scheme, events.APIGatewayProxyRequest{Body: payload}, &options)
	if err != nil {
		return "", err
	}
	if len(s.headers) > 1 || s.event.Body != payload || s.event.QueryStringParameters != nil {
		return "", fmt.Errorf("%w: %s signs more than the payload: use SignEvent", ErrSign, scheme)
	}
	return s.headers[0].value, nil
}

// SignEvent is the event as its sender would sign it: with its headers set, and what else of
// the event the scheme has the signature in. The event that it is given is not changed. A scheme
// without a signature leaves the event as it is; an unset secret wraps ErrSign.
func SignEvent(scheme Scheme, event events.APIGatewayProxyRequest, options Options) (events.APIGatewayProxyRequest, error) {
	if method, ok := methods[scheme]; ok && len(method.ways) == 0 {
		return event, nil
	}
	s, err := sign(scheme, event, &options)
	if err != nil {
		return event, err
	}
	signed := s.event
	for _, header := range s.headers {
		name := strings.ToLower(header.name)
		signed.Headers, signed.MultiValueHeaders = with(signed.Headers, signed.MultiValueHeaders, name, header.value)
	}
	return signed, nil
}

// Signer is SignEvent of a scheme and its options: what fntest.SignedWebhook takes.
func Signer(scheme Scheme, options Options) func(events.APIGatewayProxyRequest) (events.APIGatewayProxyRequest, error) {
	return func(event events.APIGatewayProxyRequest) (events.APIGatewayProxyRequest, error) {
		return SignEvent(scheme, event, options)
	}
}

// with are copies of an event's single-valued and multi-valued map in which name has the value, and no
// other spelling of it is left. Where there is no multi-valued one, it has what the other has.
func with(single map[string]string, multi map[string][]string, name, value string) (map[string]string, map[string][]string) {
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

// body is what was signed.
func (o *Options) body(event *events.APIGatewayProxyRequest) (part, error) {
	switch {
	case o.Payload != "":
		return part{text: o.Payload}, nil
	case !event.IsBase64Encoded:
		return part{text: event.Body}, nil
	}
	body, err := fn.Body(*event)
	return part{bytes: body}, err
}

// header is the name of the signature's header.
func (o *Options) header(h headers) string {
	switch {
	case o.SignatureHeader != "":
		return o.SignatureHeader
	case h.signature != "":
		return h.signature
	}
	return DefaultSignatureHeader
}

// secret is the one that signs.
func (o *Options) secret() string { return orEnv(o.Secret, o.SecretEnv) }

// url is the public address that is configured.
func (o *Options) url() string { return orEnv(o.URL, o.URLEnv) }

// orEnv is the value, or else that of an environment variable.
func orEnv(value, env string) string {
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

// fresh is nil for a time, in whole units, that is within the tolerance, which is the scheme's or the
// options' own.
func (o *Options) fresh(t time.Time, unit, tolerance time.Duration) error {
	if o.Tolerance > 0 {
		tolerance = o.Tolerance
	}
	if tolerance == 0 {
		tolerance = DefaultTolerance
	}
	if age := o.now().Truncate(unit).Sub(t).Abs(); age > tolerance {
		return fmt.Errorf("its timestamp is %s off, more than %s", age, tolerance)
	}
	return nil
}

// A key is one of the secrets, and how it is used.
type key struct {
	*way
	bytes []byte
}

// keys are those that verify. None is empty, and there is one at least. A secret that is malformed
// is an error, whatever others there are.
func (o *Options) keys(keys []key, m *method) ([]key, error) {
	for i := -1; i < len(o.Secrets); i++ {
		secret := o.secret()
		if i >= 0 {
			secret = o.Secrets[i]
		}
		k, err := m.key(secret)
		switch {
		case err == nil:
			keys = append(keys, k)
		case !errors.Is(err, errUnset):
			return nil, err
		}
	}
	if len(keys) == 0 {
		return nil, o.unset(errUnset)
	}
	// Where one signs, another that is merely sent along would be the way around it.
	if slices.ContainsFunc(keys, key.signs) {
		keys = slices.DeleteFunc(keys, key.isPlain)
	}
	return keys, nil
}

// key is a secret as a key.
func (m *method) key(secret string) (key, error) {
	if strings.Trim(secret, " \t\r\n\x00") == "" { // HMAC takes zeros for the empty key
		return key{}, errUnset
	}
	for i := range m.ways {
		w := &m.ways[i]
		if !strings.HasPrefix(secret, w.secret) && i < len(m.ways)-1 {
			continue
		}
		bytes, err := w.key(secret)
		if err == nil && len(bytes) == 0 {
			err = errors.New("the secret is empty")
		}
		return key{w, bytes}, err
	}
	return key{}, errors.New("the secret is of no kind that the scheme has")
}

// isPlain tells whether the key is merely sent along.
func (k key) isPlain() bool { return k.algorithm == plain{} }

func (k key) signs() bool { return !k.isPlain() }

var errUnset = errors.New("the secret is unset")

// unset says more of why there is no secret, where it is that there is none.
func (o *Options) unset(err error) error {
	if errors.Is(err, errUnset) && o.SecretEnv != "" {
		return fmt.Errorf("%w: %s is empty", err, o.SecretEnv)
	}
	return err
}

// A verified event.
type verified struct {
	message
	method *method
	event  *events.APIGatewayProxyRequest
	key    key // that the message was signed with
}

// verify wraps ErrVerification for an event that was signed with none of the secrets.
func verify(scheme Scheme, event *events.APIGatewayProxyRequest, o *Options) (verified, error) {
	refuse := func(err error) (verified, error) { return verified{}, fmt.Errorf("%w: %w", ErrVerification, err) }

	method, ok := methods[scheme]
	if !ok {
		return refuse(fmt.Errorf("unknown scheme %q", string(scheme)))
	}
	body, err := o.body(event)
	if err != nil {
		return refuse(err)
	}
	v := verified{method: method, event: event, message: message{body: body}}
	if len(method.ways) == 0 {
		return v, nil
	}
	if !o.EventTimestamp.IsZero() {
		if err := o.fresh(o.EventTimestamp, 0, 0); err != nil {
			return refuse(err)
		}
	}
	var one [1]key // which is what there mostly is
	keys, err := o.keys(one[:0], method)
	if err != nil {
		return refuse(err)
	}
	matched := false
	var reason error
	for _, k := range keys {
		// No early exit: the time taken does not tell which secret matched.
		m, err := k.verify(event, body, o)
		switch {
		case err == nil && !matched:
			v.message, v.key, matched = m, k, true
		case reason == nil:
			reason = err
		}
	}
	if !matched {
		return refuse(reason)
	}
	return v, nil
}
