// Package input is a serverless function.
package input

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fn"
)

// input is the body of a request, in JSON.
type input struct {
	Name   string      `json:"name"`
	Age    int         `json:"age"`
	Score  float64     `json:"score"`
	Active bool        `json:"active"`
	Born   time.Time   `json:"born"`
	Tags   []string    `json:"tags"`
	Counts []int       `json:"counts"`
	Scores []float64   `json:"scores"`
	Flags  []bool      `json:"flags"`
	Seen   []time.Time `json:"seen"`
}

// Validate returns an error for each field that is invalid.
func (in input) Validate() error {
	var errs []error
	if in.Name == "" {
		errs = append(errs, fn.Invalid("name", "must not be empty"))
	}
	return errors.Join(errs...)
}

// Handler serves /input.
//
// A deployed function is an open endpoint: anyone can call it. Validate
// requests, and protect anything that is not meant to be public.
func Handler(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received",
		"function", "input", "method", event.HTTPMethod, "path", event.Path)

	in, err := fn.Decode[input](event)
	if err != nil {
		return fn.Problem(err)
	}
	return fn.JSON(http.StatusOK, map[string]input{"data": in})
}
