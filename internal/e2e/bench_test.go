//go:build unix

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A cost is the resources that a process used.
type cost struct {
	wall, cpu time.Duration
	peak      int64 // bytes
}

// spend runs a command and returns its cost.
func spend(b *testing.B, name string, args ...string) cost {
	b.Helper()
	cmd := exec.Command(name, args...)
	start := time.Now()
	out, err := cmd.CombinedOutput()
	wall := time.Since(start)
	require.NoError(b, err, "%s", out)
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	return cost{wall, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), usage.Maxrss * 1024}
}

// BenchmarkFunction compares fngen function with a baseline program that only
// writes the same files. The two run interleaved. It reports medians, and
// medians of the ratios of each pair.
func BenchmarkFunction(b *testing.B) {
	const pairs = 60
	baseline := filepath.Join(b.TempDir(), "baseline")
	require.NoError(b, build("./testdata/baseline", baseline))

	for _, functions := range []int{0, 999} {
		b.Run(fmt.Sprintf("after-%d", functions), func(b *testing.B) {
			project := newModule(b)
			for i := range functions {
				spend(b, fngen, "function", fmt.Sprintf("f%d", i), "--cwd", project)
			}
			// Find the files that fngen writes, for the baseline to write.
			before := b.TempDir()
			require.NoError(b, os.CopyFS(before, os.DirFS(project)))
			spend(b, fngen, "function", "divide", "--cwd", project)
			written := b.TempDir()
			changed(b, before, project, written)

			var walls, cpus []float64
			var ours, baselines []cost
			for range b.N {
				for range pairs {
					// Remove the function, so that each run does the same work.
					target := project
					if functions == 0 {
						target = newModule(b)
					} else {
						spend(b, fngen, "destroy", "function", "divide", "--cwd", project)
					}
					a, c := spend(b, fngen, "function", "divide", "--cwd", target),
						spend(b, baseline, written, b.TempDir())
					ours, baselines = append(ours, a), append(baselines, c)
					walls = append(walls, float64(a.wall)/float64(c.wall))
					cpus = append(cpus, float64(a.cpu)/float64(c.cpu))
				}
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(median(walls), "wall/baseline")
			b.ReportMetric(median(cpus), "cpu/baseline")
			b.ReportMetric(medianOf(ours, func(c cost) float64 { return float64(c.wall.Microseconds()) / 1000 }), "ms")
			b.ReportMetric(medianOf(baselines, func(c cost) float64 { return float64(c.wall.Microseconds()) / 1000 }),
				"baseline-ms")
			b.ReportMetric(medianOf(ours, func(c cost) float64 { return float64(c.cpu.Microseconds()) / 1000 }),
				"cpu-ms")
			b.ReportMetric(medianOf(ours, func(c cost) float64 { return float64(c.peak) / (1 << 20) }), "peak-MB")
		})
	}
}

// changed copies the files that are new or different in after.
func changed(b *testing.B, before, after, to string) {
	require.NoError(b, filepath.Walk(after, func(name string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(after, name)
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if old, err := os.ReadFile(filepath.Join(before, rel)); err == nil && slices.Equal(old, data) {
			return nil
		}
		target := filepath.Join(to, rel)
		if err := os.MkdirAll(filepath.Dir(target), 0o777); err != nil {
			return err
		}
		return os.WriteFile(target, data, 0o666)
	}))
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

func medianOf(costs []cost, figure func(cost) float64) float64 {
	values := make([]float64, len(costs))
	for i, c := range costs {
		values[i] = figure(c)
	}
	return median(values)
}

// BenchmarkTest compares fngen test with go test for ten functions,
// interleaved. With count=1 the tests run. With cached results, fngen's own
// startup dominates.
func BenchmarkTest(b *testing.B) {
	const pairs = 20
	dir := newModule(b)
	for i := range 10 {
		addFunction(b, dir, fmt.Sprintf("f%d", i), "", strings.Repeat("t.Run(\"passes\", func(t *testing.T) {}); ", 20))
	}
	b.Chdir(dir)
	for name, flags := range map[string][]string{"count=1": {"-count=1"}, "cached": nil} {
		b.Run(name, func(b *testing.B) {
			ours := append([]string{"test", "--"}, flags...)
			bare := append([]string{"test", "./api/src/functions/..."}, flags...)
			spend(b, fngen, ours...)
			spend(b, "go", bare...)
			var walls, cpus []float64
			var times, bares []cost
			for range b.N {
				for range pairs {
					a, c := spend(b, fngen, ours...), spend(b, "go", bare...)
					times, bares = append(times, a), append(bares, c)
					walls = append(walls, float64(a.wall)/float64(c.wall))
					cpus = append(cpus, float64(a.cpu)/float64(c.cpu))
				}
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(median(walls), "wall/go-test")
			b.ReportMetric(median(cpus), "cpu/go-test")
			b.ReportMetric(medianOf(times, func(c cost) float64 { return float64(c.wall.Microseconds()) / 1000 }), "ms")
			b.ReportMetric(medianOf(bares, func(c cost) float64 { return float64(c.wall.Microseconds()) / 1000 }),
				"go-test-ms")
		})
	}
}
