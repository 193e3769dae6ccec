package webhooks

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/templates/lib/fn"
)

// A handshake is what a provider asks of an endpoint before it sends events to it, and from time
// to time later. It answers an event that was verified, and is false for one that
// is meant for the handler.
type handshake func(v verified) (answer events.APIGatewayProxyResponse, ok bool, err error)

// slackHandshake repeats a challenge (https://docs.slack.dev/reference/events/url_verification),
// and says that a check of the certificate arrived.
func slackHandshake(v verified) (events.APIGatewayProxyResponse, bool, error) {
	if isForm(*v.event) {
		form, err := url.ParseQuery(string(v.body.data()))
		return events.APIGatewayProxyResponse{StatusCode: http.StatusOK}, err == nil && form.Get("ssl_check") == "1", nil
	}
	var asked struct{ Type, Challenge string }
	if json.Unmarshal(v.body.data(), &asked) != nil || asked.Type != "url_verification" {
		return events.APIGatewayProxyResponse{}, false, nil
	}
	answer, err := fn.JSON(http.StatusOK, map[string]string{"challenge": asked.Challenge})
	return answer, true, err
}

// zoomHandshake signs a token, at first and every 72 hours
// (https://developers.zoom.us/docs/api/webhooks/#validate-your-webhook-endpoint).
func zoomHandshake(v verified) (events.APIGatewayProxyResponse, bool, error) {
	var asked struct {
		Event   string
		Payload struct{ PlainToken string }
	}
	if json.Unmarshal(v.body.data(), &asked) != nil || asked.Event != "endpoint.url_validation" {
		return events.APIGatewayProxyResponse{}, false, nil
	}
	mac := hmac.New(sha256.New, v.key.bytes)
	mac.Write([]byte(asked.Payload.PlainToken))
	answer, err := fn.JSON(http.StatusOK, struct {
		PlainToken     string `json:"plainToken"`
		EncryptedToken string `json:"encryptedToken"`
	}{asked.Payload.PlainToken, hex.EncodeToString(mac.Sum(nil))})
	return answer, true, err
}

// discordHandshake answers PING, which is type 1 of an interaction
// (https://docs.discord.com/developers/interactions/overview), and type 0 of a webhook event, whose type 1
// is an event (https://docs.discord.com/developers/events/webhook-events).
func discordHandshake(v verified) (events.APIGatewayProxyResponse, bool, error) {
	var asked struct {
		Type  *int
		Event json.RawMessage
	}
	if json.Unmarshal(v.body.data(), &asked) != nil || asked.Type == nil {
		return events.APIGatewayProxyResponse{}, false, nil
	}
	switch {
	case *asked.Type == 0:
		return events.APIGatewayProxyResponse{
			StatusCode: http.StatusNoContent,
			Headers:    map[string]string{"Content-Type": "application/json"},
		}, true, nil
	case *asked.Type == 1 && asked.Event == nil:
		answer, err := fn.JSON(http.StatusOK, map[string]int{"type": 1})
		return answer, true, err
	}
	return events.APIGatewayProxyResponse{}, false, nil
}
