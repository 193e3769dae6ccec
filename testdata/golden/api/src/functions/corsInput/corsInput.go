// Package corsinput is a serverless function.
package corsinput

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/cors"
	"example.com/golden/api/src/lib/fn"
)

// input is the body of a request, in JSON.
type input struct {
	Name string `json:"name"`
}

// Validate returns an error for each field that is invalid.
func (in input) Validate() error {
	var errs []error
	if in.Name == "" {
		errs = append(errs, fn.Invalid("name", "must not be empty"))
	}
	return errors.Join(errs...)
}

// Handler serves /corsInput.
//
// A deployed function is an open endpoint: anyone can call it. To reach handle,
// a request must pass these checks, in order:
//   - cors.Allow answers preflight requests, so that pages on the listed
//     origins can call the function. All other requests pass.
var Handler = fn.Chain(handle,
	cors.Allow(cors.Options{Origins: []string{"https://app.example.com"}}),
)

// handle responds to requests that passed the checks.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received",
		"function", "corsInput", "method", event.HTTPMethod, "path", event.Path)

	in, err := fn.Decode[input](event)
	if err != nil {
		return fn.Problem(err)
	}
	return fn.JSON(http.StatusOK, map[string]input{"data": in})
}
