//go:build linux

package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var edits = flag.Int("edits", 20, "number of saves in TestDevUnderLoad")

// A dev is an fngen dev process that serves a project.
type dev struct {
	*process
	dir      string
	out, err *screen
	ended    chan int
	url, web string // of the functions, and of the web side
}

// startDev creates a project with files, commits it and starts fngen dev.
func startDev(t *testing.T, files map[string]string, args ...string) *dev {
	t.Helper()
	dir := newModule(t)
	do(t, dir, "function", "divide", "--no-tests")
	for name, data := range files {
		writeFile(t, dir, name, data)
	}
	return startDevIn(t, dir, args...)
}

// startDevIn commits a project and starts fngen dev.
func startDevIn(t *testing.T, dir string, args ...string) *dev {
	t.Helper()
	git(t, dir, "init", "-q")
	git(t, dir, "add", "-A")
	git(t, dir, "-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "-qm", "x")

	d := &dev{dir: dir, out: &screen{}, err: &screen{}, ended: make(chan int, 1)}
	d.process, _ = goProcess(dir, append([]string{"dev", "--port", "0", "--web-port", "0"}, args...)...)
	d.Stdout, d.Stderr = d.out, d.err
	require.NoError(t, d.Start())
	go func() { d.ended <- d.wait() }()
	t.Cleanup(func() {
		_ = d.Process.Kill()
		if t.Failed() {
			t.Logf("stdout:\n%s\nstderr:\n%s", d.out.all(), d.err.all())
		}
	})
	d.out.wait(t, "ready in")
	text := d.out.all()
	d.url = regexp.MustCompile(`functions  (\S+)/<name>`).FindStringSubmatch(text)[1]
	d.web = regexp.MustCompile(`web        (\S+)`).FindStringSubmatch(text)[1]
	return d
}

func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "git %v: %s", args, out)
	return string(out)
}

func (s *screen) all() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// wait waits until a string has been printed since the start.
func (s *screen) wait(t *testing.T, wanted string) {
	t.Helper()
	require.Eventually(t, func() bool { return strings.Contains(s.all(), wanted) }, time.Minute, 2*time.Millisecond,
		"want %q on the screen", wanted)
}

// get sends a request and returns the status and body of the response.
func get(t *testing.T, url string, header ...string) (int, string) {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, url, nil)
	require.NoError(t, err)
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(body)
}

// children returns the descendants of a process.
func children(t *testing.T, pid int) []int {
	t.Helper()
	parents := map[int]int{}
	entries, err := os.ReadDir("/proc")
	require.NoError(t, err)
	for _, entry := range entries {
		child, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		stat, err := os.ReadFile(filepath.Join("/proc", entry.Name(), "stat"))
		if err != nil {
			continue // it has exited
		}
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		parents[child], _ = strconv.Atoi(fields[1])
	}
	list := []int{}
	for child := range parents {
		for up := parents[child]; up > 1; up = parents[up] {
			if up == pid {
				list = append(list, child)
			}
		}
	}
	slices.Sort(list)
	return list
}

// interrupt ends fngen dev as Ctrl-C does, and checks that no process and no
// file is left.
func (d *dev) interrupt(t *testing.T) {
	t.Helper()
	left := children(t, d.Process.Pid)
	require.NotEmpty(t, left, "the functions run in a child process")
	temporary, err := filepath.Glob(filepath.Join(os.TempDir(), "fngen-*"))
	require.NoError(t, err)
	start := time.Now()
	require.NoError(t, d.Process.Signal(os.Interrupt))
	assert.Zero(t, <-d.ended, d.err.all())
	assert.Less(t, time.Since(start), 5*time.Second, "it exits within a second on an idle machine")
	for _, child := range left {
		assert.ErrorIs(t, syscall.Kill(child, 0), syscall.ESRCH, "process %d is running", child)
	}
	for _, dir := range temporary {
		if strings.HasPrefix(filepath.Base(dir), "fngen-dev-") && d.owns(dir) {
			assert.NoDirExists(t, dir)
		}
	}
	assert.Empty(t, git(t, d.dir, "status", "--porcelain", "--ignored"))
	_, err = net.Dial("tcp", strings.TrimPrefix(d.url, "http://"))
	assert.Error(t, err, "the port is closed")
}

// owns reports whether a temporary directory belongs to this process and not to
// another test's.
func (d *dev) owns(dir string) bool { return strings.Contains(d.err.all(), dir) }

// numbered returns a function that responds with a number.
func numbered(n int) string {
	return fmt.Sprintf(`package count

import (
	"context"

	"github.com/aws/aws-lambda-go/events"
)

func Handler(_ context.Context, _ events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	return events.APIGatewayProxyResponse{StatusCode: 200, Body: "%d"}, nil
}
`, n)
}

// TestDevUnderLoad saves files under constant load. No request fails, and a
// request that is sent after a file was closed never reaches older code, not
// even on a connection that is kept alive.
func TestDevUnderLoad(t *testing.T) {
	const file = functions + "/count/count.go"
	d := startDev(t, map[string]string{file: numbered(0)})
	var (
		mu     sync.Mutex
		closed = []time.Time{{}} // when the file of each number was closed
		bad    []string
		asked  int
	)
	ctx, cancel := context.WithCancel(context.Background())
	var load sync.WaitGroup
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}}
	defer client.CloseIdleConnections()
	ask := func() (problem string) {
		sent := time.Now()
		mu.Lock()
		asked++
		least := 0
		for n, at := range closed {
			if sent.After(at) {
				least = n
			}
		}
		since := sent.Sub(closed[least])
		mu.Unlock()
		response, err := client.Get(d.url + "/count")
		if err != nil {
			return err.Error()
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		n, notNumber := strconv.Atoi(string(body))
		switch {
		case err != nil || notNumber != nil || response.StatusCode != http.StatusOK:
			return fmt.Sprintf("%d %s %v", response.StatusCode, body, err)
		case n < least:
			return fmt.Sprintf("response of %d, %s after %d was saved", n, since, least)
		}
		return ""
	}
	load.Go(func() { // sends requests at a fixed rate, without waiting for responses
		ticker := time.NewTicker(10 * time.Millisecond)
		defer ticker.Stop()
		for ctx.Err() == nil {
			<-ticker.C
			load.Go(func() {
				if problem := ask(); problem != "" {
					mu.Lock()
					defer mu.Unlock()
					bad = append(bad, problem)
				}
			})
		}
	})
	for n := 1; n <= *edits; n++ {
		writeFile(t, d.dir, file, numbered(n))
		mu.Lock()
		closed = append(closed, time.Now())
		mu.Unlock()
		if n%3 == 0 { // save again during the build
			continue
		}
		require.Eventually(t, func() bool {
			_, body := get(t, d.url+"/count")
			return body == strconv.Itoa(n)
		}, time.Minute, time.Millisecond)
	}
	cancel()
	load.Wait()
	assert.Empty(t, bad)
	assert.Greater(t, asked, 10**edits)
	git(t, d.dir, "checkout", "-q", ".")
	d.interrupt(t)
}

// countFile is the file of the function that TestDevSaves saves.
const countFile = functions + "/count/count.go"

// save saves a file. Later requests wait for the build.
func (d *dev) save(t *testing.T, name, data string) {
	t.Helper()
	writeFile(t, d.dir, name, data)
}

// returns checks that a function responds with body.
func (d *dev) returns(t *testing.T, name, body string) {
	t.Helper()
	status, got := get(t, d.url+"/"+name)
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, body, got)
}

// TestDevSaves checks that saving files of all kinds takes effect, whether or
// not they compile.
func TestDevSaves(t *testing.T) {
	d := startDev(t, map[string]string{
		countFile: numbered(1),
		functions + "/env/env.go": strings.NewReplacer("package count", "package env", `import (
	"context"
`, `import (
	"context"
	_ "embed"
	"os"
`, `Body: "1"`, `Body: os.Getenv("COLOUR") + " " + text`, "\nfunc Handler", "\n//go:embed text.txt\nvar text string\n\nfunc Handler").Replace(numbered(1)),
		functions + "/env/text.txt":       "text",
		functions + "/tool/main.go":       "package main\n\nfunc main() {}\n",
		"api/src/services/price/price.go": "package price\n\nconst Text = \"cheap\"\n",
		".env":                            "COLOUR=red\n",
	})
	d.returns(t, "count", "1")
	d.returns(t, "env", "red text")

	// The web port serves the functions under a path. Without a web server it
	// serves a list of the functions.
	status, body := get(t, d.web+"/.redwood/functions/count")
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, "1", body)
	_, body = get(t, d.web)
	assert.Contains(t, body, "/.redwood/functions/divide\n")

	d.save(t, ".env", "COLOUR=blue\n")
	d.returns(t, "env", "blue text")
	writeFile(t, d.dir, functions+"/env/text.txt", "other")
	require.Eventually(t, func() bool { // embedded files are watched soon after the first build
		_, body := get(t, d.url+"/env")
		return body == "blue other"
	}, time.Minute, 10*time.Millisecond)
	d.save(t, functions+"/env/text.txt", "another")
	d.returns(t, "env", "blue another")

	checkBuildErrors(t, d)
	checkDependencies(t, d)
	checkNewFunction(t, d)

	// Tests, unrelated files and files with unchanged contents trigger no
	// build.
	reloads := strings.Count(d.out.all(), "reloaded")
	writeFile(t, d.dir, countFile, numbered(3))
	writeFile(t, d.dir, functions+"/count/count_test.go", "package count\n")
	writeFile(t, d.dir, "README.md", "Read me.\n")
	d.returns(t, "count", "3")
	assert.Equal(t, reloads, strings.Count(d.out.all(), "reloaded"))

	checkRestart(t, d)

	// A request is logged without its query.
	_, _ = get(t, d.url+"/count?token=s3cr3t")
	d.out.wait(t, "GET    /count  200")
	assert.NotContains(t, d.out.all()+d.err.all(), "s3cr3t")

	// A directory that looks like a function but is not one is reported once.
	assert.Equal(t, 1,
		strings.Count(d.err.all(),
			"fngen: note: skipping api/src/functions/tool: package main cannot be imported\n"))

	require.NoError(t, os.Remove(filepath.Join(d.dir, "README.md")))
	require.NoError(t, os.Remove(filepath.Join(d.dir, functions, "count", "count_test.go")))
	git(t, d.dir, "checkout", "-q", ".")
	d.interrupt(t)
}

// checkBuildErrors saves files that do not compile.
func checkBuildErrors(t *testing.T, d *dev) {
	// A compile error is sent in the format that the client accepts, and
	// printed once.
	d.save(t, countFile, strings.ReplaceAll(numbered(2), `"2"`, "x"))
	for accept, want := range map[string]string{
		"":                 "the functions do not build\n\napi/src/functions/count/count.go:10:",
		"application/json": `"error":"api/src/functions/count/count.go:10:`,
		"text/html,*/*":    "<pre>api/src/functions/count/count.go:10:",
	} {
		status, body := get(t, d.url+"/count", "Accept", accept)
		assert.Equal(t, http.StatusInternalServerError, status)
		assert.Contains(t, body, want)
		assert.Contains(t, body, "undefined: x")
	}
	assert.Equal(t, 1, strings.Count(d.err.all(), "undefined: x"))

	// A handler of the wrong type is reported at its declaration.
	d.save(t, countFile, strings.ReplaceAll(numbered(2),
		"_ events.APIGatewayProxyRequest", "_ events.APIGatewayV2HTTPRequest"))
	_, body := get(t, d.url+"/count")
	assert.Contains(t, body, "api/src/functions/count/count.go:9: Handler has type func(")
	assert.NotContains(t, body, ".fngen")

	// A syntax error, as in a file that is partially written.
	d.save(t, countFile, numbered(2)[:60])
	status, body := get(t, d.url+"/count")
	assert.Equal(t, http.StatusInternalServerError, status)
	assert.Contains(t, body, "api/src/functions/count/count.go:")
}

// checkDependencies saves files that the function did not depend on before.
func checkDependencies(t *testing.T, d *dev) {
	d.save(t, countFile, numbered(3))
	d.returns(t, "count", "3")

	// A new import takes effect at once, before go list has run.
	d.save(t, countFile, strings.NewReplacer("\t\"context\"\n",
		"\t\"context\"\n\n\t\"example.com/app/api/src/services/price\"\n", `"0"`, "price.Text").Replace(numbered(0)))
	d.returns(t, "count", "cheap")
	d.save(t, "api/src/services/price/price.go", "package price\n\nconst Text = \"dear\"\n")
	d.returns(t, "count", "dear")

	// So does an embedded file that was missing.
	d.save(t, countFile, strings.NewReplacer("\t\"context\"\n", "\t\"context\"\n\t_ \"embed\"\n", "\nfunc",
		"\n//go:embed late.txt\nvar late string\n\nfunc", `"0"`, "late").Replace(numbered(0)))
	status, body := get(t, d.url+"/count")
	assert.Equal(t, http.StatusInternalServerError, status)
	assert.Contains(t, body, "pattern late.txt: no matching files found")
	writeFile(t, d.dir, functions+"/count/late.txt", "better late")
	require.Eventually(t, func() bool { // missing files are watched soon after the build
		_, body := get(t, d.url+"/count")
		return body == "better late"
	}, 20*time.Second, 10*time.Millisecond)
	require.NoError(t, os.Remove(filepath.Join(d.dir, functions, "count", "late.txt")))
	d.save(t, countFile, numbered(3))
	d.returns(t, "count", "3")
}

// checkNewFunction generates a function and removes it.
func checkNewFunction(t *testing.T, d *dev) {
	// A new function is served, and a removed one is not.
	do(t, d.dir, "function", "latecomer", "--no-tests")
	d.returns(t, "latecomer", `{"data":"latecomer function"}`)
	reloads := strings.Count(d.out.all(), "reloaded")
	require.NoError(t, os.RemoveAll(filepath.Join(d.dir, functions, "latecomer")))
	status, body := get(t, d.url+"/latecomer")
	assert.Equal(t, http.StatusNotFound, status)
	assert.Contains(t, body, "/divide")
	require.Eventually(t, func() bool { // the line is printed after the first response
		return strings.Count(d.out.all(), "reloaded") > reloads
	}, 20*time.Second, 10*time.Millisecond)
}

// checkRestart kills the functions' process.
func checkRestart(t *testing.T, d *dev) {
	// A process that is killed is restarted.
	for _, child := range children(t, d.Process.Pid) {
		// A previous process may just have exited.
		if err := syscall.Kill(child, syscall.SIGKILL); !errors.Is(err, syscall.ESRCH) {
			require.NoError(t, err)
		}
	}
	require.Eventually(t, func() bool {
		status, body := get(t, d.url+"/count")
		return status == http.StatusOK && body == "3"
	}, time.Minute, 5*time.Millisecond)
	d.err.wait(t, "the functions' process exited (signal: killed) and is restarted")
}

// TestDevPortInUse checks that the error says which process uses the port, if
// that is known.
func TestDevPortInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	dir := newModule(t)
	do(t, dir, "function", "divide", "--no-tests")

	p := command(dir, "dev", "--port", strconv.Itoa(port), "--web-port", "0")
	p.run(t)
	message, hint := p.failed(t)
	assert.Equal(t, fmt.Sprintf("fngen: port %d is in use", port), message)
	assert.Equal(t,
		fmt.Sprintf("hint: lsof -i :%d names the process; --port and --web-port choose other ports\n", port), hint)

	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { // responds like another fngen dev
		_ = json.NewEncoder(w).Encode(map[string]any{"project": "/elsewhere", "pid": 123})
	}))
	p = command(dir, "dev", "--port", strconv.Itoa(port), "--web-port", "0")
	p.run(t)
	message, hint = p.failed(t)
	assert.Equal(t, fmt.Sprintf("fngen: port %d is in use by fngen dev of /elsewhere (process 123)", port), message)
	assert.Equal(t, "hint: stop that process, or choose another port with --port and --web-port\n", hint)
}

// TestDevNoGoOnPath checks the error if the go command cannot be found.
func TestDevNoGoOnPath(t *testing.T) {
	dir := newModule(t)
	do(t, dir, "function", "divide", "--no-tests")
	p := command(dir, "dev", "--port", "0", "--web-port", "0")
	p.Env = []string{"PATH="}
	require.Equal(t, 1, p.run(t))
	assert.Equal(t, "fngen: cannot find the go command\nhint: install Go, or add its bin directory to PATH\n",
		p.stderr.String())
}

// TestDevLeavesNoOrphan checks that the functions' process exits if fngen dev
// is killed.
func TestDevLeavesNoOrphan(t *testing.T) {
	d := startDev(t, nil)
	left := children(t, d.Process.Pid)
	require.NotEmpty(t, left)
	require.NoError(t, d.Process.Kill())
	<-d.ended
	for _, child := range left {
		assert.Eventually(t, func() bool {
			stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", child))
			return err != nil || strings.Contains(string(stat), ") Z ")
		}, 10*time.Second, 5*time.Millisecond)
	}
}

// TestDevReplacedModule checks that files of a module that a replace directive
// points to are watched.
func TestDevReplacedModule(t *testing.T) {
	dir := newModule(t)
	do(t, dir, "function", "divide", "--no-tests")
	shared := filepath.Join(filepath.Dir(dir), "shared")
	writeFile(t, shared, "go.mod", "module example.com/shared\n\ngo 1.22\n")
	writeFile(t, shared, "text/text.go", "package text\n\nconst Text = \"before\"\n")
	goMod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	require.NoError(t, err)
	writeFile(t, dir, "go.mod",
		string(goMod)+"\nrequire example.com/shared v0.0.0\n\nreplace example.com/shared => ../shared\n")
	writeFile(t, dir, functions+"/count/count.go", strings.NewReplacer(
		"\t\"context\"\n", "\t\"context\"\n\n\t\"example.com/shared/text\"\n", `"0"`, "text.Text").Replace(numbered(0)))
	d := startDevIn(t, dir)
	_, body := get(t, d.url+"/count")
	assert.Equal(t, "before", body)
	writeFile(t, shared, "text/text.go", "package text\n\nconst Text = \"after\"\n")
	require.Eventually(t, func() bool { // dependencies are watched soon after the first build
		_, body := get(t, d.url+"/count")
		return body == "after"
	}, time.Minute, 10*time.Millisecond)
	writeFile(t, shared, "text/text.go", "package text\n\nconst Text = \"again\"\n")
	_, body = get(t, d.url+"/count")
	assert.Equal(t, "again", body)
	d.interrupt(t)
}

// TestDevUnderDebugger checks that --debug-port runs the functions in a
// debugger, which is restarted with them. The debugger is a stub.
func TestDevUnderDebugger(t *testing.T) {
	bin := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(bin, "dlv"), []byte(`#!/bin/sh
echo "dlv $*" >&2
while [ "$1" != -- ]; do program=$1; shift; done
shift
exec "$program" "$@"
`), 0o755))
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	d := startDev(t, map[string]string{functions + "/count/count.go": numbered(1)}, "--debug-port", "12345")
	assert.Contains(t, d.err.all(), "dlv exec --headless --listen=127.0.0.1:12345 ")
	assert.Contains(t, d.out.all(), `"mode": "remote", "host": "127.0.0.1", "port": 12345`)
	first := children(t, d.Process.Pid)
	writeFile(t, d.dir, functions+"/count/count.go", numbered(2))
	_, body := get(t, d.url+"/count")
	assert.Equal(t, "2", body)
	for _, child := range first {
		assert.ErrorIs(t, syscall.Kill(child, 0), syscall.ESRCH,
			"the debugger's port must be free for the next process")
	}
	git(t, d.dir, "checkout", "-q", ".")
	d.interrupt(t)
}

// TestDevVendor checks that a vendor directory need not contain packages that
// only fngen's program imports.
func TestDevVendor(t *testing.T) {
	dir := newModule(t)
	do(t, dir, "function", "divide", "--no-tests")
	cmd := exec.Command("go", "mod", "vendor")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOPROXY=off", "GOWORK=off", "GOTOOLCHAIN=local")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.NoDirExists(t, filepath.Join(dir, "vendor/github.com/aws/aws-lambda-go/lambdacontext"))
	writeFile(t, dir, functions+"/broken/broken.go",
		strings.NewReplacer("package count", "package broken", `"0"`, "x").Replace(numbered(0)))
	environ := append(os.Environ(), "GOFLAGS=-trimpath", "GOPROXY=off", "GOWORK=off", "GOTOOLCHAIN=local")
	broken := command(dir, "invoke", "broken", "--port", "1")
	broken.Env = environ
	require.Equal(t, 1, broken.run(t))
	assert.Contains(t, broken.stderr.String(), "api/src/functions/broken/broken.go:10:",
		"the compiler's error, not one about vendoring")

	p := command(dir, "invoke", "divide", "--port", "1")
	p.Env = environ
	require.Zero(t, p.run(t), p.stderr.String())
	assert.Equal(t, `{"data":"divide function"}`, p.stdout.String())

	// What the functions themselves import must be in the vendor directory.
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "vendor/github.com/aws/aws-lambda-go/events")))
	p = command(dir, "invoke", "divide", "--port", "1")
	p.Env = environ
	require.Equal(t, 1, p.run(t))
	assert.Contains(t, p.stderr.String(), "github.com/aws/aws-lambda-go/events")
	assert.Contains(t, p.stderr.String(), "-mod=vendor")
}
