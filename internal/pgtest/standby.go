package pgtest

import (
	"fmt"
	"net/url"
	"os"
	"syscall"
)

// Standby starts a server that follows this one, by a copy of its files and a stream of what is written. It can be read at once, and becomes a
// primary by SELECT pg_promote(). The error says what pg_basebackup or the server said.
func (s *Server) Standby() (*Server, error) {
	o := s.options
	follower := &Server{bin: s.bin, user: s.user, options: o}
	var err error
	if follower.dir, err = os.MkdirTemp("", "pgtest"); err != nil {
		return nil, err
	}
	if err = follower.copyFrom(s.url); err == nil {
		err = follower.Restart()
	}
	if err != nil {
		_ = os.RemoveAll(follower.dir) // the first error is the one to tell
		return nil, err
	}
	return follower, nil
}

// copyFrom makes the server's files a copy of another's.
func (s *Server) copyFrom(primary *url.URL) error {
	if s.user != nil {
		if err := os.Chown(s.dir, int(s.user.Uid), int(s.user.Gid)); err != nil {
			return err
		}
	}
	cmd := s.command("pg_basebackup", "-D", s.data(), "-d", primary.String(), "-R", "-X", "stream", "-c", "fast", "--no-sync")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("pg_basebackup: %w: %s", err, out)
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
