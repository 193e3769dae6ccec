package gotest_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/gotest"
)

var update = flag.Bool("update", false, "rewrite what the tests compare with")

const module = "example.com/app"

// function is one in a folder of its own.
func function(name string) gotest.Function {
	dir := "api/src/functions/" + name
	return gotest.Function{Name: name, Package: module + "/" + dir, File: dir + "/" + name + "_test.go"}
}

// show is what people see of a stream.
func show(t *testing.T, stream []byte, keep, colour bool, functions ...gotest.Function) string {
	t.Helper()
	var b strings.Builder
	report := gotest.NewReport(module, functions, colour)
	s := &gotest.Stream{
		KeepPassed: keep,
		Done:       func(p *gotest.Package) { b.WriteString(report.Package(p)) },
		Text:       func(line string) { b.WriteString(line + "\n") },
	}
	_, err := s.Write(stream)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	return b.String() + report.Totals(1230*time.Millisecond)
}

// Each stream in testdata was recorded from go test -json, but for old.jsonl, which is as go 1.23 prints
// a failed build; times and folders were taken out. Beside it is what people see. go test ./internal/gotest -update
// rewrites that, to be read as a diff.
func TestRecorded(t *testing.T) {
	files, err := filepath.Glob("testdata/*.jsonl")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".jsonl")
		t.Run(name, func(t *testing.T) {
			stream, err := os.ReadFile(file)
			require.NoError(t, err)
			var functions []gotest.Function
			switch name {
			case "several":
				functions = []gotest.Function{function("divide"), function("failing"), function("none")}
			case "nested", "names", "cached", "cover":
				functions = []gotest.Function{function("divide")}
			default:
				functions = []gotest.Function{function(name)}
			}
			keep := name == "bench" || name == "names"
			got := show(t, stream, keep, false, functions...)
			golden := strings.TrimSuffix(file, ".jsonl") + ".txt"
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(got), 0o666))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			assert.Equal(t, string(want), got, "go test ./internal/gotest -update rewrites it")
			assert.NotContains(t, got, "\x1b")

			// Colours are around the same text.
			colourful := show(t, stream, keep, true, functions...)
			for _, code := range []string{"\x1b[0m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[33m"} {
				colourful = strings.ReplaceAll(colourful, code, "")
			}
			assert.Equal(t, got, colourful)
		})
	}
	texts, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	assert.Len(t, texts, len(files), "a golden file without a stream")
}

// The stream comes in pieces that end anywhere.
func TestPieces(t *testing.T) {
	stream, err := os.ReadFile("testdata/failing.jsonl")
	require.NoError(t, err)
	var packages []*gotest.Package
	s := &gotest.Stream{Done: func(p *gotest.Package) { packages = append(packages, p) }}
	for _, b := range bytes.TrimSuffix(stream, []byte("\n")) {
		_, err := s.Write([]byte{b})
		require.NoError(t, err)
	}
	assert.Empty(t, packages, "the last line has no end yet")
	require.NoError(t, s.Close())
	require.Len(t, packages, 1)
	assert.Equal(t, gotest.Failed, packages[0].Status)
	assert.Len(t, packages[0].Tests, 3)
}

// Fuzzing can go on for hours: how far it is cannot wait until its package is done.
func TestProgress(t *testing.T) {
	var lines []string
	s := &gotest.Stream{Text: func(line string) { lines = append(lines, line) }}
	_, err := s.Write([]byte(`{"Action":"output","Package":"p","Test":"FuzzX","Output":"fuzz: elapsed: 3s, execs: 9\n"}` + "\n"))
	require.NoError(t, err)
	assert.Equal(t, []string{"fuzz: elapsed: 3s, execs: 9"}, lines)
}

// A linker's warning fails nothing and is seen all the same.
func TestWarning(t *testing.T) {
	got := show(t, []byte(`{"ImportPath":"p.test","Action":"build-output","Output":"# p.test\n"}
{"ImportPath":"p.test","Action":"build-output","Output":"ld: warning\n"}
{"Action":"pass","Package":"p","Elapsed":1}
`), false, false)
	assert.Contains(t, got, "# p.test\nld: warning\n")
}

// Flat functions share a package, and its result.
func TestFlat(t *testing.T) {
	dir := module + "/api/src/functions"
	report := gotest.NewReport(module, []gotest.Function{
		{Name: "hello", Package: dir, File: "hello_test.go", Flat: true},
		{Name: "bye", Package: dir, File: "bye_test.go", Flat: true},
		function("divide"),
	}, false)
	assert.Equal(t, []string{"hello", "bye"}, report.Owners(dir))
	assert.Equal(t, []string{"divide"}, report.Owners(dir+"/divide"))
	assert.Equal(t, []string{"divide"}, report.Owners(dir+"/divide/internal/rules"))
	assert.Empty(t, report.Owners(dir+"/other"), "a folder beside flat functions is not theirs")
	assert.Empty(t, report.Owners("example.com/else"))

	text := report.Package(&gotest.Package{Path: dir, Status: gotest.Failed, Elapsed: time.Second})
	assert.Equal(t, "FAIL  api/src/functions (1.00 s)\n\n", text)
	assert.Equal(t, gotest.Failed, report.Status("bye"))
	assert.Equal(t, gotest.Unfinished, report.Status("divide"))
	assert.Contains(t, report.Totals(0), "Functions:  2 failed, 2 total\n")
}

func TestFlags(t *testing.T) {
	for _, flags := range [][]string{{"-v"}, {"--v"}, {"-test.v=true"}, {"-run", "x", "-v=test2json"}, {"-bench=."}, {"-bench", "."}, {"-list", "."}} {
		assert.True(t, gotest.Verbose(flags), "%q", flags)
	}
	for _, flags := range [][]string{nil, {"-v=false"}, {"-run", "v"}, {"-vet=off"}, {"-args", "-v"}} {
		assert.False(t, gotest.Verbose(flags), "%q", flags)
	}
	assert.Equal(t, []string{"-tags", "a,b", "--mod=mod"},
		gotest.ListFlags([]string{"-race", "-tags", "a,b", "-run", "x", "--mod=mod", "-args", "-tags=c"}))
	assert.Equal(t, "c", gotest.Tags([]string{"-tags", "a,b", "--tags=c", "-args", "-tags=d"}))
	assert.Equal(t, "a,b", gotest.Tags([]string{"-v", "-tags", "a,b"}))
	assert.Empty(t, gotest.Tags([]string{"-v"}))
	assert.Empty(t, gotest.Tags([]string{"-tags"}))
}

func FuzzStream(f *testing.F) {
	files, err := filepath.Glob("testdata/*.jsonl")
	require.NoError(f, err)
	for _, file := range files {
		stream, err := os.ReadFile(file)
		require.NoError(f, err)
		if len(stream) < 1<<14 {
			f.Add(stream)
		}
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		whole := show(t, stream, false, false, function("divide"))
		// However it comes in, it says the same.
		var b strings.Builder
		report := gotest.NewReport(module, []gotest.Function{function("divide")}, false)
		s := &gotest.Stream{
			Done: func(p *gotest.Package) { b.WriteString(report.Package(p)) },
			Text: func(line string) { b.WriteString(line + "\n") },
		}
		for len(stream) > 0 {
			n := min(len(stream), 7)
			_, err := s.Write(stream[:n])
			require.NoError(t, err)
			stream = stream[n:]
		}
		require.NoError(t, s.Close())
		assert.Equal(t, whole, b.String()+report.Totals(1230*time.Millisecond))
	})
}
