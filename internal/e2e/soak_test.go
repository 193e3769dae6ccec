//go:build linux

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var soak = flag.Duration("soak", 0, "duration of TestSoak, which make soak runs")

// state is a function that responds with the size of the request body and the
// number of goroutines of its process.
const state = `package state

import (
	"context"
	"encoding/json"
	"runtime"

	"github.com/aws/aws-lambda-go/events"
)

func Handler(_ context.Context, e events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	body, err := json.Marshal(map[string]int{"bytes": len(e.Body), "goroutines": runtime.NumGoroutine()})
	return events.APIGatewayProxyResponse{StatusCode: 200, Body: string(body)}, err
}
`

// A soaked server is under load until the end of the test.
type soaked struct {
	url     string
	pid     int
	handled atomic.Int64 // responses
	refused atomic.Int64 // uploads rejected because of -bodies-limit
	cut     atomic.Int64 // connections of slow clients that the server closed

	mu       sync.Mutex
	problems []string
}

func (s *soaked) report(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.problems) < 20 {
		s.problems = append(s.problems, fmt.Sprintf(format, args...))
	}
}

// TestSoak keeps three servers under load: fngen serve with fast clients, slow
// clients and uploads; the same program, restarted with SIGTERM; and fngen dev
// while a function is saved every two seconds. It checks that no request is
// lost, and that goroutines and memory do not accumulate.
func TestSoak(t *testing.T) {
	if *soak == 0 {
		t.Skip("run it with make soak")
	}
	dir := newModule(t)
	do(t, dir, "function", "state", "--no-tests")
	writeFile(t, dir, functions+"/state/state.go", state)
	writeFile(t, dir, functions+"/slow/slow.go", slow)
	writeFile(t, dir, countFile, numbered(0))
	writeFile(t, dir, ".env.production", "STAGE=production\n")
	binary := filepath.Join(t.TempDir(), "server")
	p, _ := goProcess(dir, "serve", "--build-only", "-o", binary)
	require.Zero(t, p.run(t))

	ctx, cancel := context.WithTimeout(t.Context(), *soak)
	defer cancel()
	var all sync.WaitGroup
	serve, stop := startSoaked(t, binary, "-read-timeout", "2s")
	d := startDevIn(t, dir)
	dev := &soaked{url: d.url, pid: d.Process.Pid}
	for range 8 {
		all.Go(func() { serve.fast(ctx, "/state") })
		all.Go(func() { dev.fast(ctx, "/count") })
	}
	for range 4 {
		all.Go(func() { serve.upload(ctx) })
		all.Go(func() { serve.trickle(ctx) })
	}
	restarts := 0
	all.Go(func() { restarts = restart(t, ctx, binary) })
	saves := 0
	all.Go(func() {
		for ; ctx.Err() == nil; saves++ {
			writeFile(t, dir, countFile, numbered(saves))
			select {
			case <-time.After(2 * time.Second):
			case <-ctx.Done():
			}
		}
	})

	// Measure after a fifth of the time, when caches and pools are full.
	sleep(ctx, *soak/5)
	serveBefore, devBefore := memory(t, ctx, *soak/5, serve, dev)
	sleep(ctx, *soak*2/5)
	serveAfter, devAfter := memory(t, ctx, *soak/5, serve, dev)
	<-ctx.Done()
	all.Wait()
	assert.Empty(t, serve.problems)
	assert.Empty(t, dev.problems)
	assert.Positive(t, serve.cut.Load())
	assert.Positive(t, restarts)
	assert.Less(t, float64(serveAfter), 1.5*float64(serveBefore), "fngen serve's memory")
	assert.Less(t, float64(devAfter), 1.5*float64(devBefore), "fngen dev's memory")
	http.DefaultClient.CloseIdleConnections()
	idle := func() bool { return serve.goroutines() < 15 }
	assert.Eventually(t, idle, time.Minute, 100*time.Millisecond, "goroutines are left")
	t.Logf("fngen serve: %d responses, %d uploads refused, %d slow clients cut, %d to %d MB",
		serve.handled.Load(), serve.refused.Load(), serve.cut.Load(), serveBefore>>20, serveAfter>>20)
	t.Logf("fngen dev: %d responses, %d saves, %d to %d MB; %d restarts",
		dev.handled.Load(), saves, devBefore>>20, devAfter>>20, restarts)
	assert.Zero(t, stop(), "exit status")
	git(t, dir, "checkout", "-q", ".")
	d.interrupt(t)
}

// sleep returns after d, or earlier if ctx is done.
func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// startSoaked starts a server and waits until it listens. stop sends it SIGTERM
// and returns its exit status.
func startSoaked(t *testing.T, binary string, args ...string) (s *soaked, stop func() int) {
	t.Helper()
	p, screen := goProcess("")
	p.Path, p.Args = binary, append([]string{binary}, args...)
	p.Env = append(p.Env, "PORT=0", "STAGE=production")
	require.NoError(t, p.Start())
	ended := make(chan int, 1)
	go func() { ended <- p.wait() }()
	t.Cleanup(func() { _ = p.Process.Kill() })
	screen.wait(t, "listening on http")
	s = &soaked{url: listening.FindStringSubmatch(screen.all())[1], pid: p.Process.Pid}
	return s, func() int {
		_ = p.Process.Signal(syscall.SIGTERM)
		return <-ended
	}
}

// restart repeatedly starts the program and sends it SIGTERM under load. It
// returns the number of times.
func restart(t *testing.T, ctx context.Context, binary string) (n int) {
	for ; ctx.Err() == nil; n++ {
		s, stop := startSoaked(t, binary)
		l := startLoad(s.url+"/slow", "production")
		sleep(ctx, 3*time.Second)
		status := stop()
		assert.Zero(t, status)
		assert.Empty(t, l.stop(), "lost requests")
	}
	return n
}

// fast sends requests one after the other, with a short pause.
func (s *soaked) fast(ctx context.Context, path string) {
	for ctx.Err() == nil {
		response, err := http.Get(s.url + path)
		if err != nil {
			s.report("%s: %v", path, err)
			continue
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK {
			s.report("%s: %s %s %v", path, response.Status, body, err)
		}
		s.handled.Add(1)
		time.Sleep(5 * time.Millisecond) // leaves time for the other clients and builds
	}
}

// upload sends bodies of 5 MB.
func (s *soaked) upload(ctx context.Context) {
	data := bytes.Repeat([]byte("x"), 5<<20)
	for ctx.Err() == nil {
		response, err := http.Post(s.url+"/state", "text/plain", bytes.NewReader(data))
		if err != nil {
			s.report("upload: %v", err)
			continue
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		switch {
		case response.StatusCode == http.StatusServiceUnavailable:
			s.refused.Add(1)
		case err != nil || !strings.Contains(string(body), fmt.Sprintf(`"bytes":%d`, len(data))):
			s.report("upload: %s %s %v", response.Status, body, err)
		}
		s.handled.Add(1)
		time.Sleep(50 * time.Millisecond)
	}
}

// trickle sends a body byte by byte, until the server closes the connection.
func (s *soaked) trickle(ctx context.Context) {
	for ctx.Err() == nil {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			s.report("slow client: %v", err)
			return
		}
		start := time.Now()
		_, err = io.WriteString(conn, "POST /state HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n")
		for err == nil && ctx.Err() == nil {
			if time.Since(start) > 10*time.Second {
				s.report("a slow client is still connected after 10 s")
				break
			}
			time.Sleep(100 * time.Millisecond)
			_, err = io.WriteString(conn, "x")
		}
		if err != nil {
			s.cut.Add(1)
		}
		conn.Close()
	}
}

// memory returns the median resident memory of two servers over the duration d,
// in bytes. A single measurement would depend on the uploads in progress.
func memory(t *testing.T, ctx context.Context, d time.Duration, a, b *soaked) (int, int) {
	t.Helper()
	var ofA, ofB []int
	for end := time.Now().Add(d); time.Now().Before(end) && ctx.Err() == nil; sleep(ctx, 100*time.Millisecond) {
		ofA, ofB = append(ofA, a.rss(t)), append(ofB, b.rss(t))
	}
	slices.Sort(ofA)
	slices.Sort(ofB)
	return ofA[len(ofA)/2], ofB[len(ofB)/2]
}

// rss returns the resident memory of the process in bytes.
func (s *soaked) rss(t *testing.T) int {
	t.Helper()
	statm, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", s.pid))
	require.NoError(t, err)
	pages, err := strconv.Atoi(strings.Fields(string(statm))[1])
	require.NoError(t, err)
	return pages * os.Getpagesize()
}

// goroutines returns the number of goroutines of the server, or a huge number
// if it does not respond.
func (s *soaked) goroutines() int {
	response, err := http.Get(s.url + "/state")
	if err != nil {
		return 1 << 30
	}
	defer response.Body.Close()
	var state struct{ Goroutines int }
	if json.NewDecoder(response.Body).Decode(&state) != nil {
		return 1 << 30
	}
	return state.Goroutines
}
