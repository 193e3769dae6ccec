package auth_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/templates/lib/auth"
	"github.com/fngen/fngen/templates/lib/fn"
)

func ExampleRequire() {
	handle := func(ctx context.Context, _ events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		return fn.JSON(http.StatusOK, auth.CurrentUser(ctx).ID)
	}
	handler := fn.Chain(handle, auth.Require("admin"))

	for _, ctx := range []context.Context{
		context.Background(),
		auth.WithUser(context.Background(), &auth.User{ID: "1"}),
		auth.WithUser(context.Background(), &auth.User{ID: "2", Roles: []string{"admin"}}),
	} {
		response, _ := handler(ctx, events.APIGatewayProxyRequest{})
		fmt.Println(response.StatusCode, response.Body)
	}
	// Output:
	// 401 {"message":"Unauthorized"}
	// 403 {"message":"Forbidden"}
	// 200 "2"
}

func ExampleUseRequireAuth() {
	handler := auth.UseRequireAuth(auth.Options{
		Handler: func(ctx context.Context, _ events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
			if !auth.IsAuthenticated(ctx) {
				return fn.JSON(http.StatusOK, "hello, stranger")
			}
			return fn.JSON(http.StatusOK, "hello, "+auth.CurrentUser(ctx).ID)
		},
		GetCurrentUser: auth.GetCurrentUser,
		Decoders: map[string]auth.Decoder{
			"example": func(_ context.Context, token string) (auth.Claims, error) {
				return auth.Claims{"sub": "bearer of " + token}, nil
			},
		},
	})

	anonymous, _ := handler(context.Background(), events.APIGatewayProxyRequest{})
	fmt.Println(anonymous.Body)

	signedIn, _ := handler(context.Background(), events.APIGatewayProxyRequest{Headers: map[string]string{
		"auth-provider": "example",
		"authorization": "Bearer t",
	}})
	fmt.Println(signedIn.Body)
	// Output:
	// "hello, stranger"
	// "hello, bearer of t"
}

func ExampleRequireAuth() {
	ctx := auth.WithUser(context.Background(), &auth.User{ID: "1", Roles: []string{"editor"}})
	fmt.Println(auth.RequireAuth(ctx, "editor", "admin"))
	fmt.Println(auth.RequireAuth(ctx, "admin"))
	fmt.Println(auth.RequireAuth(context.Background()))
	// Output:
	// <nil>
	// not allowed
	// not signed in
}
