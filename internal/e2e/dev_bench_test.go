//go:build linux

package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/generator"
)

// BenchmarkReload compares fngen dev with go build of the same program,
// interleaved: the time from a save to the first response of the new code, and
// the time until fngen dev is ready. fngen dev's program is written to a
// directory for go build.
func BenchmarkReload(b *testing.B) {
	const starts, rounds = 9, 20
	for _, functionCount := range []int{1, 100, 500} {
		b.Run(fmt.Sprintf("functions-%d", functionCount), func(b *testing.B) {
			project := newReloadProject(b, functionCount)
			project.build(b) // fills the build cache for both
			n := 0
			var startTimes, startRatios, overheads, ratios, saves, baselines []float64
			for range starts {
				n++
				project.edit(b, n)
				d, took := project.start(b)
				d.end(b)
				n++
				project.edit(b, n)
				baseline := project.build(b)
				startTimes = append(startTimes, took.Seconds()*1000)
				startRatios = append(startRatios, took.Seconds()/baseline.Seconds())
			}
			d, _ := project.start(b)
			defer d.end(b)
			for range b.N {
				for range rounds {
					n++
					began := time.Now()
					project.edit(b, n)
					awaitBody(b, d.url+"/count0", strconv.Itoa(n))
					took := time.Since(began)
					time.Sleep(2 * time.Second)                           // until go list has run
					require.NoError(b, d.Process.Signal(syscall.SIGSTOP)) // so that only go build builds
					n++
					project.edit(b, n)
					baseline := project.build(b)
					require.NoError(b, d.Process.Signal(syscall.SIGCONT))
					awaitBody(b, d.url+"/count0", strconv.Itoa(n))
					time.Sleep(2 * time.Second)
					saves = append(saves, took.Seconds()*1000)
					baselines = append(baselines, baseline.Seconds()*1000)
					overheads = append(overheads, (took-baseline).Seconds()*1000)
					ratios = append(ratios, took.Seconds()/baseline.Seconds())
				}
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(median(startRatios), "start/go-build")
			b.ReportMetric(median(startTimes), "start-ms")
			b.ReportMetric(median(ratios), "save/go-build")
			b.ReportMetric(median(overheads), "overhead-ms")
			b.ReportMetric(median(saves), "save-ms")
			b.ReportMetric(median(baselines), "go-build-ms")
		})
	}
}

// A reloadProject is a project whose functions are served by fngen dev, and by a
// main package that go build builds.
type reloadProject struct {
	dir    string
	main   string // directory of the main package
	binary string // result of go build
}

// newReloadProject creates a project with functions that respond with a number.
func newReloadProject(b *testing.B, functionCount int) reloadProject {
	dir := newModule(b)
	spend(b, fngen, "function", "count", "--no-tests", "--cwd", dir)
	var refs []generator.FunctionRef
	for i := range functionCount {
		name := "count" + strconv.Itoa(i)
		source := strings.ReplaceAll(numbered(0), "package count", "package "+name)
		writeFile(b, dir, path.Join(functions, name, name+".go"), source)
		refs = append(refs, generator.FunctionRef{
			Function: name, Path: "example.com/app/" + functions + "/" + name, Package: name, Handler: "Handler",
		})
	}
	require.NoError(b, os.RemoveAll(filepath.Join(dir, functions, "count")))
	options := generator.MainOptions{Module: "example.com/app", Lib: "api/src/lib", Dir: functions + "/baseline"}
	main, err := generator.ServerMain(options, "dev", refs)
	require.NoError(b, err)
	for name, data := range main.Files {
		writeFile(b, dir, name, string(data))
	}
	return reloadProject{dir: dir, main: main.Package, binary: filepath.Join(b.TempDir(), "baseline")}
}

// edit makes the first function respond with n.
func (p reloadProject) edit(b *testing.B, n int) {
	source := strings.ReplaceAll(numbered(n), "package count", "package count0")
	writeFile(b, p.dir, functions+"/count0/count0.go", source)
}

func (reloadProject) environ() []string {
	return append(os.Environ(), "GOFLAGS=-mod=readonly", "GOPROXY=off", "GOWORK=off", "GOTOOLCHAIN=local")
}

// build runs go build and returns how long it takes.
func (p reloadProject) build(b *testing.B) time.Duration {
	cmd := exec.Command("go", "build", "-buildvcs=false", "-ldflags=-s -w", "-o", p.binary, "./"+p.main)
	cmd.Dir, cmd.Env = p.dir, p.environ()
	start := time.Now()
	out, err := cmd.CombinedOutput()
	require.NoError(b, err, "%s", out)
	return time.Since(start)
}

// start starts fngen dev and returns how long it takes to be ready.
func (p reloadProject) start(b *testing.B) (*dev, time.Duration) {
	d := &dev{dir: p.dir, out: &screen{}, err: &screen{}, ended: make(chan int, 1)}
	d.process = command(p.dir, "dev", "--port", "0", "--web-port", "0")
	d.Env = p.environ()
	d.Stdout, d.Stderr = d.out, d.err
	start := time.Now()
	require.NoError(b, d.Start())
	go func() { d.ended <- d.wait() }()
	for !strings.Contains(d.out.all(), "ready in") {
		require.Less(b, time.Since(start), 5*time.Minute, "%s", d.err.all())
		time.Sleep(time.Millisecond)
	}
	took := time.Since(start)
	d.url = regexp.MustCompile(`functions  (\S+)/<name>`).FindStringSubmatch(d.out.all())[1]
	return d, took
}

// end interrupts fngen dev and waits until it has exited.
func (d *dev) end(b *testing.B) {
	require.NoError(b, d.Process.Signal(os.Interrupt))
	<-d.ended
}

// awaitBody sends requests until a response has the given body.
func awaitBody(b *testing.B, url, want string) {
	b.Helper()
	for {
		response, err := http.Get(url)
		require.NoError(b, err)
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		require.NoError(b, err)
		if string(body) == want {
			return
		}
	}
}
