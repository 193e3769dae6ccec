// Package inputoptional is a serverless function.
package inputoptional

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fn"
)

// input is the body of a request, in JSON. Fields with omitempty are optional.
// Add a method Validate() error to check more than their types.
type input struct {
	Name   *string    `json:"name,omitempty"`
	Age    *int       `json:"age,omitempty"`
	Score  *float64   `json:"score,omitempty"`
	Active *bool      `json:"active,omitempty"`
	Born   *time.Time `json:"born,omitempty"`
	Tags   []string   `json:"tags,omitempty"`
	UserID int        `json:"user_id"`
}

// Handler serves /inputOptional.
//
// A deployed function is an open endpoint: anyone can call it. Validate
// requests, and protect anything that is not meant to be public.
func Handler(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received",
		"function", "inputOptional", "method", event.HTTPMethod, "path", event.Path)

	in, err := fn.Decode[input](event)
	if err != nil {
		return fn.Problem(err)
	}
	return fn.JSON(http.StatusOK, map[string]input{"data": in})
}
