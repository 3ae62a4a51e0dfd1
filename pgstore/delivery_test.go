package pgstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
)

// TestDeliveriesAfterARestore has the unique indexes of deliveries in both orders: a dump that is restored makes them in another one than Migrate, and
// the server looks at the older one first.
func TestDeliveriesAfterARestore(t *testing.T) {
	for name, sql := range map[string]string{
		"migrated": "SELECT",
		"restored": "ALTER TABLE payment.deliveries DROP CONSTRAINT deliveries_pkey; ALTER TABLE payment.deliveries ADD PRIMARY KEY (id)",
	} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			s, pool := open(t, prepared)
			_, err := pool.Exec(ctx, sql)
			require.NoError(t, err)
			d := payment.Delivery{ID: "whd_1", ProviderID: "alpha", EventID: "e", State: payment.DeliveryHandled, ReceivedAt: noon}
			require.NoError(t, s.PutDelivery(ctx, &d))
			require.ErrorIs(t, s.PutDelivery(ctx, &d), payment.ErrConflict, "the same once more")
			moved := d
			moved.EventID = "another"
			require.ErrorIs(t, s.PutDelivery(ctx, &moved), payment.ErrConflict, "another message with its ID")
			again := d
			again.ID = "whd_2"
			require.ErrorIs(t, s.PutDelivery(ctx, &again), payment.ErrDuplicate, "the same message with another ID")
			d.Version = 1
			require.NoError(t, s.PutDelivery(ctx, &d))
		})
	}
}
