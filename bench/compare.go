package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"

	"github.com/jackc/pgx/v5"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/internal/pgtest"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sqlitestore"
)

// bars are what the flows a second of a contender must reach of its floor's, by the number of clients; and what its p99 may be of the floor's.
type bars struct {
	ratio map[int]float64
	p99   float64 // 0: none
}

// compare measures contenders beside their floors, the first of them, and writes a table.
func (b *bench) compare(ctx context.Context, list []contender, required map[string]bars) error {
	two := hasTwoFloors(list)
	for _, clients := range []int{1, 8, 32} {
		got, err := interleave(ctx, b.rounds, b.limit, clients, list)
		if err != nil {
			return err
		}
		for _, c := range got {
			bar, what := required[c.name], fmt.Sprintf("%s, %d clients", c.name, clients)
			ratio, p99 := fmt.Sprintf("%.2f", c.ratio), short(c.p99)
			if least := bar.ratio[clients]; least > 0 {
				ratio = b.report.atLeast(what+", flows/s beside the floor", c.ratio, least)
			}
			if bar.p99 > 0 {
				p99 += ", " + b.report.atMost(what+", p99 beside the floor's", c.p99Ratio, bar.p99, "")
			}
			cells := []string{c.name, fmt.Sprint(clients), fmt.Sprintf("%.0f", c.rate), ratio, short(c.p50), p99}
			if two {
				cells = append(cells, fmt.Sprintf("%.2f", c.second))
			}
			b.report.row(cells...)
		}
	}
	return nil
}

// hasTwoFloors tells whether the second of a list is a floor, too.
func hasTwoFloors(list []contender) bool { return len(list) > 1 && list[1].floor }

// compareColumns are those of its tables.
func compareColumns(list []contender) []string {
	columns := []string{"who", "clients", "flows/s", "of the floor's", "p50 of a flow", "p99, and of the floor's"}
	if hasTwoFloors(list) {
		columns = append(columns, "flows/s of the second floor's")
	}
	return columns
}

// postgres compares with the floor on PostgreSQL, and counts what a flow costs the server.
func (b *bench) postgres(ctx context.Context) error {
	server, err := pgtest.Start(pgtest.Options{Own: true, Settings: []string{"min_wal_size=1GB", "max_wal_size=4GB"}}) // one that syncs
	if err != nil {
		return err
	}
	defer server.Stop()
	if err := settle(ctx, server.DSN("postgres")); err != nil {
		return err
	}
	conns := int32(4 * runtime.NumCPU()) //nolint:gosec // as docs/production.md says: more make the server slower
	s, pool, err := postgresStore(ctx, server.DSN("postgres"), "payment", conns)
	if err != nil {
		return err
	}
	defer pool.Close()
	floorPool, err := postgresPool(ctx, server.DSN("postgres"), "", conns)
	if err != nil {
		return err
	}
	defer floorPool.Close()
	floor, err := postgresFloor(ctx, floorPool)
	if err != nil {
		return err
	}
	promise, err := postgresPromise(ctx, floorPool)
	if err != nil {
		return err
	}
	ours := func() payment.Store { return s }
	list := []contender{
		{name: "floor", flow: floor, floor: true}, {name: "second floor: by hand, with the promise", flow: promise, floor: true},
		contend("pure provider", ours, 0, pure), contend("pure provider, rows loaded for each step", ours, loadEachStep, pure),
		contend("gateway that answers at once", ours, 0, gateway), contend("gateway, rows loaded for each step", ours, loadEachStep, gateway),
	}
	b.report.section("PostgreSQL beside the floor", "Each line is the median of its rounds; ratios are taken round by round.", compareColumns(list)...)
	if err := b.compare(ctx, list, map[string]bars{
		"pure provider":                {map[int]float64{1: 0.60, 8: 0.60, 32: 0.55}, 2.5},
		"gateway that answers at once": {map[int]float64{1: 0.38, 8: 0.38, 32: 0.38}, 0},
	}); err != nil {
		return err
	}
	b.report.section("What a flow costs PostgreSQL", "WAL is what the server writes and replicates; it grows with rows and indexes, not with the load.", "who", "WAL, bytes a flow")
	for _, c := range list {
		flows := int64(40 * b.rounds)
		var before, written int64
		const query = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint"
		if err := floorPool.QueryRow(ctx, query).Scan(&before); err != nil {
			return err
		}
		for range flows {
			if err := c.flow(ctx); err != nil {
				return err
			}
		}
		if err := floorPool.QueryRow(ctx, query).Scan(&written); err != nil {
			return err
		}
		b.report.row(c.name, fmt.Sprint((written-before)/flows))
	}
	return nil
}

// settle makes a new server what it is after some hours: one that uses its WAL files again, rather than making one, which stops all commits
// for 10 to 20 ms each 16 MB.
func settle(ctx context.Context, dsn string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	for range 60 {
		if _, err = conn.Exec(ctx, "SELECT pg_logical_emit_message(false, 'bench', ''), pg_switch_wal()"); err != nil {
			break
		}
	}
	if err == nil {
		_, err = conn.Exec(ctx, "CHECKPOINT")
	}
	return errors.Join(err, conn.Close(ctx))
}

// sqlite compares with the floor on SQLite.
func (b *bench) sqlite(ctx context.Context) error {
	floor, db, err := sqliteFloor(filepath.Join(b.dir, "floor.db"))
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }() // a file that is thrown away
	s, err := sqlitestore.Open(filepath.Join(b.dir, "payments.db"), sqlitestore.Config{})
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }() // likewise
	ours := func() payment.Store { return s }
	list := []contender{
		{name: "floor", flow: floor, floor: true}, contend("pure provider", ours, 0, pure), contend("gateway that answers at once", ours, 0, gateway),
	}
	b.report.section("SQLite beside the floor", "The floor has one connection and one commit for each step; the store lets commits that wait share one.",
		compareColumns(list)...)
	return b.compare(ctx, list, map[string]bars{"pure provider": {map[int]float64{1: 0.70, 8: 1.3, 32: 2.0}, 0}})
}

// memory compares the two providers in memory, where there is no floor.
func (b *bench) memory(ctx context.Context) error {
	local, err := inMemory()
	if err != nil {
		return err
	}
	list := []contender{
		{name: "pure provider", flow: local},
		contend("gateway that answers at once", func() payment.Store { return memstore.New() }, 0, gateway),
	}
	b.report.section("memstore", "No floor: nothing is written. The first line is what the second is compared with.", compareColumns(list)...)
	return b.compare(ctx, list, nil)
}
