package main

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/internal/pgtest"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sqlitestore"
)

// world is a store of some size, with one collection to look at.
type world struct {
	svc        *payment.Service
	collection *payment.PaymentCollection
	payment    *payment.Payment
}

// most is how much slower than the smallest size the largest may be.
const most = 1.3

// growth asks what an operation costs with more and more beside it: sessions in the same collection, and other collections.
func (b *bench) growth(ctx context.Context) error {
	server, err := pgtest.Start(pgtest.Options{Own: true, Settings: []string{"shared_buffers=512MB", "max_wal_size=2GB", "checkpoint_timeout=30min"}})
	if err != nil {
		return err
	}
	defer server.Stop()
	var closers []func()
	defer func() {
		for _, c := range slices.Backward(closers) {
			c()
		}
	}()
	postgres := func(name string) (payment.Store, *pgxpool.Pool, error) {
		s, pool, err := postgresStore(ctx, server.DSN("postgres"), name, 4)
		if err == nil {
			closers = append(closers, pool.Close)
		}
		return s, pool, err
	}
	lite := func(name string) (payment.Store, string, error) {
		path := filepath.Join(b.dir, name+".db")
		s, err := sqlitestore.Open(path, sqlitestore.Config{})
		if err == nil {
			closers = append(closers, func() { _ = s.Close() }) // a file that is thrown away
		}
		return s, path, err
	}
	open := map[string]func(size int, crowd func(context.Context, payment.Store) error) (*world, error){
		"PostgreSQL": func(size int, crowd func(context.Context, payment.Store) error) (*world, error) {
			s, pool, err := postgres(fmt.Sprint("under_", size))
			if err != nil {
				return nil, err
			}
			return crowded(ctx, s, crowd, func() error { _, err := pool.Exec(ctx, "ANALYZE"); return err })
		},
		"SQLite": func(size int, crowd func(context.Context, payment.Store) error) (*world, error) {
			s, _, err := lite(fmt.Sprint("under", size))
			if err != nil {
				return nil, err
			}
			return crowded(ctx, s, crowd, nil)
		},
		"memstore": func(_ int, crowd func(context.Context, payment.Store) error) (*world, error) {
			return crowded(ctx, memstore.New(), crowd, nil)
		},
	}
	b.grown("Growth: sessions in the collection", "Medians of single calls, one after the other, in turns, in each round; rows are loaded for each step. "+
		"The ratio is the median of those of the rounds. Each turn adds a session: in the databases 10 are 135 in the end, in memory 75.", b.under)
	for _, name := range []string{"PostgreSQL", "SQLite", "memstore"} {
		if err := b.sizesOf(ctx, name+", sessions in the collection", name, b.under, func(size int) (*world, error) {
			return open[name](size, func(ctx context.Context, s payment.Store) error { return sessionsIn(ctx, s, size) })
		}); err != nil {
			return err
		}
	}
	b.grown("Growth: collections stored", "Each with a session, a payment, a capture, a refund and their events. memstore holds a tenth.", b.sizes)
	for _, name := range []string{"PostgreSQL", "SQLite", "memstore"} {
		if err := b.sizesOf(ctx, name+", collections stored", name, b.sizes, func(size int) (*world, error) {
			return b.stored(ctx, name, size, postgres, lite)
		}); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) grown(title, about string, sizes [3]int) {
	b.report.section(title, about, "store", "call", fmt.Sprint(sizes[0]), fmt.Sprint(sizes[1]), fmt.Sprint(sizes[2]), "the largest beside the smallest")
}

// crowded makes a world of a store: one collection, and what crowd puts beside it.
func crowded(ctx context.Context, s payment.Store, crowd func(context.Context, payment.Store) error, then func() error) (*world, error) {
	if err := crowd(ctx, s); err != nil {
		return nil, err
	}
	if then != nil {
		if err := then(); err != nil {
			return nil, err
		}
	}
	svc, err := service(s, 0, loadEachStep)
	if err != nil {
		return nil, err
	}
	page, err := svc.ListCollections(ctx, payment.ListParams{Limit: 1})
	if err != nil {
		return nil, err
	}
	paid, err := svc.ListPayments(ctx, payment.ListParams{CollectionID: page.Items[0].ID, Limit: 1})
	if err != nil {
		return nil, err
	}
	return &world{svc: svc, collection: page.Items[0], payment: paid.Items[0]}, nil
}

// sessionsIn makes a collection with so many sessions, one of them paid.
func sessionsIn(ctx context.Context, s payment.Store, n int) error {
	svc, err := service(s, 0, 0)
	if err != nil {
		return err
	}
	c, err := svc.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "USD", Amount: price().Shift(6)})
	if err != nil {
		return err
	}
	if err := play(ctx, svc, pure, c.ID, nil); err != nil {
		return err
	}
	page, err := svc.ListSessions(ctx, payment.ListParams{CollectionID: c.ID})
	if err != nil {
		return err
	}
	of := *page.Items[0]
	of.Status, of.PaymentID = payment.StatusPending, ""
	for i := 1; i < n; { // as the Service writes them, but some at a time
		rows, err := s.Load(ctx, payment.Key{CollectionID: c.ID})
		if err != nil {
			return err
		}
		changes := &payment.Changes{CollectionID: c.ID, Version: rows.Collections[0].Version, Collection: rows.Collections[0]}
		for ; i < n && len(changes.Sessions) < 60; i++ {
			x := of
			x.ID, x.CreatedAt = fmt.Sprintf("payses_%032x", i), of.CreatedAt.Add(time.Duration(i)*time.Millisecond)
			changes.Sessions = append(changes.Sessions, &x)
		}
		changes.Collection.LiveSessions += len(changes.Sessions)
		if err := s.Commit(ctx, changes); err != nil {
			return err
		}
	}
	return nil
}

// stored makes a world with so many collections, all like one that was played.
func (b *bench) stored(ctx context.Context, name string, size int, postgres func(string) (payment.Store, *pgxpool.Pool, error),
	lite func(string) (payment.Store, string, error),
) (*world, error) {
	one := func(ctx context.Context, s payment.Store) error {
		svc, err := service(s, 0, 0)
		if err != nil {
			return err
		}
		return play(ctx, svc, pure, "", nil)
	}
	switch name {
	case "PostgreSQL":
		schema := fmt.Sprint("stored_", size)
		s, pool, err := postgres(schema)
		if err != nil {
			return nil, err
		}
		return crowded(ctx, s, one, func() error { return clonePostgres(ctx, pool, schema, size) })
	case "SQLite":
		s, path, err := lite(fmt.Sprint("stored", size))
		if err != nil {
			return nil, err
		}
		return crowded(ctx, s, one, func() error { return cloneSQLite(ctx, path, size) })
	}
	return crowded(ctx, memstore.New(), func(ctx context.Context, s payment.Store) error {
		for range max(size/10, 1) {
			if err := one(ctx, s); err != nil {
				return err
			}
		}
		return nil
	}, nil)
}

// named reports whether a column holds IDs, whose 32 digits are others in each copy.
func named(column string) bool {
	return slices.Contains([]string{"id", "collection_id", "session_id", "payment_id", "operation_id", "entry_id"}, column)
}

// clonePostgres copies the rows of the one collection of a schema.
func clonePostgres(ctx context.Context, pool *pgxpool.Pool, schema string, n int) error {
	for _, table := range []string{"collections", "sessions", "payments", "captures", "refunds", "events", "due"} {
		rows, err := pool.Query(ctx, "SELECT column_name FROM information_schema.columns WHERE table_schema = $1 AND table_name = $2 ORDER BY ordinal_position",
			schema, table)
		if err != nil {
			return err
		}
		var columns, values []string
		for rows.Next() {
			var c string
			if err := rows.Scan(&c); err != nil {
				return err
			}
			columns = append(columns, c)
			switch {
			case named(c):
				c = "CASE WHEN length(" + c + ") > 32 THEN left(" + c + ", -32) || lpad(to_hex(i), 28, '0') || right(" + c + ", 4) ELSE " + c + " END"
			case c == "created_at" || c == "at":
				c += " - i * interval '1 second'"
			}
			values = append(values, c)
		}
		if err := rows.Err(); err != nil {
			return err
		}
		_, err = pool.Exec(ctx, fmt.Sprintf("INSERT INTO %[1]s.%[2]s (%[3]s) SELECT %[4]s FROM %[1]s.%[2]s, generate_series(1, %[5]d) i", schema, table,
			strings.Join(columns, ", "), strings.Join(values, ", "), n-1))
		if err != nil {
			return fmt.Errorf("%s: %w", table, err)
		}
	}
	_, err := pool.Exec(ctx, "UPDATE "+schema+".due SET at = NULL") // their events are delivered
	if err == nil {
		_, err = pool.Exec(ctx, "VACUUM ANALYZE")
	}
	return err
}

// cloneSQLite is the same for a file.
func cloneSQLite(ctx context.Context, path string, n int) error {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)&_pragma=synchronous(OFF)&_pragma=cache_size(-200000)")
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }() // what it wrote is there
	db.SetMaxOpenConns(1)
	for _, table := range []string{"collections", "sessions", "payments", "captures", "refunds", "events", "due"} {
		table = "payment_" + table
		rows, err := db.QueryContext(ctx, "SELECT name FROM pragma_table_info(?)", table)
		if err != nil {
			return err
		}
		var columns, values []string
		for rows.Next() {
			var c string
			if err := rows.Scan(&c); err != nil {
				return err
			}
			columns = append(columns, c)
			switch {
			case named(c):
				c = "CASE WHEN length(" + c + ") > 32 THEN substr(" + c + ", 1, length(" + c + ") - 32) || printf('%028x', i) || substr(" + c + ", -4) ELSE " + c + " END"
			case c == "created_at" || c == "at":
				c += " - i * 1000000"
			}
			values = append(values, c)
		}
		if err := rows.Err(); err != nil {
			return err
		}
		// The rows are put aside first, or else the copies would be copied as well.
		_, err = db.ExecContext(ctx, fmt.Sprintf("CREATE TEMP TABLE one AS SELECT * FROM %[1]s; "+
			"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %[4]d) "+
			"INSERT INTO %[1]s (%[2]s) SELECT %[3]s FROM n, one WHERE i < %[4]d; DROP TABLE one", table, strings.Join(columns, ", "),
			strings.Join(values, ", "), n))
		if err != nil {
			return fmt.Errorf("%s: %w", table, err)
		}
	}
	_, err = db.ExecContext(ctx, "UPDATE payment_due SET at = NULL; PRAGMA wal_checkpoint(TRUNCATE)")
	return err
}

// calls are what is measured at each size.
func (w *world) calls(ctx context.Context, told func(call string, took time.Duration)) error {
	if err := play(ctx, w.svc, pure, "", told); err != nil {
		return err
	}
	for _, c := range []struct {
		name string
		do   func() error
	}{
		{"CreateSession in it", func() error {
			_, err := w.svc.CreateSession(ctx, payment.CreateSessionParams{CollectionID: w.collection.ID, ProviderID: pure, Amount: price()})
			return err
		}},
		{"GetCollection", func() error { _, err := w.svc.GetCollection(ctx, w.collection.ID); return err }},
		{"GetPayment", func() error { _, err := w.svc.GetPayment(ctx, w.payment.ID); return err }},
		{"ListSessions of it, 10", func() error {
			_, err := w.svc.ListSessions(ctx, payment.ListParams{CollectionID: w.collection.ID, Limit: 10})
			return err
		}},
		{"ListPayments, the 20 newest", func() error {
			_, err := w.svc.ListPayments(ctx, payment.ListParams{Limit: 20, Descending: true})
			return err
		}},
		{"ListCollections, 20", func() error { _, err := w.svc.ListCollections(ctx, payment.ListParams{Limit: 20}); return err }},
		{"Reconcile, nothing due", func() error { _, err := w.svc.Reconcile(ctx); return err }},
	} {
		began := time.Now()
		if err := c.do(); err != nil && !(c.name == "CreateSession in it" && w.collection.Amount.Equal(price())) {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		told(c.name, time.Since(began))
	}
	return nil
}

// sizesOf measures each call at each size, in turns, and holds the largest against the smallest, round by round. In memory a round is over in some
// milliseconds, and each has stores of its own: what is in whose way there, such as a collection of garbage, may last for all of it.
func (b *bench) sizesOf(ctx context.Context, what, store string, sizes [3]int, open func(size int) (*world, error)) error {
	var worlds [3]*world
	var order []string
	took := map[string]*[len(worlds)][]float64{} // the median of each round, by call and size
	inMemory := store == "memstore"
	turns := 20
	if inMemory {
		turns = 60
	}
	for round := range b.rounds {
		if round == 0 || inMemory {
			for i, size := range sizes {
				var err error
				if worlds[i], err = open(size); err != nil {
					return fmt.Errorf("%s, %d: %w", what, size, err)
				}
			}
		}
		single, calls, err := inTurns(ctx, worlds, turns)
		if err != nil {
			return err
		}
		order = calls
		for _, call := range order {
			if took[call] == nil {
				took[call] = &[len(worlds)][]float64{}
			}
			for i := range worlds {
				took[call][i] = append(took[call][i], median(single[i][call]))
			}
		}
	}
	for _, call := range order {
		cells := []string{store, call}
		for _, rounds := range took[call] {
			cells = append(cells, short(time.Duration(median(rounds))))
		}
		smallest, largest := took[call][0], took[call][len(worlds)-1]
		ratios := make([]float64, b.rounds)
		for r := range ratios {
			ratios[r] = largest[r] / smallest[r]
		}
		b.report.row(append(cells, b.report.atMost(what+", "+call, median(ratios), most, ""))...)
	}
	return nil
}

// inTurns measures each call in worlds that take turns, and returns how long it took in each, and the calls in their order. The first turns are not
// measured.
func inTurns(ctx context.Context, worlds [3]*world, turns int) (took [3]map[string][]float64, order []string, err error) {
	for i := range took {
		took[i] = map[string][]float64{}
	}
	runtime.GC() // what was made of the stores before is not what a call costs
	const warm = 5
	for turn := range warm + turns {
		for n := range worlds {
			i := (n + turn) % len(worlds)
			if err := worlds[i].calls(ctx, func(call string, d time.Duration) {
				if turn == 0 && n == 0 {
					order = append(order, call)
				}
				if turn >= warm {
					took[i][call] = append(took[i][call], float64(d))
				}
			}); err != nil {
				return took, nil, err
			}
		}
	}
	return took, order, nil
}
