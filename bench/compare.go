package main

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"

	"github.com/seed40c892db/payment/internal/pgtest"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sqlitestore"
)

// bars are what the flows a second of a contender must reach of its floor's, by the number of clients; and what its p99 may be of the floor's.
type bars struct {
	ratio map[int]float64
	p99   float64 // 0: none
}

// compare measures contenders beside their floor, the first of them, and writes a table.
func (b *bench) compare(ctx context.Context, list []contender, required map[string]bars) error {
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
			b.report.row(c.name, fmt.Sprint(clients), fmt.Sprintf("%.0f", c.rate), ratio, short(c.p50), p99)
		}
	}
	return nil
}

// compareColumns are those of its tables.
func compareColumns() []string {
	return []string{"who", "clients", "flows/s", "of the floor's", "p50 of a flow", "p99, and of the floor's"}
}

// postgres compares with the floor on PostgreSQL, and counts what a flow costs the server.
func (b *bench) postgres(ctx context.Context) error {
	server, err := pgtest.Start(pgtest.Options{Own: true}) // one that syncs
	if err != nil {
		return err
	}
	defer server.Stop()
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
	usual, err := service(s, 0, 0)
	if err != nil {
		return err
	}
	loading, err := service(s, 0, loadEachStep)
	if err != nil {
		return err
	}
	list := []contender{
		{"floor", floor}, {"pure provider", flowOf(usual, pure)}, {"pure provider, rows loaded for each step", flowOf(loading, pure)},
		{"gateway that answers at once", flowOf(usual, gateway)}, {"gateway, rows loaded for each step", flowOf(loading, gateway)},
	}
	b.report.section("PostgreSQL beside the floor", "Each line is the median of its rounds; ratios are taken round by round.", compareColumns()...)
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
	svc, err := service(s, 0, 0)
	if err != nil {
		return err
	}
	b.report.section("SQLite beside the floor", "The floor has one connection and one commit for each step; the store lets commits that wait share one.", compareColumns()...)
	return b.compare(ctx, []contender{{"floor", floor}, {"pure provider", flowOf(svc, pure)}, {"gateway that answers at once", flowOf(svc, gateway)}},
		map[string]bars{"pure provider": {map[int]float64{1: 0.70, 8: 1.3, 32: 2.0}, 0}})
}

// memory compares the two providers in memory, where there is no floor.
func (b *bench) memory(ctx context.Context) error {
	svc, err := service(memstore.New(), 0, 0)
	if err != nil {
		return err
	}
	local, err := inMemory()
	if err != nil {
		return err
	}
	b.report.section("memstore", "No floor: nothing is written. The first line is what the second is compared with.", compareColumns()...)
	return b.compare(ctx, []contender{{"pure provider", local}, {"gateway that answers at once", flowOf(svc, gateway)}}, nil)
}
