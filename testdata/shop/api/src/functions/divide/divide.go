// Package divide is a serverless function that divides numbers.
package divide

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/aws/aws-lambda-go/events"

	"example.com/shop/api/src/lib/fn"
)

// A result is the body of a response.
type result struct {
	Message  string  `json:"message"`
	Dividend string  `json:"dividend"`
	Divisor  string  `json:"divisor"`
	Quotient float64 `json:"quotient"`
}

// Handler serves /divide. The quotient of ?dividend=10&divisor=2 is 5.
//
// A deployed function is an open endpoint: anyone can call it. Validate
// requests, and protect anything that is not meant to be public.
func Handler(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received",
		"function", "divide", "method", event.HTTPMethod, "path", event.Path)

	dividend, hasDividend := event.QueryStringParameters["dividend"]
	divisor, hasDivisor := event.QueryStringParameters["divisor"]
	if !hasDividend || !hasDivisor {
		return fn.JSON(http.StatusBadRequest, map[string]string{
			"message": "Please specify both a dividend and divisor.",
		})
	}

	a, errA := strconv.Atoi(dividend)
	b, errB := strconv.Atoi(divisor)
	if errA != nil || errB != nil || b == 0 {
		return fn.JSON(http.StatusInternalServerError, map[string]string{
			"message": fmt.Sprintf("Sorry. Could not divide %s by %s", dividend, divisor),
		})
	}
	quotient := float64(a) / float64(b)
	return fn.JSON(http.StatusOK, result{
		Message:  fmt.Sprintf("%s / %s = %v", dividend, divisor, quotient),
		Dividend: dividend,
		Divisor:  divisor,
		Quotient: quotient,
	})
}
