// Package function has a handler for tests. The path selects what it does.
package function

import (
	"context"
	"errors"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

// Handler responds with the request's body, its method in X-Method, and the
// request id in X-Request-Id.
func Handler(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	switch event.Path {
	case "/error":
		return events.APIGatewayProxyResponse{}, errors.New("payment failed")
	case "/panic":
		return events.APIGatewayProxyResponse{StatusCode: 200, Body: event.Path[:100]}, nil
	case "/malformed":
		return events.APIGatewayProxyResponse{Body: "no status"}, nil
	case "/deadline":
		if _, ok := ctx.Deadline(); !ok {
			return events.APIGatewayProxyResponse{}, errors.New("context has no deadline")
		}
		<-ctx.Done()
		return events.APIGatewayProxyResponse{StatusCode: 504, Body: context.Cause(ctx).Error()}, nil
	}
	lc, _ := lambdacontext.FromContext(ctx)
	if event.Path == "/url/" {
		custom := lc.ClientContext.Custom
		return events.APIGatewayProxyResponse{StatusCode: 200, Body: custom["rawPath"] + "?" + custom["rawQueryString"]}, nil
	}
	return events.APIGatewayProxyResponse{
		StatusCode:        200,
		Headers:           map[string]string{"X-Method": event.HTTPMethod, "X-Request-Id": lc.AwsRequestID},
		MultiValueHeaders: map[string][]string{"Set-Cookie": {"a=1", "b=2"}},
		Body:              event.Body,
		IsBase64Encoded:   event.IsBase64Encoded,
	}, nil
}
