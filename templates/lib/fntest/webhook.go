package fntest

import "github.com/aws/aws-lambda-go/events"

// A Signer signs an event as the sender of a webhook does.
type Signer = func(events.APIGatewayProxyRequest) (events.APIGatewayProxyRequest, error)

// SignedWebhook returns the event of [HTTPEvent], signed by sign. It panics if
// sign fails.
func SignedWebhook(e Event, sign Signer) events.APIGatewayProxyRequest {
	signed, err := sign(HTTPEvent(e))
	if err != nil {
		panic("fntest: SignedWebhook: " + err.Error())
	}
	return signed
}
