package server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/require"
)

const benchBody = `{"data":"divide function"}`

// BenchmarkServer compares the server's throughput with that of net/http and a
// handler that writes the same bytes. It reports the median of the ratios over
// interleaved rounds. Clients reuse their connections.
func BenchmarkServer(b *testing.B) {
	o, err := parse(nil, func(string) (string, bool) { return "", false }, io.Discard, nil)
	require.NoError(b, err)
	divide := func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		return events.APIGatewayProxyResponse{StatusCode: 200,
			Headers: map[string]string{"Content-Type": "application/json"}, Body: benchBody}, nil
	}
	ours := newServer(o, []Function{{Name: "divide", Handler: divide}}).http
	bare := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, benchBody)
	})}
	addresses := make([]string, 2)
	for i, s := range []*http.Server{bare, ours} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(b, err)
		addresses[i] = listener.Addr().String()
		go func() { _ = s.Serve(listener) }()
		defer s.Close()
	}

	b.Run("plain", func(b *testing.B) { compare(b, addresses, "/divide") })
	b.Run("query", func(b *testing.B) { compare(b, addresses, "/divide?dividend=20&divisor=5") })
}

// compare reports the throughput of the second address relative to the first.
func compare(b *testing.B, addresses []string, target string) {
	request := "GET " + target +
		" HTTP/1.1\r\nHost: 127.0.0.1:8911\r\nUser-Agent: bench\r\nAccept: */*\r\nAccept-Encoding: gzip\r\n\r\n"
	require.Equal(b, once(b, addresses[0], request), once(b, addresses[1], request), "the same bytes")
	const rounds, round = 41, 50 * time.Millisecond
	for range b.N {
		var ratios, rates []float64
		for i := range rounds {
			var rate [2]float64
			for j := range 2 {
				k := (i + j) % 2 // alternate which one goes first
				rate[k] = requestsPerSecond(b, addresses[k], request, round)
			}
			ratios, rates = append(ratios, rate[1]/rate[0]), append(rates, rate[1])
		}
		slices.Sort(ratios)
		slices.Sort(rates)
		b.ReportMetric(ratios[rounds/2], "rps/bare")
		b.ReportMetric(rates[rounds/2], "rps")
	}
}

// once returns a response without its Date header.
func once(b *testing.B, address, request string) []string {
	conn, err := net.Dial("tcp", address)
	require.NoError(b, err)
	defer conn.Close()
	_, err = io.WriteString(conn, request)
	require.NoError(b, err)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(b, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(b, err)
	response.Header.Del("Date")
	return []string{response.Status, fmt.Sprint(response.Header), string(body)}
}

// requestsPerSecond sends requests as fast as responses arrive. The clients do
// as little work as possible, because it counts for both servers.
func requestsPerSecond(b *testing.B, address, request string, d time.Duration) float64 {
	var count atomic.Int64
	var clients sync.WaitGroup
	start := time.Now()
	for range 16 {
		clients.Add(1)
		go func() {
			defer clients.Done()
			conn, err := net.Dial("tcp", address)
			if err != nil {
				b.Error(err)
				return
			}
			defer conn.Close()
			buf := make([]byte, 4096)
			for time.Since(start) < d {
				if _, err := io.WriteString(conn, request); err != nil {
					b.Error(err)
					return
				}
				n, err := conn.Read(buf)
				if err != nil || n < len(benchBody) || string(buf[n-len(benchBody):n]) != benchBody {
					b.Error(errors.Join(err, fmt.Errorf("unexpected response %q", buf[:n])))
					return
				}
				count.Add(1)
			}
		}()
	}
	clients.Wait()
	return float64(count.Load()) / time.Since(start).Seconds()
}
