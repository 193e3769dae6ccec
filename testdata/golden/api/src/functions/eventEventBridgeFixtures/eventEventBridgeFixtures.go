// Package eventeventbridgefixtures is a serverless function.
package eventeventbridgefixtures

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"
)

// payload is the detail of an event. Add its fields, such as
// ID string `json:"id"`.
type payload struct{}

// Handler handles events of Amazon EventBridge. If it fails, it may run again
// for the same event, so running it twice must do no harm.
func Handler(ctx context.Context, event events.EventBridgeEvent) error {
	slog.InfoContext(ctx, "event received",
		"function", "eventEventBridgeFixtures", "id", event.ID, "source", event.Source, "type", event.DetailType)

	var detail payload
	if err := json.Unmarshal(event.Detail, &detail); err != nil {
		return fmt.Errorf("decoding the detail of event %s: %w", event.ID, err)
	}

	// Replace this comment with what has to be done with the detail.
	return nil
}
