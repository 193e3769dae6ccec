//go:build linux

package e2e

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// slow is a function that takes 50 ms and has a Shutdown.
const slow = `package slow

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

func Handler(_ context.Context, _ events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	time.Sleep(50 * time.Millisecond)
	return events.APIGatewayProxyResponse{StatusCode: 200, Body: os.Getenv("STAGE")}, nil
}

// Shutdown reports that it was called.
func Shutdown(context.Context) error {
	fmt.Fprintln(os.Stderr, "slow: shut down")
	return nil
}
`

var listening = regexp.MustCompile(`listening on (http://\S+)\n`)

// TestServe checks that fngen serve and the program that it builds with
// --build-only complete active requests when they receive SIGTERM.
func TestServe(t *testing.T) {
	dir := newModule(t)
	do(t, dir, "function", "divide", "--no-tests")
	writeFile(t, dir, functions+"/slow/slow.go", slow)
	writeFile(t, dir, ".env", "STAGE=none\n")
	writeFile(t, dir, ".env.production", "STAGE=production\n")
	before := treeOf(t, dir)
	binary := filepath.Join(t.TempDir(), "server")
	p, _ := goProcess(dir, "serve", "--build-only", "-o", binary)
	p.Stdout, p.Stderr = &p.stdout, &p.stderr
	require.Zero(t, p.run(t), p.stderr.String())
	assert.Empty(t, p.stdout.String()+p.stderr.String())
	assert.Equal(t, before, treeOf(t, dir))

	serve, serveScreen := goProcess(dir, "serve", "--port", "0", "--healthz")
	standalone, binaryScreen := goProcess(t.TempDir())
	standalone.Path, standalone.Args = binary, []string{binary, "-healthz"}
	standalone.Env = append(standalone.Env, "PORT=0", "STAGE=production")
	for name, server := range map[string]struct {
		*process
		screen *screen
	}{"fngen serve": {serve, serveScreen}, "built program": {standalone, binaryScreen}} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, server.Start())
			ended := make(chan int, 1)
			go func() { ended <- server.wait() }()
			defer server.Process.Kill()
			server.screen.wait(t, "listening on http")
			url := listening.FindStringSubmatch(server.screen.all())[1]
			status, body := get(t, url+"/healthz")
			assert.Equal(t, 200, status)
			assert.Equal(t, "ok", body)
			status, body = get(t, url+"/nothing")
			assert.Equal(t, 404, status)
			assert.Equal(t, `{"message":"Not Found"}`, body, "production does not list the functions")

			// Under constant load, every request that is accepted gets a response.
			var load sync.WaitGroup
			var mu sync.Mutex
			answered, bad := 0, []string{}
			stop := make(chan struct{})
			for range 8 {
				load.Go(func() {
					client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
					for {
						select {
						case <-stop:
							return
						default:
						}
						response, err := client.Get(url + "/slow")
						if err != nil {
							if strings.Contains(err.Error(), "connection refused") ||
								strings.Contains(err.Error(), "connection reset") {
								return // the listener is closed
							}
							mu.Lock()
							bad = append(bad, err.Error())
							mu.Unlock()
							return
						}
						body, err := io.ReadAll(response.Body)
						response.Body.Close()
						mu.Lock()
						answered++
						if err != nil || response.StatusCode != 200 || string(body) != "production" {
							bad = append(bad, response.Status+" "+string(body))
						}
						mu.Unlock()
					}
				})
			}
			require.Eventually(t, func() bool { mu.Lock(); defer mu.Unlock(); return answered > 20 }, time.Minute,
				time.Millisecond)
			left := children(t, server.Process.Pid)
			require.NoError(t, server.Process.Signal(syscall.SIGTERM))
			assert.Zero(t, <-ended, server.screen.all())
			close(stop)
			load.Wait()
			assert.Empty(t, bad)
			assert.Equal(t, 1, strings.Count(server.screen.all(), "slow: shut down\n"))
			for _, child := range left {
				assert.ErrorIs(t, syscall.Kill(child, 0), syscall.ESRCH)
			}
		})
	}
	assert.Contains(t, binaryScreen.all(), "fngen: accepting connections from this machine only")
	assert.Equal(t, before, treeOf(t, dir))
	temporary, err := filepath.Glob(filepath.Join(os.TempDir(), "fngen-serve-*"))
	require.NoError(t, err)
	assert.Empty(t, temporary)
}
