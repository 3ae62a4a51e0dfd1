package payment_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// writeCounter counts what is written, and can refuse it.
type writeCounter struct {
	payment.Store
	writes  atomic.Int64
	refusal error
}

func (c *writeCounter) Commit(ctx context.Context, ch *payment.Changes) error {
	c.writes.Add(1)
	if c.refusal != nil {
		return c.refusal
	}
	return c.Store.Commit(ctx, ch)
}

func (c *writeCounter) PutDelivery(ctx context.Context, d *payment.Delivery) error {
	c.writes.Add(1)
	return c.Store.PutDelivery(ctx, d)
}

func (c *writeCounter) PutSettings(ctx context.Context, set *payment.Settings) error {
	c.writes.Add(1)
	if c.refusal != nil {
		return c.refusal
	}
	return c.Store.PutSettings(ctx, set)
}

// In a host's transaction nothing is called that could take time or could not be rolled back.
func TestInTransactionNoGatewayIsCalled(t *testing.T) {
	store := &writeCounter{Store: memstore.New()}
	s := newShop(t, options{store: store})
	c := s.collection("500", "EUR")
	pending := s.session(c, "sandbox", "100")
	waiting := s.session(c, "sandbox", "50")
	_, err := s.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: waiting.ID, Input: token("tok_delayed")})
	require.ErrorIs(t, err, payment.ErrPending)
	paid := s.authorize(s.session(c, "sandbox", "80"))
	_, err = s.capture(paid, "30")
	require.NoError(t, err)
	webhook := s.gateway.Webhooks()[0]
	challenged := s.session(c, "sandbox", "20")
	challenge := payment.AuthorizeSessionParams{SessionID: challenged.ID, Input: token("tok_3ds"), IdempotencyKey: "d"}
	_, err = s.AuthorizeSession(t.Context(), challenge)
	require.ErrorIs(t, err, payment.ErrRequiresMore)
	mixed := s.collection("500", "EUR")
	pure := s.session(mixed, "manual", "10")
	impure := s.session(mixed, "sandbox", "10")
	calls, writes := len(s.gateway.Requests()), store.writes.Load()

	tx := s.WithStore(store)
	ctx := t.Context()
	for name, call := range map[string]func() error{
		"create": func() error {
			_, err := tx.CreateSession(ctx, payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "sandbox", Amount: dec("10")})
			return err
		},
		"update": func() error {
			_, err := tx.UpdateSession(ctx, payment.UpdateSessionParams{SessionID: pending.ID, Amount: amount("20")})
			return err
		},
		"supersede": func() error {
			_, err := tx.CreateSession(ctx, payment.CreateSessionParams{
				CollectionID: c.ID, ProviderID: "manual", Amount: dec("10"), Supersede: []string{pending.ID},
			})
			return err
		},
		"authorize": func() error {
			_, err := tx.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: pending.ID, IdempotencyKey: "a"})
			return err
		},
		"ask": func() error {
			_, err := tx.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: waiting.ID, IdempotencyKey: "b"})
			return err
		},
		"supersede a pure one": func() error {
			_, err := tx.CreateSession(ctx, payment.CreateSessionParams{
				CollectionID: mixed.ID, ProviderID: "sandbox", Amount: dec("10"), Supersede: []string{pure.ID},
			})
			return err
		},
		"supersede both": func() error {
			_, err := tx.CreateSession(ctx, payment.CreateSessionParams{
				CollectionID: mixed.ID, ProviderID: "manual", Amount: dec("10"), Supersede: []string{pure.ID, impure.ID},
			})
			return err
		},
		"cancel all": func() error { _, err := tx.CancelCollection(ctx, mixed.ID); return err },
		"delete":     func() error { return tx.DeleteCollection(ctx, mixed.ID) },
		"ask again":  func() error { _, err := tx.AuthorizeSession(ctx, challenge); return err },
		"cancel": func() error {
			_, err := tx.CancelSession(ctx, payment.CancelSessionParams{SessionID: pending.ID})
			return err
		},
		"capture": func() error {
			_, err := tx.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: paid.ID, Amount: amount("10"), IdempotencyKey: "c"})
			return err
		},
		"refund": func() error {
			_, err := tx.RefundPayment(ctx, payment.RefundPaymentParams{PaymentID: paid.ID, Amount: amount("10")})
			return err
		},
		"void": func() error {
			_, err := tx.CancelPayment(ctx, payment.CancelPaymentParams{PaymentID: paid.ID})
			return err
		},
		"webhook":   func() error { _, err := tx.HandleWebhook(ctx, "sandbox", webhook); return err },
		"reconcile": func() error { _, err := tx.Reconcile(ctx); return err },
		"run":       func() error { return tx.Run(ctx, time.Second) },
		"resolve": func() error {
			_, err := tx.ResolveOperation(ctx, payment.ResolveOperationParams{OperationID: "op_1", Outcome: payment.ResolveAsk, By: "ann"})
			return err
		},
	} {
		require.ErrorIs(t, call(), payment.ErrInTransaction, name)
		require.Len(t, s.gateway.Requests(), calls, name)
		require.Equal(t, writes, store.writes.Load(), name)
	}

	// What is only rows, or a pure provider's, is done.
	x, err := tx.CreateSession(ctx, payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "manual", Amount: dec("10")})
	require.NoError(t, err)
	_, err = tx.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: x.ID})
	require.NoError(t, err)
	again, err := tx.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: paid.SessionID})
	require.NoError(t, err)
	require.Equal(t, paid.ID, again.ID)
	_, err = tx.Timeline(ctx, c.ID)
	require.NoError(t, err)
	_, err = s.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: pending.ID})
	require.NoError(t, err, "the Service itself is what it was")
}

// A conflict is the host's: it repeats its whole transaction.
func TestInTransactionNothingIsRepeated(t *testing.T) {
	for _, refusal := range []error{payment.ErrConflict, payment.ErrDuplicate} {
		store := &writeCounter{Store: memstore.New()}
		s := newShop(t, options{store: store})
		c := s.collection("500", "EUR")
		store.refusal = refusal
		before := store.writes.Load()
		tx := s.WithStore(store)
		_, err := tx.UpdateCollection(t.Context(), payment.UpdateCollectionParams{CollectionID: c.ID, Amount: amount("400")})
		require.ErrorIs(t, err, refusal)
		_, err = tx.CreateCollection(t.Context(), payment.CreateCollectionParams{CurrencyCode: "EUR", Amount: dec("1")})
		require.ErrorIs(t, err, refusal)
		require.Equal(t, before+2, store.writes.Load())
		err = tx.SetProviderEnabled(t.Context(), "manual", false)
		require.ErrorIs(t, err, refusal)
		require.Equal(t, before+3, store.writes.Load())
	}
}

// Another call at work is not waited for.
func TestInTransactionNobodyIsWaitedFor(t *testing.T) {
	s := newShop(t, options{})
	c := s.collection("500", "EUR")
	x := s.session(c, "sandbox", "100")
	s.fail(sandboxprovider.MethodConfirm, sandboxprovider.FaultAnswerLost)
	keyed := payment.AuthorizeSessionParams{SessionID: x.ID, IdempotencyKey: "k"}
	_, err := s.AuthorizeSession(t.Context(), keyed)
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	before := s.clock.Now()
	_, err = s.WithStore(s.store).AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID})
	require.ErrorIs(t, err, payment.ErrInProgress)
	_, err = s.WithStore(s.store).AuthorizeSession(t.Context(), keyed)
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown, "it repeats the call that has begun it")
	require.Equal(t, before, s.clock.Now())
}
