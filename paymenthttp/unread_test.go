package paymenthttp_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/manualprovider"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/paymenthttp"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// blinking is a store that cannot be read any more once so many commits were made.
type blinking struct {
	payment.Store
	made, end atomic.Int64 // commits; end counts where it is more than zero
	blind     atomic.Bool
}

func (b *blinking) Commit(ctx context.Context, c *payment.Changes) error {
	err := b.Store.Commit(ctx, c)
	if err == nil && b.made.Add(1) == b.end.Load() {
		b.blind.Store(true)
	}
	return err
}

func (b *blinking) Load(ctx context.Context, k payment.Key) (*payment.Rows, error) {
	if b.blind.Load() {
		return nil, errors.New("connection reset by db1.internal")
	}
	return b.Store.Load(ctx, k)
}

func (b *blinking) List(ctx context.Context, kind payment.RowKind, f payment.Filter, p payment.Page) (*payment.Rows, error) {
	if b.blind.Load() {
		return nil, errors.New("connection reset by db1.internal")
	}
	return b.Store.List(ctx, kind, f, p)
}

// newShopOver returns a shop over a store.
func newShopOver(t *testing.T, store payment.Store) *shop {
	t.Helper()
	return newShop(t, func(cfg *paymenthttp.Config) {
		var err error
		cfg.Service, err = payment.NewService(store, payment.Config{Logger: cfg.Logger, Providers: []payment.Provider{
			sandboxprovider.New(sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{}), sandboxprovider.Config{}), manualprovider.New(),
		}})
		require.NoError(t, err)
	})
}

// What was done, and stored, is never answered with "try again": without a key, that would do it twice.
func TestDoneAndNotRead(t *testing.T) {
	paid := func(s *shop, session string) string {
		return s.pay("anna", session, "tok_visa").status(200).text("payment.id")
	}
	for what, before := range map[string]func(s *shop, session string) call{
		"authorize": func(_ *shop, session string) call {
			return call{"POST", "/store/payment-sessions/" + session + "/authorize", `{"data":{"token":"tok_visa"}}`}
		},
		"capture": func(s *shop, session string) call {
			return call{"POST", "/admin/payments/" + paid(s, session) + "/capture", `{"amount":10}`}
		},
		"refund": func(s *shop, session string) call {
			p := paid(s, session)
			s.admin("POST", "/payments/"+p+"/capture", "").status(200)
			return call{"POST", "/admin/payments/" + p + "/refund", `{"amount":10}`}
		},
		"cancel": func(s *shop, session string) call {
			return call{"POST", "/admin/payments/" + paid(s, session) + "/cancel", ""}
		},
		"mark as paid": func(s *shop, _ string) call {
			return call{"POST", "/admin/payment-collections/" + s.requested() + "/mark-as-paid", ""}
		},
	} {
		t.Run(what, func(t *testing.T) {
			begun := func() (*shop, *blinking, call) {
				store := &blinking{Store: memstore.New()}
				s := newShopOver(t, store)
				_, x := s.session("anna", "sandbox")
				return s, store, before(s, x)
			}
			s, twin, c := begun() // says how many commits it takes
			s.ask(c).status(200)
			s, store, c := begun()
			store.end.Store(twin.made.Load())
			a := s.ask(c).status(202, "outcome_unknown")
			require.True(t, store.blind.Load())
			require.Equal(t, "1", a.Header().Get("Retry-After"))
			require.NotContains(t, a.Body.String(), "internal")
			require.Contains(t, s.log.String(), "db1.internal", "an operator reads why")
			if what != "mark as paid" {
				require.NotEmpty(t, a.text("payment.id"))
			}
		})
	}
}

// forgetful is a store that makes one commit, does not say so, and is gone.
type forgetful struct {
	payment.Store
	armed, gone bool
}

func (f *forgetful) Commit(ctx context.Context, c *payment.Changes) error {
	switch {
	case f.gone:
		return &payment.StoreError{Problem: payment.StoreGone, Advice: "start db1.internal"}
	case !f.armed:
		return f.Store.Commit(ctx, c)
	}
	f.gone = true
	return errors.Join(f.Store.Commit(ctx, c), payment.ErrCommitUnknown)
}

// What may be stored is not answered with a plain "try again" either.
func TestMayBeDone(t *testing.T) {
	store := &forgetful{Store: memstore.New()}
	s := newShopOver(t, store)
	p := s.paid("anna", "tok_visa")
	store.armed = true
	a := s.admin("POST", "/payments/"+p+"/capture", `{"amount":10}`).status(503, "unavailable")
	require.Contains(t, a.text("message"), "same Idempotency-Key, or look first")
	require.NotContains(t, a.Body.String(), "internal")
}
