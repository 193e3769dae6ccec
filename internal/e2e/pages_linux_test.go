//go:build linux

package e2e

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// whyNot lists the allowed reasons for not running a console block.
var whyNot = []string{
	"needs docker", "needs AWS", "needs a network", "needs a browser", "needs PostgreSQL", "is interactive",
	"another test runs it",
}

// startsEmpty has the pages that start in an empty directory. The others start
// in a new project.
var startsEmpty = map[string]bool{"README.md": true, "tutorial.md": true}

// TestPages runs the console blocks of each page in order, in one shell in a
// terminal, and compares their output. CONTRIBUTING.md explains how to write a
// page.
func TestPages(t *testing.T) {
	pages := []string{"../../README.md"}
	guides, err := filepath.Glob("../../docs/*.md")
	require.NoError(t, err)
	for _, page := range append(pages, guides...) {
		t.Run(filepath.Base(filepath.Dir(page))+"/"+filepath.Base(page), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(page)
			require.NoError(t, err)
			var shell *shell
			for _, block := range pageBlocks(string(text)) {
				if reason, ok := block.directives["not run"]; ok {
					assert.Contains(t, whyNot, reason, "line %d", block.line)
					continue
				}
				if shell == nil {
					shell = newShell(t)
					if !startsEmpty[filepath.Base(page)] {
						shell.start("a new project")
					}
				}
				if start, ok := block.directives["start"]; ok {
					shell.start(start)
				}
				if command, ok := block.directives["run"]; ok {
					shell.check(fmt.Sprintf("line %d", block.line), pageCommand{line: command})
				}
				if file, ok := block.directives["write"]; ok {
					shell.write(file, block.text, block.language == "diff")
				}
				if file, ok := block.directives["excerpt"]; ok {
					content, err := os.ReadFile(filepath.Join(shell.project, file))
					require.NoError(t, err)
					assert.Contains(t, string(content), block.text, "line %d", block.line)
				}
				if block.language != "console" {
					continue
				}
				for _, c := range block.commands() {
					shell.check(fmt.Sprintf("line %d", block.line), c)
				}
			}
			if shell != nil {
				shell.stop()
				if filepath.Base(page) == "templates.md" {
					shell.checkTemplates()
				}
			}
		})
	}
}

// checkTemplates checks that the templates of docs/templates.md are complete:
// functions with flags that the page does not use follow the team's conventions
// as well, and pass their tests.
func (s *shell) checkTemplates() {
	s.t.Helper()
	s.run("fngen destroy function hello") // is older than the templates
	for _, arguments := range []string{
		"orders --webhook=stripe --auth=admin --fixtures", "users --route='GET /users/{id}' --cors --rate-limit=10/s",
		"slack/events --webhook=slack --allow-ip=10.0.0.0/8", "signUp --input=name:string", "image --binary=image/webp",
	} {
		s.run("fngen function " + arguments)
	}
	s.run("go vet ./... && go test ./...")
	sources, err := filepath.Glob(filepath.Join(s.project, "api/src/functions/*/*.go"))
	require.NoError(s.t, err)
	tests := 0
	for _, source := range sources {
		text, err := os.ReadFile(source)
		require.NoError(s.t, err)
		assert.Regexp(s.t, `^// Copyright Acme Corp\. All rights reserved\.\n\n`, string(text), source)
		if strings.HasSuffix(source, "_test.go") {
			tests++
		} else {
			assert.Contains(s.t, string(text), "acmelog.Request(ctx, ", source)
		}
	}
	assert.GreaterOrEqual(s.t, tests, 6)
	output, _ := s.execute("fngen destroy function divide --json")
	assert.Contains(s.t, output, `{"path":"api/src/functions/divide/divide.http","action":"remove"}`)
	assert.NoDirExists(s.t, filepath.Join(s.project, "api/src/functions/divide"))
}

// A pageBlock is a fenced code block, with the directives in the HTML comments
// above it.
type pageBlock struct {
	line           int
	language, text string
	directives     map[string]string
}

var (
	fence     = regexp.MustCompile("^(?:  )?```(\\w*)$")
	directive = regexp.MustCompile(`^<!-- (not run|start|run|write|excerpt): (.+) -->$`)
	fileName  = regexp.MustCompile("^`([^` ]+)`:$")
)

// pageBlocks returns the fenced code blocks of a page. A line that contains
// only a file name applies to the blocks below it, as a write directive does.
func pageBlocks(page string) []pageBlock {
	var blocks []pageBlock
	directives := map[string]string{}
	var open *pageBlock
	file := ""
	for i, line := range strings.Split(page, "\n") {
		marks := fence.FindStringSubmatch(line)
		said := directive.FindStringSubmatch(line)
		named := fileName.FindStringSubmatch(line)
		switch {
		case open != nil && marks != nil:
			blocks = append(blocks, *open)
			open, directives = nil, map[string]string{}
		case open != nil:
			open.text += line + "\n"
		case marks != nil:
			if file != "" {
				directives["write"] = file
			}
			open = &pageBlock{line: i + 1, language: marks[1], directives: directives}
		case said != nil:
			directives[said[1]] = said[2]
		case named != nil:
			file = named[1]
		case line != "":
			file = ""
		}
	}
	return blocks
}

// A pageCommand is a command with its expected output.
type pageCommand struct{ line, want string }

// commands returns the commands of a console block. A line that ends in a
// backslash continues on the next one.
func (b pageBlock) commands() []pageCommand {
	var commands []pageCommand
	continued := false
	for line := range strings.Lines(b.text) {
		command, isCommand := strings.CutPrefix(line, "$ ")
		last := len(commands) - 1
		switch {
		case isCommand:
			commands = append(commands, pageCommand{line: command})
		case last >= 0 && continued:
			commands[last].line += line
		case last >= 0:
			commands[last].want += line
			continue
		}
		continued = strings.HasSuffix(line, "\\\n")
	}
	return commands
}

// A shell runs the commands of a page, in a terminal.
type shell struct {
	t       *testing.T
	dir     string // the home directory
	project string // the working directory, where files are written
	script  io.Writer
	screen  *pageScreen
	local   *strings.Replacer // from the page's ports and addresses to the test's
	unports *strings.Replacer // from the test's ports to the page's
	running string            // the line of the page that started the running server, or ""
	wanted  string            // the server's expected output
	group   int               // its process group, or 0
}

// A pageScreen collects what a terminal shows.
type pageScreen struct {
	mu   sync.Mutex
	text []byte
}

func (s *pageScreen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text = append(s.text, p...)
	return len(p), nil
}

// until waits for a match of mark, and returns the text before it. It removes
// both from the screen.
func (s *pageScreen) until(t *testing.T, command string, mark *regexp.Regexp) (text string, submatch []string) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		s.mu.Lock()
		text = string(s.text)
		at := mark.FindStringIndex(text)
		if at != nil {
			s.text = []byte(text[at[1]:])
		}
		s.mu.Unlock()
		if at != nil {
			return text[:at[0]], mark.FindStringSubmatch(text)
		}
	}
	require.Fail(t, "the command does not end", "%s\n%s", command, text)
	return "", nil
}

func newShell(t *testing.T) *shell {
	keyboard, tty := terminal(t)
	api, web, production := freePort(t), freePort(t), freePort(t)
	s := &shell{
		t: t, dir: t.TempDir(), screen: &pageScreen{},
		local:   strings.NewReplacer("8911", api, "8910", web, "8080", production, "=0.0.0.0", "=127.0.0.1"),
		unports: strings.NewReplacer(":"+api, ":8911", ":"+web, ":8910", ":"+production, ":8080"),
	}
	s.project = s.dir
	cmd := exec.Command("bash", "--norc", "--noprofile", "/dev/fd/3")
	script, input, err := os.Pipe()
	require.NoError(t, err)
	cmd.Dir, cmd.ExtraFiles, s.script = s.dir, []*os.File{script}, input
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	goEnv, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE").Output()
	require.NoError(t, err)
	caches := strings.Fields(string(goEnv))
	cmd.Env = []string{
		"PATH=" + filepath.Dir(fngen) + ":" + os.Getenv("PATH"), "HOME=" + s.dir, "TERM=xterm", "NO_COLOR=1",
		"GOCACHE=" + caches[0], "GOMODCACHE=" + caches[1], "GOPROXY=off", "GOTOOLCHAIN=local", "GOWORK=off",
		"FNGEN_API_PORT=" + api, "FNGEN_WEB_PORT=" + web,
	}
	require.NoError(t, cmd.Start())
	script.Close()
	go func() { _, _ = io.Copy(s.screen, keyboard) }() // until the terminal is closed
	t.Cleanup(func() {
		input.Close()
		if s.group != 0 {
			_ = syscall.Kill(-s.group, syscall.SIGKILL)
		}
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGHUP)
		_ = cmd.Wait()
	})
	return s
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}

// start creates a new project, or a copy of a directory of the repository, and
// changes to it.
func (s *shell) start(in string) {
	s.t.Helper()
	s.stop()
	s.run(`mkdir -p "$HOME/$((++projects))" && cd "$HOME/$projects"`)
	if in == "a new project" {
		s.run("fngen new shop --module=example.com/shop")
	} else {
		require.DirExists(s.t, filepath.Join("../..", in))
		from, err := filepath.Abs(filepath.Join("../..", in))
		require.NoError(s.t, err)
		s.run("cp -r " + from + " shop")
	}
	s.run("cd shop")
}

// write writes a file, or applies a diff to it. The name may be a pattern that
// matches one file, because the names of migrations contain a timestamp.
func (s *shell) write(name, text string, isDiff bool) {
	s.t.Helper()
	if isDiff {
		path := filepath.Join(s.project, name)
		content, err := os.ReadFile(path)
		require.NoError(s.t, err)
		require.NoError(s.t, os.WriteFile(path, []byte(patch(s.t, string(content), text)), 0o666))
		return
	}
	if matches, _ := filepath.Glob(filepath.Join(s.project, name)); len(matches) == 1 {
		require.NoError(s.t, os.WriteFile(matches[0], []byte(text), 0o666))
		return
	}
	require.NotContains(s.t, name, "*")
	writeFile(s.t, s.project, name, text)
}

// patch applies a diff without line numbers: it replaces the lines that start
// with a space or a minus, which must occur once, with those that start with a
// space or a plus.
func patch(t *testing.T, content, diff string) string {
	t.Helper()
	var before, after string
	for line := range strings.Lines(diff) {
		if line[0] != '+' {
			before += line[1:]
		}
		if line[0] != '-' {
			after += line[1:]
		}
	}
	require.Equal(t, 1, strings.Count("\n"+content, "\n"+before), "the diff applies once:\n%s", diff)
	return strings.TrimPrefix(strings.Replace("\n"+content, "\n"+before, "\n"+after, 1), "\n")
}

// done matches what the shell prints after a command: its exit status and the
// working directory.
var done = regexp.MustCompile("\x1e([0-9]+) ([^\x1e]+)\x1e")

// run runs a command that must succeed.
func (s *shell) run(line string) {
	s.t.Helper()
	output, status := s.execute(line)
	require.Equal(s.t, "0", status, "%s\n%s", line, output)
}

// execute runs a command and returns its output and exit status.
func (s *shell) execute(line string) (output, status string) {
	s.t.Helper()
	line = s.local.Replace(strings.TrimSpace(line))
	_, err := io.WriteString(s.script, line+"\nprintf '\\036%d %s\\036' $? \"$PWD\"\n")
	require.NoError(s.t, err)
	output, last := s.screen.until(s.t, line, done)
	s.project = last[2]
	return output, last[1]
}

// server matches the commands that run until the reader interrupts them.
var server = regexp.MustCompile(`(^|\s)(fngen dev|fngen serve|\./server)\b`)

// check runs a command of a page and compares its output. The exit status must
// be 0 unless the page shows a line that starts with "fngen: " or "FAIL". A
// server runs until the next one starts or the page ends, and stop compares its
// output.
func (s *shell) check(where string, c pageCommand) {
	s.t.Helper()
	if server.MatchString(c.line) && !strings.Contains(c.line, "--build-only") {
		s.stop()
		s.running, s.wanted = where, c.want
		output, _ := s.execute("set -m; { " + strings.TrimSpace(c.line) + "; } >\"$HOME/server\" 2>&1 & echo $!")
		var err error
		s.group, err = strconv.Atoi(strings.TrimSpace(output))
		require.NoError(s.t, err, "%s", output)
		s.run(`for _ in $(seq 600); do grep -qE 'ready in|listening on' "$HOME/server" && break; sleep 0.1; done
grep -E 'ready in|listening on' "$HOME/server" >/dev/null || cat "$HOME/server"`)
		return
	}
	output, status := s.execute(c.line)
	if c.want != "" {
		assert.Regexp(s.t, s.pattern(c.want), s.plain(output), "%s: %s", where, c.line)
	}
	if !regexp.MustCompile(`(?m)^(fngen: |FAIL)`).MatchString(c.want) {
		assert.Equal(s.t, "0", status, "%s: %s\n%s", where, c.line, output)
	}
}

// stop terminates the running server, if any, and compares its output.
func (s *shell) stop() {
	s.t.Helper()
	if s.running == "" {
		return
	}
	require.NoError(s.t, syscall.Kill(-s.group, syscall.SIGTERM))
	s.run("wait 2>/dev/null; true")
	s.group = 0
	output, err := os.ReadFile(filepath.Join(s.dir, "server"))
	require.NoError(s.t, err)
	assert.Regexp(s.t, s.pattern(s.wanted+"...\n"), s.plain(string(output)), s.running)
	s.running = ""
}

// differs lists what varies between runs, with its replacement.
var differs = []struct {
	is   *regexp.Regexp
	mark string
}{
	{regexp.MustCompile("\x1b\\[[0-9;]*m"), ""}, // curl prints the names of headers in bold
	{regexp.MustCompile(`\b\d+(\.\d+)? ?(µs|ms|s)\b|\(cached\)`), "DURATION"},
	{regexp.MustCompile(`(?m)^( +✓ .*) \(DURATION\)$`), "$1"}, // only slow tests have one
	{regexp.MustCompile(`\b\d+(\.\d+)? (B|kB|MB)\b`), "SIZE"},
	{regexp.MustCompile(`\bv\d+\.\d+\.\d+[-+.\w]*|\((devel|unknown)\)|\bdevel\b`), "VERSION"},
	{regexp.MustCompile(`\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?([.\d]*)(Z|[-+]\d\d:\d\d)?`), "TIME"},
	{regexp.MustCompile(`\b\d\d:\d\d:\d\d\b`), "TIME"},
	{regexp.MustCompile(`(?m)^Date: .*\n`), ""},
	{regexp.MustCompile(`\b\d{14}_`), "TIME_"},
	{regexp.MustCompile(`\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-`), "UUID-"}, // the rest is the number of the message
	{regexp.MustCompile(`\bw?[\w-]{43}\b`), "RANDOM"},
	{regexp.MustCompile(`\b(0\.0\.0\.0|127\.0\.0\.1)\b`), "HOST"},
	{regexp.MustCompile(`[ \t]+`), " "},
	{regexp.MustCompile(`(?m) $`), ""},
}

// plain replaces what varies between runs.
func (s *shell) plain(text string) string {
	text = s.unports.Replace(strings.ReplaceAll(text, "\r", ""))
	text = strings.ReplaceAll(text, s.project, "/tmp/shop")
	for _, d := range differs {
		text = d.is.ReplaceAllString(text, d.mark)
	}
	return strings.TrimSpace(text) + "\n"
}

// pattern returns the regular expression for the output that a page shows. A
// line of three dots matches any lines, and three dots in a line match any
// text.
func (s *shell) pattern(want string) string {
	want = regexp.QuoteMeta(s.plain(want))
	want = regexp.MustCompile(`(?m)^ ?\\\.\\\.\\\.(\n|$)`).ReplaceAllLiteralString(want, `(?:.*\n)*?`)
	want = strings.ReplaceAll(want, `\.\.\.`, `.*`)
	return `^` + want + `\s*$`
}
