package payment_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
)

func TestWholeFlow(t *testing.T) {
	for _, provider := range []string{"manual", "sandbox"} {
		t.Run(provider, func(t *testing.T) {
			s := newShop(t, options{})
			c := s.collection("100", "usd")
			require.Equal(t, payment.CollectionNotPaid, c.Status())
			x := s.session(c, provider, "100")
			require.Equal(t, payment.StatusPending, x.Status)
			require.Equal(t, payment.CollectionAwaiting, s.fresh(c.ID).Status())
			p := s.authorize(x)
			equalAmount(t, "100", p.Authorized)
			equalAmount(t, "100", p.Capturable)
			require.Equal(t, payment.CollectionAuthorized, s.fresh(c.ID).Status())
			p, err := s.capture(p, "40")
			require.NoError(t, err)
			require.Len(t, p.Captures, 1)
			equalAmount(t, "60", p.Capturable)
			require.Equal(t, payment.CollectionPartiallyCaptured, s.fresh(c.ID).Status())
			p, err = s.capture(p, "")
			require.NoError(t, err)
			equalAmount(t, "100", p.Captured)
			require.False(t, p.CapturedAt.IsZero())
			require.Equal(t, payment.CollectionCompleted, s.fresh(c.ID).Status())
			p, err = s.refund(p, "30")
			require.NoError(t, err)
			equalAmount(t, "30", p.Refunded)
			c = s.fresh(c.ID)
			require.Equal(t, payment.CollectionCompleted, c.Status())
			equalAmount(t, "100", c.Authorized)
			equalAmount(t, "100", c.Captured)
			equalAmount(t, "30", c.Refunded)
			equalAmount(t, "0", c.Held)
		})
	}
}
