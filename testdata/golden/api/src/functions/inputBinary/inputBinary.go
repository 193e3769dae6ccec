// Package inputbinary is a serverless function.
package inputbinary

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fn"
)

// input is the body of a request, in JSON.
// Add a method Validate() error to check more than their types.
type input struct {
	Width  int `json:"width"`
	Height int `json:"height"`
}

// Handler serves /inputBinary.
//
// A deployed function is an open endpoint: anyone can call it. Validate
// requests, and protect anything that is not meant to be public.
func Handler(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received",
		"function", "inputBinary", "method", event.HTTPMethod, "path", event.Path)

	if _, err := fn.Decode[input](event); err != nil {
		return fn.Problem(err)
	}

	// Replace this image of one pixel with your own data.
	var data bytes.Buffer
	if err := png.Encode(&data, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		return events.APIGatewayProxyResponse{}, err
	}
	return fn.Binary("image/png", data.Bytes())
}
