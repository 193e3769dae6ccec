// Package authbinary answers requests to /authBinary.
package authbinary

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/auth"
	"example.com/golden/api/src/lib/fn"
)

// Handler answers requests to /authBinary.
//
// A deployed function is an open endpoint: anyone can call it. What comes in
// passes these, in order, before it reaches handle:
//   - auth.Require answers 401 where nobody is signed in.
var Handler = fn.Chain(handle,
	auth.Require(),
)

// handle answers the requests that Handler lets pass.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received", "function", "authBinary", "method", event.HTTPMethod, "path", event.Path)

	// A picture of one pixel: put your own in its place.
	var data bytes.Buffer
	if err := png.Encode(&data, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		return events.APIGatewayProxyResponse{}, err
	}
	return fn.Binary("image/png", data.Bytes())
}
