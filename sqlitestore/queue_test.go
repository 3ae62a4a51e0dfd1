package sqlitestore

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed40c892db/payment"
	"github.com/stretchr/testify/require"
)

// commits counts the transactions in a write-ahead log: each ends with a frame that names the database's size.
func commits(t *testing.T, path string) int {
	t.Helper()
	b, err := os.ReadFile(path + "-wal")
	require.NoError(t, err)
	size := int(binary.BigEndian.Uint32(b[8:]))
	salt, n := b[16:24], 0
	for at := 32; at+24+size <= len(b); at += 24 + size {
		if bytes.Equal(b[at+8:at+16], salt) && binary.BigEndian.Uint32(b[at+4:]) != 0 {
			n++
		}
	}
	return n
}

// together makes all calls wait for the writer's connection, and lets them go on at once. The test fails if they do not come to wait.
func together(t *testing.T, s *Store, calls ...func() error) []error {
	t.Helper()
	c, err := s.writer.take(t.Context())
	require.NoError(t, err)
	errs := make([]error, len(calls))
	var wg sync.WaitGroup
	for i, call := range calls {
		wg.Go(func() { errs[i] = call() })
		waits(t, s, i+1)
	}
	s.writer.give(c)
	wg.Wait()
	return errs
}

// waits returns when so many jobs do.
func waits(t *testing.T, s *Store, n int) {
	t.Helper()
	require.Eventually(t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.waiting) == n
	}, 10*time.Second, 100*time.Microsecond)
}

func TestWritesThatWaitShareATransaction(t *testing.T) {
	s := openFile(t, Config{BusyTimeout: time.Minute})
	stale := order(7)
	require.NoError(t, s.Commit(t.Context(), stale))
	before := commits(t, s.path)

	var calls []func() error
	for i := range maxGroup {
		c := order(100 + i)
		switch i {
		case 20:
			c = stale // at version 0 once more
		case 40:
			c.Events = append(c.Events, c.Events[0])
			c.Events[1].ID += "0"
			twice := *c.Events[0]
			twice.ID = "evt_other"
			c.Events[1] = &twice
		}
		calls = append(calls, func() error { return s.Commit(context.Background(), c) })
	}
	for i, err := range together(t, s, calls...) {
		switch i {
		case 20:
			require.ErrorIs(t, err, payment.ErrConflict)
		case 40:
			require.ErrorIs(t, err, payment.ErrDuplicate)
			require.Zero(t, version(t, s, order(140).CollectionID), "a part of a refused write")
		default:
			require.NoError(t, err, i)
			require.EqualValues(t, 1, version(t, s, order(100+i).CollectionID))
		}
	}
	require.Equal(t, before+1, commits(t, s.path))

	// One more than share a transaction.
	for i := range calls {
		calls[i] = func() error { return s.Commit(context.Background(), order(1000+i)) }
	}
	calls = append(calls, func() error { return s.Commit(context.Background(), order(2000)) })
	require.NoError(t, errors.Join(together(t, s, calls...)...))
	require.Equal(t, before+3, commits(t, s.path))
}

func TestWritesOfOneCollectionInOneTransaction(t *testing.T) {
	s := openFile(t, Config{BusyTimeout: time.Minute})
	require.NoError(t, s.Commit(t.Context(), order(1)))
	first, second := next(t, s, order(1).CollectionID), next(t, s, order(1).CollectionID)
	errs := together(t, s, func() error { return s.Commit(context.Background(), first) }, func() error { return s.Commit(context.Background(), second) })
	require.NoError(t, errs[0])
	require.ErrorIs(t, errs[1], payment.ErrConflict)
	require.EqualValues(t, 2, version(t, s, order(1).CollectionID))
}

func TestACallerLeavesBeforeItIsTaken(t *testing.T) {
	s := openFile(t, Config{BusyTimeout: time.Minute})
	c, err := s.writer.take(t.Context())
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	left, stays := make(chan error, 1), make(chan error, 1)
	go func() { left <- s.Commit(ctx, order(1)) }()
	waits(t, s, 1)
	go func() { stays <- s.Commit(context.Background(), order(2)) }()
	waits(t, s, 2)
	cancel()
	err = <-left // while the writer is still busy
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, payment.ErrCommitUnknown)
	s.writer.give(c)
	require.NoError(t, <-stays)
	require.Zero(t, version(t, s, order(1).CollectionID))
}

func TestACallerLeavesAfterItIsTaken(t *testing.T) {
	s, _ := hosted(t, Config{}, "") // whose connections may wait for a lock: another goroutine writes
	require.NoError(t, s.Commit(t.Context(), order(2)))
	taken, goOn := make(chan struct{}), make(chan struct{})
	release := sync.OnceFunc(func() { close(goOn) })
	defer release()
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		left <- s.write(ctx, func(ctx context.Context, db database) error {
			close(taken)
			<-goOn
			statements, err := s.t.commit(order(1))
			if err != nil {
				return err
			}
			return runAll(ctx, db, statements)
		})
	}()
	<-taken
	cancel()
	err := <-left
	require.ErrorIs(t, err, payment.ErrCommitUnknown)
	require.ErrorIs(t, err, context.Canceled)
	release()
	// It was stored nevertheless, which the same Changes show.
	require.ErrorIs(t, s.Commit(t.Context(), order(1)), payment.ErrConflict)
}

// Who comes when nobody writes does so itself, and hears what became of it. Who comes meanwhile can leave.
func TestWhoIsFirstWritesItself(t *testing.T) {
	s := stored(t, Config{BusyTimeout: time.Minute})
	ctx, cancel := context.WithCancel(t.Context())
	var beside, stays error
	var stack string
	var wg sync.WaitGroup
	err := s.write(ctx, func(ctx context.Context, db database) error {
		stack = string(debug.Stack())
		left := make(chan error, 1)
		short, leave := context.WithCancel(context.Background())
		go func() { left <- s.Commit(short, order(3)) }()
		waits(t, s, 1)
		wg.Go(func() { stays = s.Commit(context.Background(), order(4)) })
		waits(t, s, 2)
		leave()
		beside = <-left
		cancel()
		statements, err := s.t.commit(order(2))
		if err != nil {
			return err
		}
		return runAll(ctx, db, statements)
	})
	wg.Wait()
	require.Contains(t, stack, "testing.tRunner", "another goroutine")
	require.NoError(t, err)
	require.ErrorIs(t, beside, context.Canceled)
	require.NotErrorIs(t, beside, payment.ErrCommitUnknown)
	require.NoError(t, stays)
	for n, v := range map[int]int{2: 1, 3: 0, 4: 1} {
		require.EqualValues(t, v, version(t, s, order(n).CollectionID), n)
	}
}

// A connection that waited for a lock would keep its caller, whatever becomes of its context.
func TestTheWriterNeverWaitsForALock(t *testing.T) {
	s := openFile(t, Config{BusyTimeout: time.Minute})
	require.NoError(t, s.Commit(t.Context(), order(1)))
	c, err := s.writer.take(t.Context())
	require.NoError(t, err)
	defer s.writer.give(c)
	patience := int64(-1)
	require.NoError(t, scanOne(t.Context(), c, &patience, "PRAGMA busy_timeout"))
	require.Zero(t, patience)
}

func TestAPanicIsItsCallersOwn(t *testing.T) {
	s := openFile(t, Config{BusyTimeout: time.Minute})
	errs := together(t, s,
		func() error { return s.Commit(context.Background(), order(1)) },
		func() error {
			return s.write(context.Background(), func(ctx context.Context, db database) error {
				_, err := db.exec(ctx, "DELETE FROM payment_collections")
				require.NoError(t, err)
				panic("in the middle")
			})
		},
		func() error { return s.Commit(context.Background(), order(2)) })
	require.NoError(t, errs[0])
	require.ErrorContains(t, errs[1], "in the middle")
	require.NoError(t, errs[2])
	require.EqualValues(t, 1, version(t, s, order(1).CollectionID))
	require.NoError(t, s.Commit(t.Context(), order(3)))
}

// hooked is a driver whose hook, after a statement, may panic.
type hooked struct {
	of    driver.Driver
	path  string
	after func(query string, args []driver.NamedValue)
}

type hookedConn struct {
	driver.Conn
	of *hooked
}

func (h *hooked) Driver() driver.Driver { return h.of }

func (h *hooked) Connect(context.Context) (driver.Conn, error) {
	c, err := h.of.Open(h.path)
	return hookedConn{c, h}, err
}

func (c hookedConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	return c.Conn.(driver.ConnBeginTx).BeginTx(ctx, o)
}

func (c hookedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
}

func (c hookedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	r, err := c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args)
	if c.of.after != nil {
		c.of.after(query, args)
	}
	return r, err
}

// Nothing is left of a write whose statement was written before the host's driver panicked.
func TestAPanicAfterAStatement(t *testing.T) {
	plain, err := sql.Open("sqlite", ":memory:")
	require.NoError(t, err)
	require.NoError(t, plain.Close())
	h := &hooked{of: plain.Driver(), path: "file:" + filepath.Join(t.TempDir(), "payments.db") + "?_pragma=busy_timeout(1000)&_pragma=journal_mode(WAL)"}
	db := sql.OpenDB(h)
	defer func() { require.NoError(t, db.Close()) }()
	db.SetMaxOpenConns(4)
	require.NoError(t, Migrate(t.Context(), db))
	s, err := New(db, Config{BusyTimeout: time.Minute})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	h.after = func(query string, args []driver.NamedValue) {
		if strings.HasPrefix(query, "INSERT INTO payment_collections") && args[0].Value == order(2).CollectionID {
			panic("after the statement")
		}
	}
	errs := together(t, s,
		func() error { return s.Commit(context.Background(), order(1)) },
		func() error { return s.Commit(context.Background(), order(2)) },
		func() error { return s.Commit(context.Background(), order(3)) })
	require.NoError(t, errs[0])
	require.ErrorContains(t, errs[1], "after the statement")
	require.NoError(t, errs[2])
	require.EqualValues(t, 0, version(t, s, order(2).CollectionID))
	require.EqualValues(t, 1, version(t, s, order(3).CollectionID))
}

// SQLite rolls a transaction back as a whole where the disk is full or does not answer.
func TestATransactionThatIsLostIsRepeatedWithoutWhoLostIt(t *testing.T) {
	lost := errors.New("lost")
	for name, job := range map[string]func(context.Context, database) error{
		"by a statement of its own": func(ctx context.Context, db database) error {
			_, err := db.exec(ctx, "ROLLBACK")
			require.NoError(t, err)
			return lost
		},
		"by a statement that fails": func(ctx context.Context, db database) error {
			_, err := db.exec(ctx, "INSERT OR ROLLBACK INTO payment_due (kind) VALUES (NULL)")
			require.Error(t, err)
			return lost
		},
		"not at all": func(ctx context.Context, db database) error {
			rows, err := db.query(ctx, "UPDATE payment_collections SET version = 7 RETURNING id")
			require.NoError(t, err)
			for rows.Next() {
			}
			require.NoError(t, errors.Join(rows.Err(), rows.Close()))
			return lost
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := openFile(t, Config{BusyTimeout: time.Minute})
			errs := together(t, s,
				func() error { return s.Commit(context.Background(), order(1)) },
				func() error { return s.write(context.Background(), job) },
				func() error { return s.Commit(context.Background(), order(2)) })
			require.NoError(t, errs[0])
			require.ErrorIs(t, errs[1], lost)
			require.NoError(t, errs[2])
			for n := 1; n <= 2; n++ {
				require.EqualValues(t, 1, version(t, s, order(n).CollectionID))
			}
		})
	}
}

// Whatever the disk has not confirmed may be there.
func TestACommitThatIsNotConfirmed(t *testing.T) {
	s := openFile(t, Config{})
	err := s.write(t.Context(), func(ctx context.Context, db database) error {
		_, err := db.exec(ctx, "COMMIT") // so that the store's own one fails
		return err
	})
	require.ErrorIs(t, err, payment.ErrCommitUnknown)
	require.NoError(t, s.Commit(t.Context(), order(1)))
}

// A read that is cut off leaves its connection as it was.
func TestReadsThatAreCutOff(t *testing.T) {
	s := openFile(t, Config{})
	require.NoError(t, s.Commit(t.Context(), order(1)))
	for i := range 200 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*2*time.Microsecond)
		_, err := s.Load(ctx, payment.Key{CollectionID: order(1).CollectionID})
		if err != nil {
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}
		cancel()
	}
	for range 2 * readers {
		require.EqualValues(t, 1, version(t, s, order(1).CollectionID))
	}
}

func TestAMessageThatIsPutTwice(t *testing.T) {
	s := openFile(t, Config{})
	d := &payment.Delivery{ID: "whd_1", ProviderID: "p", EventID: "e", State: payment.DeliveryHandled, ReceivedAt: begin}
	require.NoError(t, s.PutDelivery(t.Context(), d))
	require.ErrorIs(t, s.PutDelivery(t.Context(), d), payment.ErrConflict) // it is the same, not another
	other := *d
	other.ID = "whd_2"
	require.ErrorIs(t, s.PutDelivery(t.Context(), &other), payment.ErrDuplicate)
}

func TestClosingAnswersWhoWaits(t *testing.T) {
	s, err := Open(filepath.Join(t.TempDir(), "payments.db"), Config{BusyTimeout: time.Minute})
	require.NoError(t, err)
	c, err := s.writer.take(t.Context())
	require.NoError(t, err)
	answer := make(chan error, 1)
	go func() { answer <- s.Commit(context.Background(), order(1)) }()
	waits(t, s, 1)
	done := make(chan error, 1)
	go func() { done <- s.Close() }()
	requireProblem(t, <-answer, payment.StoreGone)
	s.writer.give(c)
	require.NoError(t, <-done)
	requireProblem(t, s.Commit(t.Context(), order(1)), payment.StoreGone)
	_, err = s.Load(t.Context(), payment.Key{CollectionID: "x"})
	requireProblem(t, err, payment.StoreGone)
	_, err = s.Claim(t.Context(), payment.DueEvents, begin, begin, 1)
	requireProblem(t, err, payment.StoreGone)
	require.NoError(t, s.Close())
}

// What was refused because of another write of a transaction that was not committed was not refused.
func TestARefusalCountsOnlyWhenItsTransactionDoes(t *testing.T) {
	s, db := hosted(t, Config{BusyTimeout: time.Minute}, "&_pragma=foreign_keys(1)")
	_, err := db.Exec("CREATE TABLE a (n INTEGER PRIMARY KEY); CREATE TABLE b (n INTEGER REFERENCES a (n) DEFERRABLE INITIALLY DEFERRED)")
	require.NoError(t, err)
	put := func(id string) func() error {
		return func() error {
			return s.PutDelivery(context.Background(), &payment.Delivery{
				ID: id, ProviderID: "p", EventID: "evt", State: payment.DeliveryHandled, ReceivedAt: begin,
			})
		}
	}
	errs := together(t, s, put("whd_1"), put("whd_2"), func() error {
		return s.write(context.Background(), func(ctx context.Context, db database) error { // COMMIT fails
			_, err := db.exec(ctx, "INSERT INTO b (n) VALUES (1)")
			return err
		})
	})
	require.Error(t, errs[0])
	rows, err := s.List(t.Context(), payment.RowDeliveries, payment.Filter{}, payment.Page{Limit: 1})
	require.NoError(t, err)
	require.Empty(t, rows.Deliveries)
	require.NotErrorIs(t, errs[1], payment.ErrDuplicate, "nobody has the message")
}
