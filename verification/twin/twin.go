// Package twin is a store over two: each call goes to both, and both must answer the same.
//
// The simulation played over a twin holds a store against another, memstore as a rule, through everything that can happen to a payment.
package twin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed40c892db/payment"
)

// Store is a [payment.Store] that answers as the tested store does, and fails where the other differs. Its calls wait for each other.
type Store struct {
	Tested payment.Store // the one whose answers are given
	Other  payment.Store // what it is held against

	mu    sync.Mutex
	calls int
}

// DifferenceError says where two stores differ.
type DifferenceError struct {
	Call          int    // counted from 1
	What          string // the call
	Tested, Other string // the first line that differs of what each of them answered
}

// Error says all of it.
func (e *DifferenceError) Error() string {
	return fmt.Sprintf("twin: call %d, %s: the tested store answers\n%s\nthe other one\n%s", e.Call, e.What, e.Tested, e.Other)
}

// compare returns a DifferenceError unless both answers are the same.
func (s *Store) compare(what string, tested, other any, testedErr, otherErr error) error {
	s.calls++
	a, b := describe(tested, testedErr), describe(other, otherErr)
	if a == b {
		return testedErr
	}
	for {
		first, restA, moreA := strings.Cut(a, "\n")
		second, restB, moreB := strings.Cut(b, "\n")
		if first != second || !moreA || !moreB {
			return &DifferenceError{s.calls, what, first, second}
		}
		a, b = restA, restB
	}
}

// Load is payment.Store's. The error is the tested store's, or a DifferenceError.
func (s *Store) Load(ctx context.Context, by payment.Key) (*payment.Rows, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, errA := s.Tested.Load(ctx, by)
	b, errB := s.Other.Load(ctx, by)
	for _, r := range []*payment.Rows{a, b} { // in any order
		if r != nil {
			slices.SortFunc(r.Operations, func(x, y *payment.Operation) int { return strings.Compare(x.ID, y.ID) })
		}
	}
	return a, s.compare(fmt.Sprintf("Load %+v", by), a, b, errA, errB)
}

// Commit is payment.Store's. The error is the tested store's, or a DifferenceError.
func (s *Store) Commit(ctx context.Context, c *payment.Changes) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	errA := s.Tested.Commit(ctx, c)
	if errA != nil && ctx.Err() != nil && errors.Is(errA, ctx.Err()) && !errors.Is(errA, payment.ErrCommitUnknown) {
		return errA // nothing was written, so nothing is to be in the other
	}
	errB := s.Other.Commit(context.WithoutCancel(ctx), c) // the context may have ended meanwhile
	return s.compare(fmt.Sprintf("Commit of %s on version %d", c.CollectionID, c.Version), nil, nil, errA, errB)
}

// List is payment.Store's. The error is the tested store's, or a DifferenceError.
func (s *Store) List(ctx context.Context, kind payment.RowKind, f payment.Filter, p payment.Page) (*payment.Rows, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, errA := s.Tested.List(ctx, kind, f, p)
	b, errB := s.Other.List(ctx, kind, f, p)
	return a, s.compare(fmt.Sprintf("List %s %+v %+v", kind, f, p), a, b, errA, errB)
}

// Claim is payment.Store's. The error is the tested store's, or a DifferenceError.
func (s *Store) Claim(ctx context.Context, kind payment.DueKind, now, until time.Time, limit int) ([]payment.Due, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, errA := s.Tested.Claim(ctx, kind, now, until, limit)
	b, errB := s.Other.Claim(ctx, kind, now, until, limit)
	return a, s.compare(fmt.Sprintf("Claim %s at %s, %d at the most", kind, now, limit), a, b, errA, errB)
}

// Done is payment.Store's. The error is the tested store's, or a DifferenceError.
func (s *Store) Done(ctx context.Context, d payment.Due, again time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	errA, errB := s.Tested.Done(ctx, d, again), s.Other.Done(ctx, d, again)
	return s.compare(fmt.Sprintf("Done %+v, again %s", d, again), nil, nil, errA, errB)
}

// PutDelivery is payment.Store's. The error is the tested store's, or a DifferenceError.
func (s *Store) PutDelivery(ctx context.Context, d *payment.Delivery) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	errA, errB := s.Tested.PutDelivery(ctx, d), s.Other.PutDelivery(ctx, d)
	return s.compare(fmt.Sprintf("PutDelivery %s, version %d", d.ID, d.Version), nil, nil, errA, errB)
}

// Settings is payment.Store's. The error is the tested store's, or a DifferenceError.
func (s *Store) Settings(ctx context.Context) (*payment.Settings, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, errA := s.Tested.Settings(ctx)
	b, errB := s.Other.Settings(ctx)
	return a, s.compare("Settings", a, b, errA, errB)
}

// PutSettings is payment.Store's. The error is the tested store's, or a DifferenceError.
func (s *Store) PutSettings(ctx context.Context, set *payment.Settings) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	errA, errB := s.Tested.PutSettings(ctx, set), s.Other.PutSettings(ctx, set)
	return s.compare(fmt.Sprintf("PutSettings, version %d", set.Version), nil, nil, errA, errB)
}

// describe writes an answer down, so that equal ones read the same: rows as they are encoded, errors by what they match.
func describe(answer any, err error) string {
	var b bytes.Buffer
	switch {
	case errors.Is(err, payment.ErrNotFound):
		b.WriteString("not found\n")
	case errors.Is(err, payment.ErrConflict):
		b.WriteString("conflict\n")
	case errors.Is(err, payment.ErrDuplicate):
		b.WriteString("duplicate\n")
	case errors.Is(err, payment.ErrInvalid):
		b.WriteString("invalid\n")
	case err != nil:
		b.WriteString("failed: " + err.Error() + "\n")
	}
	switch a := answer.(type) {
	case *payment.Rows:
		if a != nil {
			rows(&b, a)
		}
	case []payment.Due:
		for i := range a {
			row(&b, &a[i])
		}
	case *payment.Settings:
		if a != nil {
			row(&b, a)
		}
	}
	return b.String()
}

func rows(b *bytes.Buffer, r *payment.Rows) {
	all(b, r.Collections)
	all(b, r.Sessions)
	all(b, r.Payments)
	all(b, r.Captures)
	all(b, r.Refunds)
	all(b, r.Operations)
	all(b, r.Requests)
	all(b, r.Events)
	all(b, r.Deliveries)
	fmt.Fprintln(b, "count", r.Count, "more", r.More)
}

func all[T any](b *bytes.Buffer, rows []*T) {
	for _, r := range rows {
		row(b, r)
	}
}

func row(b *bytes.Buffer, v any) {
	text, err := payment.EncodeRow(v)
	if err != nil {
		text = []byte(err.Error())
	}
	fmt.Fprintf(b, "%T %s\n", v, text)
}

var _ payment.Store = (*Store)(nil)
