package webhooks

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/templates/lib/fn"
)

// Slack signs events, interactions and slash commands: "v0=" and the
// HMAC-SHA256 in hexadecimal of "v0:", the timestamp in seconds, a colon and
// the body. The tolerance is 5 minutes. The ID of an event is in the body:
// https://docs.slack.dev/authentication/verifying-requests-from-slack
var Slack Scheme = slack{}

type slack struct{}

func (slack) String() string { return "slack" }

func (slack) verify(m message, secret string) error {
	signature, err := m.signature("X-Slack-Signature")
	if err != nil {
		return err
	}
	timestamp := m.header("X-Slack-Request-Timestamp")
	want := "v0=" + hex.EncodeToString(m.mac(sha256.New, []byte(secret), "v0:"+timestamp+":"))
	if err := match(want, signature); err != nil {
		return err
	}
	return m.checkTime(timestamp, time.Second, 5*time.Minute)
}

func (slack) id(m *message) string {
	var event struct {
		ID string `json:"event_id"`
	}
	_ = json.Unmarshal(m.body(), &event)
	return cmp.Or(event.ID, m.contentID(m.header("X-Slack-Request-Timestamp")+":"))
}

func (slack) sign(d *draft, secret string) error {
	signature := hmacSum(sha256.New, []byte(secret), "v0:"+d.timestamp(time.Second)+":"+d.body)
	d.setSignature("X-Slack-Signature", "v0="+hex.EncodeToString(signature))
	d.setHeader("X-Slack-Request-Timestamp", d.timestamp(time.Second))
	return nil
}

// handshake returns the challenge of a url_verification event
// (https://docs.slack.dev/reference/events/url_verification) and acknowledges
// checks of the TLS certificate.
func (slack) handshake(m *message) (events.APIGatewayProxyResponse, bool, error) {
	if form, err := fn.Form(m.event); err == nil {
		return events.APIGatewayProxyResponse{StatusCode: http.StatusOK}, form.Get("ssl_check") == "1", nil
	}
	var request struct{ Type, Challenge string }
	if json.Unmarshal(m.body(), &request) != nil || request.Type != "url_verification" {
		return events.APIGatewayProxyResponse{}, false, nil
	}
	response, err := fn.JSON(http.StatusOK, map[string]string{"challenge": request.Challenge})
	return response, true, err
}
