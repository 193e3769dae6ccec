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

// metaQuery returns the query with which Meta checks an endpoint.
func metaQuery(mode, challenge, token string) map[string]string {
	return map[string]string{"hub.mode": mode, "hub.challenge": challenge, "hub.verify_token": token}
}

func TestChallenges(t *testing.T) {
	query := func(name, value string) map[string]string { return map[string]string{name: value} }
	for name, tt := range map[string]struct {
		scheme   webhooks.Scheme
		event    events.APIGatewayProxyRequest
		status   int
		response string
		headers  map[string]string
	}{
		"graph": {
			webhooks.Graph, events.APIGatewayProxyRequest{
				HTTPMethod: "POST", QueryStringParameters: query("validationToken", "Validation: <script>1</script>"),
			}, 200, "Validation: <script>1</script>",
			map[string]string{"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff"},
		},
		"graph, too long": {
			webhooks.Graph, events.APIGatewayProxyRequest{
				HTTPMethod: "POST", QueryStringParameters: query("validationToken", strings.Repeat("a", 2049)),
			}, 401, `{"message":"Unauthorized"}`, nil,
		},
		"graph, no token": {
			webhooks.Graph, events.APIGatewayProxyRequest{HTTPMethod: "POST"}, 401, `{"message":"Unauthorized"}`, nil,
		},
		"graph, GET": {
			webhooks.Graph, events.APIGatewayProxyRequest{
				HTTPMethod: "GET", QueryStringParameters: query("validationToken", "1"),
			}, 401, `{"message":"Unauthorized"}`, nil,
		},
		"cloudevents": {
			webhooks.CloudEvents, events.APIGatewayProxyRequest{
				HTTPMethod: "OPTIONS", Headers: query("webhook-request-origin", "eventgrid.azure.net"),
			}, 200, "", map[string]string{
				"Allow": "POST", "WebHook-Allowed-Origin": "eventgrid.azure.net", "WebHook-Allowed-Rate": "*",
			},
		},
		"cloudevents, no origin": {
			webhooks.CloudEvents, events.APIGatewayProxyRequest{HTTPMethod: "OPTIONS"},
			401, `{"message":"Unauthorized"}`, nil,
		},
		"cloudevents, not a name": {
			webhooks.CloudEvents, events.APIGatewayProxyRequest{
				HTTPMethod: "OPTIONS", Headers: query("webhook-request-origin", "a\r\nSet-Cookie: b"),
			}, 401, `{"message":"Unauthorized"}`, nil,
		},
		"cloudevents, POST": {
			webhooks.CloudEvents, events.APIGatewayProxyRequest{
				HTTPMethod: "POST", Headers: query("webhook-request-origin", "eventgrid.azure.net"),
			}, 401, `{"message":"Unauthorized"}`, nil,
		},
		"meta": {
			webhooks.Meta, events.APIGatewayProxyRequest{
				HTTPMethod: "GET", QueryStringParameters: metaQuery("subscribe", "1158201444", "meatyhamhock"),
			}, 200, "1158201444",
			map[string]string{"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff"},
		},
		"meta, wrong token": {
			webhooks.Meta, events.APIGatewayProxyRequest{
				HTTPMethod: "GET", QueryStringParameters: metaQuery("subscribe", "1158201444", "meatyhamhock2"),
			}, 401, `{"message":"Unauthorized"}`, nil,
		},
		"meta, no token": {
			webhooks.Meta, events.APIGatewayProxyRequest{
				HTTPMethod: "GET", QueryStringParameters: metaQuery("subscribe", "1158201444", ""),
			}, 401, `{"message":"Unauthorized"}`, nil,
		},
		"meta, other mode": {
			webhooks.Meta, events.APIGatewayProxyRequest{
				HTTPMethod: "GET", QueryStringParameters: metaQuery("unsubscribe", "1158201444", "meatyhamhock"),
			}, 401, `{"message":"Unauthorized"}`, nil,
		},
		"meta, POST": {
			webhooks.Meta, events.APIGatewayProxyRequest{
				HTTPMethod: "POST", QueryStringParameters: metaQuery("subscribe", "1158201444", "meatyhamhock"),
			}, 401, `{"message":"Unauthorized"}`, nil,
		},
		"dropbox": {
			webhooks.Dropbox, events.APIGatewayProxyRequest{
				HTTPMethod: "GET", QueryStringParameters: query("challenge", "<b>abc123</b>"),
			}, 200, "<b>abc123</b>",
			map[string]string{"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff"},
		},
		"dropbox, no challenge": {
			webhooks.Dropbox, events.APIGatewayProxyRequest{HTTPMethod: "GET"}, 401, `{"message":"Unauthorized"}`, nil,
		},
		"dropbox, POST": {
			webhooks.Dropbox, events.APIGatewayProxyRequest{
				HTTPMethod: "POST", QueryStringParameters: query("challenge", "abc123"),
			}, 401, `{"message":"Unauthorized"}`, nil,
		},
		"notion, secret is set": {
			webhooks.Notion, events.APIGatewayProxyRequest{HTTPMethod: "POST", Body: `{"verification_token":"secret_1"}`},
			401, `{"message":"Unauthorized"}`, nil,
		},
		"challenge of another provider": {
			webhooks.GitHub, events.APIGatewayProxyRequest{
				HTTPMethod: "POST", QueryStringParameters: query("validationToken", "1"),
			}, 401, `{"message":"Unauthorized"}`, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			calls := 0
			options := webhooks.Options{Secret: secret, VerifyToken: "meatyhamhock"}
			handler := webhooks.Require(tt.scheme, options)(countingHandler(&calls, 200))
			response, err := handler(t.Context(), tt.event)
			require.NoError(t, err)
			assert.Zero(t, calls)
			assert.Equal(t, tt.status, response.StatusCode)
			assert.Equal(t, tt.response, response.Body)
			if tt.headers != nil {
				assert.Equal(t, tt.headers, response.Headers)
			}
		})
	}
}

func TestGraph(t *testing.T) {
	for body, ok := range map[string]bool{
		`{"value":[{"clientState":"` + secret + `"}]}`:                                  true,
		`{"value":[{"clientState":"` + secret + `"},{"clientState":"` + secret + `"}]}`: true,
		`{"value":[{"clientState":"` + secret + `"},{"clientState":"` + other + `"}]}`:  false,
		`{"value":[{"clientState":"` + secret + `"},{}]}`:                               false,
		`{"value":[{"clientState":""}]}`:                                                false,
		`{"value":[{"clientState":null}]}`:                                              false,
		`{"value":[]}`:                                                                  false,
		`{"clientState":"` + secret + `"}`:                                              false,
		`[]`:                                                                            false,
		``:                                                                              false,
	} {
		err := webhooks.VerifyEvent(webhooks.Graph, events.APIGatewayProxyRequest{Body: body},
			webhooks.Options{Secret: secret})
		assert.Equal(t, ok, err == nil, "%s: %v", body, err)
	}
	signed, err := webhooks.SignEvent(webhooks.Graph,
		events.APIGatewayProxyRequest{Body: `{"value":[{"id":"1"},{"id":"2"}]}`}, webhooks.Options{Secret: secret})
	require.NoError(t, err)
	require.NoError(t, webhooks.VerifyEvent(webhooks.Graph, signed, webhooks.Options{Secret: secret}))
	requireRejected(t, webhooks.VerifyEvent(webhooks.Graph, signed, webhooks.Options{Secret: other}))
}

// Event Grid appends the token to the URL.
func TestCloudEventsToken(t *testing.T) {
	event := events.APIGatewayProxyRequest{QueryStringParameters: map[string]string{"access_token": secret}, Body: "{}"}
	require.NoError(t, webhooks.VerifyEvent(webhooks.CloudEvents, event, webhooks.Options{Secret: secret}))
	requireRejected(t, webhooks.VerifyEvent(webhooks.CloudEvents, event, webhooks.Options{Secret: other}))
	event.Headers = map[string]string{"Authorization": "Basic " + secret}
	requireRejected(t, webhooks.VerifyEvent(webhooks.CloudEvents, event, webhooks.Options{Secret: secret}))
}
