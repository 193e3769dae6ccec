package testrun

import (
	"context"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/fngen/fngen/internal/gotest"
	"github.com/fngen/fngen/internal/hint"
	"github.com/fngen/fngen/internal/process"
)

const (
	// keysHelp is printed after each run if there are keys to press.
	keysHelp = "\nWatching.  a: all  f: failed only  Enter: again  ?: more keys  q: quit\n"

	// allKeys is printed for the key ?.
	allKeys = `
a      run all tests
f      run the tests that failed
o      run the tests of functions that changed since the last commit
p      choose functions by name
t      choose tests by name, as go test -run does
c      clear both choices
d      debug the tests of a function with dlv
Enter  run the last tests again
q      quit
`
)

// Keys that terminals in raw mode send.
const (
	keyCtrlC     = 3
	keyCtrlD     = 4
	keyBackspace = 8
	keyEscape    = 27
	keyDelete    = 127
)

// A filter selects tests.
type filter struct {
	function string // part of the functions' names; empty for all
	test     string // a pattern of go test -run; empty for all
}

// flags returns the flags of go test that select the tests.
func (f filter) flags() []string {
	if f.test == "" {
		return nil
	}
	return []string{"-run", f.test}
}

func (f filter) String() string {
	var parts []string
	if f.function != "" {
		parts = append(parts, fmt.Sprintf("functions %q", f.function))
	}
	if f.test != "" {
		parts = append(parts, fmt.Sprintf("tests %q", f.test))
	}
	return strings.Join(parts, ", ")
}

// A prompt asks for a line of text.
type prompt struct {
	label string
	text  []byte
	apply func(text string) error // an error is shown, and the prompt remains
}

// ask shows a prompt.
func (s *session) ask(label string, apply func(string) error) {
	s.prompt = &prompt{label: label, apply: apply}
	fmt.Fprintf(s.Stderr, "\n%s: ", label)
}

// edit handles a key while a prompt is shown.
func (s *session) edit(key byte) {
	p := s.prompt
	switch {
	case key == keyEscape:
		s.prompt = nil
		fmt.Fprint(s.Stderr, "\n"+keysHelp)
	case key == keyBackspace || key == keyDelete:
		if len(p.text) > 0 {
			_, size := utf8.DecodeLastRune(p.text)
			p.text = p.text[:len(p.text)-size]
			fmt.Fprint(s.Stderr, "\b \b")
		}
	case key == '\r' || key == '\n':
		fmt.Fprintln(s.Stderr)
		s.prompt = nil
		if err := p.apply(strings.TrimSpace(string(p.text))); err != nil {
			s.Report(err)
			s.ask(p.label, p.apply)
		}
	case key >= ' ':
		p.text = append(p.text, key)
		_, _ = s.Stderr.Write([]byte{key})
	}
}

// press handles a key, and reports whether the user wants to quit.
func (s *session) press(ctx context.Context, key byte) (quit bool) {
	switch {
	case key == keyCtrlC || key == keyCtrlD:
		return true
	case s.prompt != nil:
		s.edit(key)
		return false
	}
	switch key {
	case 'q', 'Q':
		return true
	case 'a', 'A':
		s.schedule(s.names())
	case 'f', 'F':
		failed := s.names()
		maps.DeleteFunc(failed, func(name string, _ bool) bool { return !s.failed[name] })
		s.scheduleSome(failed, "No tests failed.")
	case 'o', 'O':
		changed, err := s.changedSinceCommit(ctx)
		if err != nil {
			s.Report(err)
			break
		}
		s.scheduleSome(changed, "No function has changed since the last commit.")
	case 'p', 'P':
		s.ask("Part of a function's name", s.chooseFunctions)
	case 't', 'T':
		s.ask("Name of a test", s.chooseTests)
	case 'c', 'C':
		s.filter = filter{}
		s.schedule(s.names())
	case 'd', 'D':
		s.debugLast()
	case '?':
		fmt.Fprint(s.Stderr, allKeys)
	case '\r', '\n':
		s.schedule(s.last)
	}
	return false
}

// scheduleSome schedules functions, or says why there are none.
func (s *session) scheduleSome(names set, none string) {
	if len(names) == 0 {
		fmt.Fprintln(s.Stderr, none)
		return
	}
	s.schedule(names)
}

// chooseFunctions restricts the session to functions whose names contain text.
func (s *session) chooseFunctions(text string) error {
	before := s.filter.function
	s.filter.function = text
	if len(s.names()) == 0 && text != "" {
		s.filter.function = before
		return newNoMatchError(s.functions, text)
	}
	s.schedule(s.names())
	return nil
}

// chooseTests restricts the session to tests that the pattern matches.
func (s *session) chooseTests(pattern string) error {
	for _, element := range strings.Split(pattern, "/") {
		if _, err := regexp.Compile(element); err != nil {
			return hint.Newf("TestHandler/divides", "%q is not a pattern of go test -run", pattern)
		}
	}
	s.filter.test = pattern
	s.schedule(s.names())
	return nil
}

// changedSinceCommit returns the functions that files affect which differ from
// the last commit of git.
func (s *session) changedSinceCommit(ctx context.Context) (set, error) {
	var files []string
	for _, args := range [][]string{
		{"diff", "--name-only", "-z", "--relative", "HEAD"},
		{"ls-files", "-z", "--others", "--exclude-standard"},
	} {
		cmd := process.Command(ctx, "git", args...)
		cmd.Dir = s.Project.Dir
		var out, errs strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &errs
		if err := process.Run(ctx, cmd); err != nil {
			reason, _, _ := strings.Cut(strings.TrimSpace(errs.String()), "\n")
			if reason == "" {
				reason = err.Error()
			}
			return nil, fmt.Errorf("finding the changed files: git %s: %s", args[0], strings.TrimPrefix(reason, "fatal: "))
		}
		for _, name := range strings.Split(strings.TrimSuffix(out.String(), "\x00"), "\x00") {
			if name != "" {
				files = append(files, filepath.Join(s.Project.Dir, filepath.FromSlash(name)))
			}
		}
	}
	if s.deps == nil || slices.ContainsFunc(files, s.affectsAll) {
		return s.names(), nil
	}
	affected := set{}
	s.addAffected(affected, files, s.deps)
	return affected, nil
}

// debugLast schedules a debugger for the first function of the last run that
// failed or, if none did, for the first one.
func (s *session) debugLast() {
	var failed, others []string
	for _, name := range slices.Sorted(maps.Keys(s.last)) {
		if s.failed[name] {
			failed = append(failed, name)
		} else {
			others = append(others, name)
		}
	}
	if names := append(failed, others...); len(names) > 0 {
		s.schedule(nil)
		s.debug = names[0]
	}
}

// startDebugger runs a function's tests under dlv until the debugger ends or
// something else is scheduled.
func (s *session) startDebugger(ctx context.Context) {
	name := s.debug
	s.debug = ""
	i := slices.IndexFunc(s.functions, func(f gotest.Function) bool { return f.Name == name })
	if i < 0 {
		return
	}
	fmt.Fprintf(s.Stderr, "\nDebugging the tests of %s. Connect an editor or dlv connect to the address below. "+
		"Any save or key a, f, o or Enter ends it.\n", name)
	s.running = set{}
	ctx, s.cancel = context.WithCancel(ctx)
	go func() { s.results <- result{err: s.runDebugger(ctx, s.functions[i], s.filter)} }()
}

// debugger runs the tests of a function under dlv, which listens on a free port
// and prints its address.
func (r *Runner) debugger(ctx context.Context, f gotest.Function, tests filter) error {
	args := []string{"test", "--headless", "--listen=127.0.0.1:0", "--api-version=2"}
	if flags := gotest.ListFlags(r.Flags); len(flags) > 0 {
		args = append(args, "--build-flags="+strings.Join(flags, " "))
	}
	dir := path.Join(r.Project.Functions, f.Name)
	if f.Flat {
		dir = r.Project.Functions
	}
	args = append(args, "./"+dir)
	if tests.test != "" {
		args = append(args, "--", "-test.run", tests.test)
	}
	variables, err := r.variables()
	if err != nil {
		return err
	}
	cmd := r.command(ctx, "dlv", args...)
	cmd.Env = append(cmd.Env, variables...)
	cmd.Stdout = r.Stdout
	if cmd.Err != nil {
		return hint.New("cannot find the debugger dlv", "go install github.com/go-delve/delve/cmd/dlv@latest")
	}
	return process.Run(ctx, cmd)
}
