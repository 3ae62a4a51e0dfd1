package pgstore_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
)

// statements counts what pgx sends.
type statements struct{ n atomic.Int64 }

func (s *statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	s.n.Add(1)
	return ctx
}
func (s *statements) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
func (s *statements) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}
func (s *statements) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) { s.n.Add(1) }
func (s *statements) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData)     {}

// used counts a store's loads and commits.
type used struct {
	payment.Store
	loads, commits int
}

func (u *used) Load(ctx context.Context, by payment.Key) (*payment.Rows, error) {
	u.loads++
	return u.Store.Load(ctx, by)
}

func (u *used) Commit(ctx context.Context, c *payment.Changes) error {
	u.commits++
	return u.Store.Commit(ctx, c)
}

// What each step of a payment costs: docs/performance.md has the table.
func TestStepsOfAPayment(t *testing.T) {
	for _, tc := range []struct {
		provider       string
		keep           int
		loads, commits int  // of each step but the first
		traced         bool // a tracer counts the statements, which pgx sends then
	}{
		{"manual", -1, 1, 1, true}, {"manual", 0, 0, 1, true}, {"sandbox", -1, 1, 2, true}, {"sandbox", 0, 0, 2, true},
		{"manual", -1, 1, 1, false}, {"manual", 0, 0, 1, false}, {"sandbox", -1, 1, 2, false}, {"sandbox", 0, 0, 2, false},
	} {
		t.Run(fmt.Sprint(tc.provider, " keeping ", tc.keep, ", traced ", tc.traced), func(t *testing.T) {
			provider, commits := tc.provider, tc.commits
			ctx := t.Context()
			var trips atomic.Int64
			sent := &statements{}
			s, _ := open(t, prepared, counting(&trips), func(cfg *pgxpool.Config) {
				if tc.traced {
					cfg.ConnConfig.Tracer = sent
				}
			})
			store := &used{Store: s}
			svc := keeping(t, store, tc.keep)
			var c *payment.PaymentCollection
			var x *payment.PaymentSession
			var p *payment.Payment
			steps := []struct {
				name           string
				loads, commits int
				do             func() error
			}{
				{"CreateCollection", 0, 1, func() (err error) {
					c, err = svc.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "EUR", Amount: ten})
					return err
				}},
				{"CreateSession", tc.loads, commits, func() (err error) {
					x, err = svc.CreateSession(ctx, payment.CreateSessionParams{CollectionID: c.ID, ProviderID: provider, Amount: ten})
					return err
				}},
				{"AuthorizeSession", tc.loads, commits, func() (err error) {
					p, err = svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: x.ID})
					return err
				}},
				{"CapturePayment", tc.loads, commits, func() (err error) {
					_, err = svc.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: p.ID})
					return err
				}},
				{"RefundPayment", tc.loads, commits, func() (err error) {
					_, err = svc.RefundPayment(ctx, payment.RefundPaymentParams{PaymentID: p.ID})
					return err
				}},
			}
			for _, warm := range []bool{true, false} { // the first time looks at the database, and prepares
				for _, step := range steps {
					trips.Store(0)
					sent.n.Store(0)
					store.loads, store.commits = 0, 0
					require.NoError(t, step.do(), step.name)
					if warm {
						continue
					}
					said := fmt.Sprintf("%s: %d loads, %d commits, %d round trips, %d statements", step.name, store.loads, store.commits, trips.Load(), sent.n.Load())
					t.Log(said)
					require.Equal(t, step.loads, store.loads, said)
					require.Equal(t, step.commits, store.commits, said)
					require.EqualValues(t, step.loads+step.commits, trips.Load(), said)
					if tc.traced {
						require.Equal(t, trips.Load(), sent.n.Load(), said) // each is one statement
					}
				}
			}
		})
	}
}
