package divide

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"example.com/shop/api/src/lib/fntest"
	"example.com/shop/api/src/lib/scenario"
)

func TestHandler(t *testing.T) {
	tests := []struct {
		name     string
		request  fntest.Event
		status   int
		message  string // part of it
		quotient float64
	}{
		{"divides two numbers successfully", numbers("20", "5"), http.StatusOK, "20 / 5 = 4", 4},
		{"requires a dividend", missingDividend(), http.StatusBadRequest, "Please specify both", 0},
		{"requires a divisor", missingDivisor(), http.StatusBadRequest, "Please specify both", 0},
		{"cannot divide by 0", numbers("20", "0"), http.StatusInternalServerError, "Could not divide", 0},
	}
	for _, test := range tests {
		standard.Run(t, test.name, func(t *scenario.T, s *Scenario) {
			response := fntest.Call(t, Handler, fntest.HTTPEvent(test.request))

			if response.StatusCode != test.status {
				t.Errorf("status = %d, want %d", response.StatusCode, test.status)
			}
			var body result
			if err := json.Unmarshal([]byte(response.Body), &body); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(body.Message, test.message) {
				t.Errorf("message = %q, want %q in it", body.Message, test.message)
			}
			if body.Quotient != test.quotient {
				t.Errorf("quotient = %v, want %v", body.Quotient, test.quotient)
			}
		})
	}
}
