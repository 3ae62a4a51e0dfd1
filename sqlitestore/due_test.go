package sqlitestore

import (
	"testing"
	"time"

	"github.com/seed40c892db/payment"
	"github.com/stretchr/testify/require"
)

// TestWorkThatCannotBeRead has somebody damage the oldest work: it keeps nobody from the rest, and is named when it is due alone.
func TestWorkThatCannotBeRead(t *testing.T) {
	s, db := hosted(t, Config{}, "")
	for _, in := range []string{"a pool", "a transaction"} {
		t.Run(in, func(t *testing.T) {
			n := map[string]int{"a pool": 0, "a transaction": 10}[in]
			c := order(n)
			for i := range 3 {
				c.Due = append(c.Due, payment.Due{Kind: payment.DueSession, CollectionID: c.CollectionID, ID: in + fmtInt(i), At: begin.Add(time.Duration(i))})
			}
			require.NoError(t, s.Commit(t.Context(), c))
			_, err := db.Exec("UPDATE payment_due SET dead = 'x' WHERE id = ?", in+"0")
			require.NoError(t, err)
			of := payment.Store(s)
			if in == "a transaction" {
				tx, err := db.Begin()
				require.NoError(t, err)
				defer func() { require.NoError(t, tx.Rollback()) }()
				of = s.WithTx(tx)
			}
			_, err = of.Claim(t.Context(), payment.DueSession, begin.Add(time.Hour), begin.Add(2*time.Hour), 1)
			requireProblem(t, err, payment.StoreDamaged)
			require.ErrorContains(t, err, in+"0")
			due, err := of.Claim(t.Context(), payment.DueSession, begin.Add(time.Hour), begin.Add(3*time.Hour), 1)
			require.NoError(t, err)
			require.Len(t, due, 1)
			require.Equal(t, in+"1", due[0].ID)
			due, err = of.Claim(t.Context(), payment.DueSession, begin.Add(2*time.Hour), begin.Add(4*time.Hour), 10)
			require.NoError(t, err, "with the damaged one")
			require.Len(t, due, 1)
			require.Equal(t, in+"2", due[0].ID)
		})
	}
}
