package project

import (
	"bytes"
	"go/build"
	"io"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// ParseTags splits a list of build tags as the go command's flag -tags does: at
// commas, or at spaces, which is the old form.
func ParseTags(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}

// buildTags returns the tags of the go command's variable GOFLAGS followed by
// the extra ones.
func buildTags(env func(string) string, extra []string) []string {
	var tags []string
	for _, flag := range splitFlags(goEnv(env, "GOFLAGS")) {
		name, value, _ := strings.Cut(strings.TrimLeft(flag, "-"), "=")
		if name == "tags" {
			tags = ParseTags(value) // the last flag wins
		}
	}
	for _, tag := range extra {
		if !slices.Contains(tags, tag) {
			tags = append(tags, tag)
		}
	}
	return tags
}

// splitFlags splits GOFLAGS at spaces. A flag that contains spaces is quoted
// as a whole, with ' or ".
func splitFlags(s string) []string {
	var flags []string
	for s = strings.TrimLeft(s, " \t\r\n"); s != ""; s = strings.TrimLeft(s, " \t\r\n") {
		end := strings.IndexAny(s, " \t\r\n")
		if quote := s[0]; quote == '\'' || quote == '"' {
			s = s[1:]
			end = strings.IndexByte(s, quote)
		}
		if end < 0 {
			return append(flags, s)
		}
		flags = append(flags, s[:end])
		s = s[end+1:]
	}
	return flags
}

// goEnv returns the value of a variable of the go command: that of the
// environment, or else the one that go env -w has written. It reads the go
// command's file itself, since starting go env would take longer than most of
// what needs the answer.
func goEnv(env func(string) string, name string) string {
	if value := env(name); value != "" {
		return value
	}
	file := env("GOENV")
	if file == "off" {
		return ""
	}
	if file == "" {
		dir, err := os.UserConfigDir()
		if err != nil {
			return ""
		}
		file = filepath.Join(dir, "go", "env")
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(data)) {
		if value, ok := strings.CutPrefix(strings.TrimRight(line, "\r\n"), name+"="); ok {
			return value
		}
	}
	return ""
}

// matchFile reports whether the go command would compile a file of the project,
// by its name and its build constraints.
func (p *Project) matchFile(file string, data []byte) (bool, error) {
	ctx := build.Default
	ctx.GOOS, ctx.GOARCH = p.goos, p.goarch
	ctx.CgoEnabled = p.cgo
	ctx.BuildTags = p.Tags()
	ctx.OpenFile = func(string) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
	return ctx.MatchFile(path.Dir(file), path.Base(file))
}

// target sets the platform that files are matched for. Without options it is
// the one that the go command would build for.
func (p *Project) target(o Options) {
	first := func(values ...string) string {
		for _, value := range values {
			if value != "" {
				return value
			}
		}
		return ""
	}
	p.goos = first(o.GOOS, o.Env("GOOS"), runtime.GOOS)
	p.goarch = first(o.GOARCH, o.Env("GOARCH"), runtime.GOARCH)
	switch o.Env("CGO_ENABLED") {
	case "1":
		p.cgo = true
	case "0":
	default: // as in the go command, cross-compiling disables cgo
		p.cgo = build.Default.CgoEnabled && p.goos == runtime.GOOS && p.goarch == runtime.GOARCH
	}
}

// GoIgnores reports whether the go command ignores a directory or file of that
// name when it expands patterns such as ./... or reads a package's files.
func GoIgnores(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || name == "vendor"
}
