//go:build linux

package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	quietBody = `{"data":"divide function"}`

	quiet = `package divide

import (
	"context"

	"github.com/aws/aws-lambda-go/events"
)

func Handler(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	return events.APIGatewayProxyResponse{
		StatusCode: 200, Headers: map[string]string{"Content-Type": "application/json"}, Body: ` + "`" + quietBody + "`" + `,
	}, nil
}
`

	bareServer = `package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Fprintf(os.Stderr, "listening on http://%s\n", listener.Addr())
	if len(os.Args) > 1 {
		proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: os.Args[1]})
		proxy.Transport = &http.Transport{MaxIdleConnsPerHost: 100}
		_ = http.Serve(listener, proxy)
		return
	}
	_ = http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, ` + "`" + quietBody + "`" + `)
	}))
}
`
)

// BenchmarkServe compares the throughput, the 99th percentile of the latencies
// and the resident memory of the program of fngen serve with those of a bare
// net/http server that responds with the same body, and the throughput of fngen
// dev with that of fngen serve. Each is a process of its own, and 64 clients
// keep their connections. The rounds are interleaved, and the figures are medians
// over the rounds, since what else the machine does changes a single one by a
// third. fngen dev is a reverse proxy, so it is compared with net/http's in front
// of the bare server as well.
func BenchmarkServe(b *testing.B) {
	const rounds, round = 21, 200 * time.Millisecond
	dir := newModule(b)
	spend(b, fngen, "function", "divide", "--no-tests", "--cwd", dir)
	writeFile(b, dir, functions+"/divide/divide.go", quiet)
	writeFile(b, dir, "bare/main.go", bareServer)
	environ := append(os.Environ(), "GOFLAGS=-mod=readonly", "GOPROXY=off", "GOWORK=off", "GOTOOLCHAIN=local", "PORT=0")
	binaries := b.TempDir()
	run := func(name string, args ...string) {
		cmd := exec.Command(name, args...)
		cmd.Dir, cmd.Env = dir, environ
		out, err := cmd.CombinedOutput()
		require.NoError(b, err, "%s", out)
	}
	run(fngen, "serve", "--build-only", "-o", filepath.Join(binaries, "serve"))
	run("go", "build", "-trimpath", "-ldflags=-s -w", "-o", filepath.Join(binaries, "bare"), "./bare")

	bare := startServer(b, environ, listening, filepath.Join(binaries, "bare"))
	serve := startServer(b, environ, listening, filepath.Join(binaries, "serve"))
	proxy := startServer(b, environ, listening, filepath.Join(binaries, "bare"), bare.address)
	dev := startServer(b, environ, regexp.MustCompile(`functions  (\S+)/<name>`),
		fngen, "dev", "--cwd", dir, "--port", "0", "--web-port", "0")
	servers := []*benchServer{bare, serve, proxy, dev}
	for range b.N {
		for i := range rounds + 1 {
			for j := range servers {
				s := servers[(i+j)%len(servers)] // each is the first in turn
				rate, p99 := s.load(b, round)
				if i > 0 { // the first round warms up
					s.rates, s.p99s = append(s.rates, rate), append(s.p99s, p99.Seconds())
				}
			}
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(ratios(serve.rates, bare.rates)), "serve-rps/bare")
	b.ReportMetric(median(ratios(serve.p99s, bare.p99s)), "serve-p99/bare")
	b.ReportMetric(serve.memory(b)/bare.memory(b), "serve-rss/bare")
	b.ReportMetric(median(ratios(dev.rates, serve.rates)), "dev-rps/serve")
	b.ReportMetric(median(ratios(dev.rates, proxy.rates)), "dev-rps/proxy")
	b.ReportMetric(median(ratios(proxy.rates, bare.rates)), "proxy-rps/bare")
	b.ReportMetric(median(serve.rates), "serve-rps")
}

// ratios returns the quotients of values of the same round.
func ratios(values, baselines []float64) []float64 {
	quotients := make([]float64, len(values))
	for i := range values {
		quotients[i] = values[i] / baselines[i]
	}
	return quotients
}

// A benchServer is a server under load.
type benchServer struct {
	*exec.Cmd
	address     string
	rates, p99s []float64 // requests per second, and seconds
}

// startServer starts a server that prints its URL, which announced matches.
func startServer(b *testing.B, environ []string, announced *regexp.Regexp, argv ...string) *benchServer {
	output := &screen{}
	s := &benchServer{Cmd: exec.Command(argv[0], argv[1:]...)}
	s.Env, s.Stdout, s.Stderr = environ, output, output
	require.NoError(b, s.Start())
	b.Cleanup(func() {
		_ = s.Process.Signal(os.Interrupt)
		_ = s.Wait()
	})
	for start := time.Now(); ; time.Sleep(time.Millisecond) {
		if match := announced.FindStringSubmatch(output.all()); match != nil {
			s.address = strings.TrimPrefix(match[1], "http://")
			return s
		}
		require.Less(b, time.Since(start), time.Minute, "%s", output.all())
	}
}

// load sends requests for a time, and returns how many were answered per second,
// and the 99th percentile of the time that it took. The clients do as little
// work as possible, because it counts for every server.
func (s *benchServer) load(b *testing.B, d time.Duration) (rate float64, p99 time.Duration) {
	request := fmt.Appendf(nil, "GET /divide HTTP/1.1\r\nHost: %s\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n", s.address)
	var mu sync.Mutex
	var latencies []time.Duration
	var clients sync.WaitGroup
	start := time.Now()
	for range 64 {
		clients.Go(func() {
			conn, err := net.Dial("tcp", s.address)
			if err != nil {
				b.Error(err)
				return
			}
			defer conn.Close()
			var own []time.Duration
			buf := make([]byte, 4096)
			for began := time.Now(); began.Sub(start) < d; {
				if _, err := conn.Write(request); err != nil {
					b.Error(err)
					return
				}
				n, err := conn.Read(buf)
				if err != nil && err != io.EOF || !bytes.HasSuffix(buf[:n], []byte(quietBody)) {
					b.Errorf("unexpected response %q: %v", buf[:n], err)
					return
				}
				now := time.Now()
				own = append(own, now.Sub(began))
				began = now
			}
			mu.Lock()
			defer mu.Unlock()
			latencies = append(latencies, own...)
		})
	}
	clients.Wait()
	took := time.Since(start)
	require.NotEmpty(b, latencies)
	slices.Sort(latencies)
	return float64(len(latencies)) / took.Seconds(), latencies[len(latencies)*99/100]
}

// memory returns the resident memory of the process in bytes.
func (s *benchServer) memory(b *testing.B) float64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.Process.Pid))
	require.NoError(b, err)
	match := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(status)
	require.NotNil(b, match)
	kilobytes, err := strconv.ParseFloat(string(match[1]), 64)
	require.NoError(b, err)
	return kilobytes * 1024
}
