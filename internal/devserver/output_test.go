package devserver

import (
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Output is written in order, and completely if it is read.
func TestQueue(t *testing.T) {
	var out, errs strings.Builder
	o := Options{Stdout: &out, Stderr: &errs, Note: func(message, _ string) { errs.WriteString("note: " + message + "\n") }}
	stop := o.queueOutput()
	for _, text := range []string{"one\n", "two\n"} {
		_, _ = io.WriteString(o.Stdout, text)
		_, _ = io.WriteString(o.Stderr, text)
		o.Note(strings.TrimSpace(text), "")
	}
	stop()
	assert.Equal(t, "one\ntwo\n", out.String())
	assert.Equal(t, "one\nnote: one\ntwo\nnote: two\n", errs.String())
}

// A reader that stops reading blocks nobody. What it missed is counted.
func TestQueueWithoutReader(t *testing.T) {
	reader, writer := io.Pipe()
	q := newQueue(writer)
	for range 3 * outputQueue {
		_, _ = io.WriteString(q, "line\n")
	}
	all := make(chan string)
	go func() {
		data, _ := io.ReadAll(reader)
		all <- string(data)
	}()
	q.close()
	writer.Close()
	text := <-all
	lost := 0
	for _, match := range regexp.MustCompile(`… (\d+) lines were not read in time and are lost`).FindAllStringSubmatch(text, -1) {
		n, err := strconv.Atoi(match[1])
		require.NoError(t, err)
		lost += n
	}
	assert.Equal(t, 3*outputQueue, lost+strings.Count(text, "line\n"), "each line was printed or counted")
	assert.Greater(t, lost, outputQueue)
}
