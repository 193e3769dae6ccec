package webhooks_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/lib/fn"
	"github.com/fngen/fngen/templates/lib/webhooks"
)

// countingHandler returns a handler that counts its calls.
func countingHandler(calls *int, status int) fn.Handler {
	return func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		*calls++
		return fn.JSON(status, "handled")
	}
}

func TestHandshakes(t *testing.T) {
	form := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	tests := map[string]struct {
		scheme   webhooks.Scheme
		headers  map[string]string
		body     string
		handled  bool
		status   int
		response string
	}{
		// api.slack.com/events/url_verification
		"slack": {webhooks.Slack, nil,
			`{"token":"Jhj5dZrVaK7ZwHHjRyZWjbDl","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P","type":"url_verification"}`,
			false, http.StatusOK, `{"challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}`},
		"slack, certificate check": {
			webhooks.Slack, form, "ssl_check=1&token=legacy", false, http.StatusOK, "",
		},
		"slack, no certificate check":            {webhooks.Slack, form, "ssl_check=0&token=legacy", true, 0, ""},
		"slack, certificate check not in a form": {webhooks.Slack, nil, "ssl_check=1", true, 0, ""},
		"slack, event": {
			webhooks.Slack, nil, `{"type":"event_callback","event":{"type":"url_verification"}}`, true, 0, "",
		},
		"slack, command": {
			webhooks.Slack, form, `command=%2Fx&text={"type":"url_verification"}`, true, 0, "",
		},
		"slack, challenge in array": {webhooks.Slack, nil, `[{"type":"url_verification"}]`, true, 0, ""},

		// The secret, the token and the response are from a test of the
		// http_endpoint input in elastic/beats.
		"zoom": {webhooks.Zoom, nil,
			`{"payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"},"event_ts":1654503849680,"event":"endpoint.url_validation"}`,
			false, http.StatusOK, `{"plainToken":"qgg8vlvZRS6UYooatFL8Aw","encryptedToken":"70c1f2e2e6ca2d39297490d1f9142c7d701415ea8e6151f6562a08fa657a40ff"}`},
		"zoom, event": {webhooks.Zoom, nil, zoomBody, true, 0, ""},

		// docs.discord.com: interactions overview, webhook events
		"discord, interaction PING": {
			webhooks.Discord, nil, `{"id":"787053080478613555","token":"t","type":1,"version":1}`,
			false, http.StatusOK, `{"type":1}`,
		},
		"discord, event PING": {
			webhooks.Discord, nil, `{"version":1,"application_id":"1234560123453231555","type":0}`,
			false, http.StatusNoContent, "",
		},
		"discord, interaction": {
			webhooks.Discord, nil, `{"type":2,"id":"1","data":{"name":"cardsearch"}}`, true, 0, "",
		},
		"discord, event": {
			webhooks.Discord, nil, `{"version":1,"type":1,"event":{"type":"APPLICATION_AUTHORIZED"}}`, true, 0, "",
		},
		"discord, no type":  {webhooks.Discord, nil, `{"id":"1"}`, true, 0, ""},
		"discord, not JSON": {webhooks.Discord, nil, `type=1`, true, 0, ""},
		"github has none": {
			webhooks.GitHub, nil, `{"type":"url_verification","challenge":"1"}`, true, 0, "",
		},
		"stripe has none": {webhooks.Stripe, nil, `{"type":1}`, true, 0, ""},
		"handshake of another provider": {
			webhooks.Zoom, nil, `{"type":"url_verification","challenge":"1"}`, true, 0, "",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			signs, verifies := secretPair(tt.scheme)
			if tt.scheme == webhooks.Zoom {
				signs, verifies = "secretValueTest", "secretValueTest"
			}
			calls := 0
			// The handshake must use the secret that verified the request.
			options := webhooks.Options{Secret: otherSecret(verifies), Secrets: []string{verifies}}
			handler := webhooks.Require(tt.scheme, options)(countingHandler(&calls, http.StatusOK))
			unsigned := events.APIGatewayProxyRequest{Headers: tt.headers, Body: tt.body}

			response, err := handler(t.Context(), unsigned)
			require.NoError(t, err)
			require.Equal(t, http.StatusUnauthorized, response.StatusCode, "accepted a handshake without a signature")
			require.Zero(t, calls)

			signed, err := webhooks.SignEvent(tt.scheme, unsigned, webhooks.Options{Secret: signs})
			require.NoError(t, err)
			response, err = handler(t.Context(), signed)
			require.NoError(t, err)
			if tt.handled {
				assert.Equal(t, 1, calls)
				assert.Equal(t, `"handled"`, response.Body)
				return
			}
			assert.Zero(t, calls, "the handshake reached the handler")
			assert.Equal(t, tt.status, response.StatusCode)
			assert.Equal(t, tt.response, response.Body)
			if tt.response != "" {
				assert.Equal(t, "application/json", response.Headers["Content-Type"])
			}
		})
	}
}

// Discord sends invalid signatures on purpose and removes endpoints that do not
// respond 401.
func TestDiscordBadSignatures(t *testing.T) {
	signs, verifies := secretPair(webhooks.Discord)
	calls := 0
	options := webhooks.Options{Secret: verifies}
	handler := webhooks.Require(webhooks.Discord, options)(countingHandler(&calls, http.StatusOK))
	ping, err := webhooks.SignEvent(webhooks.Discord, events.APIGatewayProxyRequest{Body: `{"type":1}`},
		webhooks.Options{Secret: signs})
	require.NoError(t, err)
	good := ping.Headers["x-signature-ed25519"]
	for name, signature := range map[string]string{
		"flipped":   flip(good),
		"all zeros": strings.Repeat("0", len(good)),
		"short":     good[:64],
		"odd":       good[:63],
		"not hex":   strings.Repeat("z", len(good)),
		"twice":     good + good,
		"empty":     "",
	} {
		event := ping
		event.Headers = map[string]string{"x-signature-ed25519": signature,
			"x-signature-timestamp": ping.Headers["x-signature-timestamp"]}
		response, err := handler(t.Context(), event)
		require.NoError(t, err, name)
		assert.Equal(t, http.StatusUnauthorized, response.StatusCode, name)
	}
	assert.Zero(t, calls)
}

func flip(hex string) string {
	if hex[0] == '0' {
		return "1" + hex[1:]
	}
	return "0" + hex[1:]
}

// Intercom checks a URL with a HEAD request, which is not signed.
func TestIntercomChallenge(t *testing.T) {
	calls := 0
	handler := webhooks.Require(webhooks.Intercom, webhooks.Options{Secret: secret})(
		countingHandler(&calls, http.StatusOK))
	for method, want := range map[string]int{
		http.MethodHead: http.StatusOK, http.MethodGet: http.StatusUnauthorized, http.MethodPost: http.StatusUnauthorized,
	} {
		response, err := handler(t.Context(), events.APIGatewayProxyRequest{HTTPMethod: method})
		require.NoError(t, err)
		assert.Equal(t, want, response.StatusCode, method)
	}
	assert.Zero(t, calls)
}
