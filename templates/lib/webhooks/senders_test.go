package webhooks_test

import (
	"bytes"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/lib/webhooks"
)

// Okta checks a new hook with a GET request that has the secret.
func TestOktaVerification(t *testing.T) {
	challenge := "Me_rShK8JHsTnbyYrWXCEoMGbM_zsZ6k0hLPZ_Pg"
	for name, test := range map[string]struct {
		method string
		secret string
		status int
		body   string
		calls  int
	}{
		"verification": {http.MethodGet, secret, http.StatusOK, `{"verification":"` + challenge + `"}`, 0},
		"wrong secret": {http.MethodGet, other, http.StatusUnauthorized, `{"message":"Unauthorized"}`, 0},
		"no secret":    {http.MethodGet, "", http.StatusUnauthorized, `{"message":"Unauthorized"}`, 0},
		"event":        {http.MethodPost, secret, http.StatusOK, `"handled"`, 1},
	} {
		calls := 0
		handler := webhooks.Require(webhooks.Okta, webhooks.Options{Secret: secret})(countingHandler(&calls, http.StatusOK))
		response, err := handler(t.Context(), events.APIGatewayProxyRequest{
			HTTPMethod: test.method,
			Headers:    map[string]string{"X-Okta-Verification-Challenge": challenge, "Authorization": test.secret},
		})
		require.NoError(t, err, name)
		assert.Equal(t, test.status, response.StatusCode, name)
		assert.Equal(t, test.body, response.Body, name)
		assert.Equal(t, "application/json", response.Headers["Content-Type"], name)
		assert.Equal(t, test.calls, calls, name)
	}
}

// Mailgun signs the timestamp and the token without a separator. Moving digits
// between them changes the time.
func TestMailgunTimestamp(t *testing.T) {
	at := time.Unix(1767225600, 0)
	options := webhooks.Options{Secret: secret, Now: clock(at)}
	signature := referenceSignature(webhooks.SHA256, "17672256001abc", secret)[len("sha256="):]
	for timestamp, token := range map[string]string{
		"1767225600": "1abc", "176722560": "01abc", "17672256001": "abc", "": "17672256001abc",
	} {
		body := `{"signature":{"timestamp":"` + timestamp + `","token":"` + token + `","signature":"` + signature + `"}}`
		err := webhooks.VerifyEvent(webhooks.Mailgun, events.APIGatewayProxyRequest{Body: body}, options)
		assert.Equal(t, timestamp == "1767225600", err == nil, timestamp)
	}
	number := `{"signature":{"timestamp":1767225600,"token":"1abc","signature":"` + signature + `"}}`
	require.NoError(t, webhooks.VerifyEvent(webhooks.Mailgun, events.APIGatewayProxyRequest{Body: number}, options))
}

func TestSendGridKeys(t *testing.T) {
	signs, verifies := secretPair(webhooks.SendGrid)
	event := events.APIGatewayProxyRequest{Body: payload}
	signed, err := webhooks.SignEvent(webhooks.SendGrid, event, webhooks.Options{Secret: signs})
	require.NoError(t, err)
	const ed25519 = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=" // RFC 8410, section 10.1
	for name, key := range map[string]string{
		"private key": signs, "not base64": "!" + verifies, "no key": "AAAA", "Ed25519": ed25519,
	} {
		err := webhooks.VerifyEvent(webhooks.SendGrid, signed, webhooks.Options{Secret: key})
		requireRejected(t, err, name)
		assert.NotContains(t, err.Error(), key, name)
	}
	for name, key := range map[string]string{"public key": verifies, "not base64": "!", "no key": "AAAA"} {
		_, err := webhooks.SignEvent(webhooks.SendGrid, event, webhooks.Options{Secret: key})
		require.ErrorIs(t, err, webhooks.ErrSign, name)
	}
}

// Bodies of LINE can have several events, and a retry has another body.
func TestLineMessageID(t *testing.T) {
	for body, want := range map[string]string{
		`{"events":[{"webhookEventId":"1","deliveryContext":{"isRedelivery":true}}]}`: "1",
		`{"events":[{"webhookEventId":"1"},{"webhookEventId":"2"}]}`:                  "1,2",
		`{"events":[]}`:                          "sha256",
		`{"events":[{},{}]}`:                     "sha256",
		`{"events":[{"webhookEventId":"1"},{}]}`: "sha256",
	} {
		event, err := webhooks.SignEvent(webhooks.Line, events.APIGatewayProxyRequest{Body: body},
			webhooks.Options{Secret: secret})
		require.NoError(t, err)
		ctx, err := webhooks.VerifyEventContext(t.Context(), webhooks.Line, event, webhooks.Options{Secret: secret})
		require.NoError(t, err)
		id, _, _ := strings.Cut(webhooks.MessageID(ctx), ":")
		assert.Equal(t, want, id, body)
	}
}

// Without a verify token, nobody can know it.
func TestMetaWithoutVerifyToken(t *testing.T) {
	calls := 0
	handler := webhooks.Require(webhooks.Meta, webhooks.Options{Secret: secret, VerifyTokenEnv: "UNSET_TOKEN"})(
		countingHandler(&calls, http.StatusOK))
	response, err := handler(t.Context(), events.APIGatewayProxyRequest{
		HTTPMethod: http.MethodGet, QueryStringParameters: metaQuery("subscribe", "1158201444", ""),
	})
	require.NoError(t, err)
	assert.Equal(t, http.StatusUnauthorized, response.StatusCode)
}

// Notion's verification token is logged as long as the secret is not set.
func TestNotionVerificationToken(t *testing.T) {
	const token = "secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl"
	for name, test := range map[string]struct {
		options webhooks.Options
		body    string
		logged  bool
	}{
		"no secret":      {webhooks.Options{SecretEnv: "UNSET_SECRET"}, `{"verification_token":"` + token + `"}`, true},
		"secret":         {webhooks.Options{Secret: secret}, `{"verification_token":"` + token + `"}`, false},
		"secrets":        {webhooks.Options{Secrets: []string{secret}}, `{"verification_token":"` + token + `"}`, false},
		"event":          {webhooks.Options{SecretEnv: "UNSET_SECRET"}, `{"id":"` + token + `"}`, false},
		"not JSON":       {webhooks.Options{SecretEnv: "UNSET_SECRET"}, token, false},
		"token too long": {webhooks.Options{}, `{"verification_token":"` + strings.Repeat(token, 100) + `"}`, false},
	} {
		var log bytes.Buffer
		previous := slog.Default()
		slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
		calls := 0
		handler := webhooks.Require(webhooks.Notion, test.options)(countingHandler(&calls, http.StatusOK))
		response, err := handler(t.Context(), events.APIGatewayProxyRequest{HTTPMethod: http.MethodPost, Body: test.body})
		slog.SetDefault(previous)
		require.NoError(t, err, name)
		assert.Equal(t, test.logged, response.StatusCode == http.StatusOK, name)
		assert.Equal(t, test.logged, strings.Contains(log.String(), `is \"`+token+`\"`), name)
		assert.Empty(t, strings.ReplaceAll(response.Body, `{"message":"Unauthorized"}`, ""), name)
		assert.Zero(t, calls, name)
	}
}

// Dropbox sends the same body for all changes of an account, so requests are
// told apart by API Gateway's ID.
func TestDropboxMessageID(t *testing.T) {
	var ids []string
	for _, requestID := range []string{"1", "1", "2"} {
		event, err := webhooks.SignEvent(webhooks.Dropbox, events.APIGatewayProxyRequest{Body: payload},
			webhooks.Options{Secret: secret})
		require.NoError(t, err)
		event.RequestContext.RequestID = requestID
		ctx, err := webhooks.VerifyEventContext(t.Context(), webhooks.Dropbox, event, webhooks.Options{Secret: secret})
		require.NoError(t, err)
		ids = append(ids, webhooks.MessageID(ctx))
	}
	assert.Equal(t, ids[0], ids[1])
	assert.NotEqual(t, ids[0], ids[2])
}

// FuzzRecordings changes recorded deliveries. None of them verifies with another
// secret, and no error contains the secret.
func FuzzRecordings(f *testing.F) {
	var all []recorded
	var seeds []recording
	for _, name := range slices.Sorted(maps.Keys(recordedProviders())) {
		for _, r := range recordings(f, name) {
			all, seeds = append(all, recordedProviders()[name]), append(seeds, r)
		}
	}
	for i, r := range seeds {
		var values [3]string
		for j, name := range all[i].headers[:min(3, len(all[i].headers))] {
			values[j] = r.Headers[name]
		}
		f.Add(i, r.Body, values[0], values[1], values[2])
	}
	f.Fuzz(func(t *testing.T, i int, body, header1, header2, header3 string) {
		if i < 0 || i >= len(seeds) {
			return
		}
		provider, r := all[i], seeds[i]
		if r.Certificate != "" {
			provider.scheme = webhooks.NewSNS(r.client())
		}
		r.Body, r.BodyBase64, r.Headers = body, nil, maps.Clone(r.Headers)
		for j, value := range []string{header1, header2, header3} {
			if j < len(provider.headers) {
				r.Headers[provider.headers[j]] = value
			}
		}
		if err := r.verify(provider.scheme); err != nil {
			requireRejected(t, err)
			if r.PublicKey == "" && r.Certificate == "" {
				assert.NotContains(t, err.Error(), r.Secret)
			}
		}
		r.Secret, r.PublicKey = wrongSecret(r.Secret+r.PublicKey), ""
		requireRejected(t, r.verify(provider.scheme))
	})
}
