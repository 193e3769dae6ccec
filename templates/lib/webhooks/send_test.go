package webhooks_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/lib/webhooks"
)

// A receiver is an http.RoundTripper that responds with statuses in turn, and
// with 200 from then on. The status 0 is a network error.
type receiver struct {
	statuses   []int
	retryAfter string
	requests   []events.APIGatewayProxyRequest
	urls       []string
	times      []time.Time
}

func (r *receiver) RoundTrip(request *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	r.requests = append(r.requests, events.APIGatewayProxyRequest{
		HTTPMethod: request.Method, MultiValueHeaders: request.Header, Body: string(body),
		MultiValueQueryStringParameters: request.URL.Query(),
	})
	r.urls = append(r.urls, request.URL.String())
	r.times = append(r.times, time.Now())
	status := http.StatusOK
	if len(r.statuses) > 0 {
		status, r.statuses = r.statuses[0], r.statuses[1:]
	}
	if status == 0 {
		return nil, errors.New("connection refused")
	}
	response := httptest.NewRecorder()
	if r.retryAfter != "" {
		response.Header().Set("Retry-After", r.retryAfter)
	}
	response.Header().Set("Location", "https://elsewhere.example")
	response.WriteHeader(status)
	return response.Result(), nil
}

const endpoint = "https://customer.example/hooks?tenant=1"

func TestSend(t *testing.T) {
	key, _ := secretPair(webhooks.Standard)
	options := webhooks.Options{Secret: key}
	for name, tt := range map[string]struct {
		statuses []int
		tries    int
		err      string
	}{
		"accepted":              {nil, 1, ""},
		"204":                   {[]int{204}, 1, ""},
		"retries":               {[]int{500, 0, 429}, 4, ""},
		"408":                   {[]int{408}, 2, ""},
		"bounded":               {[]int{503, 503, 503, 503, 503, 503, 503}, 5, "status 503 Service Unavailable"},
		"no network":            {[]int{0, 0, 0, 0, 0, 0}, 5, "connection refused"},
		"rejected":              {[]int{400}, 1, "status 400 Bad Request"},
		"gone":                  {[]int{500, 410}, 2, "status 410 Gone"},
		"redirect":              {[]int{307}, 1, "status 307"},
		"redirect to GET":       {[]int{302}, 1, "status 302"},
		"status without a name": {[]int{499}, 1, "status 499"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &receiver{statuses: tt.statuses}
				start := time.Now()
				err := webhooks.Send(t.Context(), &http.Client{Transport: r}, endpoint, payload, nil, options)
				if tt.err == "" {
					require.NoError(t, err)
				} else {
					require.ErrorContains(t, err, tt.err)
				}
				require.Len(t, r.requests, tt.tries)
				id := r.requests[0].MultiValueHeaders["Webhook-Id"]
				for i, request := range r.requests {
					assert.Equal(t, endpoint, r.urls[i])
					assert.Equal(t, payload, request.Body)
					assert.Equal(t, []string{"application/json"}, request.MultiValueHeaders["Content-Type"])
					assert.Equal(t, id, request.MultiValueHeaders["Webhook-Id"], "a retry has another ID")
					at := options
					at.Now, at.Tolerance = clock(r.times[i]), time.Second
					require.NoError(t, webhooks.VerifyEvent(webhooks.Standard, request, at), "try %d", i)
				}
				for i, at := range r.times[1:] {
					delay := time.Second << i
					assert.GreaterOrEqual(t, at.Sub(r.times[i]), delay/2)
					assert.Less(t, at.Sub(r.times[i]), delay*3/2)
				}
				assert.Less(t, time.Since(start), 30*time.Second)
			})
		})
	}
}

func TestSendRetryAfter(t *testing.T) {
	key, _ := secretPair(webhooks.Standard)
	synctest.Test(t, func(t *testing.T) {
		date := time.Now().Add(20 * time.Second).UTC().Format(http.TimeFormat)
		for value, waits := range map[string]time.Duration{
			"17": 17 * time.Second, date: 20 * time.Second, "soon": 0, "-1": 0, "Fri, 01 Jan 1999 00:00:00 GMT": 0, // the clock of the test starts in 2000
		} {
			r := &receiver{statuses: []int{503}, retryAfter: value}
			start := time.Now()
			require.NoError(t, webhooks.Send(t.Context(), &http.Client{Transport: r}, endpoint, payload, nil,
				webhooks.Options{Secret: key}))
			if value != date {
				assert.GreaterOrEqual(t, time.Since(start), waits, value)
			}
			assert.Less(t, time.Since(start), 21*time.Second, value)
			assert.Len(t, r.requests, 2)
		}

		r := &receiver{statuses: []int{429}, retryAfter: "3600"}
		err := webhooks.Send(t.Context(), &http.Client{Transport: r}, endpoint, payload, nil,
			webhooks.Options{Secret: key})
		var status *webhooks.StatusError
		require.ErrorAs(t, err, &status)
		assert.Equal(t, http.StatusTooManyRequests, status.StatusCode)
		assert.Len(t, r.requests, 1, "an hour is too long to wait")
	})
}

func TestSendContext(t *testing.T) {
	key, _ := secretPair(webhooks.Standard)
	options := webhooks.Options{Secret: key}
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{statuses: []int{503, 503, 503, 503}, retryAfter: "60"}
		ctx, cancel := context.WithTimeout(t.Context(), 59*time.Second)
		defer cancel()
		start := time.Now()
		require.ErrorContains(t, webhooks.Send(ctx, &http.Client{Transport: r}, endpoint, payload, nil, options), "503")
		assert.Zero(t, time.Since(start), "waited although the next try was too late")

		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(10*time.Second, cancel)
		require.ErrorContains(t, webhooks.Send(ctx, &http.Client{Transport: r}, endpoint, payload, nil, options), "503")
		assert.Equal(t, 10*time.Second, time.Since(start))
	})
}

func TestSendErrors(t *testing.T) {
	err := webhooks.Send(t.Context(), nil, endpoint, payload, nil, webhooks.Options{SecretEnv: "TEST_UNSET"})
	require.ErrorIs(t, err, webhooks.ErrSign)
	for _, address := range []string{"", "/hooks", "ftp://example.com", "https://%zz", "file:///etc/passwd"} {
		err := webhooks.Send(t.Context(), nil, address, payload, webhooks.SHA256, webhooks.Options{Secret: secret})
		require.ErrorContains(t, err, "not an http or https URL", address)
	}
}

// Any scheme can sign, also one that signs the URL or adds to the query.
func TestSendWithScheme(t *testing.T) {
	for _, scheme := range []webhooks.Scheme{webhooks.GitHub, webhooks.Stripe, webhooks.Square, webhooks.Twilio} {
		r := &receiver{}
		require.NoError(t, webhooks.Send(t.Context(), &http.Client{Transport: r}, endpoint, payload, scheme,
			webhooks.Options{Secret: secret}))
		sent, err := url.Parse(r.urls[0])
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(r.urls[0], endpoint), r.urls[0])
		_, err = webhooks.VerifyEventContext(rawContext(sent.Path, sent.RawQuery), scheme, r.requests[0],
			webhooks.Options{Secret: secret, URL: "https://customer.example/hooks"})
		require.NoError(t, err, scheme)
	}
}
