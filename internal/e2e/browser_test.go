//go:build linux

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// startBrowser starts a headless Chromium and returns a context for a tab. It
// skips the test on machines without Chromium.
func startBrowser(t *testing.T, extra ...chromedp.ExecAllocatorOption) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path),
		chromedp.Env("TMPDIR="+t.TempDir())) // it leaves a socket there
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox) // the sandbox refuses to run as root
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), append(options, extra...)...)
	t.Cleanup(stop) // also removes the profile
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// fetch opens a page and returns the status and body of a request that the page
// makes, or "blocked" if the browser does not let the page read them.
func fetch(t *testing.T, browser context.Context, page, url string, init map[string]any) string {
	t.Helper()
	options, err := json.Marshal(init)
	require.NoError(t, err)
	_, err = chromedp.Run(browser, chromedp.Navigate(page))
	require.NoError(t, err)
	result, err := chromedp.Run(browser, chromedp.Evaluate[string](fmt.Sprintf(
		`fetch(%q, %s).then(async r => r.status + " " + await r.text(), () => "blocked")`, url, options,
	), chromedp.EvalAwaitPromise))
	require.NoError(t, err)
	return result
}

// TestCORSInBrowser checks in a browser which pages can call functions with
// --cors, and read their responses.
func TestCORSInBrowser(t *testing.T) {
	browser := startBrowser(t)
	newPage := func() string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte("<!doctype html><title>Page</title>"))
		}))
		t.Cleanup(server.Close)
		return server.URL
	}
	listed, otherPort := newPage(), newPage()
	otherHost := strings.Replace(listed, "127.0.0.1", "localhost", 1)

	const secret = "a secret of at least 32 characters"
	dir := newModule(t)
	do(t, dir, "function", "orders", "--no-tests", "--auth", "--cors="+listed)
	do(t, dir, "function", "broken", "--no-tests", "--auth", "--cors="+listed)
	do(t, dir, "function", "open", "--no-tests", "--cors")
	broken := filepath.Join(dir, functions, "broken", "broken.go")
	source, err := os.ReadFile(broken)
	require.NoError(t, err)
	changed := strings.Replace(string(source), "return fn.JSON(", "panic(http.ErrAbortHandler)\n\treturn fn.JSON(", 1)
	require.NotEqual(t, string(source), changed)
	require.NoError(t, os.WriteFile(broken, []byte(changed), 0o666))

	serve, screen := goProcess(dir, "serve", "--port", "0")
	serve.Env = append(serve.Env, "AUTH_JWT_SECRET="+secret)
	require.NoError(t, serve.Start())
	t.Cleanup(func() {
		_ = serve.Process.Kill()
		serve.wait()
	})
	screen.wait(t, "listening on http")
	url := listening.FindStringSubmatch(screen.all())[1]

	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"sub": "7", "exp": time.Now().Add(time.Hour).Unix(),
	}).SignedString([]byte(secret))
	require.NoError(t, err)
	signedIn := map[string]any{
		"method": http.MethodPut,
		"headers": map[string]string{
			"Authorization": "Bearer " + token, "auth-provider": "custom", "Content-Type": "application/json",
		},
		"body": `{"status":"paid"}`,
	}
	anonymous := map[string]any{}
	otherHeader := map[string]any{"headers": map[string]string{"X-Id": "1"}}

	for _, test := range []struct {
		name, page, function string
		init                 map[string]any
		want                 string
	}{
		{"200", listed, "orders", signedIn, `200 {"data":"orders function"}`},
		{"401", listed, "orders", anonymous, `401 {"message":"Unauthorized"}`},
		{"500", listed, "broken", signedIn, `500 {"message":"Internal server error"}`},
		{"other port", otherPort, "orders", signedIn, "blocked"},
		{"other port, no preflight", otherPort, "orders", anonymous, "blocked"},
		{"other host", otherHost, "orders", signedIn, "blocked"},
		{"any origin", otherPort, "open", signedIn, `200 {"data":"open function"}`},
		{"header that is not allowed", listed, "orders", otherHeader, "blocked"},
		{"method that is not allowed", listed, "orders", map[string]any{"method": "PURGE"}, "blocked"},
		{"cookies", listed, "orders", map[string]any{"credentials": "include"}, "blocked"},
	} {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, test.want, fetch(t, browser, test.page, url+"/"+test.function, test.init))
		})
	}
}
