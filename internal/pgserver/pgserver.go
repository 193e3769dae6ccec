// Package pgserver starts PostgreSQL servers for tests. A server keeps its data
// in a temporary directory and listens only on a Unix socket there.
package pgserver

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"
)

// A Server is a running PostgreSQL server.
type Server struct {
	dir    string
	cmd    *exec.Cmd
	exited chan error
}

// ErrMissing is returned by Start if PostgreSQL is not installed.
var ErrMissing = errors.New("PostgreSQL is not installed: apt-get install postgresql")

// Skip skips the test if err is ErrMissing or ErrNoPgBouncer. The test fails if err
// is another error, or if CI=true, where both must be installed.
func Skip(tb testing.TB, err error) {
	tb.Helper()
	switch {
	case err == nil:
	case (errors.Is(err, ErrMissing) || errors.Is(err, ErrNoPgBouncer)) && os.Getenv("CI") != "true":
		tb.Skip(err)
	default:
		tb.Fatal(err)
	}
}

// Start starts a server with additional settings, such as max_connections=20. The
// caller must stop it.
func Start(settings ...string) (*Server, error) {
	initdb, postgres, ready := find("initdb"), find("postgres"), find("pg_isready")
	if initdb == "" || postgres == "" || ready == "" {
		return nil, ErrMissing
	}
	// A socket's path is limited to about 100 bytes, so t.TempDir is too long.
	dir, err := os.MkdirTemp("", "pg")
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, exited: make(chan error, 1)}
	if err := s.start(initdb, postgres, ready, settings); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}

func (s *Server) start(initdb, postgres, ready string, settings []string) error {
	if err := own(s.dir); err != nil {
		return err
	}
	data := filepath.Join(s.dir, "data")
	setup := command(s.dir, initdb, "--pgdata", data, "--username", account, "--auth", "trust",
		"--encoding", "UTF8", "--locale", "C", "--no-sync")
	if out, err := setup.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	var log bytes.Buffer
	args := []string{"-D", data, "-k", s.dir}
	for _, setting := range append([]string{
		"listen_addresses=", "fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200",
	}, settings...) {
		args = append(args, "-c", setting)
	}
	s.cmd = command(s.dir, postgres, args...)
	s.cmd.Stdout, s.cmd.Stderr = &log, &log
	if err := s.cmd.Start(); err != nil {
		return err
	}
	go func() { s.exited <- s.cmd.Wait() }()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if exec.Command(ready, "-h", s.dir, "-q").Run() == nil {
			return nil
		}
		select {
		case err := <-s.exited:
			return fmt.Errorf("postgres: %w\n%s", err, &log)
		default:
		}
		if time.Now().After(deadline) {
			_ = s.cmd.Process.Kill()
			<-s.exited
			return fmt.Errorf("postgres is not ready after 30 seconds\n%s", &log)
		}
	}
}

// URL returns the URL of a database on the server. The database need not exist.
func (s *Server) URL(database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.User(account),
		Path:     "/" + database,
		RawQuery: url.Values{"host": {s.dir}}.Encode(),
	}
	return u.String()
}

// Stop stops the server and removes its data.
func (s *Server) Stop() error {
	_ = s.cmd.Process.Signal(os.Interrupt) // a fast shutdown, which closes connections
	select {
	case <-s.exited:
	case <-time.After(20 * time.Second):
		_ = s.cmd.Process.Kill()
		<-s.exited
	}
	return os.RemoveAll(s.dir)
}

// find returns the path of a PostgreSQL program, or an empty string. Debian
// does not install them on the PATH.
func find(program string) string {
	if path, err := exec.LookPath(program); err == nil {
		return path
	}
	installed, _ := filepath.Glob(filepath.Join("/usr/lib/postgresql/*/bin", program))
	if len(installed) == 0 {
		return ""
	}
	return slices.Max(installed)
}

// command returns a command that is interrupted when the test process exits,
// even if that is killed. As root it runs as another user, since PostgreSQL
// refuses to run as root.
func command(dir, program string, args ...string) *exec.Cmd {
	if setpriv, err := exec.LookPath("setpriv"); err == nil {
		privileges := []string{"--pdeathsig", "INT"}
		if os.Geteuid() == 0 {
			privileges = append(privileges, "--reuid", account, "--regid", account, "--clear-groups")
		}
		program, args = setpriv, append(append(privileges, program), args...)
	}
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	return cmd
}

// account is the user that the Debian package creates.
const account = "postgres"

// own makes the user that commands run as the owner of a directory.
func own(dir string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	owner, err := user.Lookup(account)
	if err != nil {
		return err
	}
	uid, errUID := strconv.Atoi(owner.Uid)
	gid, errGID := strconv.Atoi(owner.Gid)
	return errors.Join(errUID, errGID, os.Chown(dir, uid, gid))
}
