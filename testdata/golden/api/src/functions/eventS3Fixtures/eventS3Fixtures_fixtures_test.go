package events3fixtures

import (
	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fntest"
)

// event returns the event that the tests send: an object was created. Add a
// function like it for every other event that your tests need.
func event() events.S3Event {
	return fntest.S3("bucket", "photos/my cat.jpg")
}
