package divide

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"example.com/shop/api/src/lib/fntest"
	"example.com/shop/api/src/lib/scenario"
)

// call sends a request to the handler and checks the status and the message of the
// response.
func call(t *scenario.T, request fntest.Event, status int, message string) result {
	t.Helper()
	response, err := Handler(fntest.Context(t), fntest.HTTPEvent(request))
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != status {
		t.Errorf("status = %d, want %d", response.StatusCode, status)
	}
	var body result
	if err := json.Unmarshal([]byte(response.Body), &body); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(body.Message, message) {
		t.Errorf("message = %q, want it to contain %q", body.Message, message)
	}
	return body
}

func TestHandler(t *testing.T) {
	standard.Run(t, "divides two numbers successfully", func(t *scenario.T, s *Scenario) {
		body := call(t, numbers("20", "5"), http.StatusOK, "20 / 5 = 4")
		if body.Quotient != 4 {
			t.Errorf("quotient = %v, want 4", body.Quotient)
		}
	})

	standard.Run(t, "requires a dividend", func(t *scenario.T, s *Scenario) {
		call(t, fntest.Event{QueryStringParameters: map[string]string{"divisor": "5"}}, http.StatusBadRequest, "Please specify both")
	})

	standard.Run(t, "requires a divisor", func(t *scenario.T, s *Scenario) {
		call(t, missingDivisor(), http.StatusBadRequest, "Please specify both")
	})

	standard.Run(t, "cannot divide by 0", func(t *scenario.T, s *Scenario) {
		call(t, numbers("20", "0"), http.StatusInternalServerError, "Could not divide")
	})
}
