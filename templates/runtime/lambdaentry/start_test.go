package lambdaentry_test

import (
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/lambdaruntime"
)

// BenchmarkStart compares a function that uses lambdaentry with one that uses
// lambda.Start: the time from process start to the first poll, and the size of
// the binary. The two are measured interleaved. The limits are ratios of 1.1
// and 1.05.
func BenchmarkStart(b *testing.B) {
	entry, bare := build(b, "entry"), build(b, "bare")
	cold := func(binary string) time.Duration {
		r, err := lambdaruntime.Start(lambdaruntime.Function{Command: []string{binary}})
		require.NoError(b, err)
		took, err := r.Ready(b.Context())
		require.NoError(b, err)
		require.NoError(b, r.Close())
		return took
	}
	cold(entry) // warms the page cache
	cold(bare)
	var entries, bares []time.Duration
	for b.Loop() {
		for range 10 {
			entries, bares = append(entries, cold(entry)), append(bares, cold(bare))
		}
	}
	b.ReportMetric(0, "ns/op") // not meaningful: an iteration is twenty starts
	b.ReportMetric(milliseconds(median(entries)), "entry-ms")
	b.ReportMetric(milliseconds(median(bares)), "bare-ms")
	b.ReportMetric(float64(median(entries))/float64(median(bares)), "start-ratio")
	b.ReportMetric(size(b, entry)/size(b, bare), "size-ratio")
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}

func size(tb testing.TB, file string) float64 {
	tb.Helper()
	info, err := os.Stat(file)
	require.NoError(tb, err)
	return float64(info.Size())
}

// BenchmarkInvoke measures warm invocations through the Runtime API.
func BenchmarkInvoke(b *testing.B) {
	event := []byte(`{"httpMethod":"GET","path":"/x","headers":{"Host":"h"},"multiValueHeaders":{"Host":["h"]},"requestContext":{"stage":"prod"},"body":"Hello"}`)
	for _, name := range []string{"entry", "bare"} {
		b.Run(name, func(b *testing.B) {
			r, _ := start(b, lambdaruntime.Function{Command: []string{build(b, name)}})
			for b.Loop() {
				if _, err := r.Invoke(b.Context(), event); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
