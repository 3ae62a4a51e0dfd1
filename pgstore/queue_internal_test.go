package pgstore

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
)

// script is a database that says what it is told to.
type script struct {
	database
	sent chan *pgx.Batch
	said chan error // for the whole batch; a *refusal for one of its statements

	connection chan bool // has one for each batch that may be sent; nil if all may
	ended      chan bool // takes one for each batch that was given up
}

func newScript() *script {
	return &script{sent: make(chan *pgx.Batch), said: make(chan error), ended: make(chan bool, 10)}
}

// refusal is what a server says of a statement.
type refusal struct {
	statement int
	code      string
}

func (r *refusal) Error() string { return fmt.Sprint("statement ", r.statement) }

func (s *script) write(ctx context.Context, what batch, then answers) error {
	if s.connection != nil {
		select {
		case <-s.connection:
		case <-ctx.Done():
			s.ended <- true
			return &acquireError{err: ctx.Err()}
		}
	}
	b := what()
	if b == nil {
		return errNothingToSend
	}
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
		switch err.Error() {
		case "panic":
			panic(err)
		case "exit":
			runtime.Goexit()
		}
		return err
	case <-ctx.Done():
		s.ended <- true
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

// behind makes a commit for each context wait behind one that is under way, which ends then. It returns what each of them will return.
func behind(t *testing.T, contexts ...context.Context) (s *script, errs []chan error) {
	t.Helper()
	s = newScript()
	return s, s.behind(t, contexts)
}

func (s *script) behind(t *testing.T, contexts []context.Context) (errs []chan error) {
	t.Helper()
	q := newQueue(s, 1)
	q.most = 1
	send := func(ctx context.Context, collection string) chan error {
		err := make(chan error, 1)
		go func() {
			err <- q.send(&write{ctx: ctx, arguments: named(collection), changes: &payment.Changes{CollectionID: collection}})
		}()
		return err
	}
	first := send(t.Context(), "first")
	<-s.sent
	for i, ctx := range contexts {
		errs = append(errs, send(ctx, fmt.Sprint("c", i)))
		until(t, q, i+1)
	}
	s.said <- nil
	require.NoError(t, <-first)
	return errs
}

// until waits until so many commits wait.
func until(t *testing.T, q *queue, waiting int) {
	t.Helper()
	require.Eventually(t, func() bool {
		q.mu.Lock()
		defer q.mu.Unlock()
		return len(q.waiting) == waiting
	}, time.Second, 10*time.Microsecond)
}

// named returns the arguments of a statement with a text of its own.
func named(text string) *arguments { return &arguments{statement: &statement{text: text}} }

func texts(b *pgx.Batch) (list []string) {
	for _, q := range b.QueuedQueries[1:] {
		list = append(list, q.SQL)
	}
	return list
}

func TestOneIsRefused(t *testing.T) {
	ctx := t.Context()
	s, errs := behind(t, ctx, ctx, ctx)
	require.Equal(t, []string{"c0", "c1", "c2"}, texts(<-s.sent))
	s.said <- &refusal{2, divisionByZero} // a conflict is one's own, and final
	require.True(t, isCode(<-errs[1], divisionByZero))
	require.Equal(t, []string{"c0", "c2"}, texts(<-s.sent))
	s.said <- &refusal{2, divisionByZero} // another one
	require.True(t, isCode(<-errs[2], divisionByZero))
	alone := <-s.sent
	require.Len(t, alone.QueuedQueries, 1)
	require.Equal(t, "c0", alone.QueuedQueries[0].SQL)
	s.said <- nil
	require.NoError(t, <-errs[0])

	s, errs = behind(t, ctx, ctx, ctx)
	<-s.sent
	s.said <- &refusal{2, uniqueViolation} // this may be for what another one has written
	for range errs {
		require.Len(t, (<-s.sent).QueuedQueries, 1)
	}
	for range errs {
		s.said <- nil
	}
	for _, err := range errs {
		require.NoError(t, <-err)
	}
}

func TestTheAnswerForAllIsLost(t *testing.T) {
	for _, lost := range []error{fmt.Errorf("%w: gone", errUncertain), errors.New("panic"), errors.New("exit")} {
		s, errs := behind(t, t.Context(), t.Context(), t.Context())
		<-s.sent
		s.said <- lost
		for _, err := range errs {
			require.ErrorIs(t, <-err, errUncertain)
		}
	}
}

func TestNothingWasSentForAll(t *testing.T) {
	s, errs := behind(t, t.Context(), t.Context())
	<-s.sent
	s.said <- errors.New("no connection")
	for range errs { // each tries itself, in its own name
		require.Len(t, (<-s.sent).QueuedQueries, 1)
	}
	s.said <- nil
	s.said <- errors.New("no connection again")
	require.ElementsMatch(t, []any{nil, errors.New("no connection again")}, []any{<-errs[0], <-errs[1]})
}

func TestTransactionsAreSmallWhereCommitsAreRefused(t *testing.T) {
	q := newQueue(nil, 1)
	var sizes []int
	for _, written := range []int{0, 0, 0, 0, 0, 0, 1, 1, 3, 6, 12, 24} {
		if written == 0 {
			q.refused()
		} else {
			q.written(make([]*write, written))
		}
		sizes = append(sizes, q.size)
	}
	require.Equal(t, []int{16, 8, 4, 2, 1, 1, 2, 3, 6, 12, 24, 32}, sizes)
	q.size = 2
	for i := range 3 {
		q.waiting = append(q.waiting, &write{changes: &payment.Changes{CollectionID: fmt.Sprint(i)}})
	}
	require.Len(t, q.take(), 2)
}

// TestStaleCommitsAreNotSent has commits of one collection wait behind one that succeeds.
func TestStaleCommitsAreNotSent(t *testing.T) {
	s := newScript()
	q := newQueue(s, 1)
	q.most = 1
	send := func(collection string, version int64) chan error {
		err := make(chan error, 1)
		go func() {
			err <- q.send(&write{ctx: t.Context(), arguments: named(fmt.Sprint(collection, version)), changes: &payment.Changes{CollectionID: collection, Version: version}})
		}()
		return err
	}
	first := send("a", 5)
	<-s.sent
	older, same := send("a", 4), send("a", 5)
	newer := send("a", 6) // decided on what another process has written
	until(t, q, 3)
	s.said <- nil
	require.NoError(t, <-first)
	for _, err := range []error{<-older, <-same} {
		require.ErrorIs(t, err, errStale)
		require.ErrorIs(t, commitError(&payment.Changes{}, err), payment.ErrConflict)
	}
	require.Equal(t, "a6", (<-s.sent).QueuedQueries[0].SQL)
	s.said <- nil
	require.NoError(t, <-newer)

	refused := send("a", 7)
	<-s.sent
	same = send("a", 7)
	until(t, q, 1)
	s.said <- errors.New("no connection") // nothing was written: it may succeed
	require.Error(t, <-refused)
	require.Equal(t, "a7", (<-s.sent).QueuedQueries[0].SQL)
	s.said <- nil
	require.NoError(t, <-same)
}

// TestHooksOfThePool has nothing shared where a hook may look at its caller's context.
func TestHooksOfThePool(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*pgxpool.Config)
		shares bool
	}{
		"none": {func(*pgxpool.Config) {}, true},
		"PrepareConn": {func(c *pgxpool.Config) {
			c.PrepareConn = func(context.Context, *pgx.Conn) (bool, error) { return true, nil }
		}, false},
		"BeforeAcquire": {func(c *pgxpool.Config) { c.BeforeAcquire = func(context.Context, *pgx.Conn) bool { return true } }, false}, //nolint:staticcheck // in use
	} {
		cfg, err := pgxpool.ParseConfig("postgres://nobody@127.0.0.1:1/none")
		require.NoError(t, err)
		tc.change(cfg)
		pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
		require.NoError(t, err)
		s, err := New(pool, Config{})
		require.NoError(t, err)
		require.Equal(t, tc.shares, s.queue != nil, name)
		pool.Close()
	}
}

// TestArgumentsAreCopies changes a row after it was written down: a caller may be gone when it is sent.
func TestArgumentsAreCopies(t *testing.T) {
	texts, list := []string{"a"}, []int64{1}
	w := &writer{all: true}
	w.list("Accepted", texts)
	w.numbers(list)
	texts[0], list[0] = "b", 2
	require.Equal(t, []any{`{"a"}`, `{1}`}, w.args())
}

func TestWhoLeavesIsForgotten(t *testing.T) {
	s := newScript()
	q := newQueue(s, 1)
	q.most = 1
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	var errs [3]chan error
	for i, ctx := range []context.Context{t.Context(), ended, t.Context()} {
		errs[i] = make(chan error, 1)
		w := &write{ctx: ctx, arguments: named(fmt.Sprint("c", i)), changes: &payment.Changes{CollectionID: fmt.Sprint("c", i)}}
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
	require.Empty(t, q.underWay)
	require.Zero(t, q.commits)
}

// TestAFurtherTransaction begins when as many wait as those under way hold each.
func TestAFurtherTransaction(t *testing.T) {
	s := newScript()
	q := newQueue(s, 8)
	require.Equal(t, 2, q.most)
	var writes []*write
	begin := func() *transaction {
		collection := fmt.Sprint("c", len(writes))
		w := &write{ctx: t.Context(), arguments: named(collection), changes: &payment.Changes{CollectionID: collection}}
		writes = append(writes, w)
		return q.begin(w)
	}
	first, second := begin(), begin()
	require.NotNil(t, first)
	require.NotNil(t, second, "beside a single one")
	for range 3 {
		require.Nil(t, begin(), "two may be")
	}
	q.end(first)
	require.Len(t, texts(<-s.sent), 3, "beside a single one")
	require.Nil(t, begin())
	require.Nil(t, begin())
	q.end(second)
	require.Len(t, q.waiting, 2, "three are under way")
	require.Nil(t, begin())
	require.Len(t, texts(<-s.sent), 3)
	s.said <- nil
	s.said <- nil
	for _, w := range writes[2:] {
		require.NoError(t, (<-w.answer).err)
	}
}

// TestWhoComesBackIsWaitedFor after a transaction of many, and not where nobody does.
func TestWhoComesBackIsWaitedFor(t *testing.T) {
	q := newQueue(nil, 8)
	come := func(n int) {
		for i := range n {
			collection := fmt.Sprint("c", i)
			require.Nil(t, q.begin(&write{ctx: t.Context(), arguments: named(collection), changes: &payment.Changes{CollectionID: collection}}))
		}
	}
	q.most, q.watched = 1, true // by nobody: a slow machine is not what is tested
	q.occupy(3)
	answered := q.now
	go come(3)
	q.gather(3, answered, time.Minute)
	require.Len(t, q.waiting, 3)
	require.Zero(t, q.misses)
	require.Zero(t, q.skip)

	// Where two may be under way, the last of them begins the next transaction, which ends the waiting.
	s := newScript()
	q = newQueue(s, 8)
	q.watched = true
	over := q.occupy(3)
	answered = q.now
	go come(3)
	q.gather(3, answered, time.Minute)
	require.Zero(t, q.misses)
	require.Len(t, texts(<-s.sent), 3)
	q.end(over)
	s.said <- nil
	q = newQueue(s, 8)
	q.occupy(2)
	answered = q.now
	go func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.occupy(1) // by others
	}()
	began := time.Now()
	q.gather(3, answered, time.Minute)
	require.Less(t, time.Since(began), time.Minute/2)
	require.Equal(t, 1, q.misses)

	q = newQueue(nil, 8)
	for n, skip := range []int{1, 3, 7, 15, 31, 63, 63} {
		q.gather(3, q.now, time.Microsecond) // what waits already has not come back
		require.Equal(t, n+1, q.misses)
		require.Equal(t, skip, q.skip)
		for range skip {
			q.gather(3, q.now, time.Microsecond)
		}
		require.Equal(t, n+1, q.misses, "nobody is waited for")
	}
}

// TestWhoComesBackIsCountedFromTheAnswer, and not from when the transaction is put away.
func TestWhoComesBackIsCountedFromTheAnswer(t *testing.T) {
	q := newQueue(nil, 8)
	q.most, q.watched = 0, true
	begin := func(collection string) {
		require.Nil(t, q.begin(&write{ctx: t.Context(), arguments: named(collection), changes: &payment.Changes{CollectionID: collection}}))
	}
	begin("before")
	g := &group{}
	q.settle(g, verdict{})
	begin("back")
	q.gather(1, g.answered, time.Minute)
	require.Equal(t, progress{came: 1}, g.answered)
	require.Zero(t, q.misses)
}

// TestWhatIsWorthWhile is the rule alone.
func TestWhatIsWorthWhile(t *testing.T) {
	for _, tc := range []struct {
		transactions, commits, waiting int
		another                        bool
	}{
		{0, 0, 0, false}, {0, 0, 1, true}, // nothing is under way
		{1, 1, 0, false}, {1, 1, 1, true}, {2, 2, 1, true}, // single ones are
		{1, 4, 3, false}, {1, 4, 4, true}, {1, 4, 9, true},
		{2, 6, 2, false}, {2, 6, 3, true}, // three may be
		{3, 3, 30, false},
	} {
		q := newQueue(nil, 12)
		require.Equal(t, 3, q.most)
		for range tc.transactions {
			q.underWay[&transaction{}] = true
		}
		q.commits = tc.commits
		require.Equal(t, tc.another, q.another(tc.waiting), "%+v", tc)
	}
}

// TestWhatTakesLongIsNotUnderWay has a server that does not answer: what comes later goes beside it, after a moment.
func TestWhatTakesLongIsNotUnderWay(t *testing.T) {
	s := newScript()
	s.sent = make(chan *pgx.Batch, 10)
	q := newQueue(s, 8)
	errs := make(chan error, 10)
	for n := range 6 {
		go func() {
			collection := fmt.Sprint("c", n)
			errs <- q.send(&write{ctx: t.Context(), arguments: named(collection), changes: &payment.Changes{CollectionID: collection}})
		}()
	}
	sent := 0
	require.Eventually(t, func() bool {
		for {
			select {
			case b := <-s.sent:
				if sent++; b.Len() > 1 {
					sent += b.Len() - 2
				}
			default:
				return sent == 6
			}
		}
	}, 5*time.Second, time.Millisecond)
	for len(errs) < 6 {
		select {
		case s.said <- nil:
		case <-time.After(time.Millisecond):
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	require.Empty(t, q.underWay)
	require.Zero(t, q.commits)
	require.Empty(t, q.waiting)
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
