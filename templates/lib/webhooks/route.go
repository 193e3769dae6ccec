package webhooks

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/templates/lib/fn"
)

// Route returns a handler that passes each event to the handler for its type,
// or to the handler "*" if there is none. Without that handler, Route responds
// with 200, so that the sender does not send the event again.
//
//	var Handler = fn.Chain(
//		webhooks.Route(webhooks.TypeField("type"), map[string]fn.Handler{
//			"invoice.paid":   fulfill,
//			"invoice.voided": cancel,
//		}),
//		webhooks.Require(webhooks.Stripe, webhooks.Options{
//			SecretEnv: "STRIPE_WEBHOOK_SECRET",
//		}),
//	)
func Route(
	eventType func(events.APIGatewayProxyRequest) string, handlers map[string]fn.Handler,
) fn.Handler {
	return func(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		name := eventType(event)
		handler, ok := handlers[name]
		if !ok {
			handler, ok = handlers["*"]
		}
		if !ok {
			slog.DebugContext(ctx, "webhook ignored", "path", event.Path, "type", name)
			return events.APIGatewayProxyResponse{StatusCode: http.StatusOK}, nil
		}
		return handler(ctx, event)
	}
}

// TypeHeader returns a function for Route that takes the type of an event from
// a header, such as X-GitHub-Event.
func TypeHeader(name string) func(events.APIGatewayProxyRequest) string {
	return func(event events.APIGatewayProxyRequest) string { return fn.Header(event, name) }
}

// TypeField returns a function for Route that takes the type of an event from a
// text field of the JSON body, such as type.
func TypeField(name string) func(events.APIGatewayProxyRequest) string {
	return func(event events.APIGatewayProxyRequest) string {
		var (
			fields map[string]json.RawMessage
			value  string
		)
		if body, err := fn.Body(event); err == nil && json.Unmarshal(body, &fields) == nil {
			_ = json.Unmarshal(fields[name], &value)
		}
		return value
	}
}
