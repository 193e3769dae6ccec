//go:build linux

package e2e

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
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

// A load is a number of clients that send requests until the server stops
// listening.
type load struct {
	url, want string // each response must have status 200 and this body
	clients   sync.WaitGroup
	done      chan struct{}
	responses atomic.Int64

	mu       sync.Mutex
	problems []string
}

func startLoad(url, want string) *load {
	l := &load{url: url, want: want, done: make(chan struct{})}
	for range 8 {
		l.clients.Go(l.run)
	}
	return l
}

// stop waits for the clients and returns what went wrong.
func (l *load) stop() []string {
	close(l.done)
	l.clients.Wait()
	return l.problems
}

// run sends requests, each on its own connection.
func (l *load) run() {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		select {
		case <-l.done:
			return
		default:
		}
		response, err := client.Get(l.url)
		if errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET) {
			return // the listener is closed
		}
		if err != nil {
			l.report(err.Error())
			return
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK || string(body) != l.want {
			l.report(response.Status + " " + string(body))
		}
		l.responses.Add(1)
	}
}

func (l *load) report(problem string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.problems = append(l.problems, problem)
}

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

			// Under constant load, every request that is accepted
			// gets a response.
			l := startLoad(url+"/slow", "production")
			require.Eventually(t, func() bool { return l.responses.Load() > 20 }, time.Minute, time.Millisecond)
			left := children(t, server.Process.Pid)
			require.NoError(t, server.Process.Signal(syscall.SIGTERM))
			assert.Zero(t, <-ended, server.screen.all())
			assert.Empty(t, l.stop())
			assert.Equal(t, 1, strings.Count(server.screen.all(), "slow: shut down\n"))
			for _, child := range left {
				assert.ErrorIs(t, syscall.Kill(child, 0), syscall.ESRCH)
			}
		})
	}
	assert.Contains(t, binaryScreen.all(), "fngen: listening on the loopback interface only")
	assert.Equal(t, before, treeOf(t, dir))
	temporary, err := filepath.Glob(filepath.Join(os.TempDir(), "fngen-serve-*"))
	require.NoError(t, err)
	assert.Empty(t, temporary)
}
