//go:build linux

package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/lambdaruntime"
)

// A recordedRequest is a request whose URL was signed. The recordings are those
// of package webhooks.
type recordedRequest struct {
	Name, Method, URL, Body, Secret string
	Headers                         map[string]string
}

// target returns the path and the query.
func (r recordedRequest) target() string { return strings.TrimPrefix(r.URL, "https://example.com") }

// recordedRequests returns the requests of a provider to a path, and below it.
func recordedRequests(t *testing.T, provider, path string) []recordedRequest {
	t.Helper()
	data, err := os.ReadFile("../../templates/lib/webhooks/testdata/recordings/" + provider + ".json")
	require.NoError(t, err)
	var all, list []recordedRequest
	require.NoError(t, json.Unmarshal(data, &all))
	for _, r := range all {
		if strings.HasPrefix(r.URL, "https://example.com"+path) {
			list = append(list, r)
		}
	}
	require.Greater(t, len(list), 4)
	return list
}

// TestSignedURL checks that requests whose URL is signed verify behind fngen
// dev, fngen serve and on Lambda. The functions only know their origin.
func TestSignedURL(t *testing.T) {
	dir := newModule(t)
	do(t, dir, "function", "sms", "--webhook=twilio", "--no-tests")
	do(t, dir, "function", "square", "--webhook=square", "--no-tests")
	requests := map[string][]recordedRequest{
		"sms":    recordedRequests(t, "twilio", "/sms"),
		"square": recordedRequests(t, "square", "/square"),
	}
	environ := []string{
		"TWILIO_AUTH_TOKEN=" + requests["sms"][0].Secret, "TWILIO_WEBHOOK_URL=https://example.com",
		"SQUARE_WEBHOOK_SIGNATURE_KEY=" + requests["square"][0].Secret, "SQUARE_WEBHOOK_URL=https://example.com",
	}
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	replay := func(t *testing.T, origin string) {
		send := func(r recordedRequest) int {
			request, err := http.NewRequest(r.Method, origin+r.target(), strings.NewReader(r.Body))
			require.NoError(t, err)
			for name, value := range r.Headers {
				request.Header.Set(name, value)
			}
			response, err := http.DefaultClient.Do(request)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			return response.StatusCode
		}
		for function, list := range requests {
			for _, r := range list {
				assert.Equal(t, http.StatusOK, send(r), "%s: %s", function, r.Name)
				r.URL += "/"
				assert.Equal(t, http.StatusUnauthorized, send(r), "%s: %s", function, r.Name)
			}
		}
	}

	t.Run("serve", func(t *testing.T) {
		server, screen := goProcess(dir, "serve", "--port", "0")
		require.NoError(t, server.Start())
		ended := make(chan int, 1)
		go func() { ended <- server.wait() }()
		screen.wait(t, "listening on http")
		replay(t, listening.FindStringSubmatch(screen.all())[1])
		require.NoError(t, server.Process.Signal(syscall.SIGTERM))
		assert.Zero(t, <-ended, screen.all())
	})
	t.Run("dev", func(t *testing.T) { replay(t, startDevIn(t, dir).url) })
	t.Run("Lambda", func(t *testing.T) {
		code, out := fngenBuild(t, dir)
		require.Zero(t, code, out)
		for function, list := range requests {
			var log bytes.Buffer
			runtime, err := lambdaruntime.Start(lambdaruntime.Function{
				Command: []string{unzip(t, filepath.Join(dir, "dist", function+".zip"))}, Env: environ, Log: &log,
			})
			require.NoError(t, err)
			defer runtime.Close()
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			invoke := func(event map[string]any, r recordedRequest) float64 {
				event["headers"] = r.Headers
				event["body"] = base64.StdEncoding.EncodeToString([]byte(r.Body))
				event["isBase64Encoded"] = true
				data, err := json.Marshal(event)
				require.NoError(t, err)
				response, err := runtime.Invoke(ctx, data)
				require.NoError(t, err)
				return normalize(t, response)["statusCode"].(float64)
			}
			refused := 0
			for _, r := range list {
				path, query, _ := strings.Cut(r.target(), "?")
				event := map[string]any{
					"version": "2.0", "rawPath": path, "rawQueryString": query,
					"requestContext": map[string]any{
						"stage": "$default", "domainName": "abc.lambda-url.us-east-1.on.aws",
						"http": map[string]string{"method": r.Method},
					},
				}
				assert.EqualValues(t, http.StatusOK, invoke(event, r), "%s: %s", function, r.Name)
				if query == "" {
					continue
				}
				values, err := url.ParseQuery(query)
				require.NoError(t, err)
				event = map[string]any{"httpMethod": r.Method, "path": path, "multiValueQueryStringParameters": values}
				assert.EqualValues(t, http.StatusUnauthorized, invoke(event, r), "%s: %s", function, r.Name)
				refused++
			}
			_ = runtime.Terminate(ctx) // the log is complete then
			assert.Equal(t, refused, strings.Count(log.String(), "use format 2.0"), log.String())
		}
	})
}
