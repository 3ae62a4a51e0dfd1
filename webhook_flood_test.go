package payment_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
)

// filing counts what is read and written for a message.
type filing struct {
	counting
	puts int
}

func (f *filing) PutDelivery(ctx context.Context, d *payment.Delivery) error {
	f.puts++
	return f.Store.PutDelivery(ctx, d)
}

// In a flood a message that must wait is read and written once; it is handled when its time has come.
func TestWebhookThatMustWaitIsStoredOnce(t *testing.T) {
	store := &filing{counting: counting{Store: memstore.New()}}
	s := newShop(t, options{store: store})
	x := s.processing("100")
	require.NoError(t, s.gateway.ResolveDelayed(s.intent(x.ID).Reference, true))
	w := s.gateway.Webhooks()[0]
	s.requireHandled(s.post(w))
	var body map[string]any
	require.NoError(t, json.Unmarshal(w.Body, &body))
	body["id"] = "evt_another"
	b, err := json.Marshal(body)
	require.NoError(t, err)
	store.loads, store.puts = 0, 0
	s.requireParked(s.post(s.gateway.SignWebhook(b, s.clock.Now())), "asked_just_now")
	require.Equal(t, [2]int{1, 1}, [2]int{store.loads, store.puts})
	s.reconcile(2 * time.Second)
	for _, d := range s.deliveries() {
		require.Equal(t, payment.DeliveryHandled, d.State)
	}
}
