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

var update = flag.Bool("update", false, "rewrite the golden files")

const module = "example.com/app"

// function returns a function in a directory of its own.
func function(name string) gotest.Function {
	dir := "api/src/functions/" + name
	return gotest.Function{Name: name, Package: module + "/" + dir, File: dir + "/" + name + "_test.go"}
}

// show returns the text of a stream.
func show(t *testing.T, stream []byte, keep, color bool, functions ...gotest.Function) string {
	t.Helper()
	var b strings.Builder
	report := gotest.NewReport(module, functions, color)
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

// Each stream in testdata was recorded from go test -json, except old.jsonl,
// which shows a failed build as Go 1.23 prints it. Times and directories were
// removed. The text of x.jsonl is in x.txt. Update it, and review the diff:
//
//	go test ./internal/gotest -update
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
			assert.Equal(t, string(want), got, "update it with go test ./internal/gotest -update")
			assert.NotContains(t, got, "\x1b")

			// Colors do not change the text.
			colored := show(t, stream, keep, true, functions...)
			for _, code := range []string{"\x1b[0m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[33m"} {
				colored = strings.ReplaceAll(colored, code, "")
			}
			assert.Equal(t, got, colored)
		})
	}
	texts, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	assert.Len(t, texts, len(files), "a golden file without a stream")
}

// Chunks of a stream can end anywhere.
func TestChunks(t *testing.T) {
	stream, err := os.ReadFile("testdata/failing.jsonl")
	require.NoError(t, err)
	var packages []*gotest.Package
	s := &gotest.Stream{Done: func(p *gotest.Package) { packages = append(packages, p) }}
	for _, b := range bytes.TrimSuffix(stream, []byte("\n")) {
		_, err := s.Write([]byte{b})
		require.NoError(t, err)
	}
	assert.Empty(t, packages, "the last line is not complete")
	require.NoError(t, s.Close())
	require.Len(t, packages, 1)
	assert.Equal(t, gotest.Failed, packages[0].Status)
	assert.Len(t, packages[0].Tests, 3)
}

// The progress of fuzzing is shown at once, because fuzzing can go on for
// hours.
func TestProgress(t *testing.T) {
	var lines []string
	s := &gotest.Stream{Text: func(line string) { lines = append(lines, line) }}
	const event = `{"Action":"output","Package":"p","Test":"FuzzX","Output":"fuzz: elapsed: 3s, execs: 9\n"}` + "\n"
	_, err := s.Write([]byte(event))
	require.NoError(t, err)
	assert.Equal(t, []string{"fuzz: elapsed: 3s, execs: 9"}, lines)
}

// A linker's warning is shown although no package fails because of it.
func TestWarning(t *testing.T) {
	got := show(t, []byte(`{"ImportPath":"p.test","Action":"build-output","Output":"# p.test\n"}
{"ImportPath":"p.test","Action":"build-output","Output":"ld: warning\n"}
{"Action":"pass","Package":"p","Elapsed":1}
`), false, false)
	assert.Contains(t, got, "# p.test\nld: warning\n")
}

// Flat functions share the result of their package.
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
	assert.Empty(t, report.Owners(dir+"/other"), "a directory next to flat functions does not belong to them")
	assert.Empty(t, report.Owners("example.com/else"))

	text := report.Package(&gotest.Package{Path: dir, Status: gotest.Failed, Elapsed: time.Second})
	assert.Equal(t, "FAIL  api/src/functions (1.00 s)\n\n", text)
	assert.Equal(t, gotest.Failed, report.Status("bye"))
	assert.Equal(t, gotest.Unfinished, report.Status("divide"))
	assert.Contains(t, report.Totals(0), "Functions:  2 failed, 2 total\n")
}

func TestArguments(t *testing.T) {
	for _, flags := range [][]string{
		{"-v"}, {"--v"}, {"-test.v=true"}, {"-run", "x", "-v=test2json"}, {"-bench=."}, {"-bench", "."}, {"-list", "."},
	} {
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
		// The size of the chunks does not matter.
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
