package cli_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/cli"
)

var (
	update = flag.Bool("update", false, "rewrite testdata/golden and testdata/shop")
	fetch  = flag.Bool("fetch", false, "let the go command download modules, as make modules does")
)

// goldenDir is a project with a function for every combination of flags. It is
// a module of its own, whose code is compiled, vetted and tested. A change to a
// template appears as a diff of ordinary Go.
const goldenDir = "../../testdata/golden"

const goldenMod = "module example.com/golden\n\ngo 1.22\n"

// goldenCommands returns the commands that create the golden project: all
// combinations of four flags, each scheme, each kind of value of the other
// flags, and combinations of guards.
func goldenCommands() [][]string {
	flags := []struct{ name, flag string }{
		{"webhook", "--webhook"},
		{"auth", "--auth"},
		{"binary", "--binary"},
		{"fixtures", "--fixtures"},
	}
	var commands [][]string
	for set := range 1 << len(flags) {
		var words, args []string
		for i, f := range flags {
			if set&(1<<i) != 0 {
				words = append(words, f.name)
				args = append(args, f.flag)
			}
		}
		if len(words) == 0 {
			words = []string{"plain"}
		}
		commands = append(commands, append([]string{"function", strings.Join(words, "-")}, args...))
	}
	for _, scheme := range generator.Schemes() {
		if scheme.Name != generator.DefaultScheme {
			commands = append(commands, []string{"function", "webhook-" + scheme.Name, "--webhook=" + scheme.Name})
		}
	}
	commands = append(commands, kindCommands()...)
	return append(commands,
		[]string{"function", "stream", "--stream"},
		[]string{"function", "stream-guards", "--stream", "--cors=https://app.example.com", "--allow-ip=203.0.113.7",
			"--rate-limit=10/s", "--auth=admin"},
		[]string{"function", "stream-input", "--stream", "--route=POST /streams/{id}", "--input=name:string"},
		[]string{"function", "stream-webhook-fixtures", "--stream", "--webhook", "--fixtures"},
		[]string{"function", "jobs/import", "--queue"},
		[]string{"function", "slack/events", "--webhook=slack"},
		[]string{"function", "auth-role", "--auth=admin"},
		[]string{"function", "auth-roles", "--auth=admin,editor"},
		[]string{"function", "binary-pdf", "--binary=application/pdf"},
		[]string{"function", "webhook-auth-role", "--webhook", "--auth=admin"},
		[]string{"function", "webhook-slack-auth-binary-fixtures", "--webhook=slack", "--auth", "--binary", "--fixtures"},
		[]string{"function", "webhook-twilio-auth-fixtures", "--webhook=twilio", "--auth=admin", "--fixtures"},
		[]string{"function", "allow-ip", "--allow-ip=203.0.113.7"},
		[]string{"function", "allow-ips", "--allow-ip=10.0.0.0/8,203.0.113.7,2001:db8::/32,::1"},
		[]string{"function", "allow-ip-auth", "--allow-ip=10.0.0.0/8", "--auth"},
		[]string{"function", "rate-limit", "--rate-limit=10/s"},
		[]string{"function", "rate-limit-burst", "--rate-limit=100/m,burst=20"},
		[]string{"function", "rate-limit-auth", "--rate-limit=1/h", "--auth=admin"},
		[]string{"function", "rate-limit-webhook-slack", "--rate-limit=1/h", "--webhook=slack"},
		[]string{"function", "allow-ip-rate-limit", "--allow-ip=2001:db8::/32", "--rate-limit=1/m"},
		[]string{"function", "route", "--route=GET /users/{id}"},
		[]string{"function", "route-auth", "--route=PUT /accounts/{id}", "--auth"},
		[]string{"function", "route-webhook", "--route=POST /hooks/{source}", "--webhook"},
		[]string{"function", "route-binary-fixtures", "--route=GET /files/{path...}", "--binary=application/pdf", "--fixtures"},
		[]string{"function", "routes", "--route=GET /posts/{id}", "--route=DELETE /posts/{id}", "--route=POST /posts"},
		[]string{"function", "allow-ip-rate-limit-webhook-auth-binary-fixtures", "--allow-ip=127.0.0.0/8,::1",
			"--rate-limit=10/s", "--webhook", "--auth", "--binary", "--fixtures"},
		[]string{"function", "input", "--input=name:string,age:int,score:float,active:bool,born:time," +
			"tags:[]string,counts:[]int,scores:[]float,flags:[]bool,seen:[]time"},
		[]string{"function", "input-optional", "--input=name:string?,age:int?,score:float?,active:bool?,born:time?," +
			"tags:[]string?,user_id:int"},
		[]string{"function", "input-auth", "--input=first_name:string,last_name:string", "--auth=admin"},
		[]string{"function", "input-binary", "--input=width:int,height:int", "--binary"},
		[]string{"function", "input-webhook-fixtures", "--input=name:string,age:int?", "--webhook", "--fixtures"},
		[]string{"function", "allow-ip-rate-limit-webhook-auth-input-fixtures", "--allow-ip=127.0.0.0/8,::1",
			"--rate-limit=10/s", "--webhook=timestampSchemeVerifier", "--auth=admin", "--input=name:string,email:string?", "--fixtures"},
		[]string{"function", "route-input", "--route=PUT /notes/{id}", "--route=POST /notes", "--input=text:string"},
		[]string{"function", "cors-input", "--cors=https://app.example.com", "--input=name:string"},
		[]string{"function", "cors", "--cors"},
		[]string{"function", "cors-origins", "--cors=https://app.example.com,https://*.example.org:8443,http://localhost:5173"},
		[]string{"function", "cors-auth", "--cors=https://app.example.com", "--auth"},
		[]string{"function", "cors-allow-ip-rate-limit-webhook-auth-binary-fixtures", "--cors=https://app.example.com",
			"--allow-ip=127.0.0.0/8,::1", "--rate-limit=10/s", "--webhook", "--auth", "--binary", "--fixtures"},
	)
}

// kindCommands returns the commands that create functions that are not called
// over HTTP, with and without fixtures.
func kindCommands() [][]string {
	var commands [][]string
	for _, kind := range []struct{ name, flag string }{
		{"schedule", "--schedule=0 3 * * *"},
		{"schedule-zone", "--schedule=CRON_TZ=Europe/Berlin 30 4 * * MON-FRI"},
		{"queue", "--queue"},
		{"queue-fifo", "--queue=orders.fifo"},
		{"event-s3", "--event=s3"},
		{"event-sns", "--event=sns"},
		{"event-event-bridge", "--event=eventbridge"},
		{"event-dynamo-db", "--event=dynamodb"},
		{"event-kinesis", "--event=kinesis"},
	} {
		commands = append(commands,
			[]string{"function", kind.name, kind.flag},
			[]string{"function", kind.name + "-fixtures", kind.flag, "--fixtures"},
		)
	}
	return commands
}

// fngen runs a command in a directory and returns its exit code and output.
func fngen(t testing.TB, dir string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = cli.Main(context.Background(), append(args, "--cwd", dir), cli.World{
		Env:     func(string) string { return "" },
		Stdout:  &out,
		Stderr:  &errs,
		Version: "devel",
	})
	return code, out.String(), errs.String()
}

// newModule returns a new directory with a go.mod file.
func newModule(t testing.TB, goMod string) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte(goMod), 0o666))
	return dir
}

// tree returns the contents of all files below a directory, by path.
func tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		rel, _ := filepath.Rel(dir, name)
		files[filepath.ToSlash(rel)] = string(data)
		return err
	})
	require.NoError(t, err)
	return files
}

func TestGolden(t *testing.T) {
	dir := newModule(t, goldenMod)
	for _, args := range goldenCommands() {
		code, _, stderr := fngen(t, dir, args...)
		require.Zero(t, code, "fngen %s: %s", strings.Join(args, " "), stderr)
		require.Empty(t, stderr)
	}
	if *update {
		require.NoError(t, os.RemoveAll(goldenDir))
		require.NoError(t, os.CopyFS(goldenDir, os.DirFS(dir)))
	}

	want, got := tree(t, goldenDir), tree(t, dir)
	for name := range want {
		if _, ok := got[name]; !ok {
			t.Errorf("%s is in testdata/golden, but fngen does not write it (run make golden)", name)
		}
	}
	for name, data := range got {
		if data != want[name] {
			t.Errorf("%s differs from testdata/golden (run make golden):\n%s", name, diff(want[name], data))
		}
	}
}

// diff returns the first line in which two texts differ.
func diff(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("line %d\n- %s\n+ %s", i+1, a[i], b[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(b), len(a))
}

// TestGoldenNoTests checks that --no-tests writes the same handler and nothing
// else.
func TestGoldenNoTests(t *testing.T) {
	dir := newModule(t, goldenMod)
	for _, args := range goldenCommands() {
		code, _, stderr := fngen(t, dir, append(args, "--no-tests")...)
		require.Zero(t, code, stderr)
	}
	want := tree(t, goldenDir)
	for name, data := range tree(t, filepath.Join(dir, "api", "src")) {
		assert.Equal(t, want["api/src/"+name], data, name)
		assert.NotContains(t, name, "_test.go")
		assert.NotContains(t, name, "lib/fntest", "a package that only tests import")
	}
	runGo(t, dir, "vet", "./...")
}

// TestGoldenModuleIsGreen checks that the golden project compiles, passes its
// tests offline and is tidy.
func TestGoldenModuleIsGreen(t *testing.T) {
	runGo(t, goldenDir, "vet", "./...")
	runGo(t, goldenDir, "test", "-vet=off", "./...") // go vet has checked more
	if out := runGo(t, goldenDir, "mod", "tidy", "-diff"); out != "" {
		t.Errorf("go mod tidy -diff:\n%s", out)
	}
	if out := run(t, goldenDir, "gofmt", "-l", "."); out != "" {
		t.Errorf("gofmt -l: %s", out)
	}
}

// TestKindsWithDatabase checks that tests of functions that are not called
// over HTTP run on the project's database.
func TestKindsWithDatabase(t *testing.T) {
	dir := newModule(t, strings.Replace(goldenMod, "go 1.22", "go 1.25.0", 1))
	for _, args := range [][]string{
		{"add", "db"},
		{"function", "cleanup", "--schedule=@daily"},
		{"function", "orders", "--queue", "--fixtures"},
	} {
		code, _, stderr := fngen(t, dir, args...)
		require.Zero(t, code, "fngen %s: %s", strings.Join(args, " "), stderr)
	}
	for _, name := range []string{"cleanup", "orders"} {
		scenarios, err := os.ReadFile(filepath.Join(dir, "api/src/functions", name, name+"_scenarios_test.go"))
		require.NoError(t, err)
		assert.Contains(t, string(scenarios), "scenario.Define(dbtest.Tests,")
	}
	runGo(t, dir, "vet", "./...")
	runGo(t, dir, "test", "-vet=off", "./...")
	assert.Empty(t, runGo(t, dir, "mod", "tidy", "-diff"))
}

// TestAddedPackagesAreGreen checks the same for the support packages that only
// fngen add copies.
func TestAddedPackagesAreGreen(t *testing.T) {
	packages, err := generator.Packages()
	require.NoError(t, err)
	for _, p := range packages {
		if _, err := os.Stat(filepath.Join(goldenDir, "api/src/lib", p.Name)); err == nil {
			continue
		}
		t.Run(p.Name, func(t *testing.T) {
			dir := newModule(t, goldenMod)
			code, _, stderr := fngen(t, dir, "add", p.Name)
			if code != 0 { // packages that only fngen add copies may require a newer Go
				require.Contains(t, stderr, "hint: go mod edit -go=1.2")
				dir = newModule(t, strings.Replace(goldenMod, "go 1.22", "go 1.25.0", 1))
				code, _, stderr = fngen(t, dir, "add", p.Name)
			}
			require.Zero(t, code, stderr)
			runGo(t, dir, "vet", "./...")
			if out := runGo(t, dir, "mod", "tidy", "-diff"); out != "" {
				t.Errorf("go mod tidy -diff:\n%s", out)
			}
		})
	}
}

// TestDocumentedUserFile checks that the user.go in the documentation compiles,
// and that functions with roles pass their tests with it.
func TestDocumentedUserFile(t *testing.T) {
	doc, err := os.ReadFile("../../docs/auth.md")
	require.NoError(t, err)
	_, user, ok := strings.Cut(string(doc), "```go\npackage auth\n")
	require.True(t, ok)
	user, _, _ = strings.Cut("package auth\n"+user, "```")

	dir := newModule(t, strings.Replace(goldenMod, "golden", "app", 1))
	for _, args := range [][]string{{"function", "orders", "--auth=admin"}, {"add", "jwks"}} {
		code, _, stderr := fngen(t, dir, args...)
		require.Zero(t, code, stderr)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "api/src/lib/auth/user.go"), []byte(user), 0o666))
	assert.Empty(t, run(t, dir, "gofmt", "-l", "."))
	runGo(t, dir, "vet", "./...")
	runGo(t, dir, "test", "./...")
	assert.Empty(t, runGo(t, dir, "mod", "tidy", "-diff"))

	code, stdout, stderr := fngen(t, dir, "add", "--update")
	require.Zero(t, code, stderr)
	assert.Contains(t, stdout, "keep       api/src/lib/auth/user.go")
}

// TestProvidersAreDocumented checks that the documentation names the
// environment variables of each provider.
func TestProvidersAreDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/webhooks.md")
	require.NoError(t, err)
	for _, scheme := range generator.Schemes() {
		assert.Contains(t, string(doc), "`"+scheme.Name+"`")
		if !scheme.IsProvider() {
			continue
		}
		name, err := generator.ParseName("webhook-" + scheme.Name)
		require.NoError(t, err)
		handler, err := os.ReadFile(filepath.Join(goldenDir, "api/src/functions", name.String(), name.String()+".go"))
		require.NoError(t, err)
		for _, variable := range regexp.MustCompile(`Env:\s+"(\w+)"`).FindAllStringSubmatch(string(handler), -1) {
			assert.Contains(t, string(doc), "`"+variable[1]+"`")
		}
	}
}

// TestGoldenHasNoBlankLineAfterBrace checks what gofmt does not: it keeps blank
// lines just inside braces.
func TestGoldenHasNoBlankLineAfterBrace(t *testing.T) {
	for name, data := range tree(t, goldenDir) {
		if strings.HasSuffix(name, ".go") {
			assert.NotContains(t, data, "{\n\n", name)
			assert.NotContains(t, data, "\n\n}", name)
		}
	}
}

// runGo runs the go command offline: generated code needs only modules that are
// in the module cache.
func runGo(t testing.TB, dir string, args ...string) string {
	t.Helper()
	return run(t, dir, "go", args...)
}

// run returns what the command prints to stdout. It ignores stderr, where the
// go command reports downloads.
func run(t testing.TB, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=readonly -trimpath", "GOWORK=off", "GOTOOLCHAIN=local")
	if !*fetch {
		cmd.Env = append(cmd.Env, "GOPROXY=off")
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	require.NoError(t, err, "%s %s: %s%s", name, strings.Join(args, " "), &stdout, &stderr)
	return stdout.String()
}
