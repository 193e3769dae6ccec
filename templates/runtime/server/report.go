package server

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"time"
)

// A lifeline is the connection to the process that this one belongs to. The zero lifeline is of one that belongs to
// none: its channels, which are nil, say nothing.
type lifeline struct {
	conn  net.Conn
	drain <-chan struct{} // closed when the parent wants it to end
	gone  <-chan struct{} // closed when the parent is no more
}

// report tells the parent on which port this process listens: one line of the token and the port.
func report(ctx context.Context, address, token string, port int) (*lifeline, error) {
	dialer := net.Dialer{Timeout: 10 * time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("reporting to %s: %w", address, err)
	}
	if _, err := fmt.Fprintf(conn, "%s %d\n", token, port); err != nil {
		conn.Close()
		return nil, fmt.Errorf("reporting to %s: %w", address, err)
	}
	drain, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		lines, drained := bufio.NewScanner(conn), false
		for lines.Scan() {
			if lines.Text() == "drain" && !drained {
				drained = true
				close(drain)
			}
		}
	}()
	return &lifeline{conn: conn, drain: drain, gone: gone}, nil
}

func (l *lifeline) close() { l.conn.Close() }
