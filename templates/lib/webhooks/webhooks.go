// Package webhooks verifies the signatures of webhook events, and signs events
// as their senders do.
//
// A [Scheme] determines which bytes are signed, with which algorithm, and how
// the signature is encoded. Each provider has a file with its scheme. Nothing in
// a request can change the scheme. If the secret is not set, every event is
// rejected. Signatures are compared in constant time.
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
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/templates/lib/fn"
)

// DefaultSignatureHeader is the signature header of schemes for senders of your
// own if Options.SignatureHeader names no other.
const DefaultSignatureHeader = "RW-WEBHOOK-SIGNATURE"

// DefaultTolerance is the timestamp tolerance of most schemes.
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
	// Secret is the secret exactly as the sender displays it. Line breaks at its
	// end are ignored. For a scheme with a key pair, it is the private key to
	// sign and the public key to verify.
	Secret string

	// SecretEnv names the environment variable that contains the secret. If
	// Secret is empty, the variable is read for every event.
	SecretEnv string

	// Secrets are additional secrets to accept, for example while you rotate
	// them. They are never used to sign.
	Secrets []string

	// URL is the public URL that the sender calls, including the query, for
	// schemes that sign it. If it is only an origin, such as https://example.com,
	// the path and the query of the request are added. URLEnv names the
	// environment variable that contains the URL. It is read if URL is empty.
	URL, URLEnv string

	// VerifyToken is the text with which some providers check an endpoint before
	// they send events. VerifyTokenEnv names an environment variable for it.
	VerifyToken, VerifyTokenEnv string

	// SignatureHeader replaces the scheme's signature header. Case is ignored.
	SignatureHeader string

	// SignatureTransformer extracts the signature from a header that contains
	// more than the scheme expects. SignEvent cannot invert it, so a header that
	// is a valid signature by itself is accepted too.
	SignatureTransformer func(string) string

	// Payload is the signed text if it is not the event's body. Require ignores
	// it, because the handler gets the body.
	Payload string

	// EventTimestamp is when the event happened, if you know it from another
	// source. An event is rejected if it differs from the current time by more
	// than the tolerance. When you sign, it is the timestamp of the signature.
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
			m := &message{ctx: ctx, scheme: scheme, event: event, options: options}
			if c, ok := scheme.(challenger); ok {
				if response, ok := c.challenge(m); ok {
					slog.InfoContext(ctx, "webhook challenge answered", "path", event.Path)
					return response, nil
				}
			}
			if err := m.verify(); err != nil {
				slog.WarnContext(ctx, "webhook rejected", "path", event.Path, "reason", err)
				return fn.JSON(http.StatusUnauthorized, map[string]string{"message": "Unauthorized"})
			}
			if h, ok := scheme.(handshaker); ok {
				if response, ok, err := h.handshake(m); ok {
					slog.InfoContext(ctx, "webhook handshake completed", "path", event.Path)
					return response, err
				}
			}
			return next(context.WithValue(ctx, messageKey{}, m), event)
		}
	}
}

// VerifyEvent returns nil if event was signed with one of the secrets.
// Otherwise, its error wraps ErrVerification.
func VerifyEvent(scheme Scheme, event events.APIGatewayProxyRequest, options Options) error {
	m := &message{ctx: context.Background(), scheme: scheme, event: event, options: options}
	return m.verify()
}

// VerifySignature returns nil if signature, the value of the signature header,
// signs payload with one of the secrets. Otherwise, its error wraps
// ErrVerification. For a scheme that needs other headers or the query, use
// VerifyEvent.
func VerifySignature(scheme Scheme, payload, signature string, options Options) error {
	options.Payload = ""
	event := events.APIGatewayProxyRequest{Body: payload}
	m := &message{ctx: context.Background(), scheme: scheme, event: event, options: options, given: signature}
	return m.verify()
}

type messageKey struct{}

// MessageID returns the ID of the message that was verified, or "" if ctx does
// not contain a message. The ID stays the same when the sender retries. If the
// provider sends no ID, it is a hash of the signed content. Two messages with
// the same content then have the same ID, unless the content includes a
// timestamp.
func MessageID(ctx context.Context) string {
	if m, ok := ctx.Value(messageKey{}).(*message); ok {
		return m.scheme.id(m)
	}
	return ""
}

// SignPayload returns the value of the signature header for payload. Its error
// wraps ErrSign if the secret is not set, the scheme has no signature, or the
// scheme needs other headers or the query; in the last case, use SignEvent.
func SignPayload(scheme Scheme, payload string, options Options) (string, error) {
	options.Payload = ""
	d, err := sign(scheme, events.APIGatewayProxyRequest{Body: payload}, options)
	switch {
	case err != nil:
		return "", err
	case len(d.headers) > 1 || d.event.Body != payload || d.event.QueryStringParameters != nil:
		return "", fmt.Errorf("%w: %s signs more than the payload: use SignEvent", ErrSign, scheme)
	case len(d.headers) == 0:
		return "", fmt.Errorf("%w: %s has no signature", ErrSign, scheme)
	}
	return d.headers[0].value, nil
}

// SignEvent returns a copy of event that is signed as its sender would sign it.
// The copy has the signature headers and anything that the sender adds to the
// body or the query. For a scheme without a signature, SignEvent returns event
// unchanged. Its error wraps ErrSign, for example if the secret is not set.
func SignEvent(
	scheme Scheme, event events.APIGatewayProxyRequest, options Options,
) (events.APIGatewayProxyRequest, error) {
	d, err := sign(scheme, event, options)
	if err != nil {
		return event, err
	}
	for _, h := range d.headers {
		d.event.Headers, d.event.MultiValueHeaders = withValue(
			d.event.Headers, d.event.MultiValueHeaders, strings.ToLower(h.name), h.value)
	}
	return d.event, nil
}

// Signer returns a function that signs events with SignEvent, for
// fntest.SignedWebhook.
func Signer(scheme Scheme, options Options) func(events.APIGatewayProxyRequest) (events.APIGatewayProxyRequest, error) {
	return func(event events.APIGatewayProxyRequest) (events.APIGatewayProxyRequest, error) {
		return SignEvent(scheme, event, options)
	}
}
