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
)

// To a pipe goes what the function answered, byte for byte. To a terminal goes nothing that does more than appear there.
func TestPrint(t *testing.T) {
	png := "\x89PNG\r\n\x1a\n"
	const stderr = "fngen: 200 OK, 12 ms\n"
	for name, test := range map[string]struct {
		body           string
		options        invokeOptions
		terminal       bool
		stdout, stderr string
	}{
		"JSON":                   {body: `{"a": 1}`, stdout: `{"a": 1}`, stderr: stderr},
		"JSON, terminal":         {body: `{"a": 1}`, terminal: true, stdout: "{\"a\": 1}\n", stderr: stderr},
		"lines, terminal":        {body: "a\r\n\tb\n", terminal: true, stdout: "a\n\tb\n", stderr: stderr},
		"nothing, terminal":      {body: "", terminal: true, stderr: stderr},
		"escapes":                {body: "\x1b[2J\r\n", stdout: "\x1b[2J\r\n", stderr: stderr},
		"escapes, terminal":      {body: "\x1b[2J\ra\b\u009bm\u202eé\x7f", terminal: true, stdout: "\\x1b[2J\\ra\\b\\u009bm\\u202eé\\x7f\n", stderr: stderr},
		"binary":                 {body: png, stdout: png, stderr: stderr},
		"binary, terminal":       {body: png, terminal: true, stderr: stderr + "fngen: note: its 8 bytes of image/\\x1bpng are not for a terminal\nhint: -o FILE\n"},
		"NUL, terminal":          {body: "a\x00b", terminal: true, stderr: stderr + "fngen: note: its 3 bytes of image/\\x1bpng are not for a terminal\nhint: -o FILE\n"},
		"headers":                {body: png, options: invokeOptions{include: true}, stdout: "HTTP/1.1 200 OK\nA: 1\nA: 2\nContent-Type: image/\x1bpng\n\n" + png},
		"headers, terminal":      {body: "x", options: invokeOptions{include: true}, terminal: true, stdout: "HTTP/1.1 200 OK\nA: 1\nA: 2\nContent-Type: image/\\x1bpng\n\nx\n"},
		"JSON of text":           {body: "<\n", options: invokeOptions{json: true}, terminal: true, stdout: `{"status":200,"headers":{"A":["1","2"],"Content-Type":["image/\u001bpng"]},"body":"<\n","isBase64Encoded":false}` + "\n"},
		"JSON of binary":         {body: png, options: invokeOptions{json: true}, stdout: `{"status":200,"headers":{"A":["1","2"],"Content-Type":["image/\u001bpng"]},"body":"iVBORw0KGgo=","isBase64Encoded":true}` + "\n"},
		"a file, terminal":       {body: png, options: invokeOptions{output: "out"}, terminal: true, stderr: stderr},
		"a file, with a heading": {body: png, options: invokeOptions{output: "out", include: true}, stdout: "HTTP/1.1 200 OK\nA: 1\nA: 2\nContent-Type: image/\x1bpng\n\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if test.options.output != "" {
				test.options.output = filepath.Join(t.TempDir(), test.options.output)
			}
			v := invoker{w: World{Stdout: &stdout, Stderr: &stderr}, o: test.options}
			require.NoError(t, v.print(answer{
				proto: "HTTP/1.1", status: "200 OK", code: 200, took: 12*time.Millisecond + 300*time.Microsecond,
				header: http.Header{"A": {"1", "2"}, "Content-Type": {"image/\x1bpng"}}, body: []byte(test.body),
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

func TestContentType(t *testing.T) {
	for body, want := range map[string]string{
		`{"a":1}`: jsonType, `[]`: jsonType, `1`: jsonType, `hello`: textType, `{"a":`: textType, "\xff": bytesType,
	} {
		assert.Equal(t, want, contentType([]byte(body), false), "%q", body)
	}
	assert.Equal(t, formType, contentType([]byte("a=b"), true))
	assert.Equal(t, jsonType, contentType([]byte("{}"), true))
	assert.Equal(t, bytesType, contentType([]byte("\xff"), true))
}

func TestWithoutPort(t *testing.T) {
	for host, want := range map[string]string{
		"127.0.0.1:8911": "127.0.0.1", "example.com": "example.com", "example.com:80": "example.com", "[::1]:80": "[::1]", "[::1]": "[::1]",
	} {
		assert.Equal(t, want, withoutPort(host))
	}
}
