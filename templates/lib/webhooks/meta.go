package webhooks

import (
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"
)

// Meta is for Facebook, Instagram, Messenger, Threads and WhatsApp. It signs the
// body with the app secret: "sha256=" and its HMAC-SHA256 in hexadecimal. There
// is neither a timestamp nor a message ID. The app's verify token is in
// Options.VerifyToken:
// https://developers.facebook.com/docs/graph-api/webhooks/getting-started
var Meta Scheme = meta{}

type meta struct{}

func (meta) String() string { return "meta" }

func (meta) verify(m message, secret string) error {
	signature, err := m.signature("X-Hub-Signature-256")
	if err != nil {
		return err
	}
	return match("sha256="+hex.EncodeToString(m.mac(sha256.New, []byte(secret), "")), signature)
}

func (meta) id(m *message) string { return m.contentID("") }

// challenge returns the text with which Meta checks an endpoint, if Meta knows
// the verify token.
func (meta) challenge(m *message) (events.APIGatewayProxyResponse, bool) {
	if m.event.HTTPMethod != http.MethodGet || m.parameter("hub.mode") != "subscribe" {
		return events.APIGatewayProxyResponse{}, false
	}
	token := trimSecret(valueOrEnv(m.options.VerifyToken, m.options.VerifyTokenEnv))
	if token == "" || match(token, m.parameter("hub.verify_token")) != nil {
		slog.WarnContext(m.ctx, "Meta sent another verify token than that of the options")
		return events.APIGatewayProxyResponse{}, false
	}
	return textResponse(m.parameter("hub.challenge")), true
}

func (meta) sign(d *draft, secret string) error {
	d.setSignature("X-Hub-Signature-256", "sha256="+hex.EncodeToString(hmacSum(sha256.New, []byte(secret), d.body)))
	return nil
}
