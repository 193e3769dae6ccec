package cli_test

import (
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

var withRace = flag.Bool("with-race", false, "have scripts run an fngen that the race detector watches, as make race does")

// programs is a directory for the scripts' PATH: fngen is this one, and fngen-v0.0.9 is the same of an older version.
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
			cmd := exec.Command("go", "build", "-trimpath", "-race="+strconv.FormatBool(*withRace), "-ldflags=-X main.version="+version,
				"-o", filepath.Join(programs, name), "./testdata/fngen")
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

// The scripts are what a user types and sees. To the commands of testscript they add:
//
//	fails CODE COMMAND...    it exits with CODE, says so as errors are said, and changes no file
//	untouched COMMAND...     it succeeds, and changes no file
//	files DIR                prints the files below DIR, sorted
//
// and those of devServer.
//
// -update rewrites what cmp compares with.
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
			"devserver": startDevServer,
			"received":  received,
			"verifies":  verifies,
		},
	})
}

// goEnvironment lets scripts run the go command as a user does who has no network:
// with the caches that there are, and nothing else of who runs the test. Without -trimpath,
// each script's folder would be in what it builds, and no build ever be cached.
func goEnvironment(t *testing.T) map[string]string {
	t.Helper()
	out, err := exec.Command("go", "env", "-json", "GOCACHE", "GOMODCACHE", "GOPATH").Output()
	require.NoError(t, err)
	environment := map[string]string{}
	require.NoError(t, json.Unmarshal(out, &environment))
	maps.Copy(environment, map[string]string{
		"GOENV":       "off",
		"GORACE":      "atexit_sleep_ms=0", // else each fngen that the race detector watches ends with a second's sleep
		"GOFLAGS":     "-mod=readonly -trimpath",
		"GOPROXY":     "off",
		"GOTOOLCHAIN": "local",
		"GOWORK":      "",
	})
	return environment
}

// program is a command that runs a program.
func program(name string) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		err := ts.Exec(name, args...)
		switch {
		case neg && err == nil:
			ts.Fatalf("%s succeeds", name)
		case !neg && err != nil:
			ts.Fatalf("%s fails: %v", name, err)
		}
	}
}

// fails runs a command that has to fail, and checks what is true of every failure: nothing on
// stdout, on stderr one line fngen: and at most one line hint:, and no file that changed.
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
		ts.Fatalf("it succeeds, want exit code %d", want)
	case !errors.As(err, &exit):
		ts.Check(err)
	case exit.ExitCode() != want:
		ts.Fatalf("exit code %d, want %d", exit.ExitCode(), want)
	}
	if stdout := ts.ReadFile("stdout"); stdout != "" {
		ts.Fatalf("a failure prints to stdout")
	}
	lines := strings.Split(strings.TrimSuffix(ts.ReadFile("stderr"), "\n"), "\n")
	message, isError := strings.CutPrefix(lines[0], "fngen: ")
	switch {
	case !isError || message == "":
		ts.Fatalf("want an error that begins with fngen:")
	case strings.HasSuffix(message, "."):
		ts.Fatalf("want an error without a period at the end")
	case len(lines) > 2, len(lines) == 2 && !strings.HasPrefix(lines[1], "hint: "):
		ts.Fatalf("want an error and at most a hint, one line each")
	}
	ts.Check(plain(ts))
	ts.Check(same(before, snapshot(ts)))
}

// untouched runs a command that has to succeed and to change no file.
func untouched(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: untouched COMMAND...")
	}
	before := snapshot(ts)
	ts.Check(ts.Exec(args[0], args[1:]...))
	ts.Check(plain(ts))
	ts.Check(same(before, snapshot(ts)))
}

// plain refuses control characters in the output, which goes to a pipe.
func plain(ts *testscript.TestScript) error {
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

// snapshot is everything in the script's directory: of files the contents, of links the target.
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

// same says in which paths two snapshots differ.
func same(before, after map[string]string) error {
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
		return fmt.Errorf("want no change, and these changed: %s", strings.Join(differ, ", "))
	}
	return nil
}
