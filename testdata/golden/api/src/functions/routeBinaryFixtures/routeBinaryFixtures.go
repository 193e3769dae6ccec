// Package routebinaryfixtures is a serverless function.
package routebinaryfixtures

import (
	"context"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fn"
)

// Routes lists the requests that Handler answers.
var Routes = []string{"GET /files/{path...}"}

// Handler serves the requests that Routes lists.
//
// A deployed function is an open endpoint: anyone can call it. Validate
// requests, and protect anything that is not meant to be public.
func Handler(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received",
		"function", "routeBinaryFixtures", "method", event.HTTPMethod, "path", event.Path, "parameters", event.PathParameters)

	return fn.Binary("application/pdf", []byte("Replace this text with your own data."))
}
