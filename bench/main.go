// Command bench.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime/pprof"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/seed40c892db/payment/internal/pgtest"
)

func main() {
	rounds := flag.Int("rounds", 5, "")
	limit := flag.Duration("limit", time.Second, "")
	prof := flag.String("cpuprofile", "", "")
	only := flag.String("only", "", "")
	flag.Parse()
	if err := run(context.Background(), *rounds, *limit, *prof, *only); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, rounds int, limit time.Duration, prof, only string) error {
	server, err := pgtest.Start(pgtest.Options{Own: true})
	if err != nil {
		return err
	}
	defer server.Stop()
	s, pool, err := postgresStore(ctx, server.DSN("postgres"), 40)
	if err != nil {
		return err
	}
	defer pool.Close()
	svc, err := service(s, 0, 0)
	if err != nil {
		return err
	}
	kept, err := service(s, 0, 1024)
	if err != nil {
		return err
	}
	cfg, err := pgxpool.ParseConfig(server.DSN("postgres"))
	if err != nil {
		return err
	}
	cfg.MaxConns = 40
	floorPool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return err
	}
	defer floorPool.Close()
	floor, err := postgresFlow(ctx, floorPool)
	if err != nil {
		return err
	}
	list := []contender{{"floor", floor}, {"pure", flowOf(svc, "manual")}, {"sandbox", flowOf(svc, "sandbox")}, {"purekept", flowOf(kept, "manual")}, {"sandboxkept", flowOf(kept, "sandbox")}}
	if only != "" {
		keep := list[:0]
		for _, c := range list {
			if c.name == only {
				keep = append(keep, c)
			}
		}
		list = keep
	}
	if prof != "" {
		f, err := os.Create(prof)
		if err != nil {
			return err
		}
		pprof.StartCPUProfile(f)
		defer pprof.StopCPUProfile()
	}
	for _, clients := range []int{1, 8, 32} {
		got, err := interleave(ctx, rounds, limit, clients, list)
		if err != nil {
			return err
		}
		for _, c := range got {
			fmt.Printf("%-10s %2d clients %7.0f flows/s p50 %8s p99 %8s ratio %.2f p99 %.2f\n", c.name, c.clients, c.rate, c.p50.Round(10*time.Microsecond), c.p99.Round(10*time.Microsecond), c.ratio, c.p99Ratio)
		}
	}
	return nil
}
