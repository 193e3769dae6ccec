// Package inputauth is a serverless function.
package inputauth

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/auth"
	"example.com/golden/api/src/lib/fn"
)

// input is the body of a request, in JSON.
type input struct {
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name"`
}

// Validate returns an error for each field that is invalid.
func (in input) Validate() error {
	var errs []error
	if in.FirstName == "" {
		errs = append(errs, fn.Invalid("first_name", "must not be empty"))
	}
	if in.LastName == "" {
		errs = append(errs, fn.Invalid("last_name", "must not be empty"))
	}
	return errors.Join(errs...)
}

// Handler serves /inputAuth.
//
// To reach handle, a request must pass these checks, in order:
//   - auth.Require rejects requests without a signed-in user (401), and users
//     without a required role (403).
var Handler = fn.Chain(handle,
	auth.Require("admin"),
)

// handle responds to requests that passed the checks.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received",
		"function", "inputAuth", "method", event.HTTPMethod, "path", event.Path)

	in, err := fn.Decode[input](event)
	if err != nil {
		return fn.Problem(err)
	}
	return fn.JSON(http.StatusOK, map[string]input{"data": in})
}
