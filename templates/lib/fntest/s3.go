package fntest

import (
	"net/url"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// S3 returns the event that S3 sends when an object is created.
func S3(bucket, key string) events.S3Event {
	return events.S3Event{Records: []events.S3EventRecord{{
		EventVersion: "2.1",
		EventSource:  "aws:s3",
		AWSRegion:    "us-east-1",
		EventTime:    time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC),
		EventName:    "ObjectCreated:Put",
		S3: events.S3Entity{
			SchemaVersion: "1.0",
			Bucket:        events.S3Bucket{Name: bucket, Arn: "arn:aws:s3:::" + bucket},
			Object: events.S3Object{
				Key:           url.QueryEscape(key), // as S3 does
				URLDecodedKey: key,
				Size:          1024,
				ETag:          "d41d8cd98f00b204e9800998ecf8427e",
				Sequencer:     "0A1B2C3D4E5F678901",
			},
		},
	}}}
}
