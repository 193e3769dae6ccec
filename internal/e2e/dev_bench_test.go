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
	const rounds = 10
	for _, functionCount := range []int{1, 100, 500} {
		b.Run(fmt.Sprintf("functions-%d", functionCount), func(b *testing.B) {
			dir := newModule(b)
			spend(b, fngen, "function", "count", "--no-tests", "--cwd", dir)
			place := generator.MainOptions{Module: "example.com/app", Lib: "api/src/lib", Dir: functions + "/bare"}
			var handlers []generator.FunctionRef
			for i := range functionCount {
				name := "count" + strconv.Itoa(i)
				writeFile(b, dir, path.Join(functions, name, name+".go"),
					regexp.MustCompile(`package count`).ReplaceAllString(numbered(0), "package "+name))
				handlers = append(handlers, generator.FunctionRef{
					Function: name, Path: "example.com/app/" + functions + "/" + name, Package: name,
					Handler: "Handler",
				})
			}
			require.NoError(b, os.RemoveAll(filepath.Join(dir, functions, "count")))
			p, err := generator.ServerMain(place, "dev", handlers)
			require.NoError(b, err)
			for name, data := range p.Files {
				writeFile(b, dir, name, string(data))
			}
			edit := func(n int) {
				writeFile(b, dir, functions+"/count0/count0.go",
					regexp.MustCompile(`package count`).ReplaceAllString(numbered(n), "package count0"))
			}
			binary := filepath.Join(b.TempDir(), "bare")
			build := func() time.Duration {
				cmd := exec.Command("go", "build", "-buildvcs=false", "-ldflags=-s -w", "-o", binary, "./"+p.Package)
				cmd.Dir = dir
				cmd.Env = append(os.Environ(), "GOFLAGS=-mod=readonly", "GOPROXY=off", "GOWORK=off",
					"GOTOOLCHAIN=local")
				start := time.Now()
				out, err := cmd.CombinedOutput()
				require.NoError(b, err, "%s", out)
				return time.Since(start)
			}
			start := func() (*dev, time.Duration) {
				d := &dev{dir: dir, out: &screen{}, err: &screen{}, ended: make(chan int, 1)}
				d.process = command(dir, "dev", "--port", "0", "--web-port", "0")
				d.Env = append(os.Environ(), "GOFLAGS=-mod=readonly", "GOPROXY=off", "GOWORK=off", "GOTOOLCHAIN=local")
				d.Stdout, d.Stderr = d.out, d.err
				began := time.Now()
				require.NoError(b, d.Start())
				go func() { d.ended <- d.wait() }()
				for !regexp.MustCompile(`ready in`).MatchString(d.out.all()) {
					require.Less(b, time.Since(began), 5*time.Minute, "%s", d.err.all())
					time.Sleep(time.Millisecond)
				}
				took := time.Since(began)
				d.url = regexp.MustCompile(`functions  (\S+)/<name>`).FindStringSubmatch(d.out.all())[1]
				return d, took
			}
			end := func(d *dev) {
				require.NoError(b, d.Process.Signal(os.Interrupt))
				<-d.ended
			}

			build() // fills the build cache for both
			n := 0
			var starts, startRatios, overheads, ratios, saves, bares []float64
			for range 3 {
				n++
				edit(n)
				d, took := start()
				end(d)
				n++
				edit(n)
				bare := build()
				starts = append(starts, took.Seconds()*1000)
				startRatios = append(startRatios, took.Seconds()/bare.Seconds())
			}
			d, _ := start()
			defer end(d)
			for range b.N {
				for range rounds {
					n++
					began := time.Now()
					edit(n)
					awaitBody(b, d.url+"/count0", strconv.Itoa(n))
					took := time.Since(began)
					time.Sleep(2 * time.Second)                           // until go list has run
					require.NoError(b, d.Process.Signal(syscall.SIGSTOP)) // so that only go build builds
					n++
					edit(n)
					bare := build()
					require.NoError(b, d.Process.Signal(syscall.SIGCONT))
					awaitBody(b, d.url+"/count0", strconv.Itoa(n))
					time.Sleep(2 * time.Second)
					saves, bares = append(saves, took.Seconds()*1000), append(bares, bare.Seconds()*1000)
					overheads = append(overheads, (took-bare).Seconds()*1000)
					ratios = append(ratios, took.Seconds()/bare.Seconds())
				}
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(median(startRatios), "start/go-build")
			b.ReportMetric(median(starts), "start-ms")
			b.ReportMetric(median(ratios), "save/go-build")
			b.ReportMetric(median(overheads), "overhead-ms")
			b.ReportMetric(median(saves), "save-ms")
			b.ReportMetric(median(bares), "go-build-ms")
		})
	}
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
