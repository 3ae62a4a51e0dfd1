package sqlitestore

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/seed40c892db/payment"
	"github.com/stretchr/testify/require"
)

// mail is a host that notes each event in a table of its own.
type mail struct {
	*Store
	db   *sql.DB
	now  time.Time
	log  bytes.Buffer
	fail func(e payment.Event) error // what fn does after it has written; nil succeeds
}

func newMail(t *testing.T) *mail {
	t.Helper()
	m := &mail{now: begin.Add(time.Hour)}
	m.Store, m.db = hosted(t, Config{Now: func() time.Time { return m.now }, Logger: slog.New(slog.NewTextHandler(&m.log, nil))}, "")
	_, err := m.db.Exec("CREATE TABLE mails (n INTEGER PRIMARY KEY, event TEXT UNIQUE)")
	require.NoError(t, err)
	return m
}

func (m *mail) send(ctx context.Context, tx *sql.Tx, e payment.Event) error {
	if _, err := tx.ExecContext(ctx, "INSERT INTO mails (event) VALUES (?)", e.ID); err != nil {
		return err
	}
	if m.fail != nil {
		return m.fail(e)
	}
	return nil
}

// sent returns the events that have had their effect, in order.
func (m *mail) sent(t *testing.T) []string {
	t.Helper()
	rows, err := m.db.Query("SELECT event FROM mails ORDER BY n")
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	var ids []string
	for rows.Next() {
		var id string
		require.NoError(t, rows.Scan(&id))
		ids = append(ids, id)
	}
	require.NoError(t, rows.Err())
	return ids
}

// happen stores a collection with some events.
func (m *mail) happen(t *testing.T, n, events int) []string {
	t.Helper()
	c := order(n)
	require.NoError(t, m.Commit(t.Context(), c))
	ids := []string{c.Events[0].ID}
	for range events - 1 {
		c := next(t, m, c.CollectionID)
		c.Events[0].ID += fmtInt(n)
		require.NoError(t, m.Commit(t.Context(), c))
		ids = append(ids, c.Events[0].ID)
	}
	return ids
}

func TestDeliverInOrder(t *testing.T) {
	m := newMail(t)
	n, err := m.Deliver(t.Context(), 10, m.send)
	require.NoError(t, err)
	require.Zero(t, n)
	first, second := m.happen(t, 1, 3), m.happen(t, 2, 2*maxDelivered)
	n, err = m.Deliver(t.Context(), 2, m.send)
	require.NoError(t, err)
	require.Equal(t, 2, n)
	require.Equal(t, first[:2], m.sent(t))
	n, err = m.Deliver(t.Context(), 1000, m.send)
	require.NoError(t, err)
	require.Equal(t, 1+len(second), n)
	require.ElementsMatch(t, slices.Concat(first, second), m.sent(t))
	for _, ids := range [][]string{first, second} {
		got := slices.DeleteFunc(m.sent(t), func(id string) bool { return !slices.Contains(ids, id) })
		require.Equal(t, ids, got)
	}
	// Delivered ones rest until the next event.
	n, err = m.Deliver(t.Context(), 10, m.send)
	require.NoError(t, err)
	require.Zero(t, n)
	require.NoError(t, m.Commit(t.Context(), next(t, m, order(1).CollectionID)))
	n, err = m.Deliver(t.Context(), 10, m.send)
	require.NoError(t, err)
	require.Equal(t, 1, n)
}

func TestWhatFailsIsUndoneAndTriedAgain(t *testing.T) {
	for name, fail := range map[string]func() error{
		"an error": func() error { return errors.New("no mail server") },
		"a panic":  func() error { panic("no mail server") },
	} {
		t.Run(name, func(t *testing.T) {
			m := newMail(t)
			first, second := m.happen(t, 1, 3), m.happen(t, 2, 2)
			m.fail = func(e payment.Event) error {
				if e.ID == first[1] {
					return fail()
				}
				return nil
			}
			n, err := m.Deliver(t.Context(), 10, m.send)
			require.NoError(t, err)
			require.Equal(t, 3, n)
			require.ElementsMatch(t, slices.Concat(first[:1], second), m.sent(t), "the one before it, and the other collection")
			require.Contains(t, m.log.String(), "no mail server")
			n, err = m.Deliver(t.Context(), 10, m.send)
			require.NoError(t, err)
			require.Zero(t, n, "it waits")
			m.fail, m.now = nil, m.now.Add(time.Minute)
			n, err = m.Deliver(t.Context(), 10, m.send)
			require.NoError(t, err)
			require.Equal(t, 2, n)
			require.Equal(t, first, slices.DeleteFunc(m.sent(t), func(id string) bool { return slices.Contains(second, id) }))
		})
	}
}

func TestAnEventIsGivenUp(t *testing.T) {
	m := newMail(t)
	first := m.happen(t, 1, 3)
	m.fail = func(e payment.Event) error {
		if e.ID == first[1] {
			return errors.New("never")
		}
		return nil
	}
	total := 0
	for range 60 {
		n, err := m.Deliver(t.Context(), 10, m.send)
		require.NoError(t, err)
		total += n
		m.now = m.now.Add(6 * time.Hour)
	}
	require.Equal(t, 2, total)
	require.Equal(t, []string{first[0], first[2]}, m.sent(t))
	require.Contains(t, m.log.String(), "level=ERROR")
	var dead string
	require.NoError(t, m.db.QueryRow("SELECT dead FROM payment_due WHERE kind = 'events'").Scan(&dead))
	require.Equal(t, "[128]", dead)
}

func TestDeliverAndClaimDoNotMeet(t *testing.T) {
	m := newMail(t)
	m.happen(t, 1, 1)
	due, err := m.Claim(t.Context(), payment.DueEvents, m.now, m.now.Add(time.Minute), 10)
	require.NoError(t, err)
	require.Len(t, due, 1)
	n, err := m.Deliver(t.Context(), 10, m.send)
	require.NoError(t, err)
	require.Zero(t, n)
	require.NoError(t, m.Done(t.Context(), due[0], m.now))
	m.fail = func(payment.Event) error { // inside, the claim waits for the transaction
		claimed, err := m.Claim(t.Context(), payment.DueEvents, m.now, m.now.Add(time.Minute), 10)
		require.Empty(t, claimed)
		requireProblem(t, err, payment.StoreBusy)
		return nil
	}
	m.cfg.BusyTimeout = 50 * time.Millisecond
	n, err = m.Deliver(t.Context(), 10, m.send)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	due, err = m.Claim(t.Context(), payment.DueEvents, m.now.Add(time.Hour), m.now.Add(2*time.Hour), 10)
	require.NoError(t, err)
	require.Empty(t, due)
}

func TestWhatIsDeliveredCanChangeAPayment(t *testing.T) {
	m := newMail(t)
	id := order(1).CollectionID
	m.happen(t, 1, 1)
	n, err := m.Deliver(t.Context(), 1, func(ctx context.Context, tx *sql.Tx, e payment.Event) error {
		joined := m.WithTx(tx)
		return joined.Commit(ctx, next(t, joined, id))
	})
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.EqualValues(t, 2, version(t, m, id))
	n, err = m.Deliver(t.Context(), 10, m.send)
	require.NoError(t, err)
	require.Equal(t, 1, n, "its event is beyond the first one")
}

func TestDeliverEndsWithItsContext(t *testing.T) {
	m := newMail(t)
	first := m.happen(t, 1, 3)
	ctx, cancel := context.WithCancel(t.Context())
	m.fail = func(e payment.Event) error {
		if e.ID == first[1] {
			cancel()
			return ctx.Err()
		}
		return nil
	}
	n, err := m.Deliver(ctx, 10, m.send)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 1, n)
	require.Equal(t, first[:1], m.sent(t))
	_, err = m.Deliver(ctx, 10, m.send)
	require.ErrorIs(t, err, context.Canceled)
	var tries int
	require.NoError(t, m.db.QueryRow("SELECT tries FROM payment_due WHERE kind = 'events'").Scan(&tries))
	require.Zero(t, tries, "it was stopped, it did not fail")
	m.fail = nil
	n, err = m.Deliver(t.Context(), 10, m.send)
	require.NoError(t, err)
	require.Equal(t, 2, n)
}

func TestAHostThatEndsTheTransaction(t *testing.T) {
	for name, end := range map[string]func(*sql.Tx) error{"commit": (*sql.Tx).Commit, "rollback": (*sql.Tx).Rollback} {
		t.Run(name, func(t *testing.T) {
			m := newMail(t)
			m.happen(t, 1, 2)
			n, err := m.Deliver(t.Context(), 10, func(_ context.Context, tx *sql.Tx, _ payment.Event) error { return end(tx) })
			require.NoError(t, err)
			require.Zero(t, n)
			require.Contains(t, m.log.String(), "fn has ended the transaction")
			m.now = m.now.Add(time.Minute)
			n, err = m.Deliver(t.Context(), 10, m.send) // the store is as good as before
			require.NoError(t, err)
			require.Equal(t, 2, n)
		})
	}
}

// What was written and what was noted are one: whoever dies in between leaves neither.
func TestADeliveryThatIsCutOff(t *testing.T) {
	path, now := filepath.Join(t.TempDir(), "shop.db"), begin.Add(time.Hour)
	s, err := Open(path, Config{Now: func() time.Time { return now }, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	require.NoError(t, s.Commit(t.Context(), order(1)))
	n, err := s.Deliver(t.Context(), 1, func(ctx context.Context, tx *sql.Tx, _ payment.Event) error {
		_, err := tx.ExecContext(ctx, "CREATE TABLE mails (event TEXT)")
		require.NoError(t, err)
		_, err = tx.ExecContext(ctx, "ROLLBACK") // as the disk, or a crash, would
		return err
	})
	require.NoError(t, err)
	require.Zero(t, n)
	now = now.Add(time.Minute)
	n, err = s.Deliver(t.Context(), 1, func(ctx context.Context, tx *sql.Tx, _ payment.Event) error {
		_, err := tx.ExecContext(ctx, "CREATE TABLE mails (event TEXT)")
		return err
	})
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.NoError(t, s.Close())
}

// An event that keeps its transaction from being committed has failed like any other: it waits, is given up in the end, and the events of
// other collections go on.
func TestAnEventThatBreaksItsTransaction(t *testing.T) {
	for name, breaks := range map[string]func(context.Context, *sql.Tx) error{
		"rollback": func(_ context.Context, tx *sql.Tx) error { return errors.Join(errors.New("never"), tx.Rollback()) },
		"a constraint that is checked at the end": func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, "PRAGMA defer_foreign_keys = ON; INSERT INTO boxes (mail) VALUES (4711)")
			return err
		},
		"a write that is interrupted": func(ctx context.Context, tx *sql.Tx) error {
			ctx, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
			defer cancel()
			_, err := tx.ExecContext(ctx, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "+
				"INSERT INTO mails (event) SELECT 'x' || i FROM n")
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := &mail{now: begin.Add(time.Hour)}
			m.Store, m.db = hosted(t, Config{Now: func() time.Time { return m.now }, Logger: slog.New(slog.NewTextHandler(&m.log, nil))}, "&_pragma=foreign_keys(1)")
			_, err := m.db.Exec("CREATE TABLE mails (n INTEGER PRIMARY KEY, event TEXT UNIQUE); CREATE TABLE boxes (mail INTEGER REFERENCES mails (n))")
			require.NoError(t, err)
			first, second := m.happen(t, 1, 3), m.happen(t, 2, 2)
			total := 0
			for range 60 {
				n, err := m.Deliver(t.Context(), 10, func(ctx context.Context, tx *sql.Tx, e payment.Event) error {
					if err := m.send(ctx, tx, e); err != nil || e.ID != first[1] {
						return err
					}
					return breaks(ctx, tx)
				})
				require.NoError(t, err)
				total += n
				m.now = m.now.Add(6 * time.Hour)
			}
			require.Equal(t, 4, total)
			require.ElementsMatch(t, []string{first[0], first[2], second[0], second[1]}, m.sent(t))
			var dead string
			require.NoError(t, m.db.QueryRow("SELECT dead FROM payment_due WHERE kind = 'events' AND dead IS NOT NULL").Scan(&dead))
			require.Equal(t, "[128]", dead)
		})
	}
}

// TestEventsThatCannotBeRead has somebody damage an event, or how far events are delivered: all others are delivered, and the collection is named.
func TestEventsThatCannotBeRead(t *testing.T) {
	for name, sql := range map[string]string{
		"an event": "UPDATE payment_events SET amount = 'x' WHERE collection_id = ?",
		"a mark":   "UPDATE payment_due SET dead = 'x' WHERE id = ?",
	} {
		t.Run(name, func(t *testing.T) {
			m := newMail(t)
			for n := range 4 {
				require.NoError(t, m.Commit(t.Context(), order(n)))
			}
			for n := range 2 {
				_, err := m.db.Exec(sql, order(n).CollectionID)
				require.NoError(t, err)
			}
			for _, delivered := range []int{2, 0} {
				n, err := m.Deliver(t.Context(), 10, m.send)
				require.Equal(t, delivered, n)
				requireProblem(t, err, payment.StoreDamaged)
				for n := range 2 {
					require.ErrorContains(t, err, map[string]string{"an event": order(n).Events[0].ID, "a mark": order(n).CollectionID}[name])
				}
			}
			require.Equal(t, []string{order(2).Events[0].ID, order(3).Events[0].ID}, m.sent(t))
		})
	}
}
