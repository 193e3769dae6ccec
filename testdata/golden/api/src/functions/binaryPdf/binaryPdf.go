// Package binarypdf is a serverless function.
package binarypdf

import (
	"context"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fn"
)

// Handler serves /binaryPdf.
//
// A deployed function is an open endpoint: anyone can call it. Validate
// requests, and protect anything that is not meant to be public.
func Handler(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received",
		"function", "binaryPdf", "method", event.HTTPMethod, "path", event.Path)

	return fn.Binary("application/pdf", []byte("Replace this text with your own data."))
}
