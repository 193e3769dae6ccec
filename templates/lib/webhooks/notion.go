package webhooks

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"
)

// Notion signs the body: "sha256=" and its HMAC-SHA256 in hexadecimal. There is
// no timestamp. The message ID is in the body:
// https://developers.notion.com/reference/webhooks
//
// The secret is the verification token, which Notion sends when you create a
// subscription. As long as no secret is set, the token is logged, because there
// is no other way to see it. Paste it into Notion, and set the secret to it.
var Notion Scheme = notion{}

type notion struct{}

func (notion) String() string { return "notion" }

func (notion) verify(m message, secret string) error {
	signature, err := m.signature("X-Notion-Signature")
	if err != nil {
		return err
	}
	return match("sha256="+hex.EncodeToString(m.mac(sha256.New, []byte(secret), "")), signature)
}

func (notion) id(m *message) string {
	var event struct{ ID string }
	_ = json.Unmarshal(m.body(), &event)
	return cmp.Or(event.ID, m.contentID(""))
}

// challenge logs the verification token of a new subscription. Without a secret,
// events are rejected, so nobody can use the token yet.
func (notion) challenge(m *message) (events.APIGatewayProxyResponse, bool) {
	var request struct {
		Token string `json:"verification_token"`
	}
	_, err := m.options.secret()
	if err == nil || len(m.options.Secrets) > 0 || m.readBody() != nil ||
		json.Unmarshal(m.body(), &request) != nil || request.Token == "" || len(request.Token) > 256 {
		return events.APIGatewayProxyResponse{}, false
	}
	// The token is part of the text, because loggers hide values named token.
	const text = "Notion's verification token is %q: paste it into Notion, and set the secret to it"
	slog.WarnContext(m.ctx, fmt.Sprintf(text, request.Token))
	return events.APIGatewayProxyResponse{StatusCode: http.StatusOK}, true
}

func (notion) sign(d *draft, secret string) error {
	d.setSignature("X-Notion-Signature", "sha256="+hex.EncodeToString(hmacSum(sha256.New, []byte(secret), d.body)))
	return nil
}
