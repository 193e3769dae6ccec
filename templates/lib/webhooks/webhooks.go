// Package webhooks verifies that an event comes from who shares a secret with
// the function, and signs events as that sender does.
//
// A [Scheme] fixes how: which bytes are signed, with which algorithm, and how the
// signature is written. Nothing that the sender sends can change it. An unset
// secret verifies nothing and signs nothing. Signatures are compared in constant time.
//
//	var Handler = fn.Chain(handle,
//		webhooks.Require(webhooks.SHA256, webhooks.Options{
//			SignatureHeader: "X-Webhook-Signature",
//			SecretEnv:       "UPDATE_ORDER_STATUS_WEBHOOK_SECRET",
//		}),
//	)
package webhooks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/templates/lib/fn"
)

// DefaultSignatureHeader is the header of the signature where
// Options.SignatureHeader is empty.
const DefaultSignatureHeader = "RW-WEBHOOK-SIGNATURE"

// DefaultTolerance is how far an event's timestamp may be off where
// Options.Tolerance is zero.
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
	// Secret is the key that sender and receiver share.
	Secret string

	// SecretEnv names the environment variable that has the secret. It is read
	// at each verification, when Secret is empty.
	SecretEnv string

	// Secrets are others that verify too, while one is rotated out. They never sign.
	Secrets []string

	// SignatureHeader is the header that has the signature, in any case.
	SignatureHeader string

	// SignatureTransformer turns the header's value into the signature, where
	// a sender wraps it in something of its own.
	SignatureTransformer func(string) string

	// Payload is what was signed, where that is not the event's body.
	Payload string

	// EventTimestamp is when the event happened, where its payload tells. It
	// has to be within the Tolerance of now, in the past or the future.
	EventTimestamp time.Time

	// Tolerance bounds the age of a timestamp. Zero is DefaultTolerance.
	Tolerance time.Duration

	// Now is the clock, time.Now where it is nil.
	Now func() time.Time
}

// Require is middleware that answers 401 to events that do not verify and logs
// why. Handlers behind it can trust the payload.
func Require(scheme Scheme, options Options) fn.Middleware {
	return func(next fn.Handler) fn.Handler {
		return func(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
			if err := VerifyEvent(scheme, event, options); err != nil {
				slog.WarnContext(ctx, "webhook refused", "path", event.Path, "reason", err)
				return fn.JSON(http.StatusUnauthorized, map[string]string{"message": "Unauthorized"})
			}
			return next(ctx, event)
		}
	}
}

// VerifyEvent is nil for an event that was signed with one of the secrets, and wraps
// ErrVerification for any other.
func VerifyEvent(scheme Scheme, event events.APIGatewayProxyRequest, options Options) error {
	payload, err := options.payload(event)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrVerification, err)
	}
	return VerifySignature(scheme, payload, fn.Header(event, options.header()), options)
}

// VerifySignature is nil for a payload whose signature was made with one of the secrets,
// and wraps ErrVerification for any other.
func VerifySignature(scheme Scheme, payload, signature string, options Options) error {
	method, ok := scheme.method()
	if !ok {
		return fmt.Errorf("%w: unknown scheme %q", ErrVerification, string(scheme))
	}
	if method.open {
		return nil
	}
	if err := options.fresh(); err != nil {
		return err
	}
	keys := options.keys(method)
	if len(keys) == 0 {
		return fmt.Errorf("%w: %s", ErrVerification, options.unset())
	}
	if options.SignatureTransformer != nil {
		signature = options.SignatureTransformer(signature)
	}
	if signature == "" {
		return fmt.Errorf("%w: no signature in the header %s", ErrVerification, options.header())
	}

	matched := false
	for _, key := range keys {
		// No early exit: the time taken does not tell which secret matched.
		matched = method.verifies(payload, signature, key) || matched
	}
	if !matched {
		return fmt.Errorf("%w: the signature does not match", ErrVerification)
	}
	return nil
}

// SignPayload is the signature of a payload as its sender writes it in the
// header. It wraps ErrSign where the secret is unset or the scheme signs nothing.
func SignPayload(scheme Scheme, payload string, options Options) (string, error) {
	method, ok := scheme.method()
	if !ok {
		return "", fmt.Errorf("%w: unknown scheme %q", ErrSign, string(scheme))
	}
	if method.open {
		return "", fmt.Errorf("%w: %s has no signature", ErrSign, scheme)
	}
	key := method.key(options.secret())
	if len(key) == 0 {
		return "", fmt.Errorf("%w: %s", ErrSign, options.unset())
	}
	return method.sign(payload, key), nil
}

// SignEvent is the event with the header set that its sender would set. The
// event that it is given is not changed. A scheme without a signature leaves
// the event as it is; an unset secret wraps ErrSign.
func SignEvent(scheme Scheme, event events.APIGatewayProxyRequest, options Options) (events.APIGatewayProxyRequest, error) {
	if method, ok := scheme.method(); ok && method.open {
		return event, nil
	}
	payload, err := options.payload(event)
	if err != nil {
		return event, fmt.Errorf("%w: %w", ErrSign, err)
	}
	signature, err := SignPayload(scheme, payload, options)
	if err != nil {
		return event, err
	}
	event.Headers = with(event.Headers, options.header(), signature)
	event.MultiValueHeaders = with(event.MultiValueHeaders, options.header(), []string{signature})
	return event, nil
}

// Signer is SignEvent of a scheme and its options: what fntest.SignedWebhook takes.
func Signer(scheme Scheme, options Options) func(events.APIGatewayProxyRequest) (events.APIGatewayProxyRequest, error) {
	return func(event events.APIGatewayProxyRequest) (events.APIGatewayProxyRequest, error) {
		return SignEvent(scheme, event, options)
	}
}

// with is a copy of the headers in which name, in lower case, has the value
// and no other spelling of it is left.
func with[V any](headers map[string]V, name string, value V) map[string]V {
	signed := make(map[string]V, len(headers)+1)
	maps.Copy(signed, headers)
	maps.DeleteFunc(signed, func(key string, _ V) bool { return strings.EqualFold(key, name) })
	signed[strings.ToLower(name)] = value
	return signed
}

// payload is what was signed.
func (o Options) payload(event events.APIGatewayProxyRequest) (string, error) {
	if o.Payload != "" {
		return o.Payload, nil
	}
	body, err := fn.Body(event)
	return string(body), err
}

func (o Options) header() string {
	if o.SignatureHeader != "" {
		return o.SignatureHeader
	}
	return DefaultSignatureHeader
}

// secret is the one that signs.
func (o Options) secret() string {
	if o.Secret == "" && o.SecretEnv != "" {
		return os.Getenv(o.SecretEnv)
	}
	return o.Secret
}

// keys are what verifies: none that is empty.
func (o Options) keys(m method) [][]byte {
	var keys [][]byte
	for _, secret := range append([]string{o.secret()}, o.Secrets...) {
		if key := m.key(secret); len(key) > 0 {
			keys = append(keys, key)
		}
	}
	return keys
}

// unset says which secret is missing.
func (o Options) unset() string {
	if o.secret() != "" {
		return "the secret has no base64 in it"
	}
	if o.SecretEnv != "" {
		return "the secret is unset: " + o.SecretEnv + " is empty"
	}
	return "the secret is unset"
}

// fresh checks the event's timestamp, where one is given.
func (o Options) fresh() error {
	if o.EventTimestamp.IsZero() {
		return nil
	}
	now, tolerance := time.Now, DefaultTolerance
	if o.Now != nil {
		now = o.Now
	}
	if o.Tolerance > 0 {
		tolerance = o.Tolerance
	}
	if age := now().Sub(o.EventTimestamp).Abs(); age > tolerance {
		return fmt.Errorf("%w: its timestamp is %s off, more than %s", ErrVerification, age, tolerance)
	}
	return nil
}
