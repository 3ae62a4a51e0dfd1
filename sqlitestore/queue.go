package sqlitestore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/seed40c892db/payment"
	sqlite3 "modernc.org/sqlite/lib"
)

// maxGroup is how many writes share a transaction.
const maxGroup = 64

// Where a job stands.
const (
	jobWaiting int32 = iota
	jobTaken         // by a transaction
	jobLeft          // by its caller, before it was taken
)

// job is one write on its way into a transaction that it shares with others.
type job struct {
	run   func(context.Context, database) error // what to write, between SAVEPOINT and RELEASE
	state atomic.Int32
	done  chan struct{}
	err   error // set before done is closed
}

func (j *job) take() bool {
	return j.state.CompareAndSwap(jobWaiting, jobTaken) || j.state.Load() == jobTaken
}

func (j *job) answer(err error) {
	j.err = err
	close(j.done)
}

// write runs one write in a transaction with whatever else waits, and returns its own error. A caller whose context ends before it is taken
// leaves at once, and nothing is written; afterwards nobody waits for a lock anymore, and the error matches ErrCommitUnknown. Who comes when
// nobody writes is the one who does, and stays until that transaction has ended.
func (s *Store) write(ctx context.Context, run func(context.Context, database) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j := &job{run: run, done: make(chan struct{})}
	first, err := s.enqueue(j)
	if err != nil {
		return err
	}
	if first {
		s.writeFirst()
		select {
		case <-j.done: // though its context may have ended
			return j.err
		default:
		}
	}
	patience, cancel := context.WithTimeout(ctx, s.cfg.BusyTimeout)
	defer cancel()
	select {
	case <-j.done:
		return j.err
	case <-patience.Done():
	}
	if j.state.CompareAndSwap(jobWaiting, jobLeft) {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("sqlitestore: nothing was written: %w", err)
		}
		return locked(nil)
	}
	select {
	case <-j.done:
		return j.err
	case <-ctx.Done():
		return fmt.Errorf("sqlitestore: %w: %w", payment.ErrCommitUnknown, ctx.Err())
	}
}

// enqueue adds a job. Whoever is first has to see that it is written: nobody else does.
func (s *Store) enqueue(j *job) (first bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.life.Err() != nil {
		return false, closed()
	}
	s.waiting = append(s.waiting, j)
	if s.writing {
		return false, nil
	}
	s.writing = true
	s.writers.Add(1)
	return true, nil
}

// writeFirst writes what waits on the caller's goroutine, which spares two switches between goroutines, if that can begin at once: neither a
// connection nor a lock is waited for. Otherwise, and for what has come meanwhile, it starts a goroutine, which ends when nothing waits.
func (s *Store) writeFirst() {
	savepoints := false
	if c := s.idleWriter(); c != nil {
		err := s.lock(c)
		if err == nil {
			savepoints = s.writeLocked(c, savepoints)
		}
		s.writer.give(c)
		if err == nil && !s.anyWaits() {
			s.writers.Done()
			return
		}
	}
	go s.writeAll(savepoints)
}

// idleWriter takes the writer's connection if nobody has it, and if it never waits for a lock, as a host's may.
func (s *Store) idleWriter() *connection {
	if s.path == "" {
		return nil
	}
	return s.writer.idle()
}

// writeAll writes until nothing waits.
func (s *Store) writeAll(savepoints bool) {
	defer s.writers.Done()
	for s.anyWaits() {
		c, err := s.writer.take(s.life)
		if err != nil {
			s.failAll(err)
			continue
		}
		savepoints = s.writeGroup(c, savepoints)
		s.writer.give(c)
	}
}

// anyWaits forgets those who have left, and notes that the writer ends when nobody is left.
func (s *Store) anyWaits() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	still := s.waiting[:0]
	for _, j := range s.waiting {
		if j.state.Load() != jobLeft {
			still = append(still, j)
		}
	}
	clear(s.waiting[len(still):])
	s.waiting = still
	s.writing = len(still) > 0
	return s.writing
}

// nextGroup takes the jobs that share the next transaction.
func (s *Store) nextGroup() []*job {
	s.mu.Lock()
	defer s.mu.Unlock()
	var group []*job
	n := 0
	for _, j := range s.waiting {
		if len(group) == maxGroup {
			break
		}
		if n++; j.take() {
			group = append(group, j)
		}
	}
	clear(s.waiting[:n])
	s.waiting = s.waiting[n:]
	return group
}

// putBack lets jobs go first in the next transaction.
func (s *Store) putBack(group []*job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = append(group, s.waiting...)
}

// failAll answers everybody who waits.
func (s *Store) failAll(err error) {
	if s.life.Err() != nil {
		err = closed()
	}
	err = explain(context.Background(), err)
	s.mu.Lock()
	all := s.waiting
	s.waiting = nil
	s.mu.Unlock()
	for _, j := range all {
		if j.take() {
			j.answer(err)
		}
	}
}

// lock begins a transaction that can write. Only a host's connection waits there for others, until the store is closed.
func (s *Store) lock(c *connection) error {
	if err := s.intact(); err != nil {
		return err
	}
	ctx := context.Background() // one that can end costs a goroutine
	if s.path == "" {
		ctx = s.life
	}
	_, err := c.exec(ctx, "BEGIN IMMEDIATE")
	return err
}

// writeGroup writes what waits in one transaction. It waits for the lock as long as a job does, and takes them when it has the lock.
func (s *Store) writeGroup(c *connection, savepoints bool) (next bool) {
	err := s.lock(c)
	if busy(err) && s.life.Err() == nil {
		s.pause()
		return savepoints
	}
	if err != nil {
		s.failAll(err)
		return false
	}
	return s.writeLocked(c, savepoints)
}

// writeLocked takes what waits and writes it, in the transaction that has begun. Without savepoints, which cost a fifth, nobody's failure can
// be undone alone: then nothing is written, and it returns that the next needs them.
func (s *Store) writeLocked(c *connection, savepoints bool) (next bool) {
	group := s.nextGroup()
	refused := make([]error, len(group))
	stored := 0
	for i, j := range group {
		c.wrote = false
		err := runJob(c, j, savepoints && len(group) > 1)
		if err != nil && !savepoints && len(group) > 1 && c.wrote {
			_ = end(c, false)
			s.putBack(group)
			return true
		}
		if errors.Is(err, errLost) { // and with it what the others wrote: they do so again, without this one
			_ = end(c, false)
			s.putBack(slices.Delete(group, i, i+1))
			j.answer(explain(context.Background(), err))
			return savepoints
		}
		if refused[i] = explain(context.Background(), err); err == nil {
			stored++
		}
	}
	err := end(c, stored > 0)
	for i, j := range group {
		// What stood in the way may have been another write of this transaction: it is not there either.
		if refused[i] == nil || err != nil && (errors.Is(refused[i], payment.ErrConflict) || errors.Is(refused[i], payment.ErrDuplicate)) {
			refused[i] = err
		}
		j.answer(refused[i])
	}
	return false
}

// pause waits a moment for whoever has the lock. The connection has a busy_timeout of its own, as a rule.
func (s *Store) pause() {
	ctx, cancel := context.WithTimeout(s.life, 5*time.Millisecond)
	defer cancel()
	<-ctx.Done()
}

// errLost says that SQLite has rolled back the whole transaction, as it does when the disk is full.
var errLost = errors.New("the transaction was rolled back")

// runJob runs one job, with a savepoint so that its failure undoes nothing but its own.
func runJob(c *connection, j *job, savepoint bool) error {
	ctx := context.Background() // an interrupted write would undo all of the others
	run := func() error { return j.run(ctx, c) }
	if savepoint {
		return within(ctx, c, run)
	}
	return guarded(run)
}

// within runs f between SAVEPOINT and RELEASE, and undoes what it did if it fails. The error matches errLost when there is no longer a
// transaction.
func within(ctx context.Context, db database, f func() error) error {
	if _, err := db.exec(ctx, "SAVEPOINT payment_store"); err != nil {
		return fmt.Errorf("%w: %w", errLost, err)
	}
	err := guarded(f)
	if err == nil {
		_, err = db.exec(ctx, "RELEASE payment_store")
	}
	if err == nil {
		return nil
	}
	_, undo := db.exec(ctx, "ROLLBACK TO payment_store")
	if undo == nil {
		_, undo = db.exec(ctx, "RELEASE payment_store")
	}
	if undo != nil {
		return fmt.Errorf("%w: %w", errLost, err)
	}
	return err
}

// guarded turns a panic into an error.
func guarded(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("sqlitestore: panic: %v", p)
		}
	}()
	return f()
}

// end commits, or rolls back what wrote nothing. A commit that the disk did not confirm may be there after a crash.
func end(c *connection, commit bool) error {
	ctx := context.Background()
	if commit {
		_, err := c.exec(ctx, "COMMIT")
		if err == nil {
			return nil
		}
		_, _ = c.exec(ctx, "ROLLBACK") // where SQLite has not done so itself
		switch primary(err) {
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY:
			return explain(ctx, err)
		}
		return fmt.Errorf("sqlitestore: %w: %w", payment.ErrCommitUnknown, err)
	}
	_, _ = c.exec(ctx, "ROLLBACK") // there may be nothing left to roll back
	return nil
}
