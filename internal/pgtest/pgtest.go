// Package pgtest starts throw-away PostgreSQL servers for tests, from the binaries that are installed.
//
//	server, err := pgtest.Start(pgtest.Options{})
//	…
//	defer server.Stop()
//	pool, err := pgxpool.New(ctx, server.DSN("postgres"))
//
// The binaries are those in the directory PAYMENT_PG_BIN, or else those that pg_config names, or the newest of
// /usr/lib/postgresql/*/bin, or those in the path. With PAYMENT_TEST_POSTGRES, the URL of a server that runs already, Start starts none
// unless a test needs a server of its own.
package pgtest

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Options say what kind of server a test needs.
type Options struct {
	Settings []string // more settings, each as "name=value"
	NoFsync  bool     // no fsync: fast, and not for tests of crashes
	Own      bool     // never the server of PAYMENT_TEST_POSTGRES: the test stops it
}

// Server is a PostgreSQL server.
type Server struct {
	url     *url.URL
	bin     string // where the binaries are; empty for a server of somebody else
	dir     string // of the server's files
	user    *syscall.Credential
	options Options
	process *process
}

// errMissing says what to install.
var errMissing = errors.New("install PostgreSQL 15 or newer (Debian: apt-get install postgresql), or set PAYMENT_TEST_POSTGRES to a server's URL")

// Start starts a server on this machine, which listens on the loopback and accepts every role without a password; "postgres" is its
// superuser. It dies with the process that started it. The error says what to install where there is no PostgreSQL.
func Start(o Options) (*Server, error) {
	if given := os.Getenv("PAYMENT_TEST_POSTGRES"); given != "" && !o.Own {
		u, err := url.Parse(given)
		if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
			return nil, errors.New("PAYMENT_TEST_POSTGRES must be a URL such as postgres://user@localhost:5432/postgres")
		}
		return &Server{url: u}, nil
	}
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin, options: o}
	if s.user, err = credential(); err != nil {
		return nil, err
	}
	if s.dir, err = os.MkdirTemp("", "pgtest"); err != nil {
		return nil, err
	}
	if err = s.initialize(); err == nil {
		err = s.Restart()
	}
	if err != nil {
		_ = os.RemoveAll(s.dir) // the first error is the one to tell
		return nil, err
	}
	return s, nil
}

// binaries finds the directory of the server's binaries.
func binaries() (string, error) {
	var dirs []string
	if dir := os.Getenv("PAYMENT_PG_BIN"); dir != "" {
		dirs = append(dirs, dir)
	} else {
		if out, err := exec.Command("pg_config", "--bindir").Output(); err == nil {
			dirs = append(dirs, strings.TrimSpace(string(out)))
		}
		installed, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
		slices.SortFunc(installed, func(a, b string) int { return number(b) - number(a) })
		dirs = append(dirs, installed...)
		if path, err := exec.LookPath("initdb"); err == nil {
			dirs = append(dirs, filepath.Dir(path))
		}
	}
	for _, dir := range dirs {
		if _, err := os.Stat(filepath.Join(dir, "initdb")); err == nil {
			return dir, nil
		}
	}
	return "", errMissing
}

// number returns the version in /usr/lib/postgresql/15/bin.
func number(dir string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(dir))) // 0 for what is no version
	return n
}

// initialize makes the server's files.
func (s *Server) initialize() error {
	if s.user != nil {
		if err := os.Chown(s.dir, int(s.user.Uid), int(s.user.Gid)); err != nil {
			return err
		}
	}
	cmd := s.command("initdb", "-D", s.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	return nil
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// command runs a binary as somebody who may run a server.
func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.Dir, cmd.Env = s.dir, append(os.Environ(), "LC_ALL=C", "HOME="+s.dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.user}
	return cmd
}

// Restart starts the server again after Kill, on the same files and the same port. The error says what the server said.
func (s *Server) Restart() error {
	if s.bin == "" {
		return errors.New("this server is somebody else's")
	}
	port := ""
	if s.url != nil {
		port = s.url.Port()
	}
	for try := 1; ; try++ {
		if s.url == nil {
			free, err := freePort()
			if err != nil {
				return err
			}
			port = free
		}
		err := s.run(port)
		if err == nil {
			s.url = &url.URL{Scheme: "postgres", User: url.User("postgres"), Host: net.JoinHostPort("127.0.0.1", port), RawQuery: "sslmode=disable"}
			return nil
		}
		if s.url != nil || try == 3 { // somebody else may have taken the port meanwhile
			return err
		}
	}
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, errors.Join(err, l.Close())
}

// run starts the server and waits until it is ready.
func (s *Server) run(port string) error {
	log, err := os.Create(filepath.Join(s.dir, "log"))
	if err != nil {
		return err
	}
	args := []string{"-D", s.data(), "-p", port, "-c", "listen_addresses=127.0.0.1", "-k", s.dir, "-c", "max_connections=200"}
	if s.options.NoFsync {
		args = append(args, "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
	}
	for _, setting := range s.options.Settings {
		args = append(args, "-c", setting)
	}
	cmd := s.command("postgres", args...)
	cmd.Stdout, cmd.Stderr = log, log
	s.process, err = start(cmd)
	if err = errors.Join(err, log.Close()); err != nil { // the process has a handle of its own
		return err
	}
	for range 3000 {
		if s.ready() {
			return nil
		}
		if s.process.ended(10 * time.Millisecond) {
			break
		}
	}
	said, _ := os.ReadFile(filepath.Join(s.dir, "log")) // as much as there is
	s.Kill()
	return fmt.Errorf("postgres did not start: %s", said)
}

// ready reports whether the server says so in its file.
func (s *Server) ready() bool {
	b, err := os.ReadFile(filepath.Join(s.data(), "postmaster.pid"))
	lines := strings.Split(string(b), "\n")
	if err != nil || len(lines) <= 7 {
		return false
	}
	state := strings.TrimSpace(lines[7])
	return (state == "ready" || state == "standby") && lines[0] == strconv.Itoa(s.process.cmd.Process.Pid)
}

// DSN returns the URL of a database of the server.
func (s *Server) DSN(database string) string {
	u := *s.url
	u.Path = "/" + database
	return u.String()
}

// Kill stops the server at once, as a crash does. It does nothing to a server of somebody else.
func (s *Server) Kill() {
	if s.process != nil {
		s.process.kill()
	}
}

// Stop stops the server and removes its files. It does nothing to a server of somebody else.
func (s *Server) Stop() {
	if s.bin == "" {
		return
	}
	s.Kill()
	_ = os.RemoveAll(s.dir) // what is left of it is in the directory for temporary files
}
