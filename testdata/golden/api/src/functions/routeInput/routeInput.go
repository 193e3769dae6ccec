// Package routeinput is a serverless function.
package routeinput

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fn"
)

// input is the body of a request, in JSON.
type input struct {
	Text string `json:"text"`
}

// Validate returns an error for each field that is invalid.
func (in input) Validate() error {
	var errs []error
	if in.Text == "" {
		errs = append(errs, fn.Invalid("text", "must not be empty"))
	}
	return errors.Join(errs...)
}

// Routes lists the requests that Handler answers.
var Routes = []string{"PUT /notes/{id}", "POST /notes"}

// Handler serves the requests that Routes lists.
//
// A deployed function is an open endpoint: anyone can call it. Validate
// requests, and protect anything that is not meant to be public.
func Handler(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received",
		"function", "routeInput", "method", event.HTTPMethod, "path", event.Path, "parameters", event.PathParameters)

	in, err := fn.Decode[input](event)
	if err != nil {
		return fn.Problem(err)
	}
	return fn.JSON(http.StatusOK, map[string]input{"data": in})
}
