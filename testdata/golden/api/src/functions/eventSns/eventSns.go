// Package eventsns is a serverless function.
package eventsns

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"
)

// payload is the JSON text of a message. Add its fields, such as
// ID string `json:"id"`.
type payload struct{}

// Handler handles messages of an SNS topic. If it fails, it may run again for
// the same message, so running it twice must do no harm.
func Handler(ctx context.Context, event events.SNSEvent) error {
	for _, record := range event.Records {
		slog.InfoContext(ctx, "message received", "function", "eventSns", "id", record.SNS.MessageID)

		var message payload
		if err := json.Unmarshal([]byte(record.SNS.Message), &message); err != nil {
			return fmt.Errorf("decoding message %s: %w", record.SNS.MessageID, err)
		}

		// Replace this comment with what has to be done with the message.
	}
	return nil
}
