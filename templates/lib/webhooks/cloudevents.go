package webhooks

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// CloudEvents is for senders of CloudEvents such as Azure Event Grid, which do
// not sign them. The secret is an access token, in the header "Authorization:
// Bearer TOKEN" or in the query parameter access_token. It does not protect the
// body. There is no timestamp. The ID of an event is unique for its source:
// https://github.com/cloudevents/spec/blob/main/cloudevents/http-webhook.md
var CloudEvents Scheme = cloudEvents{}

type cloudEvents struct{}

func (cloudEvents) String() string { return "cloudevents" }

func (cloudEvents) verify(m message, secret string) error {
	header, err := m.signature("Authorization")
	if err != nil {
		token := m.event.QueryStringParameters["access_token"]
		for _, token = range m.event.MultiValueQueryStringParameters["access_token"] {
		}
		if token == "" {
			return err
		}
		return matchSecret(secret, token)
	}
	token, ok := strings.CutPrefix(header, "Bearer ")
	if !ok {
		return errMismatch
	}
	return matchSecret(secret, token)
}

func (cloudEvents) id(m *message) string {
	event := struct{ Source, ID string }{m.header("Ce-Source"), m.header("Ce-Id")}
	if event.ID == "" { // the body has the attributes too
		_ = json.Unmarshal(m.body(), &event)
	}
	if event.ID == "" {
		return m.contentID("")
	}
	return event.Source + " " + event.ID
}

// challenge permits a sender to send events. It grants nothing else: events
// without the token are rejected.
func (cloudEvents) challenge(m *message) (events.APIGatewayProxyResponse, bool) {
	origin := m.header("WebHook-Request-Origin")
	if m.event.HTTPMethod != http.MethodOptions || origin == "" || len(origin) > 255 ||
		strings.Trim(strings.ToLower(origin), "abcdefghijklmnopqrstuvwxyz0123456789.-:") != "" {
		return events.APIGatewayProxyResponse{}, false
	}
	return events.APIGatewayProxyResponse{
		StatusCode: http.StatusOK,
		Headers: map[string]string{
			"Allow":                  "POST",
			"WebHook-Allowed-Origin": origin,
			"WebHook-Allowed-Rate":   "*",
		},
	}, true
}

func (cloudEvents) sign(d *draft, secret string) error {
	d.setSignature("Authorization", "Bearer "+secret)
	return nil
}
