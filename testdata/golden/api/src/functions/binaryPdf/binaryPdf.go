// Package binarypdf answers requests to /binaryPdf.
package binarypdf

import (
	"context"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fn"
)

// Handler answers requests to /binaryPdf.
//
// A deployed function is an open endpoint: anyone can call it. Check what comes
// in, and secure what is not meant for everyone.
func Handler(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received", "function", "binaryPdf", "method", event.HTTPMethod, "path", event.Path)

	return fn.Binary("application/pdf", []byte("Put your own data in place of this sentence."))
}
