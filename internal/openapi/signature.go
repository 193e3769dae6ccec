package openapi

import (
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/internal/project"
	"github.com/fngen/fngen/internal/schemes"
	"github.com/fngen/fngen/templates/lib/webhooks"
)

// signatureHeader returns the header in which a sender sends the signature, or
// "" if it is elsewhere, as in the body. It signs an event as the sender does
// and looks.
func signatureHeader(w project.Webhook) string {
	if w.SignatureHeader != "" {
		return w.SignatureHeader
	}
	signed, err := webhooks.SignEvent(schemes.Named(w.Scheme.Name),
		events.APIGatewayProxyRequest{HTTPMethod: http.MethodPost, Body: "{}"},
		webhooks.Options{Secret: w.Scheme.TestSecret(), URL: "https://example.com/"})
	if err != nil {
		return "" // nothing is signed
	}
	var names []string
	for name := range signed.Headers {
		isSignature := func(word string) bool { return strings.Contains(strings.ToLower(name), word) }
		if slices.ContainsFunc([]string{"signature", "hmac", "token", "authorization"}, isSignature) {
			names = append(names, http.CanonicalHeaderKey(name))
		}
	}
	if len(names) == 0 {
		return ""
	}
	return slices.Min(names)
}
