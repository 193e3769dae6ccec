// Package function has a handler for tests, which does what the path says.
package function

import (
	"context"
	"errors"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

// Handler answers with the request's body, the request's method in X-Method, and the id of the invocation in X-Request-Id.
func Handler(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	switch event.Path {
	case "/error":
		return events.APIGatewayProxyResponse{}, errors.New("the till is jammed")
	case "/panic":
		return events.APIGatewayProxyResponse{StatusCode: 200, Body: event.Path[:100]}, nil
	case "/malformed":
		return events.APIGatewayProxyResponse{Body: "no status"}, nil
	case "/deadline":
		if _, ok := ctx.Deadline(); !ok {
			return events.APIGatewayProxyResponse{}, errors.New("there is no deadline")
		}
		<-ctx.Done()
		return events.APIGatewayProxyResponse{StatusCode: 504, Body: context.Cause(ctx).Error()}, nil
	}
	lc, _ := lambdacontext.FromContext(ctx)
	return events.APIGatewayProxyResponse{
		StatusCode:        200,
		Headers:           map[string]string{"X-Method": event.HTTPMethod, "X-Request-Id": lc.AwsRequestID},
		MultiValueHeaders: map[string][]string{"Set-Cookie": {"a=1", "b=2"}},
		Body:              event.Body,
		IsBase64Encoded:   event.IsBase64Encoded,
	}, nil
}
