package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// flow is the life of one payment: collection, session, authorization, capture, refund.
type flow func(ctx context.Context) error

// figures are what one round has measured.
type figures struct {
	rate     float64 // flows a second
	p50, p99 time.Duration
}

// drive runs a flow by so many clients, one after the other each, until the time is over and so many flows have ended as are needed.
func drive(ctx context.Context, clients int, limit time.Duration, needed int64, f flow) (figures, error) {
	took := make([][]time.Duration, clients)
	errs := make([]error, clients)
	var done atomic.Int64
	began := time.Now()
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			for errs[i] == nil && (time.Since(began) < limit || done.Load() < needed) {
				start := time.Now()
				errs[i] = f(ctx)
				took[i] = append(took[i], time.Since(start))
				done.Add(1)
			}
		})
	}
	wg.Wait()
	lasted := time.Since(began)
	if err := errors.Join(errs...); err != nil {
		return figures{}, err
	}
	all := slices.Concat(took...)
	slices.Sort(all)
	return figures{rate: float64(len(all)) / lasted.Seconds(), p50: all[len(all)/2], p99: all[len(all)*99/100]}, nil
}

// contender is one of those that are measured beside each other. The first of a list is what the others are compared with.
type contender struct {
	name  string
	flow  flow
	floor bool         // it is no work of ours, but what that is measured by
	renew func() error // before each of its turns; may be nil
}

// compared is what became of one contender at one number of clients: the medians of all rounds.
type compared struct {
	name     string
	clients  int
	rate     float64
	p50, p99 time.Duration
	ratio    float64 // of the first contender's rate, round by round
	p99Ratio float64 // likewise
	second   float64 // of the second contender's rate, round by round
}

// interleave lets contenders run in turns, so that what else the machine does meets all of them alike, and compares each with the first of
// its round. Nobody has to clear away what was left by another: garbage is collected before each turn.
func interleave(ctx context.Context, rounds int, limit time.Duration, clients int, list []contender) ([]compared, error) {
	measured := make([][]figures, len(list))
	for round := range rounds {
		for i := range list {
			n := i
			if round%2 == 1 { // who is first in one round is last in the next
				n = len(list) - 1 - i
			}
			if list[n].renew != nil {
				if err := list[n].renew(); err != nil {
					return nil, err
				}
			}
			runtime.GC()
			f, err := drive(ctx, clients, limit, int64(clients), list[n].flow)
			if err != nil {
				return nil, fmt.Errorf("%s, %d clients: %w", list[n].name, clients, err)
			}
			measured[n] = append(measured[n], f)
		}
	}
	result, second := make([]compared, len(list)), min(1, len(list)-1)
	for i, c := range list {
		of := func(value func(round int) float64) float64 {
			values := make([]float64, rounds)
			for r := range values {
				values[r] = value(r)
			}
			return median(values)
		}
		result[i] = compared{
			name: c.name, clients: clients,
			rate:     of(func(r int) float64 { return measured[i][r].rate }),
			p50:      time.Duration(of(func(r int) float64 { return float64(measured[i][r].p50) })),
			p99:      time.Duration(of(func(r int) float64 { return float64(measured[i][r].p99) })),
			ratio:    of(func(r int) float64 { return measured[i][r].rate / measured[0][r].rate }),
			p99Ratio: of(func(r int) float64 { return float64(measured[i][r].p99) / float64(measured[0][r].p99) }),
			second:   of(func(r int) float64 { return measured[i][r].rate / measured[second][r].rate }),
		}
	}
	return result, nil
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 0 {
		return (sorted[middle-1] + sorted[middle]) / 2
	}
	return sorted[middle]
}
