package webhooks_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/lib/fn"
	"github.com/fngen/fngen/templates/lib/webhooks"
)

// once wraps a handler of GitHub webhooks in Once.
func once(store webhooks.Store, handler fn.Handler) fn.Handler {
	return fn.Chain(handler, webhooks.Require(webhooks.GitHub, webhooks.Options{Secret: secret}), webhooks.Once(store))
}

// githubEvent returns a signed message from GitHub.
func githubEvent(id string) events.APIGatewayProxyRequest {
	return events.APIGatewayProxyRequest{
		Headers: map[string]string{
			"X-Hub-Signature-256": referenceSignature(webhooks.SHA256, payload, secret),
			"X-GitHub-Delivery":   id,
		},
		Body: payload,
	}
}

func send(t *testing.T, handler fn.Handler, event events.APIGatewayProxyRequest) int {
	t.Helper()
	response, err := handler(t.Context(), event)
	require.NoError(t, err)
	return response.StatusCode
}

func TestOnce(t *testing.T) {
	calls := 0
	handler := once(webhooks.NewMemory(10), countingHandler(&calls, http.StatusAccepted))
	require.Equal(t, http.StatusAccepted, send(t, handler, githubEvent("1")))
	require.Equal(t, http.StatusOK, send(t, handler, githubEvent("1")), "duplicate")
	require.Equal(t, 1, calls)
	require.Equal(t, http.StatusAccepted, send(t, handler, githubEvent("2")))
	require.Equal(t, 2, calls)

	forged := githubEvent("3")
	forged.Body = "{}"
	require.Equal(t, http.StatusUnauthorized, send(t, handler, forged))
	require.Equal(t, http.StatusAccepted, send(t, handler, githubEvent("3")),
		"a forged message claimed the ID")
}

// A message is not lost, no matter how often the handler fails.
func TestOnceRetries(t *testing.T) {
	failures := []fn.Handler{
		func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
			return events.APIGatewayProxyResponse{}, errors.New("database down")
		},
		func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
			panic("bug")
		},
	}
	for _, status := range []int{http.StatusInternalServerError, http.StatusTooManyRequests, http.StatusFound,
		http.StatusBadRequest, 0} {
		failures = append(failures, countingHandler(new(int), status))
	}
	store := webhooks.NewMemory(10)
	for range 3 {
		for _, failure := range failures {
			func() {
				defer func() { _ = recover() }()
				_, _ = once(store, failure)(t.Context(), githubEvent("1"))
			}()
		}
	}
	calls := 0
	require.Equal(t, http.StatusNoContent,
		send(t, once(store, countingHandler(&calls, http.StatusNoContent)), githubEvent("1")))
	require.Equal(t, 1, calls)
}

// Of two concurrent deliveries, one reaches the handler and the other gets 503.
func TestOnceBusy(t *testing.T) {
	store := webhooks.NewMemory(10)
	started, release := make(chan struct{}), make(chan int)
	handler := once(store,
		func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
			started <- struct{}{}
			return fn.JSON(<-release, nil)
		})
	for _, outcome := range []int{http.StatusInternalServerError, http.StatusOK} {
		first := make(chan int)
		go func() {
			response, _ := handler(context.Background(), githubEvent("1"))
			first <- response.StatusCode
		}()
		<-started
		response, err := handler(t.Context(), githubEvent("1"))
		require.NoError(t, err)
		require.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
		require.NotEmpty(t, response.Headers["Retry-After"])
		release <- outcome
		require.Equal(t, outcome, <-first)
	}
	require.Equal(t, http.StatusOK, send(t, handler, githubEvent("1")), "duplicate of the retry")
}

func TestOnceConcurrent(t *testing.T) {
	const messages, deliveries = 50, 8
	var handled [messages]atomic.Int32
	store := webhooks.NewMemory(messages)
	handler := once(store,
		func(_ context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
			var i int
			if _, err := fmt.Sscan(event.Headers["X-GitHub-Delivery"], &i); err != nil {
				return events.APIGatewayProxyResponse{}, err
			}
			handled[i].Add(1)
			return fn.JSON(http.StatusOK, nil)
		})
	var wg sync.WaitGroup
	for range deliveries {
		wg.Go(func() {
			for i := range messages {
				for {
					response, err := handler(context.Background(), githubEvent(fmt.Sprint(i)))
					if err == nil && response.StatusCode == http.StatusOK {
						break
					}
				}
			}
		})
	}
	wg.Wait()
	for i := range handled {
		assert.EqualValues(t, 1, handled[i].Load(), i)
	}
}

type failingStore struct{}

func (failingStore) Handle(context.Context, string, func(context.Context) bool) (webhooks.Outcome, error) {
	return 0, errors.New("no connection")
}

func TestOnceErrors(t *testing.T) {
	_, err := once(failingStore{}, countingHandler(new(int), http.StatusOK))(t.Context(), githubEvent("1"))
	require.ErrorContains(t, err, "no connection")

	_, err = webhooks.Once(webhooks.NewMemory(1))(countingHandler(new(int), http.StatusOK))(t.Context(), githubEvent("1"))
	require.ErrorContains(t, err, "after Require", "the event was not verified")
}

// recordMessageID returns a handler that sets *id to the ID of the message.
func recordMessageID(id *string) fn.Handler {
	return func(ctx context.Context, _ events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		*id = webhooks.MessageID(ctx)
		return events.APIGatewayProxyResponse{}, nil
	}
}

// An attacker cannot change the ID by encoding the signature differently.
func TestMessageIDIsStable(t *testing.T) {
	now := time.Unix(1700000000, 0)
	id := func(scheme webhooks.Scheme, event events.APIGatewayProxyRequest) string {
		_, verifies := secretPair(scheme)
		got := ""
		options := webhooks.Options{Secret: verifies, Now: clock(now)}
		handler := webhooks.Require(scheme, options)(recordMessageID(&got))
		_, err := handler(t.Context(), event)
		require.NoError(t, err)
		require.NotEmpty(t, got, "%s: event rejected", scheme)
		return got
	}
	for scheme, change := range map[webhooks.Scheme]func(events.APIGatewayProxyRequest){
		webhooks.TimestampScheme: func(e events.APIGatewayProxyRequest) { e.Headers["rw-webhook-signature"] += ",x=1" },
		webhooks.Base64SHA256: func(e events.APIGatewayProxyRequest) {
			e.Headers["rw-webhook-signature"] = strings.TrimRight(e.Headers["rw-webhook-signature"], "=")
		},
		webhooks.Svix: func(e events.APIGatewayProxyRequest) {
			for _, name := range []string{"id", "timestamp", "signature"} {
				e.Headers["webhook-"+name] = e.Headers["svix-"+name]
				delete(e.Headers, "svix-"+name)
			}
			e.Headers["svix-id"] = "another"
		},
		webhooks.JWT: func(e events.APIGatewayProxyRequest) {
			token := e.Headers["rw-webhook-signature"] // the last digit has unused bits
			digits := "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
			last := strings.IndexByte(digits, token[len(token)-1])
			e.Headers["rw-webhook-signature"] = token[:len(token)-1] + string(digits[last^1])
		},
	} {
		signs, _ := secretPair(scheme)
		event, err := webhooks.SignEvent(scheme, events.APIGatewayProxyRequest{Body: payload},
			webhooks.Options{Secret: signs, Now: clock(now)})
		require.NoError(t, err)
		event.MultiValueHeaders = nil
		want := id(scheme, event)
		before := maps.Clone(event.Headers)
		change(event)
		require.NotEqual(t, before, event.Headers)
		assert.Equal(t, want, id(scheme, event), scheme)
	}

	// A message with another timestamp or other claims has another ID.
	for _, scheme := range []webhooks.Scheme{webhooks.TimestampScheme, webhooks.JWT} {
		signs, _ := secretPair(scheme)
		ids := map[string]bool{}
		for second := range 2 {
			event, err := webhooks.SignEvent(scheme, events.APIGatewayProxyRequest{Body: payload},
				webhooks.Options{Secret: signs, Now: clock(now.Add(time.Duration(second) * time.Second))})
			require.NoError(t, err)
			ids[id(scheme, event)] = true
		}
		assert.Len(t, ids, 2, scheme)
	}
}

// The ID of a message is the one that the provider documents.
func TestMessageID(t *testing.T) {
	for name, tt := range map[string]struct {
		scheme  webhooks.Scheme
		headers map[string]string
		body    string
		want    string
	}{
		"github": {
			webhooks.GitHub, map[string]string{"x-github-delivery": "72d3162e"}, payload, "72d3162e",
		},
		"gitlab": {
			webhooks.GitLab, map[string]string{"Idempotency-Key": "f5e5f430"}, payload, "f5e5f430",
		},
		"discourse": {webhooks.Discourse, map[string]string{"X-Discourse-Event-Id": "5"}, payload, "5"},
		"vercel":    {webhooks.Vercel, nil, `{"id":"evt_1"}`, "evt_1"},
		"stripe":    {webhooks.Stripe, nil, stripeBody, "evt_123"},
		"paddle":    {webhooks.Paddle, nil, paddleGo, "evt_01hsdn97563968dy0szkmgjwh3"},
		"shopify": {
			webhooks.Shopify, map[string]string{"X-Shopify-Webhook-Id": "b54557e4", "X-Shopify-Event-Id": "98880550"},
			payload, "98880550",
		},
		"shopify, old": {
			webhooks.Shopify, map[string]string{"X-Shopify-Webhook-Id": "b54557e4"}, payload, "b54557e4",
		},
		"cloudevents, binary": {
			webhooks.CloudEvents, map[string]string{"Ce-Id": "1", "Ce-Source": "/a"}, payload, "/a 1",
		},
		"cloudevents, structured": {webhooks.CloudEvents, nil, `{"id":"1","source":"/a"}`, "/a 1"},
		"graph":                   {webhooks.Graph, nil, `{"value":[{"id":"n1"}]}`, "n1"},
		"slack":                   {webhooks.Slack, nil, `{"type":"event_callback","event_id":"Ev123"}`, "Ev123"},
		"svix":                    {webhooks.Svix, map[string]string{"svix-id": "msg_1"}, payload, "msg_1"},
		"clerk":                   {webhooks.Clerk, map[string]string{"svix-id": "msg_1"}, payload, "msg_1"},
		"standard":                {webhooks.Standard, map[string]string{"webhook-id": "msg_1"}, payload, "msg_1"},
		"square":                  {webhooks.Square, nil, square, "ac3ac95b-f97d-458c-a6e6-18981597e05f"},
		"twilio":                  {webhooks.Twilio, map[string]string{"I-Twilio-Idempotency-Token": "t1"}, payload, "t1"},
		"linear": {
			webhooks.Linear, map[string]string{"Linear-Delivery": "234d1a4e"}, payload, "234d1a4e",
		},
		"discord, interaction": {webhooks.Discord, nil, `{"type":2,"id":"786008729715212338"}`, "786008729715212338"},
		// printf %s "$body" | sha256sum, since a retry has another timestamp
		"zoom": {
			webhooks.Zoom, nil, "{}", "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
		},
		"sha256Verifier": {
			webhooks.SHA256, nil, "{}", "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
		},
		"secretKeyVerifier, without the secret": {
			webhooks.SecretKey, nil, "{}", "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
		},
	} {
		t.Run(name, func(t *testing.T) {
			signs, verifies := secretPair(tt.scheme)
			unsigned := events.APIGatewayProxyRequest{Headers: tt.headers, Body: tt.body}
			event, err := webhooks.SignEvent(tt.scheme, unsigned,
				webhooks.Options{Secret: signs, URL: "https://a.example"})
			require.NoError(t, err)
			got := ""
			options := webhooks.Options{Secret: verifies, URL: "https://a.example"}
			handler := webhooks.Require(tt.scheme, options)(recordMessageID(&got))
			_, err = handler(t.Context(), event)
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
		})
	}
	assert.Empty(t, webhooks.MessageID(t.Context()))
}

// Code that calls VerifyEventContext itself can use Once and MessageID.
func TestOnceAfterVerifyEventContext(t *testing.T) {
	options := webhooks.Options{Secret: secret}
	calls, store := 0, webhooks.NewMemory(10)
	handle := webhooks.Once(store)(countingHandler(&calls, http.StatusAccepted))
	for _, status := range []int{http.StatusAccepted, http.StatusOK} {
		ctx, err := webhooks.VerifyEventContext(t.Context(), webhooks.GitHub, githubEvent("1"), options)
		require.NoError(t, err)
		require.Equal(t, "1", webhooks.MessageID(ctx))
		response, err := handle(ctx, githubEvent("1"))
		require.NoError(t, err)
		require.Equal(t, status, response.StatusCode)
	}
	require.Equal(t, 1, calls)

	forged := githubEvent("2")
	forged.Body = "{}"
	ctx, err := webhooks.VerifyEventContext(t.Context(), webhooks.GitHub, forged, options)
	requireRejected(t, err)
	require.Empty(t, webhooks.MessageID(ctx))
}
