// Package webhooks verifies the signatures of webhook events, and signs events
// as their senders do.
//
// A [Scheme] determines which bytes are signed, with which algorithm, and how
// the signature is encoded. There are schemes for many providers and for
// senders of your own. Nothing in a request can change the scheme. If the
// secret is not set, every event is rejected. Signatures are compared in
// constant time.
//
//	var Handler = fn.Chain(handle,
//		webhooks.Require(webhooks.Stripe, webhooks.Options{
//			SecretEnv: "STRIPE_WEBHOOK_SECRET",
//		}),
//	)
//
// Add [Once] after Require to handle each message only once.
package webhooks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/templates/lib/fn"
)

// DefaultSignatureHeader is the signature header if neither the scheme nor
// Options.SignatureHeader names one.
const DefaultSignatureHeader = "RW-WEBHOOK-SIGNATURE"

// DefaultTolerance is the timestamp tolerance if neither the scheme nor
// Options.Tolerance sets one.
const DefaultTolerance = 5 * time.Minute

// Errors that wrap one of these are meant for the log, not for the sender. They
// never contain a secret.
var (
	// ErrVerification means that the event or its signature is not valid.
	ErrVerification = errors.New("webhook verification failed")

	// ErrSign means that the event cannot be signed.
	ErrSign = errors.New("webhook signing failed")
)

// Options configure a scheme. One of Secret, SecretEnv and Secrets is required;
// the other fields are optional.
type Options struct {
	// Secret is the secret exactly as the sender displays it, without
	// surrounding white space. For a scheme with a key pair, it is the private
	// key to sign and the public key to verify.
	Secret string

	// SecretEnv names the environment variable that contains the secret. If
	// Secret is empty, the variable is read for every event.
	SecretEnv string

	// Secrets are additional secrets to accept, for example while you rotate
	// them. They are never used to sign.
	Secrets []string

	// URL is the public URL of the endpoint exactly as the sender knows it,
	// including the query. Only schemes that sign the URL need it. URLEnv names
	// the environment variable that contains the URL. It is read if URL is
	// empty.
	//
	// If neither is set, the URL comes from the request context and the query.
	// Do not rely on that if the sender signs form fields after the URL: an
	// attacker could move a field from the form to the query.
	URL, URLEnv string

	// SignatureHeader replaces the scheme's signature header. Case is ignored.
	SignatureHeader string

	// SignatureTransformer extracts the signature from a header that contains
	// more than the scheme expects.
	SignatureTransformer func(string) string

	// Payload is the signed text if it is not the event's body. Require ignores
	// it, because the handler gets the body.
	Payload string

	// EventTimestamp is when the event happened, if you know it from another
	// source. An event is rejected if this time differs from the current time by
	// more than Tolerance or, if that is zero, DefaultTolerance. When you sign,
	// it is the timestamp of the signature; zero means now.
	EventTimestamp time.Time

	// Tolerance is the largest accepted difference between a timestamp and the
	// current time, in either direction. Zero means the scheme's tolerance.
	Tolerance time.Duration

	// Now returns the current time. It defaults to time.Now.
	Now func() time.Time

	// Issuer is the required issuer (iss) of a JSON Web Token.
	Issuer string
}

// Require returns middleware that responds with 401 to events that fail
// verification, and logs the reason. A handler after it can trust the content
// that the scheme signs, which is usually the body. Require also responds to
// the handshakes of providers, so they do not reach the handler.
func Require(scheme Scheme, options Options) fn.Middleware {
	options.Payload = "" // verify the body that the handler gets
	return func(next fn.Handler) fn.Handler {
		return func(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
			v, err := verify(scheme, &event, &options)
			if err != nil {
				slog.WarnContext(ctx, "webhook rejected", "path", event.Path, "reason", err)
				return fn.JSON(http.StatusUnauthorized, map[string]string{"message": "Unauthorized"})
			}
			if v.definition.handshake != nil {
				if response, ok, err := v.definition.handshake(v); ok {
					slog.InfoContext(ctx, "webhook handshake completed", "path", event.Path)
					return response, err
				}
			}
			return next(withMessage(ctx, v), event)
		}
	}
}

// VerifyEvent returns nil if event was signed with one of the secrets.
// Otherwise, its error wraps ErrVerification.
func VerifyEvent(scheme Scheme, event events.APIGatewayProxyRequest, options Options) error {
	_, err := verify(scheme, &event, &options)
	return err
}

// VerifySignature returns nil if signature, the value of the signature header,
// signs payload with one of the secrets. Otherwise, its error wraps
// ErrVerification. For a scheme that needs other headers or the query, use
// VerifyEvent.
func VerifySignature(scheme Scheme, payload, signature string, options Options) error {
	event := events.APIGatewayProxyRequest{Body: payload, Headers: map[string]string{}}
	options.Payload = ""
	if definition, ok := definitions[scheme]; ok {
		for _, format := range definition.formats {
			for _, names := range format.headerSets() {
				event.Headers[options.header(names)] = signature
			}
		}
	}
	return VerifyEvent(scheme, event, options)
}

// SignPayload returns the value of the signature header for payload. Its error
// wraps ErrSign if the secret is not set, the scheme has no signature, or the
// scheme needs other headers or the query; in the last case, use SignEvent.
func SignPayload(scheme Scheme, payload string, options Options) (string, error) {
	definition, ok := definitions[scheme]
	if ok && len(definition.formats) == 0 {
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

// SignEvent returns a copy of event that is signed as its sender would sign it.
// The copy has the signature headers and anything that the sender adds to the
// body or the query. For a scheme without a signature, SignEvent returns event
// unchanged. Its error wraps ErrSign, for example if the secret is not set.
func SignEvent(
	scheme Scheme, event events.APIGatewayProxyRequest, options Options,
) (events.APIGatewayProxyRequest, error) {
	if definition, ok := definitions[scheme]; ok && len(definition.formats) == 0 {
		return event, nil
	}
	s, err := sign(scheme, event, &options)
	if err != nil {
		return event, err
	}
	signed := s.event
	for _, header := range s.headers {
		name := strings.ToLower(header.name)
		signed.Headers, signed.MultiValueHeaders =
			withValue(signed.Headers, signed.MultiValueHeaders, name, header.value)
	}
	return signed, nil
}

// Signer returns a function that signs events with SignEvent, for
// fntest.SignedWebhook.
func Signer(scheme Scheme, options Options) func(events.APIGatewayProxyRequest) (events.APIGatewayProxyRequest, error) {
	return func(event events.APIGatewayProxyRequest) (events.APIGatewayProxyRequest, error) {
		return SignEvent(scheme, event, options)
	}
}

// body returns the body that is signed.
func (o *Options) body(event *events.APIGatewayProxyRequest) (segment, error) {
	switch {
	case o.Payload != "":
		return segment{text: o.Payload}, nil
	case !event.IsBase64Encoded:
		return segment{text: event.Body}, nil
	}
	body, err := fn.Body(*event)
	return segment{bytes: body}, err
}

// header returns the name of the signature header.
func (o *Options) header(names headerNames) string {
	switch {
	case o.SignatureHeader != "":
		return o.SignatureHeader
	case names.signature != "":
		return names.signature
	}
	return DefaultSignatureHeader
}

// secret returns the secret to sign with, which also verifies.
func (o *Options) secret() string { return valueOrEnv(o.Secret, o.SecretEnv) }

// url returns the configured public URL.
func (o *Options) url() string { return valueOrEnv(o.URL, o.URLEnv) }

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
