package fn_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/templates/lib/fn"
)

func ExampleChain() {
	trace := func(name string) fn.Middleware {
		return func(next fn.Handler) fn.Handler {
			return func(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
				fmt.Println(name)
				return next(ctx, event)
			}
		}
	}
	handle := func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		return fn.JSON(http.StatusOK, "done")
	}

	handler := fn.Chain(handle, trace("first"), trace("second"))
	response, err := handler(context.Background(), events.APIGatewayProxyRequest{})
	fmt.Println(response.StatusCode, response.Body, err)
	// Output:
	// first
	// second
	// 200 "done" <nil>
}

func ExampleJSON() {
	response, err := fn.JSON(http.StatusOK, map[string]string{"data": "fish & chips"})
	fmt.Println(response.Headers["Content-Type"], response.Body, err)
	// Output: application/json {"data":"fish & chips"} <nil>
}

func ExampleHeader() {
	event := events.APIGatewayProxyRequest{Headers: map[string]string{"x-request-id": "7"}}
	fmt.Println(fn.Header(event, "X-Request-Id"))
	// Output: 7
}

func ExampleBody() {
	body, err := fn.Body(events.APIGatewayProxyRequest{Body: "aGVsbG8=", IsBase64Encoded: true})
	fmt.Println(string(body), err)
	// Output: hello <nil>
}

func ExampleForm() {
	form, err := fn.Form(events.APIGatewayProxyRequest{
		Headers: map[string]string{"Content-Type": "application/x-www-form-urlencoded"},
		Body:    "command=%2Fweather&text=94070",
	})
	fmt.Println(form.Get("command"), form.Get("text"), err)
	// Output: /weather 94070 <nil>
}

func ExampleDecode() {
	type input struct {
		Name  string  `json:"name"`
		Email *string `json:"email,omitempty"` // optional
	}
	handler := func(_ context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		in, err := fn.Decode[input](event)
		if err != nil {
			return fn.Problem(err)
		}
		return fn.JSON(http.StatusOK, "hello "+in.Name)
	}

	event := events.APIGatewayProxyRequest{
		Headers: map[string]string{"Content-Type": "application/json"},
		Body:    `{"name":"Ada"}`,
	}
	response, err := handler(context.Background(), event)
	fmt.Println(response.StatusCode, response.Body, err)

	event.Body = `{"email":null}`
	response, err = handler(context.Background(), event)
	fmt.Println(response.StatusCode, response.Body, err)
	// Output:
	// 200 "hello Ada" <nil>
	// 422 {"title":"Unprocessable Entity","status":422,"detail":"the body has invalid fields","errors":[{"field":"name","detail":"is required"}]} <nil>
}

func ExampleProblem() {
	response, err := fn.Problem(&fn.RequestError{Status: http.StatusNotFound, Detail: "no such order"})
	fmt.Println(response.StatusCode, response.Body, err)
	// Output: 404 {"title":"Not Found","status":404,"detail":"no such order"} <nil>
}
