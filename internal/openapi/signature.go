package openapi

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/internal/project"
	"github.com/fngen/fngen/templates/lib/webhooks"
)

// signatureHeader returns the header in which a sender sends the signature, or
// "" if there is none. It signs an event as the sender does and looks.
func signatureHeader(w project.Webhook) (string, error) {
	if w.SignatureHeader != "" {
		return w.SignatureHeader, nil
	}
	scheme, err := webhooks.ParseScheme(w.Scheme.Name)
	if err != nil {
		return "", err
	}
	signed, err := webhooks.SignEvent(scheme, events.APIGatewayProxyRequest{HTTPMethod: http.MethodPost, Body: "{}"},
		webhooks.Options{Secret: w.Scheme.TestSecret(), URL: "https://example.com/"})
	if err != nil {
		return "", fmt.Errorf("signing with %s: %w", scheme, err)
	}
	var names []string
	for name := range signed.Headers {
		lower := strings.ToLower(name)
		for _, word := range []string{"signature", "hmac", "token", "authorization"} {
			if strings.Contains(lower, word) {
				names = append(names, http.CanonicalHeaderKey(name))
				break
			}
		}
	}
	if len(names) == 0 {
		return "", nil
	}
	return slices.Min(names), nil
}
