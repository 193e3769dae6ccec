package eventsnsfixtures

import (
	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fntest"
)

// event returns the event that the tests send. Add a function like it for every
// other message that your tests need.
func event() events.SNSEvent {
	return fntest.SNS(payload{})
}
