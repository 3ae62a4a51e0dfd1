package pgtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// Standby starts a server that follows this one: on a copy of its files, for which this one is stopped and started again, and by a stream of what
// is written from then on. It can be read at once, and becomes a primary by SELECT pg_promote(). The error says what the server said.
func (s *Server) Standby() (*Server, error) {
	if s.bin == "" {
		return nil, errors.New("this server is somebody else's")
	}
	follower := &Server{bin: s.bin, user: s.user, options: s.options}
	var err error
	if follower.dir, err = os.MkdirTemp("", "pgtest"); err != nil {
		return nil, err
	}
	s.Kill()
	if err = follower.copyFrom(s); err == nil {
		err = s.Restart()
	}
	if err == nil {
		err = follower.Restart()
	}
	if err != nil {
		_ = os.RemoveAll(follower.dir) // the first error is the one to tell
		return nil, err
	}
	return follower, nil
}

// copyFrom makes the server's files a copy of those of another, which is stopped.
func (s *Server) copyFrom(primary *Server) error {
	if out, err := exec.Command("cp", "-a", primary.data(), s.dir).CombinedOutput(); err != nil {
		return fmt.Errorf("cp: %w: %s", err, out)
	}
	_ = os.Remove(filepath.Join(s.data(), "postmaster.pid")) // of the primary, if it left one
	if err := os.WriteFile(filepath.Join(s.data(), "standby.signal"), nil, 0o600); err != nil {
		return err
	}
	settings, err := os.OpenFile(filepath.Join(s.data(), "postgresql.auto.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(settings, "primary_conninfo = 'host=%s port=%s user=postgres'\n", primary.url.Hostname(), primary.url.Port())
	if err = errors.Join(err, settings.Close()); err != nil || s.user == nil {
		return err
	}
	for _, path := range []string{s.dir, filepath.Join(s.data(), "standby.signal")} {
		if err := os.Chown(path, int(s.user.Uid), int(s.user.Gid)); err != nil {
			return err
		}
	}
	return nil
}

// Crash ends the server's first process alone, at once, as a lack of memory does; the others notice it, and end. It does nothing to a server of
// somebody else.
func (s *Server) Crash() {
	if s.process != nil {
		_ = s.process.cmd.Process.Signal(syscall.SIGKILL) // it may have ended
		<-s.process.done
	}
}

// Address returns where the server listens, as host:port.
func (s *Server) Address() string { return s.url.Host }
