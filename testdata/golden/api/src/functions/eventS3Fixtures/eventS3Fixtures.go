// Package events3fixtures is a serverless function.
package events3fixtures

import (
	"context"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"
)

// Handler handles events of an S3 bucket, such as that an object was created. If
// it fails, it may run again for the same event, so running it twice must do no
// harm.
func Handler(ctx context.Context, event events.S3Event) error {
	for _, record := range event.Records {
		bucket, key := record.S3.Bucket.Name, record.S3.Object.URLDecodedKey // Key is encoded as in URLs
		slog.InfoContext(ctx, "event received",
			"function", "eventS3Fixtures", "event", record.EventName, "bucket", bucket, "key", key)

		// Replace this comment with what has to be done with the object.
	}
	return nil
}
