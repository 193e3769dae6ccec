//go:build linux

package e2e

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"html"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var record = flag.Bool("record", false, "record the commands of README.md, as make demo does")

// The recording of README's first section: castFile is for asciinema, and
// README shows svgFile.
const (
	castFile = "../../docs/first-minutes.cast"
	svgFile  = "../../docs/first-minutes.svg"
)

// TestRecording checks that the recording has the commands and the output of
// README's first section. With the flag -record, it records them first.
func TestRecording(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	commands := firstCommands(t, string(readme))
	if *record {
		file := recordCast(t, commands).encode(t)
		require.NoError(t, os.WriteFile(castFile, file, 0o666))
		require.NoError(t, os.WriteFile(svgFile, []byte(decodeCast(t, file).svg(t)), 0o666))
	}

	file, err := os.ReadFile(castFile)
	require.NoError(t, err, "run make demo")
	recorded := decodeCast(t, file)
	sections := recorded.sections()
	require.Equal(t, len(commands), len(sections), "commands; run make demo")
	page := &shell{t: t, project: "/tmp/shop", unports: strings.NewReplacer()}
	for i, c := range commands {
		command := strings.TrimSpace(c.line)
		require.Equal(t, command, sections[i].command, "run make demo")
		output := strings.TrimPrefix(page.plain(sections[i].output), page.plain("$ "+command))
		if server.MatchString(command) {
			c.want += "...\n"
		}
		if c.want != "" {
			assert.Regexp(t, page.pattern(c.want), output, "%s: run make demo", command)
		}
	}
	svg, err := os.ReadFile(svgFile)
	require.NoError(t, err, "run make demo")
	assert.True(t, recorded.svg(t) == string(svg), "docs/first-minutes.svg does not show the recording: run make demo")
}

// firstCommands returns the commands of README's first section, except those in
// blocks that are not run.
func firstCommands(t *testing.T, readme string) []pageCommand {
	t.Helper()
	_, section, found := strings.Cut(readme, "\n## ")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	var commands []pageCommand
	for _, block := range pageBlocks(section) {
		if _, not := block.directives["not run"]; !not && block.language == "console" {
			commands = append(commands, block.commands()...)
		}
	}
	require.NotEmpty(t, commands)
	return commands
}

// A cast is a recording in version 2 of asciinema's file format,
// https://docs.asciinema.org/manual/asciicast/v2/. A marker names each command.
type cast struct {
	header castHeader
	events []castEvent
}

type castHeader struct {
	Version int               `json:"version"`
	Width   int               `json:"width"`
	Height  int               `json:"height"`
	Title   string            `json:"title"`
	Env     map[string]string `json:"env"`
}

// A castEvent is output ("o") or a marker ("m").
type castEvent struct {
	seconds    float64
	kind, text string
}

const (
	columns, rows = 96, 26
	keystroke     = 35 * time.Millisecond
	reading       = 1500 * time.Millisecond // pause between commands
	longest       = 2 * time.Second         // limit for the time that a command takes
)

// recordCast runs the commands in a terminal, and those after the server starts
// in a second one.
func recordCast(t *testing.T, commands []pageCommand) *cast {
	made := &cast{header: castHeader{
		Version: 2, Width: columns, Height: rows, Title: "fngen: a signed webhook",
		Env: map[string]string{"TERM": "xterm-256color", "SHELL": "/bin/bash"},
	}}
	now := 500 * time.Millisecond
	add := func(kind, text string) {
		made.events = append(made.events, castEvent{now.Seconds(), kind, text})
	}
	first := newShell(t)
	first.run(fmt.Sprintf("unset NO_COLOR; stty cols %d rows %d", columns, rows))
	current := first
	for _, c := range commands {
		command := strings.TrimSpace(c.line)
		add("m", command)
		add("o", "\x1b[32m$\x1b[m ")
		for _, key := range command {
			now += keystroke
			add("o", string(key))
		}
		now += keystroke
		add("o", "\r\n")

		start := time.Now()
		var output string
		if server.MatchString(command) {
			output = first.serve(command)
		} else {
			var status string
			output, status = current.execute(command)
			require.Equal(t, "0", status, "%s\n%s", command, output)
		}
		now += min(time.Since(start), longest)
		add("o", first.unports.Replace(output))
		now += reading

		if server.MatchString(command) {
			current = newShell(t)
			current.run(fmt.Sprintf("unset NO_COLOR; stty cols %d rows %d", columns, rows))
			current.run(fmt.Sprintf("cd %q; export HOME=%q FNGEN_API_PORT=%s",
				first.project, first.dir, first.local.Replace("8911")))
			current.local = first.local
			add("o", "\r\n\x1b[2m# In a second terminal:\x1b[m\r\n")
		}
	}
	now += 2 * reading
	add("o", "")
	first.run("kill $!; wait $!; true")
	return made
}

// serve starts a server in the background and returns its output until it is
// ready.
func (s *shell) serve(command string) string {
	s.t.Helper()
	output, _ := s.execute(command + " &")
	if !strings.Contains(output, "ready in") {
		more, ready := s.screen.until(s.t, command, regexp.MustCompile(`ready in [^\n]*\n`))
		output += more + ready[0]
	}
	return output
}

func (c *cast) encode(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	require.NoError(t, encoder.Encode(c.header))
	for _, e := range c.events {
		require.NoError(t, encoder.Encode([]any{json.Number(fmt.Sprintf("%.3f", e.seconds)), e.kind, e.text}))
	}
	return b.Bytes()
}

func decodeCast(t *testing.T, file []byte) *cast {
	t.Helper()
	c := &cast{}
	decoder := json.NewDecoder(bytes.NewReader(file))
	require.NoError(t, decoder.Decode(&c.header))
	for decoder.More() {
		var e castEvent
		require.NoError(t, decoder.Decode(&[]any{&e.seconds, &e.kind, &e.text}))
		c.events = append(c.events, e)
	}
	return c
}

// A castSection is a command with its echo and output.
type castSection struct{ command, output string }

func (c *cast) sections() []castSection {
	var sections []castSection
	for _, e := range c.events {
		if e.kind == "m" {
			sections = append(sections, castSection{command: e.text})
		} else if last := len(sections) - 1; last >= 0 {
			sections[last].output += e.text
		}
	}
	return sections
}

// A span is text in one style.
type span struct{ text, class string }

// A screenLine is a line of the terminal. It appears after from seconds. If it
// is a command, typing ends after typed seconds; otherwise typed is 0.
type screenLine struct {
	spans       []span
	from, typed float64
}

func (l *screenLine) width() (n int) {
	for _, s := range l.spans {
		n += utf8.RuneCountInString(s.text)
	}
	return n
}

// ansi matches escape sequences that set colors. The recording must have no
// others.
var ansi = regexp.MustCompile("\x1b\\[([0-9;]*)m")

// lines returns all lines of the terminal, including those that have scrolled
// away. Long lines wrap at the width of the terminal.
func (c *cast) lines(t *testing.T) []*screenLine {
	t.Helper()
	class := ""
	lines := []*screenLine{{}}
	var write func(text string, at float64)
	write = func(text string, at float64) {
		for _, r := range text {
			if r == '\t' {
				r = ' '
				for n := lines[len(lines)-1].width(); n%8 != 7; n++ {
					write(" ", at)
				}
			}
			last := lines[len(lines)-1]
			if r == '\n' || last.width() == c.header.Width {
				last = &screenLine{}
				lines = append(lines, last)
				if r == '\n' {
					continue
				}
			}
			if len(last.spans) == 0 {
				last.from = at
			}
			if at > last.from {
				last.typed = at
			}
			if n := len(last.spans); n > 0 && last.spans[n-1].class == class {
				last.spans[n-1].text += string(r)
			} else {
				last.spans = append(last.spans, span{string(r), class})
			}
		}
	}
	for _, e := range c.events {
		if e.kind != "o" {
			continue
		}
		rest := strings.ReplaceAll(e.text, "\r\n", "\n")
		require.NotRegexp(t, `[\x00-\x08\x0b-\x1a\x1c-\x1f]`, rest, "the SVG cannot show it")
		for {
			at := ansi.FindStringSubmatchIndex(rest)
			if at == nil {
				break
			}
			write(rest[:at[0]], e.seconds)
			class = ""
			for code := range strings.SplitSeq(rest[at[2]:at[3]], ";") {
				if code = strings.TrimLeft(code, "0"); code != "" {
					class = strings.TrimSpace(class + " c" + code)
				}
			}
			rest = rest[at[1]:]
		}
		require.NotContains(t, rest, "\x1b", "the SVG cannot show it")
		write(rest, e.seconds)
	}
	return lines
}

const (
	charWidth, lineHeight = 8.4, 19.0
	margin, titleBar      = 16.0, 34.0
	svgStyle              = `text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;` +
		`fill:#d6deeb;white-space:pre}.c1{font-weight:bold}.c2{fill:#8b98a9}.c31{fill:#ff7b72}.c32{fill:#7ee787}` +
		`.c33{fill:#e3b341}.c34{fill:#79c0ff}.c35{fill:#d2a8ff}.c36{fill:#76e3ea}.c90{fill:#8b98a9}.cover{fill:#0d1117}` +
		`@media (prefers-reduced-motion:reduce){*{animation:none!important}}`
)

// svg returns an SVG that plays the recording in a loop. Viewers that do not
// animate it show the end.
func (c *cast) svg(t *testing.T) string {
	lines := c.lines(t)
	for len(lines) > 0 && lines[len(lines)-1].width() == 0 {
		lines = lines[:len(lines)-1]
	}
	total := c.events[len(c.events)-1].seconds
	percent := func(seconds float64) string {
		return strings.TrimSuffix(fmt.Sprintf("%.2f", 100*seconds/total), ".00") + "%"
	}
	var style, text strings.Builder
	animate := func(name, frames string) {
		fmt.Fprintf(&style, "#%s{animation:%s %.2fs infinite step-end}@keyframes %s{%s}\n", name, name, total, name, frames)
	}
	scrolled, scroll := 0, []string{"0%{transform:none}"}
	for i, line := range lines {
		n := line.width()
		if n == 0 {
			continue
		}
		y := float64(i+1)*lineHeight - 5 // the baseline
		fmt.Fprintf(&text, `<g id="l%d"><text y="%.0f" textLength="%.1f">`, i, y, float64(n)*charWidth)
		for _, s := range line.spans {
			if s.class == "" {
				text.WriteString(html.EscapeString(s.text))
			} else {
				fmt.Fprintf(&text, `<tspan class="%s">%s</tspan>`, s.class, html.EscapeString(s.text))
			}
		}
		text.WriteString("</text>")
		if line.typed > 0 { // a rectangle covers the part that is not typed yet
			fmt.Fprintf(&text, `<rect id="t%d" class="cover" x="%.1f" y="%.0f" width="%.1f" height="%.0f"/>`,
				i, float64(n)*charWidth, y-lineHeight+5, float64(n)*charWidth, lineHeight)
			hidden := -float64(n-2) * charWidth
			fmt.Fprintf(&style, "#t%d{animation:t%d %.2fs infinite}@keyframes t%d{0%%,%s{transform:translateX(%.1fpx);"+
				"animation-timing-function:steps(%d)}%s,100%%{transform:none}}\n",
				i, i, total, i, percent(line.from), hidden, n-2, percent(line.typed))
		}
		text.WriteString("</g>\n")
		animate(fmt.Sprintf("l%d", i), fmt.Sprintf("0%%{visibility:hidden}%s,100%%{visibility:visible}", percent(line.from)))
		if over := i + 1 - c.header.Height; over > scrolled {
			scrolled = over
			frame := fmt.Sprintf("%s{transform:translateY(-%.0fpx)}", percent(line.from), float64(over)*lineHeight)
			if last := len(scroll) - 1; strings.HasPrefix(scroll[last], percent(line.from)+"{") {
				scroll[last] = frame
			} else {
				scroll = append(scroll, frame)
			}
		}
	}
	end := fmt.Sprintf("translateY(-%.0fpx)", float64(scrolled)*lineHeight)
	animate("scroll", strings.Join(scroll, "")+"100%{transform:"+end+"}")
	fmt.Fprintf(&style, "#scroll{transform:%s}\n", end)

	width := float64(c.header.Width)*charWidth + 2*margin
	height := float64(c.header.Height)*lineHeight + titleBar + margin
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" role="img">
<title>%s</title>
<style>
%s
%s</style>
<rect width="100%%" height="100%%" rx="8" fill="#0d1117"/>
<circle cx="20" cy="17" r="6" fill="#ff5f56"/><circle cx="40" cy="17" r="6" fill="#ffbd2e"/><circle cx="60" cy="17" r="6" fill="#27c93f"/>
<svg x="%.0f" y="%.0f" width="%.0f" height="%.0f" overflow="hidden"><g id="scroll">
%s</g></svg>
</svg>
`, width, height, width, height, html.EscapeString(c.header.Title), svgStyle, style.String(),
		margin, titleBar, width-2*margin, height-titleBar-margin, text.String())
}
