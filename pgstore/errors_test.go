package pgstore_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/internal/pgtest"
	"github.com/seed40c892db/payment/pgstore"
)

// problem fails the test unless err is a StoreError of a kind, with advice.
func problem(t *testing.T, err error, want payment.StoreProblem) {
	t.Helper()
	var e *payment.StoreError
	require.ErrorAs(t, err, &e)
	require.Equal(t, want, e.Problem, err)
	require.NotEmpty(t, e.Advice)
	require.NotErrorIs(t, err, payment.ErrCommitUnknown)
}

// every calls every method, and fails the test unless each says the same.
func every(t *testing.T, s payment.Store, want payment.StoreProblem) {
	t.Helper()
	ctx := t.Context()
	_, err := s.Load(ctx, payment.Key{CollectionID: "x"})
	problem(t, err, want)
	problem(t, s.Commit(ctx, changes(1, 0, 1)), want)
	_, err = s.List(ctx, payment.RowSessions, payment.Filter{}, payment.Page{Limit: 1})
	problem(t, err, want)
	_, err = s.Claim(ctx, payment.DueSession, noon, noon, 1)
	problem(t, err, want)
	problem(t, s.Done(ctx, payment.Due{Kind: payment.DueSession, ID: "x", At: noon}, noon), want)
	problem(t, s.PutDelivery(ctx, &payment.Delivery{ID: "x"}), want)
	_, err = s.Settings(ctx)
	problem(t, err, want)
	problem(t, s.PutSettings(ctx, &payment.Settings{}), want)
	if p, ok := s.(*pgstore.Store); ok {
		_, err = p.Deliver(ctx, 1, func(context.Context, pgx.Tx, payment.Event) error { return nil })
		if !errors.Is(err, payment.ErrInTransaction) {
			problem(t, err, want)
		}
	}
}

func TestBadDatabases(t *testing.T) {
	for name, c := range map[string]struct {
		sql  string
		want payment.StoreProblem
	}{
		"no schema":     {"DROP SCHEMA payment CASCADE", payment.StoreNotMigrated},
		"empty schema":  {"DROP SCHEMA payment CASCADE; CREATE SCHEMA payment", payment.StoreNotMigrated},
		"no migrations": {"DELETE FROM payment.schema_version", payment.StoreNotMigrated},
		"too new":       {"INSERT INTO payment.schema_version (version) VALUES (99)", payment.StoreTooNew},
		"no permission": {"REVOKE ALL ON SCHEMA payment FROM nobody_much", payment.StoreGone},
	} {
		t.Run(name, func(t *testing.T) {
			_, pool := open(t)
			_, err := pool.Exec(t.Context(), "DO $$ BEGIN CREATE ROLE nobody_much; EXCEPTION WHEN duplicate_object THEN NULL; END $$; "+c.sql)
			require.NoError(t, err)
			s, err := pgstore.New(connect(t, pool.Config().ConnString(), prepared, func(cfg *pgxpool.Config) {
				if name == "no permission" {
					cfg.ConnConfig.RuntimeParams["role"] = "nobody_much"
				}
			}), pgstore.Config{})
			require.NoError(t, err)
			every(t, s, c.want)
			tx := begin(t, pool, pgx.ReadCommitted)
			if name != "no permission" {
				every(t, s.WithTx(tx), c.want)
				_, err = tx.Exec(t.Context(), "SELECT 1")
				require.NoError(t, err, "the host's transaction goes on")
			}
		})
	}
}

// TestTimesInAnotherStyle has the server write times as nobody but a person reads them, which matters where they come as texts.
func TestTimesInAnotherStyle(t *testing.T) {
	for way, change := range ways {
		t.Run(way, func(t *testing.T) {
			s, pool := open(t, change, func(cfg *pgxpool.Config) { cfg.ConnConfig.RuntimeParams["datestyle"] = "German" })
			if way == "exec" || way == "simple" {
				every(t, s, payment.StoreUnsupported)
				tx := begin(t, pool, pgx.ReadCommitted)
				every(t, s.WithTx(tx), payment.StoreUnsupported)
				return
			}
			require.NoError(t, s.Commit(t.Context(), changes(1, 0, 1)))
			rows, err := s.Load(t.Context(), payment.Key{CollectionID: id("paycol", 1)})
			require.NoError(t, err)
			require.True(t, rows.Collections[0].CreatedAt.Equal(noon))
		})
	}
}

// TestAnotherEncoding has a database, or a connection, of another encoding than UTF-8, which cannot keep every text.
func TestAnotherEncoding(t *testing.T) {
	refuses := func(t *testing.T, pool *pgxpool.Pool, advice string) {
		t.Helper()
		err := pgstore.Migrate(t.Context(), pool, pgstore.Config{})
		problem(t, err, payment.StoreUnsupported)
		require.ErrorContains(t, err, advice)
		s, err := pgstore.New(pool, pgstore.Config{})
		require.NoError(t, err)
		every(t, s, payment.StoreUnsupported)
		every(t, s.WithTx(begin(t, pool, pgx.ReadCommitted)), payment.StoreUnsupported)
	}
	for _, encoding := range []string{"LATIN1", "SQL_ASCII"} {
		t.Run(encoding, func(t *testing.T) {
			refuses(t, connect(t, database(t, "template0 ENCODING '"+encoding+"' LOCALE 'C'")), "with ENCODING 'UTF8'")
		})
	}
	for way, change := range ways {
		t.Run("client "+way, func(t *testing.T) {
			_, pool := open(t)
			refuses(t, connect(t, pool.Config().ConnString(), change, func(cfg *pgxpool.Config) {
				cfg.ConnConfig.RuntimeParams["client_encoding"] = "WIN1252"
				cfg.AfterConnect = nil
			}), "client_encoding=UTF8")
		})
	}
}

// TestWorkThatIsDueForEver has somebody make work due before every time: it is the oldest, and keeps nobody from the rest.
func TestWorkThatIsDueForEver(t *testing.T) {
	for way, change := range ways {
		t.Run(way, func(t *testing.T) {
			ctx := t.Context()
			s, pool := open(t, change)
			c := changes(1, 0, 0)
			for n := range 3 {
				c.Due = append(c.Due, payment.Due{Kind: payment.DueSession, ID: id("payses", n), At: noon})
			}
			require.NoError(t, s.Commit(ctx, c))
			_, err := pool.Exec(ctx, "UPDATE payment.due SET at = '-infinity' WHERE id = $1", id("payses", 1))
			require.NoError(t, err)
			for _, now := range []time.Time{noon, noon.Add(time.Hour)} {
				due, err := s.Claim(ctx, payment.DueSession, now, now.Add(time.Hour), 10)
				require.NoError(t, err)
				require.Len(t, due, 3)
				if now.Equal(noon) {
					require.Equal(t, id("payses", 1), due[0].ID)
				}
				require.True(t, due[0].At.Equal(now.Add(time.Hour)))
			}
		})
	}
}

func TestTablesThatGoAwayLater(t *testing.T) {
	s, pool := open(t, prepared)
	_, err := s.Settings(t.Context())
	require.NoError(t, err)
	_, err = pool.Exec(t.Context(), "ALTER TABLE payment.sessions DROP COLUMN account")
	require.NoError(t, err)
	_, err = s.List(t.Context(), payment.RowSessions, payment.Filter{}, payment.Page{Limit: 1})
	problem(t, err, payment.StoreTooOld)
	_, err = pool.Exec(t.Context(), "DROP SCHEMA payment CASCADE")
	require.NoError(t, err)
	every(t, s, payment.StoreNotMigrated)
}

func TestReadOnly(t *testing.T) {
	s, _ := open(t, prepared, func(cfg *pgxpool.Config) { cfg.ConnConfig.RuntimeParams["default_transaction_read_only"] = "on" })
	problem(t, s.Commit(t.Context(), changes(1, 0, 1)), payment.StoreReadOnly)
	_, err := s.Claim(t.Context(), payment.DueSession, noon, noon, 1)
	problem(t, err, payment.StoreReadOnly)
	_, err = s.Settings(t.Context())
	require.NoError(t, err, "reading is possible")
}

// TestSaidByTheServer has the server say what is hard to bring about.
func TestSaidByTheServer(t *testing.T) {
	for code, want := range map[string]payment.StoreProblem{
		"53100": payment.StoreFull, "53200": payment.StoreBusy, "57P01": payment.StoreGone, "57014": payment.StoreBusy, "XX001": payment.StoreDamaged,
		"40001": payment.StoreBusy, "25006": payment.StoreReadOnly,
	} {
		t.Run(code, func(t *testing.T) {
			s, pool := open(t, prepared)
			_, err := pool.Exec(t.Context(), fmt.Sprintf(`CREATE FUNCTION say() RETURNS trigger LANGUAGE plpgsql AS
				$$ BEGIN RAISE EXCEPTION 'said' USING ERRCODE = '%s'; END $$;
				CREATE TRIGGER say BEFORE INSERT ON payment.events FOR EACH ROW EXECUTE FUNCTION say()`, code))
			require.NoError(t, err)
			problem(t, s.Commit(t.Context(), changes(1, 0, 1)), want)
			_, err = s.Load(t.Context(), payment.Key{CollectionID: id("paycol", 1)})
			require.ErrorIs(t, err, payment.ErrNotFound, "nothing was written")
			require.NoError(t, s.Commit(t.Context(), changes(1, 0, 0)))
		})
	}
}

func TestTooManyConnections(t *testing.T) {
	ctx := t.Context()
	_, pool := open(t)
	_, err := pool.Exec(ctx, "DO $$ BEGIN CREATE ROLE one_only LOGIN CONNECTION LIMIT 1; EXCEPTION WHEN duplicate_object THEN NULL; END $$; "+
		"GRANT USAGE ON SCHEMA payment TO one_only; GRANT ALL ON ALL TABLES IN SCHEMA payment TO one_only")
	require.NoError(t, err)
	as := func(cfg *pgxpool.Config) { cfg.ConnConfig.User, cfg.MaxConns = "one_only", 1 }
	first := connect(t, pool.Config().ConnString(), as)
	held, err := first.Acquire(ctx)
	require.NoError(t, err)
	defer held.Release()
	s, err := pgstore.New(connect(t, pool.Config().ConnString(), as), pgstore.Config{})
	require.NoError(t, err)
	every(t, s, payment.StoreBusy)

	// A pool of which somebody has all connections.
	s, err = pgstore.New(first, pgstore.Config{})
	require.NoError(t, err)
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	err = s.Commit(short, changes(1, 0, 0))
	problem(t, err, payment.StoreBusy)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestServerGone(t *testing.T) {
	own, err := pgtest.Start(pgtest.Options{Own: true})
	require.NoError(t, err)
	t.Cleanup(own.Stop)
	pool := connect(t, own.DSN("postgres"), prepared)
	require.NoError(t, pgstore.Migrate(t.Context(), pool, pgstore.Config{}))
	s, err := pgstore.New(pool, pgstore.Config{})
	require.NoError(t, err)
	require.NoError(t, s.Commit(t.Context(), changes(1, 0, 1)))
	own.Kill()
	require.Eventually(t, func() bool { // connections that break while they are used are uncertain, new ones are refused
		var e *payment.StoreError
		return errors.As(s.Commit(t.Context(), changes(1, 1, 1)), &e) && e.Problem == payment.StoreGone
	}, 10*time.Second, 10*time.Millisecond)
	every(t, s, payment.StoreGone)
	require.NoError(t, own.Restart())
	rows, err := s.Load(t.Context(), payment.Key{CollectionID: id("paycol", 1)})
	require.NoError(t, err, "what was acknowledged is there")
	require.EqualValues(t, 1, rows.Collections[0].Version)
	require.NoError(t, s.Commit(t.Context(), changes(1, 1, 1)))
	pool.Close()
	every(t, s, payment.StoreGone)
}

// cutter breaks connections: it lets requests through, but no answers.
type cutter struct {
	net.Conn
	cut *atomic.Bool
}

// Read reports a broken connection once the cutter is set.
func (c cutter) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.cut.Load() {
		return 0, errors.Join(io.ErrUnexpectedEOF, c.Close())
	}
	return n, err
}

// TestCommitUnknown has writes done whose answers are lost with the connection.
func TestCommitUnknown(t *testing.T) {
	for way, change := range ways {
		t.Run(way, func(t *testing.T) {
			ctx := t.Context()
			var cut atomic.Bool
			s, _ := open(t, change, func(cfg *pgxpool.Config) {
				dial := cfg.ConnConfig.DialFunc
				cfg.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
					c, err := dial(ctx, network, addr)
					return cutter{c, &cut}, err
				}
			})
			require.NoError(t, s.Commit(ctx, changes(1, 0, 1)))
			for name, write := range map[string]func() error{
				"commit":   func() error { return s.Commit(ctx, changes(1, 1, 1)) },
				"delivery": func() error { return s.PutDelivery(ctx, &payment.Delivery{ID: "whd", State: payment.DeliveryHandled}) },
				"settings": func() error { return s.PutSettings(ctx, &payment.Settings{}) },
			} {
				t.Run(name, func(t *testing.T) {
					cut.Store(true)
					require.ErrorIs(t, write(), payment.ErrCommitUnknown)
					cut.Store(false)
					require.Eventually(t, func() bool { return errors.Is(write(), payment.ErrConflict) }, 5*time.Second, time.Millisecond, "it had happened")
				})
			}
			cut.Store(true)
			_, err := s.Settings(ctx)
			problem(t, err, payment.StoreGone)
		})
	}
}

func TestInvalid(t *testing.T) {
	s, _ := open(t, prepared)
	secret := "the secret\x00"
	for name, c := range map[string]struct {
		spoil func(c *payment.Changes)
		field string
	}{
		"NUL in a text":       {func(c *payment.Changes) { c.Sessions[0].Account = secret }, "PaymentSession.Account"},
		"NUL in a reference":  {func(c *payment.Changes) { c.Sessions[0].Reference = secret }, "PaymentSession.Reference"},
		"not UTF-8":           {func(c *payment.Changes) { c.Sessions[0].Reason = "\xff" }, "PaymentSession.Reason"},
		"NUL in a list":       {func(c *payment.Changes) { c.Collection.ProviderIDs = []string{secret} }, "PaymentCollection.ProviderIDs"},
		"NUL in Data":         {func(c *payment.Changes) { c.Sessions[0].Data = payment.Data{"a": secret} }, "PaymentSession.Data"},
		"NUL in Private":      {func(c *payment.Changes) { c.Sessions[0].Private = payment.NewPrivate(payment.Data{secret: secret}) }, "PaymentSession.Private"},
		"NUL in a NextAction": {func(c *payment.Changes) { c.Sessions[0].NextAction = &payment.NextAction{Text: secret} }, "PaymentSession.NextAction"},
		"a function":          {func(c *payment.Changes) { c.Collection.Metadata = payment.Data{"f": func() {}} }, "PaymentCollection.Metadata"},
		"large Data": {func(c *payment.Changes) {
			c.Sessions[0].Private = payment.NewPrivate(payment.Data{"a": strings.Repeat("x", payment.MaxDataBytes)})
		}, "PaymentSession.Private"},
		"1 MiB":         {func(c *payment.Changes) { c.Sessions[0].Reason = strings.Repeat("x", 1<<20) }, "Changes"},
		"65 rows":       {func(c *payment.Changes) { c.Events = changes(1, 0, 63).Events }, "Changes"},
		"a nil row":     {func(c *payment.Changes) { c.Sessions = append(c.Sessions, nil) }, "Changes.Sessions"},
		"a row twice":   {func(c *payment.Changes) { c.Sessions = append(c.Sessions, c.Sessions[0]) }, "Changes.Sessions"},
		"a row no ID":   {func(c *payment.Changes) { c.Sessions[0].ID = "" }, "Changes.Sessions"},
		"no collection": {func(c *payment.Changes) { c.Collection = nil }, "Changes.Collection"},
	} {
		t.Run(name, func(t *testing.T) {
			changed := changes(1, 0, 0)
			changed.Sessions = []*payment.PaymentSession{session(1, 1)}
			c.spoil(changed)
			err := s.Commit(t.Context(), changed)
			var invalid *payment.InvalidError
			require.ErrorAs(t, err, &invalid)
			require.Equal(t, c.field, invalid.Field)
			require.NotContains(t, err.Error(), "secret")
		})
	}
	require.ErrorIs(t, s.PutDelivery(t.Context(), &payment.Delivery{ID: "whd", Body: payment.NewPrivate(payment.Data{"b": secret})}), payment.ErrInvalid)
	require.ErrorIs(t, s.PutSettings(t.Context(), &payment.Settings{DisabledProviders: []string{secret}}), payment.ErrInvalid)
	_, err := pgstore.New(nil, pgstore.Config{})
	require.EqualError(t, err, "payment: pool: must not be nil")
	require.EqualError(t, pgstore.Prepare(nil, pgstore.Config{}), "payment: pool: must not be nil")
	require.EqualError(t, pgstore.Migrate(t.Context(), nil, pgstore.Config{}), "payment: pool: must not be nil")
	for _, schema := range []string{"Payment", "a-b", `x"; DROP SCHEMA public; --`, strings.Repeat("x", 64), "1a"} {
		require.ErrorIs(t, pgstore.Prepare(&pgxpool.Config{}, pgstore.Config{Schema: schema}), payment.ErrInvalid)
	}
}

// TestWhatTheServerCannotStore has the server refuse what it would refuse each time.
func TestWhatTheServerCannotStore(t *testing.T) {
	long := make([]byte, 8<<10) // more than an index takes, also when it is compressed
	_, err := rand.NewChaCha8([32]byte{}).Read(long)
	require.NoError(t, err)
	reference := base64.StdEncoding.EncodeToString(long)
	s, pool := open(t, prepared)
	c := changes(1, 0, 0)
	c.Sessions = []*payment.PaymentSession{session(1, 1)}
	c.Sessions[0].Reference = reference
	cannot := func(err error, field, code string) {
		t.Helper()
		var invalid *payment.InvalidError
		require.ErrorAs(t, err, &invalid)
		require.Equal(t, field, invalid.Field)
		require.Contains(t, invalid.Rule, code)
		require.NotContains(t, err.Error(), reference[:100])
	}
	cannot(s.Commit(t.Context(), c), "Changes", "54000")
	cannot(s.PutDelivery(t.Context(), &payment.Delivery{ID: "whd", EventID: reference, State: payment.DeliveryIgnored}), "Delivery", "54000")
	tx := begin(t, pool, pgx.ReadCommitted)
	cannot(s.WithTx(tx).Commit(t.Context(), c), "Changes", "54000")
	require.NoError(t, s.WithTx(tx).Commit(t.Context(), changes(1, 0, 0)), "the host's transaction goes on")
	require.NoError(t, tx.Rollback(t.Context()))

	_, err = pool.Exec(t.Context(), `CREATE FUNCTION say() RETURNS trigger LANGUAGE plpgsql AS
		$$ BEGIN RAISE EXCEPTION '%', NEW.reason USING ERRCODE = '22P05'; END $$;
		CREATE TRIGGER say BEFORE INSERT ON payment.sessions FOR EACH ROW EXECUTE FUNCTION say()`)
	require.NoError(t, err)
	c.Sessions[0].Reference, c.Sessions[0].Reason = "short", reference
	cannot(s.Commit(t.Context(), c), "Changes", "22P05")
	_, err = s.Load(t.Context(), payment.Key{CollectionID: c.CollectionID})
	require.ErrorIs(t, err, payment.ErrNotFound, "nothing was written")
}

// TestNothingQuoted has a constraint refuse a row with secrets in it: PostgreSQL would quote it.
func TestNothingQuoted(t *testing.T) {
	s, _ := open(t, prepared)
	owner, thief := changes(1, 0, 0), changes(2, 0, 0)
	owner.Sessions = []*payment.PaymentSession{session(1, 1)}
	require.NoError(t, s.Commit(t.Context(), owner))
	stolen := session(2, 1)
	stolen.ID, stolen.Private = owner.Sessions[0].ID, payment.NewPrivate(payment.Data{"token": "sesame"})
	thief.Sessions = []*payment.PaymentSession{stolen}
	err := s.Commit(t.Context(), thief)
	require.ErrorContains(t, err, "violates not-null constraint")
	for e := err; e != nil; e = errors.Unwrap(e) {
		require.NotContains(t, fmt.Sprintf("%+v %#v", e, e), "sesame")
	}
}

func TestDamagedRows(t *testing.T) {
	ctx := t.Context()
	s, pool := open(t, prepared)
	for n := range 2 {
		c := changes(n, 0, 1)
		x := session(n, 1)
		p := &payment.Payment{ID: id("pay", n), CollectionID: c.CollectionID, SessionID: x.ID, ProviderID: "alpha", CreatedAt: noon}
		x.PaymentID = p.ID
		entry := payment.Entry{ID: id("capt", n), CollectionID: c.CollectionID, SessionID: x.ID, PaymentID: p.ID, State: payment.MovementPending, CreatedAt: noon}
		c.Sessions, c.Payments, c.Captures = []*payment.PaymentSession{x}, []*payment.Payment{p}, []*payment.Capture{{Entry: entry}}
		require.NoError(t, s.Commit(ctx, c))
	}
	require.NoError(t, s.PutSettings(ctx, &payment.Settings{}))
	for _, c := range []struct {
		sql, table, id string
		kind           payment.RowKind
	}{
		{"UPDATE payment.sessions SET private = '[\"sesame\"]'", "sessions", id("payses", 1), payment.RowSessions},
		{"UPDATE payment.sessions SET next_action = '5'", "sessions", id("payses", 1), payment.RowSessions},
		{"UPDATE payment.payments SET data = '\"sesame\"'", "payments", id("pay", 1), payment.RowPayments},
		{"UPDATE payment.payments SET captured = 'NaN'", "payments", id("pay", 1), payment.RowPayments},
		{"UPDATE payment.captures SET metadata = '[1]'", "captures", id("capt", 1), payment.RowCaptures},
		{"UPDATE payment.collections SET completed_at = 'infinity'", "collections", id("paycol", 1), payment.RowCollections},
	} {
		t.Run(c.sql, func(t *testing.T) {
			tx := begin(t, pool, pgx.ReadCommitted)
			column := "collection_id"
			if c.table == "collections" {
				column = "id"
			}
			_, err := tx.Exec(ctx, c.sql+" WHERE "+column+" = $1", id("paycol", 1))
			require.NoError(t, err)
			in := s.WithTx(tx)
			_, err = in.Load(ctx, payment.Key{SessionID: id("payses", 1<<16|1)})
			problem(t, err, payment.StoreDamaged)
			named := c.id
			if c.table == "sessions" {
				named = id("payses", 1<<16|1)
			}
			require.ErrorContains(t, err, named)
			require.ErrorContains(t, err, c.table)
			require.NotContains(t, err.Error(), "sesame")
			_, err = in.List(ctx, c.kind, payment.Filter{}, payment.Page{Limit: 9})
			problem(t, err, payment.StoreDamaged)
			require.ErrorContains(t, err, named)
			_, err = in.Load(ctx, payment.Key{SessionID: id("payses", 0<<16|1)})
			require.NoError(t, err)
			_, err = in.List(ctx, c.kind, payment.Filter{CollectionID: id("paycol", 0)}, payment.Page{Limit: 9})
			require.NoError(t, err)
		})
	}
	_, err := pool.Exec(ctx, "UPDATE payment.settings SET refund_reasons = '[null]'")
	require.NoError(t, err)
	_, err = s.Settings(ctx)
	problem(t, err, payment.StoreDamaged)
}

func TestMissingServer(t *testing.T) {
	if os.Getenv("PAYMENT_TEST_POSTGRES") != "" {
		t.Setenv("PAYMENT_TEST_POSTGRES", "")
	}
	t.Setenv("PAYMENT_PG_BIN", t.TempDir())
	_, err := pgtest.Start(pgtest.Options{})
	require.ErrorContains(t, err, "install PostgreSQL 15 or newer")
}
