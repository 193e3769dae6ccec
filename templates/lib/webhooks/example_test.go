package webhooks_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/templates/lib/fn"
	"github.com/fngen/fngen/templates/lib/webhooks"
)

func ExampleRequire() {
	options := webhooks.Options{Secret: "s3cr3t", SignatureHeader: "X-Webhook-Signature"}
	handle := func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		return fn.JSON(http.StatusOK, "thanks")
	}
	handler := fn.Chain(handle, webhooks.Require(webhooks.SHA256, options))

	unsigned := events.APIGatewayProxyRequest{Body: `{"status":"DELIVERED"}`}
	response, _ := handler(context.Background(), unsigned)
	fmt.Println(response.StatusCode)

	signed, _ := webhooks.SignEvent(webhooks.SHA256, unsigned, options)
	response, _ = handler(context.Background(), signed)
	fmt.Println(response.StatusCode)
	// Output:
	// 401
	// 200
}

func ExampleVerifyEvent() {
	// GitHub publishes this delivery as a test for implementations.
	event := events.APIGatewayProxyRequest{
		Headers: map[string]string{
			"X-Hub-Signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
		},
		Body: "Hello, World!",
	}
	options := webhooks.Options{Secret: "It's a Secret to Everybody", SignatureHeader: "X-Hub-Signature-256"}
	fmt.Println(webhooks.VerifyEvent(webhooks.SHA256, event, options))

	event.Body = "Hello, you!"
	err := webhooks.VerifyEvent(webhooks.SHA256, event, options)
	fmt.Println(errors.Is(err, webhooks.ErrVerification))
	// Output:
	// <nil>
	// true
}

func ExampleSignPayload() {
	signature, err := webhooks.SignPayload(webhooks.SHA256, "raw text", webhooks.Options{Secret: "s"})
	fmt.Println(signature, err)
	// Output: sha256=ce112c50a0b25d4d7438282ac75122e2d78016c91573477f620ef3512d77edc6 <nil>
}

func ExampleParseScheme() {
	scheme, err := webhooks.ParseScheme("sha256Verifier")
	fmt.Println(scheme == webhooks.SHA256, err)
	// Output: true <nil>
}

func ExampleOnce() {
	options := webhooks.Options{Secret: "s3cr3t"}
	handle := func(ctx context.Context, _ events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		fmt.Println("handling", webhooks.MessageID(ctx))
		return fn.JSON(http.StatusOK, "thanks")
	}
	handler := fn.Chain(handle, webhooks.Require(webhooks.GitHub, options), webhooks.Once(webhooks.NewMemory(1000)))

	event, _ := webhooks.SignEvent(webhooks.GitHub, events.APIGatewayProxyRequest{
		Headers: map[string]string{"X-GitHub-Delivery": "72d3162e"},
		Body:    `{"zen":"Design for failure."}`,
	}, options)
	for range 2 {
		response, _ := handler(context.Background(), event)
		fmt.Println(response.StatusCode)
	}
	// Output:
	// handling 72d3162e
	// 200
	// 200
}

func ExampleSend() {
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Method, r.Header.Get("Webhook-Signature") != "")
		w.WriteHeader(http.StatusAccepted)
	}))
	defer endpoint.Close()

	err := webhooks.Send(context.Background(), http.DefaultClient, endpoint.URL,
		`{"type":"invoice.paid","timestamp":"2026-01-31T12:00:00Z","data":{"id":"inv_1"}}`,
		webhooks.Standard, webhooks.Options{Secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"})
	fmt.Println(err)
	// Output:
	// POST true
	// <nil>
}

func ExampleRoute() {
	paid := func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		fmt.Println("paid")
		return fn.JSON(http.StatusOK, "thanks")
	}
	handler := fn.Chain(
		webhooks.Route(webhooks.TypeField("type"), map[string]fn.Handler{"invoice.paid": paid}),
		webhooks.Require(webhooks.Stripe, webhooks.Options{Secret: "s3cr3t"}),
	)
	for _, body := range []string{`{"type":"invoice.paid"}`, `{"type":"invoice.sent"}`} {
		event, _ := webhooks.SignEvent(webhooks.Stripe, events.APIGatewayProxyRequest{Body: body},
			webhooks.Options{Secret: "s3cr3t"})
		response, _ := handler(context.Background(), event)
		fmt.Println(response.StatusCode)
	}
	// Output:
	// paid
	// 200
	// 200
}

func ExampleVerifyEventContext() {
	options := webhooks.Options{Secret: "s3cr3t"}
	once := webhooks.Once(webhooks.NewMemory(1000))
	handle := once(func(ctx context.Context, _ events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		fmt.Println("handling", webhooks.MessageID(ctx))
		return fn.JSON(http.StatusOK, "thanks")
	})
	handler := func(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		ctx, err := webhooks.VerifyEventContext(ctx, webhooks.GitHub, event, options)
		if err != nil {
			return fn.JSON(http.StatusForbidden, "no")
		}
		return handle(ctx, event)
	}

	event, _ := webhooks.SignEvent(webhooks.GitHub, events.APIGatewayProxyRequest{
		Headers: map[string]string{"X-GitHub-Delivery": "72d3162e"},
	}, options)
	response, _ := handler(context.Background(), event)
	fmt.Println(response.StatusCode)
	// Output:
	// handling 72d3162e
	// 200
}
