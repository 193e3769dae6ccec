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

// A handshake responds to the request with which a provider checks that you own
// an endpoint. It is called after the signature was verified. It returns false
// if the event is meant for the handler.
type handshake func(v verifiedEvent) (response events.APIGatewayProxyResponse, ok bool, err error)

// slackHandshake returns the challenge of a url_verification event
// (https://docs.slack.dev/reference/events/url_verification) and acknowledges
// checks of the TLS certificate.
func slackHandshake(v verifiedEvent) (events.APIGatewayProxyResponse, bool, error) {
	if isForm(*v.event) {
		form, err := url.ParseQuery(string(v.body.data()))
		certificateCheck := err == nil && form.Get("ssl_check") == "1"
		return events.APIGatewayProxyResponse{StatusCode: http.StatusOK}, certificateCheck, nil
	}
	var request struct{ Type, Challenge string }
	if json.Unmarshal(v.body.data(), &request) != nil || request.Type != "url_verification" {
		return events.APIGatewayProxyResponse{}, false, nil
	}
	response, err := fn.JSON(http.StatusOK, map[string]string{"challenge": request.Challenge})
	return response, true, err
}

// zoomHandshake signs the token of an endpoint.url_validation event, which Zoom
// sends when you add an endpoint and every 72 hours
// (https://developers.zoom.us/docs/api/webhooks/#validate-your-webhook-endpoint).
func zoomHandshake(v verifiedEvent) (events.APIGatewayProxyResponse, bool, error) {
	var request struct {
		Event   string
		Payload struct{ PlainToken string }
	}
	if json.Unmarshal(v.body.data(), &request) != nil || request.Event != "endpoint.url_validation" {
		return events.APIGatewayProxyResponse{}, false, nil
	}
	mac := hmac.New(sha256.New, v.key.bytes)
	mac.Write([]byte(request.Payload.PlainToken))
	response, err := fn.JSON(http.StatusOK, struct {
		PlainToken     string `json:"plainToken"`
		EncryptedToken string `json:"encryptedToken"`
	}{request.Payload.PlainToken, hex.EncodeToString(mac.Sum(nil))})
	return response, true, err
}

// discordHandshake responds to PING. For interactions, PING is type 1
// (https://docs.discord.com/developers/interactions/overview). For webhook
// events, PING is type 0 and type 1 is an event
// (https://docs.discord.com/developers/events/webhook-events).
func discordHandshake(v verifiedEvent) (events.APIGatewayProxyResponse, bool, error) {
	var request struct {
		Type  *int
		Event json.RawMessage
	}
	if json.Unmarshal(v.body.data(), &request) != nil || request.Type == nil {
		return events.APIGatewayProxyResponse{}, false, nil
	}
	switch {
	case *request.Type == 0:
		return events.APIGatewayProxyResponse{
			StatusCode: http.StatusNoContent,
			Headers:    map[string]string{"Content-Type": "application/json"},
		}, true, nil
	case *request.Type == 1 && request.Event == nil:
		response, err := fn.JSON(http.StatusOK, map[string]int{"type": 1})
		return response, true, err
	}
	return events.APIGatewayProxyResponse{}, false, nil
}
