package cli

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/invoke"
)

// A pipe receives the body byte for byte. A terminal receives no binary data
// and no control characters.
func TestPrintResponse(t *testing.T) {
	const (
		png    = "\x89PNG\r\n\x1a\n"
		status = "fngen: 200 OK, 12 ms\n"
		head   = "HTTP/1.1 200 OK\nA: 1\nA: 2\nContent-Type: image/\x1bpng\n\n"
		hint   = "hint: save it with -o FILE\n"
	)
	jsonOf := func(body, isBase64 string) string {
		return `{"status":200,"headers":{"A":["1","2"],"Content-Type":["image/\u001bpng"]},"body":"` + body +
			`","isBase64Encoded":` + isBase64 + "}\n"
	}
	tests := []struct {
		name           string
		body           string
		options        invokeOptions
		terminal       bool
		stdout, stderr string
	}{
		{name: "JSON", body: `{"a": 1}`, stdout: `{"a": 1}`, stderr: status},
		{name: "JSON, terminal", body: `{"a": 1}`, terminal: true, stdout: "{\"a\": 1}\n", stderr: status},
		{name: "lines, terminal", body: "a\r\n\tb\n", terminal: true, stdout: "a\n\tb\n", stderr: status},
		{name: "empty, terminal", body: "", terminal: true, stderr: status},
		{name: "escapes", body: "\x1b[2J\r\n", stdout: "\x1b[2J\r\n", stderr: status},
		{
			name: "escapes, terminal", body: "\x1b[2J\ra\b\u009bm\u202eé\x7f", terminal: true,
			stdout: "\\x1b[2J\\ra\\b\\u009bm\\u202eé\\x7f\n", stderr: status,
		},
		{name: "binary", body: png, stdout: png, stderr: status},
		{
			name: "binary, terminal", body: png, terminal: true,
			stderr: status + "fngen: note: the body is binary: 8 bytes of image/\\x1bpng\n" + hint,
		},
		{
			name: "NUL, terminal", body: "a\x00b", terminal: true,
			stderr: status + "fngen: note: the body is binary: 3 bytes of image/\\x1bpng\n" + hint,
		},
		{name: "include", body: png, options: invokeOptions{include: true}, stdout: head + png},
		{
			name: "include, terminal", body: "x", options: invokeOptions{include: true}, terminal: true,
			stdout: "HTTP/1.1 200 OK\nA: 1\nA: 2\nContent-Type: image/\\x1bpng\n\nx\n",
		},
		{
			name: "JSON report of text", body: "<\n", options: invokeOptions{json: true}, terminal: true,
			stdout: jsonOf(`<\n`, "false"),
		},
		{
			name: "JSON report of binary", body: png, options: invokeOptions{json: true},
			stdout: jsonOf("iVBORw0KGgo=", "true"),
		},
		{name: "output, terminal", body: png, options: invokeOptions{output: "out"}, terminal: true, stderr: status},
		{name: "output and include", body: png, options: invokeOptions{output: "out", include: true}, stdout: head},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if test.options.output != "" {
				test.options.output = filepath.Join(t.TempDir(), test.options.output)
			}
			require.NoError(t, printResponse(World{Stdout: &stdout, Stderr: &stderr}, test.options, &invoke.Response{
				Proto: "HTTP/1.1", Status: "200 OK", Code: 200, Elapsed: 12*time.Millisecond + 300*time.Microsecond,
				Header: http.Header{"A": {"1", "2"}, "Content-Type": {"image/\x1bpng"}}, Body: []byte(test.body),
			}, test.terminal))
			assert.Equal(t, test.stdout, stdout.String())
			assert.Equal(t, test.stderr, stderr.String())
			if test.options.output != "" {
				data, err := os.ReadFile(test.options.output)
				require.NoError(t, err)
				assert.Equal(t, test.body, string(data))
			}
		})
	}
}
