package webhooks

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/aws/aws-lambda-go/events"
)

// Graph is for change notifications of Microsoft Graph, which are not signed.
// The secret is the clientState that you give to the subscription, and every
// notification in the body has to repeat it. There is no timestamp, and no ID
// for a body with several notifications:
// https://learn.microsoft.com/graph/change-notifications-delivery-webhooks
var Graph Scheme = graph{}

type graph struct{}

func (graph) String() string { return "graph" }

type graphBody struct {
	Value []struct{ ID, ClientState string }
}

func (graph) verify(m message, secret string) error {
	var body graphBody
	if err := json.Unmarshal(m.body(), &body); err != nil {
		return err
	}
	if len(body.Value) == 0 {
		return errors.New("the body has no notifications")
	}
	for _, notification := range body.Value {
		if err := matchSecret(secret, notification.ClientState); err != nil {
			return errors.New("the clientState does not match")
		}
	}
	return nil
}

func (graph) id(m *message) string {
	var body graphBody
	if json.Unmarshal(m.body(), &body) == nil && len(body.Value) == 1 && body.Value[0].ID != "" {
		return body.Value[0].ID
	}
	return m.contentID("")
}

// challenge returns the token with which Graph validates a new subscription.
func (graph) challenge(m *message) (events.APIGatewayProxyResponse, bool) {
	token := m.parameter("validationToken")
	return textResponse(token), token != "" && m.event.HTTPMethod == http.MethodPost
}

func (graph) sign(d *draft, secret string) error {
	var body map[string]any
	if err := json.Unmarshal([]byte(d.body), &body); err != nil {
		return err
	}
	notifications, _ := body["value"].([]any)
	for _, item := range notifications {
		if notification, ok := item.(map[string]any); ok {
			notification["clientState"] = secret
		}
	}
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	d.setBody(string(text))
	return nil
}
