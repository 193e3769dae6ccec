// Package eventdynamodbfixtures is a serverless function.
package eventdynamodbfixtures

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/stream"
)

// Handler calls handle for each change of a DynamoDB table, in order. If one
// fails, Handler stops and reports it, so that the changes from there on are
// sent again. A change fails if handle returns an error or panics, or if time
// runs out.
var Handler = stream.DynamoDB(handle)

// handle handles one change. A change may be sent more than once, so handling it
// twice must do no harm.
func handle(ctx context.Context, record events.DynamoDBEventRecord) error {
	slog.InfoContext(ctx, "change received",
		"function", "eventDynamoDbFixtures", "event", record.EventName, "sequence", record.Change.SequenceNumber)

	switch events.DynamoDBOperationType(record.EventName) {
	case events.DynamoDBOperationTypeInsert, events.DynamoDBOperationTypeModify:
		// record.Change.NewImage is the item as it is now.
		return nil
	case events.DynamoDBOperationTypeRemove:
		// record.Change.OldImage is the item as it was.
		return nil
	default:
		return fmt.Errorf("unknown event %q", record.EventName)
	}
}
