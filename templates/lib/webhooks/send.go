package webhooks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

const (
	maxTries      = 5
	firstDelay    = time.Second      // before the second try; it doubles with each further one
	tryTimeout    = 15 * time.Second // of one try
	maxRetryAfter = 5 * time.Minute  // Send does not wait longer, whatever the receiver asks for
)

// A StatusError reports that the receiver of a message responded with a status
// other than 2xx. With 410 Gone, it asks the sender to send no more messages.
type StatusError struct{ StatusCode int }

func (e *StatusError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("status %d %s", e.StatusCode, http.StatusText(e.StatusCode)))
}

// Send posts a JSON payload to an endpoint and signs it as scheme describes. If
// scheme is nil, it is [Standard]. If client is nil, it is http.DefaultClient.
// Redirects are not followed.
//
// After a network error or one of the statuses 408, 429 and 5xx, Send tries
// again, up to five times in all, with exponential backoff and jitter, and not
// earlier than a Retry-After header says. Each try has the same message ID, and
// a signature with a new timestamp. Send returns nil when the receiver responds
// with 2xx. Otherwise, the error is that of the last try, which may be a
// [*StatusError]. If ctx ends or would end before the next try, Send returns.
func Send(
	ctx context.Context, client *http.Client, url, payload string, scheme Scheme, options Options,
) error {
	if scheme == nil {
		scheme = Standard
	}
	if client == nil {
		client = http.DefaultClient
	}
	direct := *client
	direct.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if options.URL == "" && options.URLEnv == "" {
		options.URL = url
	}
	event := events.APIGatewayProxyRequest{
		HTTPMethod: http.MethodPost,
		Headers:    map[string]string{"content-type": "application/json"},
		Body:       payload,
	}
	for try := 0; ; try++ {
		signed, err := SignEvent(scheme, event, options)
		if err != nil {
			return err
		}
		event.Headers = signed.Headers // the next try has the same message ID
		again, after, err := post(ctx, &direct, url, signed)
		if err == nil {
			return nil
		}
		err = fmt.Errorf("sending webhook: %w", err)
		delay := firstDelay << try
		delay = max(after, delay/2+rand.N(delay)) // #nosec G404 -- jitter needs no secrecy
		if !again || try == maxTries-1 || after > maxRetryAfter || !wait(ctx, delay) {
			return err
		}
	}
}

// post sends a signed event. If that fails, it reports whether to try again and
// how long the receiver asks to wait.
func post(
	ctx context.Context, client *http.Client, address string, signed events.APIGatewayProxyRequest,
) (again bool, after time.Duration, err error) {
	target, err := url.Parse(address)
	if err != nil || target.Host == "" || target.Scheme != "https" && target.Scheme != "http" {
		return false, 0, errors.New("the address is not an http or https URL")
	}
	added := url.Values(signed.MultiValueQueryStringParameters).Encode()
	target.RawQuery = strings.Trim(target.RawQuery+"&"+added, "&")

	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, signed.HTTPMethod, target.String(), strings.NewReader(signed.Body))
	if err != nil {
		return false, 0, err
	}
	for name, value := range signed.Headers {
		request.Header.Set(name, value)
	}
	response, err := client.Do(request)
	if err != nil {
		return true, 0, err
	}
	_, _ = io.CopyN(io.Discard, response.Body, 64<<10) // so that the connection can be used again
	_ = response.Body.Close()
	status := response.StatusCode
	if status >= 200 && status < 300 {
		return false, 0, nil
	}
	again = status == http.StatusRequestTimeout || status == http.StatusTooManyRequests || status >= 500
	return again, retryAfter(response.Header.Get("Retry-After")), &StatusError{status}
}

// retryAfter returns the value of a Retry-After header, which has a number of
// seconds or a date, or 0 if it has neither.
func retryAfter(value string) time.Duration {
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if date, err := http.ParseTime(value); err == nil {
		return max(0, time.Until(date))
	}
	return 0
}

// wait waits and returns true, or returns false if ctx ends earlier.
func wait(ctx context.Context, delay time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < delay {
		return false
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
