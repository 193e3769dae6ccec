package pgserver

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// ErrNoPgBouncer is returned by StartPgBouncer if PgBouncer is not installed.
var ErrNoPgBouncer = errors.New("PgBouncer is not installed: apt-get install pgbouncer")

const pgBouncerPort = 6432

// A PgBouncer is a running connection pooler in transaction mode.
type PgBouncer struct {
	server *Server
	cmd    *exec.Cmd
	exited chan error
}

// StartPgBouncer starts a pooler in front of the server, which has size
// connections for each database. The caller must stop it before the server.
func (s *Server) StartPgBouncer(size int) (*PgBouncer, error) {
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		program = "/usr/sbin/pgbouncer" // which is not on the PATH of all users
		if _, err := os.Stat(program); err != nil {
			return nil, ErrNoPgBouncer
		}
	}
	config := filepath.Join(s.dir, "pgbouncer.ini")
	text := fmt.Sprintf(`[databases]
* = host=%[1]s user=%[2]s
[pgbouncer]
listen_port = %[3]d
unix_socket_dir = %[1]s
auth_type = any
pool_mode = transaction
default_pool_size = %[4]d
`, s.dir, account, pgBouncerPort, size)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		return nil, err
	}
	b := &PgBouncer{server: s, exited: make(chan error, 1)}
	var log bytes.Buffer
	b.cmd = command(s.dir, program, config)
	b.cmd.Stdout, b.cmd.Stderr = &log, &log
	if err := b.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { b.exited <- b.cmd.Wait() }()
	socket := filepath.Join(s.dir, fmt.Sprintf(".s.PGSQL.%d", pgBouncerPort))
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if conn, err := net.Dial("unix", socket); err == nil {
			return b, conn.Close()
		}
		select {
		case err := <-b.exited:
			return nil, fmt.Errorf("pgbouncer: %w\n%s", err, &log)
		default:
		}
		if time.Now().After(deadline) {
			_ = b.cmd.Process.Kill()
			<-b.exited
			return nil, fmt.Errorf("pgbouncer is not ready after 20 seconds\n%s", &log)
		}
	}
}

// URL returns the URL of a database behind the pooler.
func (b *PgBouncer) URL(database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.User(account),
		Path:     "/" + database,
		RawQuery: url.Values{"host": {b.server.dir}, "port": {strconv.Itoa(pgBouncerPort)}}.Encode(),
	}
	return u.String()
}

// Stop stops the pooler.
func (b *PgBouncer) Stop() error {
	err := b.cmd.Process.Kill() // it keeps nothing
	<-b.exited
	return err
}
