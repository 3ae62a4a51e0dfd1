package pgstore_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
)

// TestDoneMeetsACommit has a commit end an operation, or open it again, while its work is finished, and leave when it is due: nobody else has the work.
func TestDoneMeetsACommit(t *testing.T) {
	const opened, ended = payment.OperationOpen, payment.OperationSucceeded
	for name, states := range map[string][2]payment.OperationState{"ends": {opened, ended}, "opens": {ended, opened}, "stays": {opened, opened}} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			s, pool := open(t, prepared)
			at := func(version int64, state payment.OperationState) *payment.Changes {
				c := changes(1, version, 0)
				c.Operations = []*payment.Operation{{
					ID: "op_1", CollectionID: c.CollectionID, SessionID: "payses_1", Kind: payment.OperationCapture, State: state,
					Amount: decimal.New(1, 0), CurrencyCode: "EUR", CreatedAt: noon,
				}}
				return c
			}
			begun := at(0, states[0])
			begun.Due = []payment.Due{{Kind: payment.DueOperation, CollectionID: begun.CollectionID, ID: "op_1", At: noon}}
			require.NoError(t, s.Commit(ctx, begun))

			tx := begin(t, pool, pgx.ReadCommitted)
			require.NoError(t, s.WithTx(tx).Commit(ctx, at(1, states[1])))
			done := make(chan error, 1)
			go func() { done <- s.Done(ctx, begun.Due[0], time.Time{}) }()
			require.Eventually(t, func() bool {
				var n int
				err := pool.QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'").Scan(&n)
				return err == nil && n == 1 || len(done) == 1
			}, 5*time.Second, time.Millisecond)
			require.NoError(t, tx.Commit(ctx))
			require.NoError(t, <-done)
			due, err := s.Claim(ctx, payment.DueOperation, noon.Add(time.Hour), noon.Add(2*time.Hour), 10)
			require.NoError(t, err)
			require.Empty(t, due)
			rows, err := s.List(ctx, payment.RowOperations, payment.Filter{State: string(opened)}, payment.Page{Limit: 5})
			require.NoError(t, err)
			require.Len(t, rows.Operations, map[payment.OperationState]int{opened: 1, ended: 0}[states[1]])
			require.ErrorIs(t, s.Done(ctx, begun.Due[0], time.Time{}), payment.ErrConflict)
		})
	}
}
