package ratelimit_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/templates/lib/fn"
	"github.com/fngen/fngen/templates/lib/ipallow"
	"github.com/fngen/fngen/templates/lib/ratelimit"
)

func ExampleRequire() {
	handle := func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		return fn.JSON(http.StatusOK, "welcome")
	}
	var handler = fn.Chain(handle, ratelimit.Require(ratelimit.PerMinute(2), ratelimit.Options{}))

	event := events.APIGatewayProxyRequest{}
	event.RequestContext.Identity.SourceIP = "203.0.113.7"
	for range 3 {
		response, _ := handler(context.Background(), event)
		fmt.Printf("%d %q\n", response.StatusCode, response.Headers["Retry-After"])
	}
	// Output:
	// 200 ""
	// 200 ""
	// 429 "30"
}

type user struct{}

func ExampleByUser() {
	// With package auth, return the ID of auth.CurrentUser(ctx).
	userID := func(ctx context.Context) string {
		id, _ := ctx.Value(user{}).(string)
		return id
	}
	key := ratelimit.ByUser(userID, ratelimit.ByAddress(ipallow.Source{}))

	ctx := context.WithValue(context.Background(), user{}, "42")
	fmt.Println(key(ctx, events.APIGatewayProxyRequest{}))
	// Output: user42
}
