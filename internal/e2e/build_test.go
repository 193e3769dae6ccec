//go:build unix

package e2e

import (
	"archive/zip"
	"bytes"
	"context"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/lambdaruntime"
)

// echoFunction responds with parts of its request, and reports its shutdown.
const echoFunction = `package echo

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"example.com/app/api/src/lib/fn"
)

func Handler(_ context.Context, e events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	body, err := fn.Body(e)
	if err != nil {
		return events.APIGatewayProxyResponse{}, err
	}
	return events.APIGatewayProxyResponse{
		StatusCode:        200,
		MultiValueHeaders: map[string][]string{"Set-Cookie": {"a=1", "b=2"}},
		Body: strings.Join([]string{e.HTTPMethod, e.Path, fmt.Sprint(e.MultiValueQueryStringParameters["q"]), string(body)}, " "),
	}, nil
}

func Shutdown(context.Context) error {
	fmt.Println("echo: shut down")
	return nil
}
`

// newEcho creates a project with the function echo and another one.
func newEcho(t testing.TB) string {
	t.Helper()
	dir := newModule(t)
	for _, name := range []string{"echo", "other"} {
		out, err := exec.Command(fngen, "function", name, "--cwd", dir).CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	writeFile(t, dir, functions+"/echo/echo.go", echoFunction)
	return dir
}

// fngenBuild runs fngen build for this machine's architecture, and returns its
// exit status and output.
func fngenBuild(t *testing.T, dir string, args ...string) (int, string) {
	t.Helper()
	p, screen := goProcess(dir, append([]string{"build", "--arch", runtime.GOARCH}, args...)...)
	p.Env = append(p.Env, "GOFLAGS=-mod=readonly -tags=own") // without -trimpath, which fngen adds
	code := p.run(t)
	return code, screen.text.String()
}

// needLinux skips a test that runs programs built for AWS Lambda or containers.
func needLinux(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("the built programs run on Linux only")
	}
}

// TestBuiltForLambda checks that builds are reproducible, and that a built
// function handles the events of all HTTP services.
func TestBuiltForLambda(t *testing.T) {
	needLinux(t)
	t.Parallel()
	dir, twin := newEcho(t), newEcho(t)
	for _, dir := range []string{dir, twin} {
		code, out := fngenBuild(t, dir, "--tags", "other,more")
		require.Zero(t, code, out)
	}
	first, second := treeOf(t, filepath.Join(dir, "dist")), treeOf(t, filepath.Join(twin, "dist"))
	require.Contains(t, first, "echo.zip")
	assert.True(t, first.digest() == second.digest(), "builds in two directories differ")

	info, err := buildinfo.ReadFile(filepath.Join(dir, "dist", "echo", "bootstrap"))
	require.NoError(t, err)
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	assert.Equal(t, "own,other,more,lambda.norpc", settings["-tags"])
	assert.Equal(t, "0", settings["CGO_ENABLED"])
	assert.Equal(t, "true", settings["-trimpath"])
	assert.NotContains(t, settings, "vcs.revision")

	before := modTimes(t, filepath.Join(dir, "dist"))
	code, out := fngenBuild(t, dir, "--tags", "other,more")
	require.Zero(t, code, out)
	assert.Equal(t, before, modTimes(t, filepath.Join(dir, "dist")))
	assert.Contains(t, out, "0 built, 2 unchanged")

	var log bytes.Buffer
	bootstrap := unzip(t, filepath.Join(dir, "dist", "echo.zip"))
	r, err := lambdaruntime.Start(lambdaruntime.Function{Command: []string{bootstrap}, Log: &log})
	require.NoError(t, err)
	defer r.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for kind, c := range map[string]struct{ event, want string }{
		"REST API": {
			`{"httpMethod":"PUT","path":"/echo","multiValueQueryStringParameters":{"q":["1","50%25"]},"requestContext":{"stage":"prod"},"body":"SGVsbG8=","isBase64Encoded":true}`,
			`{"statusCode":200,"headers":{"Content-Type":"application/json"},"multiValueHeaders":{"Set-Cookie":["a=1","b=2"]},"body":"PUT /echo [1 50%25] Hello"}`,
		},
		"HTTP API": {
			`{"version":"2.0","rawPath":"/echo","rawQueryString":"q=1&q=50%2525","requestContext":{"stage":"$default","http":{"method":"PUT","path":"/echo"}},"body":"Hello"}`,
			`{"statusCode":200,"headers":{"Content-Type":"application/json"},"cookies":["a=1","b=2"],"body":"PUT /echo [1 50%25] Hello"}`,
		},
		"load balancer": {
			`{"httpMethod":"PUT","path":"/echo","multiValueQueryStringParameters":{"q":["1","50%2525"]},"multiValueHeaders":{"host":["h"]},"requestContext":{"elb":{"targetGroupArn":"arn"}},"body":"Hello"}`,
			`{"statusCode":200,"statusDescription":"200 OK","multiValueHeaders":{"Content-Type":["application/json"],"Set-Cookie":["a=1","b=2"]},"body":"PUT /echo [1 50%25] Hello"}`,
		},
	} {
		response, err := r.Invoke(ctx, []byte(c.event))
		require.NoError(t, err, kind)
		assert.Equal(t, normalize(t, []byte(c.want)), normalize(t, response), kind)
	}
	_, err = r.Invoke(ctx, []byte(`{"Records":[{"eventSource":"aws:sqs"}]}`))
	var failed *lambdaruntime.FunctionError
	require.ErrorAs(t, err, &failed)
	assert.Contains(t, failed.Message, "SQS")
	_ = r.Terminate(ctx) // the log shows whether it shut down
	assert.Contains(t, log.String(), "echo: shut down")
}

// normalize decodes a response and drops fields that may be null or absent.
func normalize(t *testing.T, data []byte) map[string]any {
	t.Helper()
	var all map[string]any
	require.NoError(t, json.Unmarshal(data, &all), "%s", data)
	for name, value := range all {
		if m, ok := value.(map[string]any); value == nil || value == false || ok && len(m) == 0 {
			delete(all, name)
		}
	}
	return all
}

// modTimes returns the modification times of files.
func modTimes(t *testing.T, dir string) map[string]time.Time {
	t.Helper()
	all := map[string]time.Time{}
	require.NoError(t, filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		all[name] = info.ModTime()
		return err
	}))
	return all
}

// unzip extracts the program in a zip file, with its mode, and returns its
// path.
func unzip(t *testing.T, archive string) string {
	t.Helper()
	r, err := zip.OpenReader(archive)
	require.NoError(t, err)
	defer r.Close()
	require.Len(t, r.File, 1)
	from, err := r.File[0].Open()
	require.NoError(t, err)
	data, err := io.ReadAll(from)
	require.NoError(t, err)
	name := filepath.Join(t.TempDir(), r.File[0].Name)
	require.NoError(t, os.WriteFile(name, data, r.File[0].Mode()))
	return name
}

// TestBuiltForContainer runs a container's program with the environment and
// arguments in the Dockerfile.
func TestBuiltForContainer(t *testing.T) {
	needLinux(t)
	t.Parallel()
	dir := newEcho(t)
	code, out := fngenBuild(t, dir, "--target", "container")
	require.Zero(t, code, out)
	dockerfile, err := os.ReadFile(filepath.Join(dir, "dist", "Dockerfile"))
	require.NoError(t, err)
	value := func(instruction string) string {
		m := regexp.MustCompile(`(?m)^` + instruction + ` (.*)$`).FindSubmatch(dockerfile)
		require.NotNil(t, m, instruction)
		return string(m[1])
	}
	var entry []string
	require.NoError(t, json.Unmarshal([]byte(value("ENTRYPOINT")), &entry))
	copied := strings.Fields(value("COPY"))
	require.Len(t, copied, 3)
	require.Equal(t, "--chmod=0755", copied[0], "regardless of the umask")
	from, to := copied[1], copied[2]
	require.Equal(t, entry[0], to)
	program := filepath.Join(dir, "dist", strings.ReplaceAll(from, "${TARGETARCH}", runtime.GOARCH))

	cmd := exec.Command(program, entry[1:]...)
	// The image's variables, except that it listens on a free loopback port.
	cmd.Env = append(strings.Fields(value("ENV")), "HOST=127.0.0.1", "PORT=0")
	screen := &screen{}
	cmd.Stdout, cmd.Stderr = screen, screen
	require.NoError(t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	address := regexp.MustCompile(`127\.0\.0\.1:[1-9][0-9]*`)
	var at string
	require.Eventually(t, func() bool {
		screen.mu.Lock()
		defer screen.mu.Unlock()
		at = address.FindString(screen.text.String())
		return at != ""
	}, time.Minute, 5*time.Millisecond, "no address in the output")
	for path, want := range map[string]string{"/healthz": "", "/echo?q=1&q=2": "GET /echo [1 2] "} {
		response, err := http.Get("http://" + at + path)
		require.NoError(t, err)
		body, err := io.ReadAll(response.Body)
		require.NoError(t, errors.Join(err, response.Body.Close()))
		assert.Equal(t, http.StatusOK, response.StatusCode, path)
		if want != "" {
			assert.Equal(t, want, string(body))
		}
	}
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, <-ended)
	assert.Contains(t, screen.text.String(), "echo: shut down")
}

// TestBuildInterrupted checks that an interrupted build leaves the output
// directory unchanged.
func TestBuildInterrupted(t *testing.T) {
	t.Parallel()
	dir := newEcho(t)
	writeFile(t, dir, "out/notes.txt", "mine")
	p, screen := goProcess(dir, "build", "--arch", runtime.GOARCH, "-o", "out")
	require.NoError(t, p.Start())
	require.Eventually(t, func() bool {
		staged, err := filepath.Glob(filepath.Join(dir, "out", ".fngen-*"))
		return err == nil && len(staged) > 0
	}, time.Minute, time.Millisecond, "nothing is staged")
	require.NoError(t, p.Process.Signal(syscall.SIGINT))
	assert.Equal(t, 1, p.wait())
	assert.Equal(t, "fngen: interrupted\n", screen.text.String())
	out := treeOf(t, filepath.Join(dir, "out"))
	assert.Len(t, out, 1)
	assert.Contains(t, out, "notes.txt")
}

// TestBuildFullDisk checks that every file is complete or missing if the disk
// is full.
func TestBuildFullDisk(t *testing.T) {
	needLinux(t)
	t.Parallel()
	dir := newEcho(t)
	code, out := fngenBuild(t, dir, "echo")
	require.Zero(t, code, out)
	want := treeOf(t, filepath.Join(dir, "dist"))
	disk := t.TempDir()
	for size, left := range map[string][]string{"2m": nil, "8m": {"echo", "echo/bootstrap"}} {
		mounted, err := exec.Command("mount", "-t", "tmpfs", "-o", "size="+size, "fngen", disk).CombinedOutput()
		if err != nil {
			t.Skipf("cannot mount tmpfs: %v: %s", err, mounted)
		}
		code, out := fngenBuild(t, dir, "echo", "-o", disk)
		got := treeOf(t, disk)
		unmounted, err := exec.Command("umount", disk).CombinedOutput()
		require.NoError(t, err, "%s", unmounted)
		assert.Equal(t, 1, code, out)
		assert.Contains(t, out, "no space left on device")
		assert.Len(t, got, len(left), "%s", size)
		for _, name := range left {
			assert.True(t, want[name] == got[name], name)
		}
	}
}

// BenchmarkBuild compares fngen build with one go build of the same main
// packages, interleaved. Packages are cached, and programs are linked. It also
// reports the time of a build in which nothing has changed.
func BenchmarkBuild(b *testing.B) {
	const functions, pairs = 50, 3
	dir := newModule(b)
	for i := range functions {
		spend(b, fngen, "function", fmt.Sprintf("f%d", i), "--cwd", dir)
	}
	b.Chdir(dir)
	spend(b, fngen, "build", "--emit-main", "cmd")
	b.Setenv("GOOS", "linux")
	b.Setenv("CGO_ENABLED", "0")
	ours := []string{"build", "--arch", runtime.GOARCH}
	bare := []string{"build", "-buildvcs=false", "-trimpath", "-ldflags=-s -w", "-tags=lambda.norpc", "-o", "bin/",
		"./cmd/..."}
	rebuild := func() (cost, cost) {
		require.NoError(b, errors.Join(os.RemoveAll("dist"), os.RemoveAll("bin")))
		return spend(b, fngen, ours...), spend(b, "go", bare...)
	}
	rebuild()
	var walls, cpus []float64
	var times, bares, again []cost
	for range b.N {
		for range pairs {
			a, c := rebuild()
			times, bares = append(times, a), append(bares, c)
			walls = append(walls, float64(a.wall)/float64(c.wall))
			cpus = append(cpus, float64(a.cpu)/float64(c.cpu))
			for range 5 {
				again = append(again, spend(b, fngen, ours...))
			}
		}
	}
	seconds := func(c cost) float64 { return c.wall.Seconds() }
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(walls), "wall/go-build")
	b.ReportMetric(median(cpus), "cpu/go-build")
	b.ReportMetric(medianOf(times, seconds), "s")
	b.ReportMetric(medianOf(bares, seconds), "go-build-s")
	b.ReportMetric(medianOf(again, seconds), "unchanged-s")
}
