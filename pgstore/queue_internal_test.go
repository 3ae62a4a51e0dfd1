package pgstore

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
)

// script is a database that says what it is told to.
type script struct {
	database
	sent chan *pgx.Batch
	said chan error // for the whole batch; a *refusal for one of its statements
}

// refusal is what a server says of a statement.
type refusal struct {
	statement int
	code      string
}

func (r *refusal) Error() string { return fmt.Sprint("statement ", r.statement) }

func (s *script) write(ctx context.Context, b *pgx.Batch, then answers) error {
	s.sent <- b
	select {
	case err := <-s.said:
		if errors.Is(err, errUncertain) && then(&scripted{left: 1, err: err}) != nil { // lost in the middle
			return err
		}
		if r, ok := errors.AsType[*refusal](err); ok {
			return then(&scripted{left: r.statement, err: &pgconn.PgError{Severity: "ERROR", Code: r.code}})
		}
		if err == nil {
			return then(&scripted{left: b.Len()})
		}
		if err.Error() == "panic" {
			panic(err)
		}
		return err
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", errUncertain, ctx.Err())
	}
}

type scripted struct {
	results
	left int
	err  error
}

func (s *scripted) Exec() (pgconn.CommandTag, error) {
	if s.left == 0 {
		return pgconn.CommandTag{}, s.err
	}
	s.left--
	return pgconn.CommandTag{}, nil
}

// behind makes so many commits wait behind one that is under way, which ends then. It returns what each of them will return.
func behind(t *testing.T, ctx context.Context, n int) (s *script, errs []chan error) { //nolint:revive // the context is a subject of these tests
	t.Helper()
	s = &script{sent: make(chan *pgx.Batch), said: make(chan error)}
	q := newQueue(s, 1)
	q.most = 1
	send := func(collection string) chan error {
		err := make(chan error, 1)
		go func() {
			err <- q.send(&write{ctx: ctx, text: collection, changes: &payment.Changes{CollectionID: collection}})
		}()
		return err
	}
	first := send("first")
	<-s.sent
	for i := range n {
		errs = append(errs, send(fmt.Sprint("c", i)))
		require.Eventually(t, func() bool {
			q.mu.Lock()
			defer q.mu.Unlock()
			return len(q.waiting) == i+1
		}, time.Second, 10*time.Microsecond)
	}
	s.said <- nil
	require.NoError(t, <-first)
	return s, errs
}

func texts(b *pgx.Batch) (list []string) {
	for _, q := range b.QueuedQueries[1:] {
		list = append(list, q.SQL)
	}
	return list
}

func TestOneIsRefused(t *testing.T) {
	s, errs := behind(t, t.Context(), 3)
	require.Equal(t, []string{"c0", "c1", "c2"}, texts(<-s.sent))
	s.said <- &refusal{2, divisionByZero} // a conflict is one's own, and final
	require.True(t, isCode(<-errs[1], divisionByZero))
	require.Equal(t, []string{"c0", "c2"}, texts(<-s.sent))
	s.said <- &refusal{1, uniqueViolation} // this may be for what another one has written: it is tried alone
	alone, rest := <-s.sent, <-s.sent
	if alone.QueuedQueries[0].SQL != "c0" {
		alone, rest = rest, alone
	}
	require.Equal(t, "c0", alone.QueuedQueries[0].SQL)
	require.Len(t, alone.QueuedQueries, 1)
	require.Equal(t, []string{"c2"}, texts(rest))
	s.said <- nil
	s.said <- nil
	require.NoError(t, <-errs[0])
	require.NoError(t, <-errs[2])
}

func TestTheAnswerForAllIsLost(t *testing.T) {
	for _, lost := range []error{fmt.Errorf("%w: gone", errUncertain), errors.New("panic")} {
		s, errs := behind(t, t.Context(), 3)
		<-s.sent
		s.said <- lost
		for _, err := range errs {
			require.ErrorIs(t, <-err, errUncertain)
		}
	}
}

func TestNothingWasSentForAll(t *testing.T) {
	s, errs := behind(t, t.Context(), 2)
	<-s.sent
	s.said <- errors.New("no connection")
	for range errs { // each tries itself, in its own name
		require.Len(t, (<-s.sent).QueuedQueries, 1)
	}
	s.said <- nil
	s.said <- errors.New("no connection again")
	require.ElementsMatch(t, []any{nil, errors.New("no connection again")}, []any{<-errs[0], <-errs[1]})
}

func TestNobodyWaits(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s, errs := behind(t, ctx, 3)
	<-s.sent // and is not answered
	cancel()
	for _, err := range errs {
		require.ErrorIs(t, <-err, errUncertain)
	}
	select {
	case s.said <- nil:
		t.Fatal("the transaction goes on")
	case <-time.After(20 * time.Millisecond):
	}
}

func TestWhoLeavesIsForgotten(t *testing.T) {
	s := &script{sent: make(chan *pgx.Batch), said: make(chan error)}
	q := newQueue(s, 1)
	q.most = 1
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	var errs [3]chan error
	for i, ctx := range []context.Context{t.Context(), ended, t.Context()} {
		errs[i] = make(chan error, 1)
		w := &write{ctx: ctx, text: fmt.Sprint("c", i), changes: &payment.Changes{CollectionID: fmt.Sprint("c", i)}}
		go func() { errs[i] <- q.send(w) }()
		switch i {
		case 0:
			<-s.sent
		case 1:
			require.ErrorIs(t, <-errs[1], context.Canceled)
			require.Empty(t, q.waiting)
		}
	}
	s.said <- nil
	require.Equal(t, "c2", (<-s.sent).QueuedQueries[0].SQL)
	s.said <- nil
	require.NoError(t, <-errs[0])
	require.NoError(t, <-errs[2])
	q.mu.Lock()
	defer q.mu.Unlock()
	require.Zero(t, q.writers)
}

func TestMoreAreUnderWayWhereManyWait(t *testing.T) {
	s := &script{sent: make(chan *pgx.Batch), said: make(chan error)}
	q := newQueue(s, 1)
	q.most = 1
	errs := make(chan error)
	send := func(n int) {
		collection := fmt.Sprint("c", n)
		go func() {
			errs <- q.send(&write{ctx: t.Context(), text: collection, changes: &payment.Changes{CollectionID: collection}})
		}()
	}
	waits := func(n int) {
		require.Eventually(t, func() bool {
			q.mu.Lock()
			defer q.mu.Unlock()
			return len(q.waiting) == n
		}, time.Second, 10*time.Microsecond)
	}
	send(0)
	<-s.sent
	for n := 1; n < worthwhile; n++ {
		send(n)
		waits(n)
	}
	send(worthwhile)
	require.Len(t, texts(<-s.sent), worthwhile) // while the first is under way
	for n := range 2 * worthwhile {
		send(10 + n)
		waits(n + 1)
	}
	s.said <- nil
	s.said <- nil
	require.Len(t, texts(<-s.sent), 2*worthwhile)
	s.said <- nil
	for range 1 + 3*worthwhile {
		require.NoError(t, <-errs)
	}
}

func TestWhatATransactionHolds(t *testing.T) {
	q := newQueue(nil, 40)
	require.Equal(t, 10, q.most)
	require.Equal(t, 2, newQueue(nil, 4).most)
	add := func(collection string, size int) {
		q.waiting = append(q.waiting, &write{size: size, changes: &payment.Changes{CollectionID: collection}})
	}
	names := func(list []*write) (names []string) {
		for _, w := range list {
			names = append(names, w.changes.CollectionID)
		}
		return names
	}
	add("b", 1)
	add("a", 1)
	add("b", 2)
	add("c", 1)
	require.Equal(t, []string{"a", "b", "c"}, names(q.take()), "locked in one order, one of each")
	require.Equal(t, []string{"b"}, names(q.take()))
	require.Empty(t, q.take())
	add("large", 2*maxGroupSize)
	add("a", maxGroupSize/2)
	add("b", maxGroupSize/2)
	add("c", 1)
	require.Equal(t, []string{"large"}, names(q.take()))
	require.Equal(t, []string{"a", "b"}, names(q.take()))
	require.Equal(t, []string{"c"}, names(q.take()))
	for i := range maxGroup + 1 {
		add(fmt.Sprintf("%02d", i), 1)
	}
	require.Len(t, q.take(), maxGroup)
	require.Len(t, q.take(), 1)
}
