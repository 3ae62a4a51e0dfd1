// Command bench measures payment against the limit: a program written by hand that does the same business with the least SQL, on the same
// database, in turns, so that what else the machine does meets both alike. It prints one table for each question, writes them to
// docs/performance.md with -write, and exits with 1 if a bar is missed.
//
//	go run . [-only postgres,sqlite,memory,slow,cores,growth,hot] [-write ../docs/performance.md]
//
// It needs PostgreSQL's binaries, as the tests of pgstore do, an idle machine, 40 GB of disk, and about eleven minutes.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"
)

// bench is one run.
type bench struct {
	report *report
	rounds int           // of everything that is compared, in turns
	limit  time.Duration // how long each turn takes
	sizes  [3]int        // how many collections are stored
	under  [3]int        // how many sessions a collection has
	dir    string        // for files, thrown away in the end
}

func main() {
	b := &bench{report: &report{out: os.Stdout}}
	only := flag.String("only", "", "which questions, separated by commas; all if empty")
	write := flag.String("write", "", "the page that gets the tables")
	child := flag.String("child", "", "play flows over this PostgreSQL, as one of two processes")
	flag.IntVar(&b.rounds, "rounds", 5, "how many rounds, at least 5 for figures to quote")
	flag.DurationVar(&b.limit, "limit", 1500*time.Millisecond, "how long each contender runs in a round")
	large := flag.Int("collections", 1_000_000, "how many collections are stored at most")
	flag.Parse()
	b.sizes, b.under = [3]int{max(*large/1000, 1), max(*large/10, 1), *large}, [3]int{10, 1000, 10_000}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	if *child != "" {
		err = b.process(ctx, *child)
	} else {
		err = b.run(ctx, *only, *write)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		stop()
		os.Exit(1) //nolint:gocritic // nothing is left to be done
	}
}

// run asks the questions, and returns an error if a bar is missed.
func (b *bench) run(ctx context.Context, only, write string) (err error) {
	if b.dir, err = os.MkdirTemp("", "payment-bench"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	b.report.line(fmt.Sprintf("Measured on %s: %d rounds of %s each.", machine(), b.rounds, b.limit))
	for _, q := range []struct {
		name string
		ask  func(context.Context) error
	}{
		{"postgres", b.postgres}, {"sqlite", b.sqlite}, {"memory", b.memory}, {"cores", b.cores}, {"slow", b.slow}, {"hot", b.hot}, {"growth", b.growth},
	} {
		if only == "" || slices.Contains(strings.Split(only, ","), q.name) {
			if err := q.ask(ctx); err != nil {
				return fmt.Errorf("%s: %w", q.name, err)
			}
		}
	}
	b.report.line("")
	for _, m := range b.report.missed {
		b.report.line("Missed: " + m + ".")
	}
	if len(b.report.missed) == 0 {
		b.report.line("Every bar was reached.")
	}
	if write != "" {
		if err := b.report.write(write); err != nil {
			return err
		}
	}
	if n := len(b.report.missed); n > 0 {
		return fmt.Errorf("%d bars were missed", n)
	}
	return nil
}
