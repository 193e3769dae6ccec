//go:build linux

package e2e

import (
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestGroups checks that fngen dev and fngen serve serve the functions of
// groups, two of which have packages of the same name, and that fngen dev does
// so without a restart.
func TestGroups(t *testing.T) {
	d := startDev(t, map[string]string{".env": "SLACK_EVENTS_WEBHOOK_SECRET=canary\n", ".gitignore": ".env\n"})
	do(t, d.dir, "function", "slack/events", "--webhook", "--no-tests")
	do(t, d.dir, "function", "stripe/events", "--no-tests")
	d.returns(t, "stripe/events", `{"data":"stripe/events function"}`)
	d.returns(t, "stripe/events/below", `{"data":"stripe/events function"}`)
	status, body := get(t, d.url+"/stripe")
	assert.Equal(t, http.StatusNotFound, status)
	assert.Contains(t, body, `"/slack/events","/stripe/events"`)
	_, body = get(t, d.web+"/")
	assert.Contains(t, body, "/.redwood/functions/slack/events\n")
	status, body = get(t, d.web+"/.redwood/functions/stripe/events")
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, `{"data":"stripe/events function"}`, body)

	// The signature is that of the function's own secret, and the delivery is
	// recorded for fngen invoke --replay.
	port := d.url[strings.LastIndexByte(d.url, ':')+1:]
	for _, args := range [][]string{
		{"slack/events", "--webhook", "--data", "{}", "--port", port}, {"--replay", "1", "--port", port},
	} {
		p, _ := goProcess(d.dir, append([]string{"invoke"}, args...)...)
		p.Stdout, p.Stderr = &p.stdout, &p.stderr
		require.Zero(t, p.run(t), p.stderr.String())
		assert.Equal(t, `{"data":"slack/events function"}`, p.stdout.String())
	}

	do(t, d.dir, "destroy", "function", "stripe/events")
	assert.NoDirExists(t, filepath.Join(d.dir, functions, "stripe"))
	status, _ = get(t, d.url+"/stripe/events")
	assert.Equal(t, http.StatusNotFound, status)

	serve, screen := goProcess(d.dir, "serve", "--port", "0")
	require.NoError(t, serve.Start())
	defer serve.Process.Kill()
	screen.wait(t, "listening on http")
	url := listening.FindStringSubmatch(screen.all())[1]
	status, _ = get(t, url+"/slack/events")
	assert.Equal(t, http.StatusUnauthorized, status)
	status, _ = get(t, url+"/slack")
	assert.Equal(t, http.StatusNotFound, status)
	require.NoError(t, serve.Process.Signal(syscall.SIGTERM))
	assert.Zero(t, serve.wait())
}
