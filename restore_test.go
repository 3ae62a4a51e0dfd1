package payment_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// What docs/production.md says about a database that was restored from an old backup.

// journal is a store that can be restored: it remembers what was written to it.
type journal struct {
	payment.Store
	mu     sync.Mutex
	writes []func(ctx context.Context, to payment.Store) error
}

func newJournal() *journal { return &journal{Store: memstore.New()} }

func (j *journal) note(err error, write func(ctx context.Context, to payment.Store) error) error {
	if err == nil {
		j.mu.Lock()
		defer j.mu.Unlock()
		j.writes = append(j.writes, write)
	}
	return err
}

func (j *journal) Commit(ctx context.Context, c *payment.Changes) error {
	kept := &payment.Changes{ // the Service uses c again
		CollectionID: c.CollectionID, Version: c.Version, Collection: twins([]*payment.PaymentCollection{c.Collection})[0],
		Sessions: twins(c.Sessions), Payments: twins(c.Payments), Captures: twins(c.Captures), Refunds: twins(c.Refunds),
		Operations: twins(c.Operations), Requests: twins(c.Requests), Events: twins(c.Events), Due: slices.Clone(c.Due),
	}
	return j.note(j.Store.Commit(ctx, c), func(ctx context.Context, to payment.Store) error { return to.Commit(ctx, kept) })
}

// twins are copies of rows.
func twins[T any](rows []*T) []*T {
	var all []*T
	for _, r := range rows {
		b, err := payment.EncodeRow(r)
		twin := new(T)
		if err != nil || payment.DecodeRow(b, twin) != nil {
			panic("a row that cannot be copied")
		}
		all = append(all, twin)
	}
	return all
}

func (j *journal) PutDelivery(ctx context.Context, d *payment.Delivery) error {
	kept := *d
	return j.note(j.Store.PutDelivery(ctx, d), func(ctx context.Context, to payment.Store) error { return to.PutDelivery(ctx, &kept) })
}

// backup returns a function that restores what is stored now into an empty store. What was claimed is due as it was written.
func (j *journal) backup() (restore func(t *testing.T) *journal) {
	n := len(j.writes)
	return func(t *testing.T) *journal {
		t.Helper()
		to := newJournal()
		for _, write := range j.writes[:n] {
			require.NoError(t, write(t.Context(), to))
		}
		return to
	}
}

// over is the same shop on another store.
func (s *shop) over(store payment.Store) *shop {
	other := *s
	other.store = store
	return other.anotherProcess(payment.Config{})
}

func TestRestoredSessionsWithMoneyAreAskedAbout(t *testing.T) {
	j := newJournal()
	s := newShop(t, options{store: j})
	p := s.paid("sandbox", "100", "EUR")
	restore := j.backup()
	_, err := s.capture(p, "40")
	require.NoError(t, err)
	_, err = s.refund(p, "15")
	require.NoError(t, err)

	s = s.over(restore(t))
	equalAmount(t, "0", s.payment(p.ID).Captured)
	r := s.reconcile(time.Minute)
	require.Equal(t, []string{p.SessionID}, r.Settled)
	got := s.booksAgree(t, p.ID)
	equalAmount(t, "40", got.Captured)
	equalAmount(t, "15", got.Refunded)
	require.False(t, got.Captures[0].External(), "the gateway has noted our key with it")
	_, err = s.CapturePayment(t.Context(), payment.CapturePaymentParams{PaymentID: p.ID, Amount: amount("60.01")})
	require.ErrorIs(t, err, payment.ErrAmountExceeded)
}

// The reason to reconcile before the first shopper is let in: the key of a request that the backup does not have is a new request.
func TestRestoredKeysAreForgotten(t *testing.T) {
	j := newJournal()
	s := newShop(t, options{store: j})
	p := s.paid("sandbox", "100", "EUR")
	restore := j.backup()
	parcel := payment.CapturePaymentParams{PaymentID: p.ID, Amount: amount("40"), IdempotencyKey: "parcel-1"}
	_, err := s.CapturePayment(t.Context(), parcel)
	require.NoError(t, err)

	s = s.over(restore(t))
	_, err = s.CapturePayment(t.Context(), parcel)
	require.NoError(t, err)
	equalAmount(t, "80", s.booksAgree(t, p.ID).Captured) // both books agree, and the shopper has paid the parcel twice
}

func TestRestoredOperationIsSettled(t *testing.T) {
	j := newJournal()
	s := newShop(t, options{store: j})
	p := s.paid("sandbox", "100", "EUR")
	s.fail(sandboxprovider.MethodCapture, sandboxprovider.FaultAnswerLost)
	_, err := s.capture(p, "40")
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	restore := j.backup()
	s.reconcile(time.Minute)
	_, err = s.capture(p, "50")
	require.NoError(t, err)

	s = s.over(restore(t))
	s.reconcile(26 * time.Hour)
	got := s.booksAgree(t, p.ID)
	require.Len(t, got.Captures, 2)
	require.Equal(t, 2, s.executed(sandboxprovider.MethodCapture))
}

// What the backup does not have at all, nobody asks about: only the gateway's list tells.
func TestRestoredWithoutASession(t *testing.T) {
	j := newJournal()
	s := newShop(t, options{store: j})
	c := s.collection("100", "EUR")
	restore := j.backup()
	s.authorize(s.session(c, "sandbox", "100"))
	messages := s.gateway.Webhooks()

	s = s.over(restore(t))
	for range 30 {
		s.reconcile(24 * time.Hour)
	}
	equalAmount(t, "0", s.fresh(c.ID).Authorized)
	last := messages[len(messages)-1]
	result := s.tell(s.gateway.SignWebhook(last.Body, s.clock.Now()))
	require.Equal(t, "session_missing", result.Code)
	for range 60 {
		s.reconcile(time.Hour)
	}
	deliveries := s.deliveries()
	require.Equal(t, payment.DeliveryDead, deliveries[len(deliveries)-1].State)
	require.NotEmpty(t, deliveries[len(deliveries)-1].Reference)
	equalAmount(t, "0", s.fresh(c.ID).Authorized)
}

// Why docs/production.md asks by AuthorizeSession only where the browser confirms, or a challenge is open.
func TestRestoredSessionThatWasPaidMeanwhile(t *testing.T) {
	ask := func(s *shop, x *payment.PaymentSession) (*payment.Payment, error) {
		return s.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID})
	}
	t.Run("confirmed by the browser", func(t *testing.T) {
		j := newJournal()
		s := newShop(t, options{store: j, sandbox: sandboxprovider.Config{ClientConfirms: true}})
		x, abandoned := s.session(s.collection("100", "EUR"), "sandbox", "100"), s.session(s.collection("7", "EUR"), "sandbox", "7")
		restore := j.backup()
		s.confirmInBrowser(x, sandboxprovider.TokenVisa)
		s.authorize(x)

		svc, err := payment.NewService(restore(t), payment.Config{
			Providers: []payment.Provider{sandboxprovider.New(s.gateway, sandboxprovider.Config{ClientConfirms: true})}, Now: s.clock.Now, Wait: s.clock.Wait,
		})
		require.NoError(t, err)
		s.Service = svc
		p, err := ask(s, x)
		require.NoError(t, err)
		equalAmount(t, "100", p.Authorized)
		_, err = ask(s, abandoned)
		require.ErrorIs(t, err, payment.ErrPending)
	})
	t.Run("back from a challenge", func(t *testing.T) {
		j := newJournal()
		s := newShop(t, options{store: j})
		x := s.session(s.collection("100", "EUR"), "sandbox", "100")
		require.ErrorIs(t, s.authorizeWith(x, sandboxprovider.Token3DS), payment.ErrRequiresMore)
		restore := j.backup()
		require.NoError(t, s.gateway.CompleteChallenge(s.freshSession(x.ID).Reference, true))
		s.authorize(x)

		s = s.over(restore(t))
		p, err := ask(s, x)
		require.NoError(t, err)
		equalAmount(t, "100", p.Authorized)
	})
	t.Run("never for the others", func(t *testing.T) {
		j := newJournal()
		s := newShop(t, options{store: j})
		cash, card := s.session(s.collection("7", "EUR"), "manual", "7"), s.session(s.collection("8", "EUR"), "sandbox", "8")
		s = s.over(j.backup()(t))
		for _, abandoned := range []*payment.PaymentSession{cash, card} {
			p, err := ask(s, abandoned)
			require.NoError(t, err)
			equalAmount(t, abandoned.Amount.String(), p.Authorized)
		}
	})
}
