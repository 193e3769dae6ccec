package fn

import (
	"errors"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"
)

// A RequestError says why a request is rejected. [Problem] turns it into a
// response.
type RequestError struct {
	Status int    // of the response, such as 404
	Detail string // text for the client
}

func (e *RequestError) Error() string { return e.Detail }

// A FieldError says why the value of a field is invalid. [Problem] turns it, or
// several that errors.Join joins, into a response with status 422.
type FieldError struct {
	Field  string `json:"field"`  // name in JSON, as in address.city
	Detail string `json:"detail"` // text for the client that follows the name, such as "must not be empty"
}

func (e *FieldError) Error() string { return e.Field + " " + e.Detail }

// Invalid returns a *[FieldError].
func Invalid(field, detail string) error { return &FieldError{field, detail} }

// A problem is a response body of type application/problem+json. See RFC 9457.
type problem struct {
	Title  string        `json:"title"`
	Status int           `json:"status"`
	Detail string        `json:"detail,omitempty"`
	Errors []*FieldError `json:"errors,omitempty"`
}

// Problem returns the response to a request that failed with err, in the format
// of RFC 9457. A *[RequestError] and *[FieldError]s are for the client. Other
// errors are not: Problem logs them, and responds with status 500 and no detail.
func Problem(err error) (events.APIGatewayProxyResponse, error) {
	p := problem{Status: http.StatusInternalServerError}
	var request *RequestError
	if fields := fieldErrors(err); fields != nil {
		p.Status, p.Detail, p.Errors = http.StatusUnprocessableEntity, "the body has invalid fields", fields
	} else if errors.As(err, &request) {
		p.Status, p.Detail = request.Status, request.Detail
	} else {
		slog.Error("request failed", "error", err)
	}
	p.Title = http.StatusText(p.Status)
	response, err := JSON(p.Status, p)
	if err != nil {
		return response, err
	}
	response.Headers["Content-Type"] = "application/problem+json"
	return response, nil
}

// fieldErrors returns the field errors that err consists of. It returns nil if
// err contains any other error.
func fieldErrors(err error) []*FieldError {
	switch err := err.(type) {
	case *FieldError:
		return []*FieldError{err}
	case interface{ Unwrap() error }:
		return fieldErrors(err.Unwrap())
	case interface{ Unwrap() []error }:
		var list []*FieldError
		for _, err := range err.Unwrap() {
			fields := fieldErrors(err)
			if fields == nil {
				return nil
			}
			list = append(list, fields...)
		}
		return list
	}
	return nil
}
