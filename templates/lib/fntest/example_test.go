package fntest_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/fngen/fngen/templates/lib/auth"
	"github.com/fngen/fngen/templates/lib/fntest"
	"github.com/fngen/fngen/templates/lib/webhooks"
)

func ExampleHTTPEvent() {
	event := fntest.HTTPEvent(fntest.Event{
		Path:                  "/divide",
		QueryStringParameters: map[string]string{"dividend": "20", "divisor": "5"},
	})
	fmt.Println(event.HTTPMethod, event.Path, event.QueryStringParameters["dividend"])
	fmt.Println(event.MultiValueQueryStringParameters["divisor"])
	// Output:
	// GET /divide 20
	// [5]
}

func ExampleSignedWebhook() {
	event := fntest.SignedWebhook(fntest.Event{
		HTTPMethod: "POST",
		Payload:    "raw text",
	}, webhooks.Signer(webhooks.SHA256, webhooks.Options{
		Secret:          "s",
		SignatureHeader: "X-Webhook-Signature",
	}))
	fmt.Println(event.Headers["x-webhook-signature"])
	// Output: sha256=ce112c50a0b25d4d7438282ac75122e2d78016c91573477f620ef3512d77edc6
}

// The examples below compile but do not run, because they need the T of a test.

func ExampleContext() {
	var t *testing.T // of the test function

	ctx := fntest.Context(t, func(c *lambdacontext.LambdaContext) { c.AwsRequestID = "1" })
	invocation, _ := lambdacontext.FromContext(ctx)
	if invocation.AwsRequestID != "1" {
		t.Errorf("got %s, want 1", invocation.AwsRequestID)
	}
}

func ExampleCall() {
	var t *testing.T // of the test function

	event := fntest.HTTPEvent(fntest.Event{Path: "/orders"})
	response := fntest.Call(t, handler, event, auth.As(&auth.User{ID: "1"}))
	if response.StatusCode != http.StatusOK {
		t.Errorf("status = %d, want %d", response.StatusCode, http.StatusOK)
	}
}

func handler(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	return events.APIGatewayProxyResponse{StatusCode: http.StatusOK}, nil
}
