package eventeventbridgefixtures

import (
	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fntest"
)

// event returns the event that the tests send. Add a function like it for every
// other event that your tests need.
func event(detail any) events.EventBridgeEvent {
	return fntest.EventBridge("Order Placed", "com.example.shop", detail)
}
