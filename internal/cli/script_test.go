package cli_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"
)

var withRace = flag.Bool("with-race", false, "build fngen with the race detector for scripts, as make race does")

// programs is a directory in the PATH of scripts. It contains fngen, and
// fngen-v0.0.9, which is the same program with an older version.
var programs string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(func() int {
		var err error
		if programs, err = os.MkdirTemp("", "fngen-scripts-"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(programs)
		for name, version := range map[string]string{"fngen": "v0.1.0", "fngen-v0.0.9": "v0.0.9"} {
			cmd := exec.Command("go", "build", "-trimpath", "-race="+strconv.FormatBool(*withRace),
				"-ldflags=-X main.version="+version, "-o", filepath.Join(programs, name), "./testdata/fngen")
			cmd.Env, cmd.Stderr = os.Environ(), os.Stderr
			if !*withRace {
				cmd.Env = append(cmd.Env, "CGO_ENABLED=0")
			}
			if err := cmd.Run(); err != nil {
				fmt.Fprintln(os.Stderr, err)
				return 1
			}
		}
		return m.Run()
	}())
}

// TestScripts runs the scripts in testdata/script, which show what a user types
// and sees. Besides the commands of testscript and those of devServer, they
// use:
//
//	fails CODE COMMAND...  runs a command that must exit with CODE: see fails
//	untouched COMMAND...   runs a command that must succeed and change no file
//	files DIR              prints the files below DIR, sorted
//	rewritten VERSION FILE...  has fngen.sum say that VERSION wrote the files as they are
//
// With the flag -update, it rewrites the files that cmp compares with.
func TestScripts(t *testing.T) {
	environment := goEnvironment(t)
	testscript.Run(t, testscript.Params{
		Dir:                "testdata/script",
		RequireUniqueNames: true,
		UpdateScripts:      *update,
		Setup: func(env *testscript.Env) error {
			for _, name := range slices.Sorted(maps.Keys(environment)) {
				env.Setenv(name, environment[name])
			}
			env.Setenv("PATH", programs+string(os.PathListSeparator)+env.Getenv("PATH"))
			env.Setenv("HOME", filepath.Join(env.WorkDir, ".tmp", "home"))
			env.Values[devServerKey{}] = &devServer{}
			env.Setenv("ARCH", runtime.GOARCH)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"fails": fails,
			"fngen": program("fngen"),

			"fngen-v0.0.9": program("fngen-v0.0.9"),

			"untouched": untouched,
			"files":     files,
			"rewritten": rewritten,
			"devserver": startDevServer,
			"received":  received,
			"verifies":  verifies,
		},
	})
}

// goEnvironment returns an environment in which scripts run the go command
// offline, with the existing caches and without the settings of the user who
// runs the tests. -trimpath makes builds independent of the script's directory,
// so that they are cached.
func goEnvironment(t *testing.T) map[string]string {
	t.Helper()
	out, err := exec.Command("go", "env", "-json", "GOCACHE", "GOMODCACHE", "GOPATH").Output()
	require.NoError(t, err)
	environment := map[string]string{}
	require.NoError(t, json.Unmarshal(out, &environment))
	maps.Copy(environment, map[string]string{
		"GOENV":       "off",
		"GORACE":      "atexit_sleep_ms=0", // otherwise programs with the race detector sleep for a second on exit
		"GOFLAGS":     "-mod=readonly -trimpath",
		"GOPROXY":     "off",
		"GOTOOLCHAIN": "local",
		"GOWORK":      "",
	})
	return environment
}

// program returns a script command that runs a program.
func program(name string) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		err := ts.Exec(name, args...)
		switch {
		case neg && err == nil:
			ts.Fatalf("%s succeeded", name)
		case !neg && err != nil:
			ts.Fatalf("%s failed: %v", name, err)
		}
	}
}

// fails runs a command that must fail, and checks what holds for every failure:
// it prints nothing to stdout, an error and at most one hint to stderr, and
// changes no file.
func fails(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: fails CODE COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)

	before := snapshot(ts)
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	switch {
	case err == nil:
		ts.Fatalf("the command succeeded, want exit code %d", want)
	case !errors.As(err, &exit):
		ts.Check(err)
	case exit.ExitCode() != want:
		ts.Fatalf("exit code %d, want %d", exit.ExitCode(), want)
	}
	if stdout := ts.ReadFile("stdout"); stdout != "" {
		ts.Fatalf("a failed command printed to stdout")
	}
	lines := strings.Split(strings.TrimSuffix(ts.ReadFile("stderr"), "\n"), "\n")
	message, isError := strings.CutPrefix(lines[0], "fngen: ")
	switch {
	case !isError || message == "":
		ts.Fatalf("want an error with the prefix fngen:")
	case strings.HasSuffix(message, "."):
		ts.Fatalf("want an error without a period at the end")
	case len(lines) > 2, len(lines) == 2 && !strings.HasPrefix(lines[1], "hint: "):
		ts.Fatalf("want one line with an error and at most one with a hint")
	}
	ts.Check(checkCharacters(ts))
	ts.Check(checkUnchanged(before, snapshot(ts)))
}

// untouched runs a command that must succeed and change no file.
func untouched(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: untouched COMMAND...")
	}
	before := snapshot(ts)
	ts.Check(ts.Exec(args[0], args[1:]...))
	ts.Check(checkCharacters(ts))
	ts.Check(checkUnchanged(before, snapshot(ts)))
}

// checkCharacters returns an error if the output contains control characters,
// as only output to a terminal may.
func checkCharacters(ts *testscript.TestScript) error {
	for _, stream := range []string{"stdout", "stderr"} {
		for _, r := range ts.ReadFile(stream) {
			if r < ' ' && r != '\n' && r != '\t' {
				return fmt.Errorf("%s has the control character %q", stream, r)
			}
		}
	}
	return nil
}

func files(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: files DIR")
	}
	dir := ts.MkAbs(args[0])
	ts.Check(filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err == nil {
			_, err = fmt.Fprintln(ts.Stdout(), filepath.ToSlash(rel))
		}
		return err
	}))
}

// rewritten makes files look as if another version of fngen wrote them.
func rewritten(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: rewritten VERSION FILE...")
	}
	lines := strings.SplitAfter(ts.ReadFile("fngen.sum"), "\n")
	for _, file := range args[1:] {
		sum := sha256.Sum256([]byte(ts.ReadFile(file)))
		lines = slices.DeleteFunc(lines, func(line string) bool { return strings.HasPrefix(line, file+" ") })
		lines = append(lines, fmt.Sprintf("%s %s sha256-%s\n", file, args[0], base64.StdEncoding.EncodeToString(sum[:])))
	}
	slices.Sort(lines)
	ts.Check(os.WriteFile(ts.MkAbs("fngen.sum"), []byte(strings.Join(lines, "")), 0o666))
}

// snapshot returns the modes and contents of all files in the script's
// directory by path. The contents of a symlink are its target.
func snapshot(ts *testscript.TestScript) map[string]string {
	work := ts.Getenv("WORK")
	all := map[string]string{}
	ts.Check(filepath.WalkDir(work, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name == filepath.Join(work, ".tmp") {
			return filepath.SkipDir
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		var contents []byte
		switch {
		case info.Mode().IsRegular():
			contents, err = os.ReadFile(name)
		case info.Mode()&fs.ModeSymlink != 0:
			var target string
			target, err = os.Readlink(name)
			contents = []byte(target)
		}
		all[name] = info.Mode().String() + " " + string(contents)
		return err
	}))
	return all
}

// checkUnchanged returns an error that lists the paths in which two snapshots
// differ.
func checkUnchanged(before, after map[string]string) error {
	var differ []string
	for name, contents := range after {
		if old, ok := before[name]; !ok || old != contents {
			differ = append(differ, name)
		}
	}
	for name := range before {
		if _, ok := after[name]; !ok {
			differ = append(differ, name)
		}
	}
	if len(differ) > 0 {
		slices.Sort(differ)
		return fmt.Errorf("files changed: %s", strings.Join(differ, ", "))
	}
	return nil
}
