package devserver

import (
	"bytes"
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

const (
	outputQueue  = 4096        // writes that wait for a slow reader
	flushTimeout = time.Second // how long the last writes may take when the server stops
)

// A queue writes to a stream without making its callers wait. If nothing reads
// the stream, as in a paused pager, what does not fit is dropped: requests must
// not stop for that.
type queue struct {
	w           io.Writer
	writes      chan func()
	dropped     atomic.Int64
	quit, ended chan struct{}
}

func newQueue(w io.Writer) *queue {
	q := &queue{w: w, writes: make(chan func(), outputQueue), quit: make(chan struct{}), ended: make(chan struct{})}
	go q.run()
	return q
}

// run calls the writes until the queue is closed and empty.
func (q *queue) run() {
	defer close(q.ended)
	for {
		select {
		case write := <-q.writes:
			q.reportDropped()
			write()
		case <-q.quit:
			if len(q.writes) == 0 {
				return
			}
		}
	}
}

func (q *queue) reportDropped() {
	if n := q.dropped.Swap(0); n > 0 {
		fmt.Fprintf(q.w, "… %d lines were not read in time and are lost\n", n)
	}
}

// do calls write, which writes to the stream, when it is its turn.
func (q *queue) do(write func()) {
	select {
	case q.writes <- write:
	default:
		q.dropped.Add(1)
	}
}

// Write writes a copy of p to the stream later. It implements io.Writer.
func (q *queue) Write(p []byte) (int, error) {
	text := bytes.Clone(p)
	q.do(func() { _, _ = q.w.Write(text) })
	return len(p), nil
}

// close waits for the writes, but not long. Later writes are lost.
func (q *queue) close() {
	close(q.quit)
	select {
	case <-q.ended:
	case <-time.After(flushTimeout):
	}
}

// queueOutput makes all output go through queues. The function that it returns
// ends that.
func (o *Options) queueOutput() (stop func()) {
	stdout, stderr, note := newQueue(o.Stdout), newQueue(o.Stderr), o.Note
	o.Stdout, o.Stderr = stdout, stderr
	o.Note = func(message, hint string) { stderr.do(func() { note(message, hint) }) }
	return func() {
		stdout.close()
		stderr.close()
	}
}
