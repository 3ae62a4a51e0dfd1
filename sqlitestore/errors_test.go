package sqlitestore

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/seed40c892db/payment"
	"github.com/stretchr/testify/require"
)

func TestVersionsOfTheTables(t *testing.T) {
	db := hostDB(t, filepath.Join(t.TempDir(), "shop.db"), "")
	_, err := New(db, Config{})
	requireProblem(t, err, payment.StoreNotMigrated)
	require.NoError(t, Migrate(t.Context(), db))
	for stored, want := range map[int]payment.StoreProblem{schema + 1: payment.StoreTooNew, -1: payment.StoreTooOld} {
		_, err = db.Exec("UPDATE payment_schema SET version = ?", stored)
		require.NoError(t, err)
		_, err = New(db, Config{})
		requireProblem(t, err, want)
	}
	_, err = db.Exec("UPDATE payment_schema SET version = ?", schema+1)
	require.NoError(t, err)
	requireProblem(t, Migrate(t.Context(), db), payment.StoreTooNew)
	_, err = db.Exec("UPDATE payment_schema SET version = ?", schema)
	require.NoError(t, err)
	s, err := New(db, Config{})
	require.NoError(t, err)
	require.NoError(t, s.Close())
}

// What was left out, such as the path in an unset variable, is named; it is no trouble of a database's.
func TestWhatIsMissingIsNamed(t *testing.T) {
	db := hostDB(t, filepath.Join(t.TempDir(), "shop.db"), "")
	for want, call := range map[string]func() error{
		`payment: path: must not be empty: name a file, or ":memory:"`: func() error { _, err := Open("", Config{}); return err },
		"payment: BusyTimeout: must not be negative":                   func() error { _, err := Open(":memory:", Config{BusyTimeout: -1}); return err },
		"payment: GiveUpAfter: must not be negative":                   func() error { _, err := New(db, Config{GiveUpAfter: -1}); return err },
		"payment: db: must not be nil":                                 func() error { _, err := New(nil, Config{}); return err },
	} {
		require.EqualError(t, call(), want)
	}
	require.EqualError(t, Migrate(t.Context(), nil), "payment: db: must not be nil")
}

func TestAnotherEncoding(t *testing.T) {
	db := hostDB(t, filepath.Join(t.TempDir(), "shop.db"), "&_pragma=encoding('UTF-16')")
	_, err := db.Exec("CREATE TABLE orders (id TEXT)")
	require.NoError(t, err)
	requireProblem(t, Migrate(t.Context(), db), payment.StoreUnsupported)
}

func TestFilesThatCannotServe(t *testing.T) {
	dir := t.TempDir()
	_, err := Open(filepath.Join(dir, "missing", "payments.db"), Config{})
	requireProblem(t, err, payment.StoreGone)
	_, err = Open(dir, Config{})
	requireProblem(t, err, payment.StoreGone)
	text := filepath.Join(dir, "text.db")
	require.NoError(t, os.WriteFile(text, []byte("this is no database, and it is long enough to be taken for a header of one hundred bytes or more: so it goes"), 0o600))
	_, err = Open(text, Config{})
	requireProblem(t, err, payment.StoreDamaged)
}

func TestAFileIsItsOwnersAlone(t *testing.T) {
	s := openPath(t, filepath.Join(t.TempDir(), "a #1?%41 file.db"), Config{})
	require.NoError(t, s.Commit(t.Context(), order(1)))
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(s.path + suffix)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), suffix)
	}
}

func TestAFileThatIsGone(t *testing.T) {
	s := openFile(t, Config{})
	require.NoError(t, s.Commit(t.Context(), order(1)))
	require.NoError(t, os.Rename(s.path, s.path+".moved"))
	requireProblem(t, s.Commit(t.Context(), order(2)), payment.StoreGone)
	_, err := s.Load(t.Context(), payment.Key{CollectionID: order(1).CollectionID})
	requireProblem(t, err, payment.StoreGone)
	require.NoFileExists(t, s.path, "nobody makes another one")
	other, err := os.Create(s.path)
	require.NoError(t, err)
	require.NoError(t, other.Close())
	requireProblem(t, s.Commit(t.Context(), order(2)), payment.StoreGone)
	_, err = s.List(t.Context(), payment.RowCollections, payment.Filter{}, payment.Page{Limit: 1})
	requireProblem(t, err, payment.StoreGone)
	require.NoError(t, os.Remove(s.path))
	require.NoError(t, os.Rename(s.path+".moved", s.path))
	require.NoError(t, s.Commit(t.Context(), order(2)))
}

func TestAReadOnlyDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shop.db")
	require.NoError(t, Migrate(t.Context(), hostDB(t, path, "")))
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro")
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	s, err := New(db, Config{})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	requireProblem(t, s.Commit(t.Context(), order(1)), payment.StoreReadOnly)
	require.Zero(t, version(t, s, order(1).CollectionID))
}

// limit lets a database grow by so many pages.
func limit(t *testing.T, db *sql.DB, more int) {
	t.Helper()
	var pages, most int
	require.NoError(t, db.QueryRow("PRAGMA page_count").Scan(&pages))
	require.NoError(t, db.QueryRow("PRAGMA max_page_count = "+fmtInt(pages+more)).Scan(&most))
}

func TestAFullDisk(t *testing.T) {
	db := hostDB(t, filepath.Join(t.TempDir(), "shop.db"), "")
	db.SetMaxOpenConns(1)
	require.NoError(t, Migrate(t.Context(), db))
	s, err := New(db, Config{BusyTimeout: time.Minute})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	require.NoError(t, s.Commit(t.Context(), order(1)))
	_, err = db.Exec("VACUUM") // migrations leave free pages
	require.NoError(t, err)
	limit(t, db, 8)
	large := order(2)
	large.Collection.Metadata = payment.Data{"text": longText(60_000)}
	requireProblem(t, s.Commit(t.Context(), large), payment.StoreFull)
	// Those who come along with it are stored.
	errs := together(t, s,
		func() error { return s.Commit(context.Background(), order(3)) },
		func() error { return s.Commit(context.Background(), large) },
		func() error { return s.Commit(context.Background(), order(4)) })
	require.NoError(t, errs[0])
	requireProblem(t, errs[1], payment.StoreFull)
	require.NoError(t, errs[2])
	for n, want := range map[int]int64{1: 1, 2: 0, 3: 1, 4: 1} {
		require.Equal(t, want, version(t, s, order(n).CollectionID), n)
	}
	limit(t, db, 1000)
	require.NoError(t, s.Commit(t.Context(), large))
}

func TestALockedDatabase(t *testing.T) {
	s := openFile(t, Config{BusyTimeout: 300 * time.Millisecond})
	other := hostDB(t, s.path, "")
	tx, err := other.Begin()
	require.NoError(t, err)
	requireProblem(t, s.Commit(t.Context(), order(1)), payment.StoreBusy)
	// The context ends the wait earlier.
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, s.Commit(ctx, order(1)), context.DeadlineExceeded)
	// Who reads does not wait.
	require.Zero(t, version(t, s, order(1).CollectionID))
	require.NoError(t, tx.Rollback())
	require.NoError(t, s.Commit(t.Context(), order(1)))
	require.EqualValues(t, 1, version(t, s, order(1).CollectionID))
}

func TestAWriteWaitsForALock(t *testing.T) {
	s := openFile(t, Config{BusyTimeout: time.Minute})
	tx, err := hostDB(t, s.path, "").Begin()
	require.NoError(t, err)
	answer := make(chan error, 1)
	go func() { answer <- s.Commit(context.Background(), order(1)) }()
	waits(t, s, 1)
	select {
	case err := <-answer:
		require.Fail(t, "it did not wait", "%v", err)
	case <-time.After(250 * time.Millisecond): // longer than the connection's own patience
	}
	require.NoError(t, tx.Rollback())
	require.NoError(t, <-answer)
}

func TestADamagedRow(t *testing.T) {
	s, db := hosted(t, Config{}, "")
	secret := "4242-tok-secret"
	for n := range 2 {
		c := order(n + 1)
		c.Sessions = []*payment.PaymentSession{{ID: c.CollectionID + "s", CollectionID: c.CollectionID, ProviderID: "p",
			Status: payment.StatusPending, Private: payment.NewPrivate(payment.Data{"a": secret}), CreatedAt: begin}}
		require.NoError(t, s.Commit(t.Context(), c))
	}
	bad := order(1).CollectionID + "s"
	for column, value := range map[string]string{"private": `{"a": "` + secret, "metadata": `[1]`, "amount": secret, "next_action": `{} ` + secret} {
		var before any
		require.NoError(t, db.QueryRow("SELECT "+column+" FROM payment_sessions WHERE id = ?", bad).Scan(&before))
		_, err := db.Exec("UPDATE payment_sessions SET "+column+" = ? WHERE id = ?", value, bad)
		require.NoError(t, err)
		_, err = s.Load(t.Context(), payment.Key{SessionID: bad})
		require.Contains(t, requireProblem(t, err, payment.StoreDamaged), bad)
		require.Contains(t, err.Error(), column)
		require.NotContains(t, err.Error(), secret)
		_, err = s.List(t.Context(), payment.RowSessions, payment.Filter{}, payment.Page{Limit: 10})
		requireProblem(t, err, payment.StoreDamaged)
		rows, err := s.Load(t.Context(), payment.Key{SessionID: order(2).CollectionID + "s"})
		require.NoError(t, err)
		require.Equal(t, secret, rows.Sessions[0].Private.Reveal()["a"])
		_, err = db.Exec("UPDATE payment_sessions SET "+column+" = ? WHERE id = ?", before, bad)
		require.NoError(t, err)
	}
	require.NoError(t, s.PutSettings(t.Context(), &payment.Settings{}))
	_, err := db.Exec("UPDATE payment_settings SET settings = '{'")
	require.NoError(t, err)
	_, err = s.Settings(t.Context())
	requireProblem(t, err, payment.StoreDamaged)
}

func TestWhatNoStoreCanHold(t *testing.T) {
	s := openFile(t, Config{})
	secret := "4242-tok-secret"
	for field, spoil := range map[string]func(*payment.Changes){
		"Changes.Collection":   func(c *payment.Changes) { c.Collection = nil },
		"Changes.CollectionID": func(c *payment.Changes) { c.CollectionID = "" },
		"Changes.Sessions":     func(c *payment.Changes) { c.Sessions = append(c.Sessions, nil) },
		"Changes.Payments": func(c *payment.Changes) {
			c.Payments = append(c.Payments, &payment.Payment{CollectionID: c.CollectionID})
		},
		"Changes.Events": func(c *payment.Changes) { c.Events = append(c.Events, c.Events[0]) },
		"Changes.Requests": func(c *payment.Changes) {
			c.Requests = append(c.Requests, &payment.KeyedRequest{CollectionID: c.CollectionID})
		},
		"Changes.Due":                func(c *payment.Changes) { c.Due = append(c.Due, payment.Due{Kind: payment.DueSession}) },
		"PaymentCollection.Metadata": func(c *payment.Changes) { c.Collection.Metadata = payment.Data{"f": func() {}} },
		"PaymentSession.Private": func(c *payment.Changes) {
			c.Sessions[0].Private = payment.NewPrivate(payment.Data{secret: secret + "\x00"})
		},
		"PaymentSession.NextAction": func(c *payment.Changes) {
			c.Sessions[0].NextAction = &payment.NextAction{Data: payment.Data{"n": "\x00"}}
		},
		"Changes": func(c *payment.Changes) {
			for range 18 {
				c.Sessions = append(c.Sessions, &payment.PaymentSession{ID: fmtInt(len(c.Sessions)), CollectionID: c.CollectionID,
					Status: payment.StatusPending, Data: payment.Data{"a": longText(60_000)}})
			}
		},
	} {
		c := order(1)
		c.Sessions = []*payment.PaymentSession{{ID: "payses_1", CollectionID: c.CollectionID, Status: payment.StatusPending}}
		spoil(c)
		err := s.Commit(t.Context(), c)
		var e *payment.InvalidError
		require.ErrorAs(t, err, &e, field)
		require.Equal(t, field, e.Field)
		require.NotContains(t, err.Error(), secret)
	}
	c := order(1)
	for i := range payment.MaxChangesRows {
		c.Due = append(c.Due, payment.Due{Kind: payment.DueSession, ID: fmtInt(i), At: begin})
	}
	require.ErrorIs(t, s.Commit(t.Context(), c), payment.ErrInvalid)
	require.Zero(t, version(t, s, c.CollectionID))
}

// SQLite holds any text, also what is none.
func TestTextsThatAreNone(t *testing.T) {
	s := openFile(t, Config{})
	for _, text := range []string{"a\x00b", "\x00", "\xff\xfe", "a\x00' --"} {
		c := order(1)
		c.CollectionID, c.Collection.ID, c.Events = c.CollectionID+text, c.CollectionID+text, nil
		c.Sessions = []*payment.PaymentSession{{ID: "payses_" + text, CollectionID: c.CollectionID, ProviderID: "p", Reference: text,
			Status: payment.StatusPending, Reason: text}}
		require.NoError(t, s.Commit(t.Context(), c))
		rows, err := s.Load(t.Context(), payment.Key{ProviderID: "p", Reference: text})
		require.NoError(t, err)
		require.Equal(t, text, rows.Sessions[0].Reason)
		require.Equal(t, c.CollectionID, rows.Collections[0].ID)
	}
}
