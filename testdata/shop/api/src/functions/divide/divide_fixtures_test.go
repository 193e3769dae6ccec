package divide

import (
	"net/http"

	"example.com/shop/api/src/lib/fntest"
)

// numbers returns a request to divide one number by another.
func numbers(dividend, divisor string) fntest.Event {
	return fntest.Event{
		HTTPMethod:            http.MethodGet,
		Path:                  "/divide",
		QueryStringParameters: map[string]string{"dividend": dividend, "divisor": divisor},
	}
}

// missingDividend returns a request without a dividend.
func missingDividend() fntest.Event {
	return fntest.Event{
		HTTPMethod:            http.MethodGet,
		Path:                  "/divide",
		QueryStringParameters: map[string]string{"divisor": "5"},
	}
}

// missingDivisor returns a request without a divisor.
func missingDivisor() fntest.Event {
	return fntest.Event{
		HTTPMethod:            http.MethodGet,
		Path:                  "/divide",
		QueryStringParameters: map[string]string{"dividend": "20"},
	}
}
