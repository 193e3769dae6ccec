// Package pgserver starts a PostgreSQL server for tests: in a folder of its own, reached through a socket in that folder
// and through nothing else, and gone after the test.
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

// A Server is a running server.
type Server struct {
	dir   string
	cmd   *exec.Cmd
	ended chan error
}

// ErrMissing says that PostgreSQL is not installed.
var ErrMissing = errors.New("PostgreSQL is not installed, so nothing is tested on it: apt-get install postgresql")

// Skip skips a test where the error is ErrMissing, and says so; with CI=true, and on any other error, the test fails.
func Skip(tb testing.TB, err error) {
	tb.Helper()
	switch {
	case err == nil:
	case errors.Is(err, ErrMissing) && os.Getenv("CI") != "true":
		tb.Skip(err)
	default:
		tb.Fatal(err)
	}
}

// Start starts a server. Stop it when you are done.
func Start() (*Server, error) {
	initdb, postgres, ready := find("initdb"), find("postgres"), find("pg_isready")
	if initdb == "" || postgres == "" || ready == "" {
		return nil, ErrMissing
	}
	// A socket's path has a hundred bytes at the most, which a test's own folder would exceed.
	dir, err := os.MkdirTemp("", "pg")
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, ended: make(chan error, 1)}
	if err := s.start(initdb, postgres, ready); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}

func (s *Server) start(initdb, postgres, ready string) error {
	if err := own(s.dir); err != nil {
		return err
	}
	data := filepath.Join(s.dir, "data")
	setup := command(s.dir, initdb, "--pgdata", data, "--username", account, "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync")
	if out, err := setup.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	var log bytes.Buffer
	s.cmd = command(s.dir, postgres, "-D", data, "-k", s.dir, "-c", "listen_addresses=", "-c", "fsync=off",
		"-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "max_connections=200")
	s.cmd.Stdout, s.cmd.Stderr = &log, &log
	if err := s.cmd.Start(); err != nil {
		return err
	}
	go func() { s.ended <- s.cmd.Wait() }()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if exec.Command(ready, "-h", s.dir, "-q").Run() == nil {
			return nil
		}
		select {
		case err := <-s.ended:
			return fmt.Errorf("postgres: %w\n%s", err, &log)
		default:
		}
		if time.Now().After(deadline) {
			_ = s.cmd.Process.Kill()
			<-s.ended
			return fmt.Errorf("postgres does not answer\n%s", &log)
		}
	}
}

// URL is that of a database on the server, which need not exist.
func (s *Server) URL(database string) string {
	u := url.URL{Scheme: "postgres", User: url.User(account), Path: "/" + database, RawQuery: url.Values{"host": {s.dir}}.Encode()}
	return u.String()
}

// Stop stops the server and removes what it kept.
func (s *Server) Stop() error {
	_ = s.cmd.Process.Signal(os.Interrupt) // which disconnects everyone
	select {
	case <-s.ended:
	case <-time.After(20 * time.Second):
		_ = s.cmd.Process.Kill()
		<-s.ended
	}
	return os.RemoveAll(s.dir)
}

// find is a program of PostgreSQL's, which Debian does not have on the PATH.
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

// command is one that ends with the test's process, even where that is killed, and that runs as somebody else where the
// test runs as root, which PostgreSQL refuses.
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

// account is the user whom Debian's package makes.
const account = "postgres"

// own gives a folder to whom commands run as.
func own(dir string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	somebody, err := user.Lookup(account)
	if err != nil {
		return err
	}
	uid, errUID := strconv.Atoi(somebody.Uid)
	gid, errGID := strconv.Atoi(somebody.Gid)
	return errors.Join(errUID, errGID, os.Chown(dir, uid, gid))
}
