package payment_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// fixed is the sandbox provider of a gateway whose objects keep their amount.
type fixed struct {
	payment.Provider
	payment.Canceler
	payment.Capturer
	sandbox payment.Describer
}

func (f fixed) Describe() payment.ProviderInfo { return f.sandbox.Describe() }

// fixedShop is a shop whose gateway cannot change an amount.
func fixedShop(t *testing.T, o options) (*shop, *hook) {
	t.Helper()
	h := &hook{}
	o.wrap = func(p payment.Provider) payment.Provider {
		x := h.wrap(p).(*hooked)
		return fixed{x, x, x, x}
	}
	return newShop(t, o), h
}

// replace creates a session that supersedes another one.
func (s *shop) replace(old *payment.PaymentSession, to string) (*payment.PaymentSession, error) {
	return s.CreateSession(s.t.Context(), payment.CreateSessionParams{
		CollectionID: old.CollectionID, ProviderID: "sandbox", Amount: dec(to), Supersede: []string{old.ID}, IdempotencyKey: "to " + to,
	})
}

// requireReplaced says that a session was replaced by one new one, here and at the gateway, and pays with that.
func (s *shop) requireReplaced(old *payment.PaymentSession, to string) {
	s.t.Helper()
	require.Equal(s.t, payment.StatusCanceled, s.freshSession(old.ID).Status)
	require.Equal(s.t, sandboxprovider.IntentCanceled, s.intent(old.ID).Status)
	list, err := s.ListSessions(s.t.Context(), payment.ListParams{CollectionID: old.CollectionID})
	require.NoError(s.t, err)
	require.Len(s.t, list.Items, 2)
	require.Len(s.t, s.gateway.Intents(), 2)
	x := list.Items[1]
	equalAmount(s.t, to, s.intent(x.ID).Amount)
	equalAmount(s.t, to, s.authorize(x).Authorized)
	c := s.fresh(old.CollectionID)
	equalAmount(s.t, to, c.Authorized)
	equalAmount(s.t, "0", c.Held)
	s.agree(c.ID)
}

// What is owed changes while a shopper is about to pay: the session must follow before it can be authorized for more than is owed.
func TestSessionFollowsItsCollection(t *testing.T) {
	s := newShop(t, options{})
	c := s.collection("100", "EUR")
	x := s.session(c, "sandbox", "100")
	require.NoError(t, s.setAmount(c.ID, "80"))
	equalAmount(t, "100", s.freshSession(x.ID).Amount)
	require.ErrorIs(t, s.untouched(t, func() error { _, err := s.tryAuthorize(x); return err }), payment.ErrAmountExceeded)
	for _, to := range []string{"80", "79.99", "80"} {
		_, err := s.UpdateSession(t.Context(), payment.UpdateSessionParams{SessionID: x.ID, Amount: amount(to)})
		require.NoError(t, err)
		equalAmount(t, to, s.intent(x.ID).Amount)
	}
	require.ErrorIs(t, s.untouched(t, func() error {
		_, err := s.UpdateSession(t.Context(), payment.UpdateSessionParams{SessionID: x.ID, Amount: amount("80.01")})
		return err
	}), payment.ErrAmountExceeded)
	p := s.authorize(x)
	equalAmount(t, "80", s.booksAgree(t, p.ID).Authorized)
	require.Len(t, s.gateway.Intents(), 1, "a changed cart makes no second object")
	// From here on the money is held: what is owed does not fall below it, and the session is final.
	require.ErrorIs(t, s.untouched(t, func() error { return s.setAmount(c.ID, "79.99") }), payment.ErrNotAllowed)
	require.ErrorIs(t, s.untouched(t, func() error {
		_, err := s.UpdateSession(t.Context(), payment.UpdateSessionParams{SessionID: x.ID, Amount: amount("70")})
		return err
	}), payment.ErrNotAllowed)
	require.NoError(t, s.setAmount(c.ID, "100"))
	rest := s.authorize(s.session(c, "sandbox", "20"))
	equalAmount(t, "100", s.fresh(c.ID).Authorized)
	s.booksAgree(t, rest.ID)
}

// The same where the money is not authorized yet, but could be without us.
func TestAmountDoesNotFallBelowWhatIsHeld(t *testing.T) {
	s := newShop(t, options{})
	c := s.collection("100", "EUR")
	x := s.session(c, "sandbox", "60")
	require.ErrorIs(t, s.authorizeWith(x, sandboxprovider.Token3DS), payment.ErrRequiresMore)
	require.ErrorIs(t, s.untouched(t, func() error { return s.setAmount(c.ID, "59.99") }), payment.ErrNotAllowed)
	require.NoError(t, s.setAmount(c.ID, "60"))
	s.fail(sandboxprovider.MethodConfirm, sandboxprovider.FaultAnswerLost)
	require.ErrorIs(t, s.authorizeWith(x, sandboxprovider.TokenDeclined), payment.ErrOutcomeUnknown)
	require.ErrorIs(t, s.untouched(t, func() error { return s.setAmount(c.ID, "59.99") }), payment.ErrNotAllowed)
	s.reconcile(time.Minute)
	require.NoError(t, s.setAmount(c.ID, "59.99"))
}

// Where the gateway cannot change an amount, another session takes the old one's place: that is canceled at the gateway first, and here
// once the gateway has said so.
func TestGatewayWhoseAmountsAreFixed(t *testing.T) {
	s, h := fixedShop(t, options{})
	c := s.collection("100", "EUR")
	old := s.session(c, "sandbox", "100")
	require.NoError(t, s.setAmount(c.ID, "120"))
	require.ErrorIs(t, s.untouched(t, func() error {
		_, err := s.UpdateSession(t.Context(), payment.UpdateSessionParams{SessionID: old.ID, Amount: amount("120")})
		return err
	}), payment.ErrUnsupported)
	h.set(func(m sandboxprovider.Method, call func() (payment.Snapshot, error)) (payment.Snapshot, error) {
		switch m {
		case sandboxprovider.MethodCancel:
			require.Equal(t, payment.StatusPending, s.freshSession(old.ID).Status)
			require.Len(t, s.gateway.Intents(), 1)
		case sandboxprovider.MethodCreate:
			require.Equal(t, sandboxprovider.IntentCanceled, s.intent(old.ID).Status)
			require.Equal(t, payment.StatusCanceled, s.freshSession(old.ID).Status)
		}
		return call()
	})
	x, err := s.replace(old, "120")
	require.NoError(t, err)
	again, err := s.replace(old, "120")
	require.NoError(t, err)
	require.Equal(t, x.ID, again.ID)
	h.set(nil)
	s.requireReplaced(old, "120")
	// The same call says the same when nothing is owed any more.
	_, err = s.CapturePayment(t.Context(), payment.CapturePaymentParams{PaymentID: s.freshSession(x.ID).PaymentID})
	require.NoError(t, err)
	require.Equal(t, payment.CollectionCompleted, s.fresh(c.ID).Status())
	again, err = s.replace(old, "120")
	require.NoError(t, err)
	require.Equal(t, x.ID, again.ID)
}

// Nobody knows whether the old session was canceled: there is no new one then, and the same call goes on once it is known.
func TestSupersedeWhoseCancelIsUnknown(t *testing.T) {
	for _, held := range []bool{false, true} {
		for _, fault := range []sandboxprovider.FaultKind{
			sandboxprovider.FaultAnswerLost, sandboxprovider.FaultRequestLost, sandboxprovider.FaultServerErrorAfter, sandboxprovider.FaultRequestDelayed,
		} {
			t.Run(fmt.Sprintf("%s authorized %v", fault, held), func(t *testing.T) {
				s, _ := fixedShop(t, options{})
				c := s.collection("100", "EUR")
				old := s.session(c, "sandbox", "100")
				if held {
					s.authorize(old)
				}
				status := s.freshSession(old.ID).Status
				s.fail(sandboxprovider.MethodCancel, fault)
				s.fail(sandboxprovider.MethodRetrieve, sandboxprovider.FaultServerError, sandboxprovider.FaultServerError)
				for range 3 { // the call itself, and two that ask in vain
					_, err := s.replace(old, "90")
					require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
					var unknown *payment.SessionError
					require.ErrorAs(t, err, &unknown)
					require.Equal(t, old.ID, unknown.Session.ID)
					require.Equal(t, status, s.freshSession(old.ID).Status, "its row stays as it is until that is confirmed")
					require.Len(t, s.gateway.Intents(), 1)
				}
				_, err := s.replace(old, "90")
				require.NoError(t, err)
				s.gateway.DeliverDelayed()
				s.requireReplaced(old, "90")
				require.Len(t, s.keysOf(sandboxprovider.MethodCancel), 1)
				require.Equal(t, 1, s.executed(sandboxprovider.MethodCancel))
			})
		}
	}
}

// A held authorization is voided at the gateway, or nothing happens at all.
func TestSupersedeOfHeldMoney(t *testing.T) {
	for _, fault := range []sandboxprovider.FaultKind{sandboxprovider.FaultDeclined, sandboxprovider.FaultConnectionRefused, sandboxprovider.FaultTooManyRequests} {
		t.Run(string(fault), func(t *testing.T) {
			s := newShop(t, options{})
			c := s.collection("100", "EUR")
			p := s.paid("sandbox", "5", "EUR") // of another collection, and no matter of this one
			old := s.session(c, "sandbox", "100")
			held := s.authorize(old)
			s.fail(sandboxprovider.MethodCancel, fault)
			_, err := s.replace(old, "90")
			require.Error(t, err)
			require.NotErrorIs(t, err, payment.ErrOutcomeUnknown)
			require.Equal(t, payment.StatusAuthorized, s.freshSession(old.ID).Status)
			equalAmount(t, "100", s.booksAgree(t, held.ID).Capturable)
			list, err := s.ListSessions(t.Context(), payment.ListParams{CollectionID: c.ID})
			require.NoError(t, err)
			require.Len(t, list.Items, 1)
			_, err = s.replace(old, "90")
			require.NoError(t, err)
			equalAmount(t, "100", s.booksAgree(t, held.ID).Released)
			equalAmount(t, "5", s.booksAgree(t, p.ID).Capturable)
		})
	}
	t.Run("captured", func(t *testing.T) {
		s := newShop(t, options{})
		c := s.collection("100", "EUR")
		x, y := s.session(c, "sandbox", "50"), s.session(c, "sandbox", "50")
		s.authorize(x)
		_, err := s.capture(s.authorize(y), "10")
		require.NoError(t, err)
		require.ErrorIs(t, s.untouched(t, func() error {
			_, err := s.CreateSession(t.Context(), payment.CreateSessionParams{
				CollectionID: c.ID, ProviderID: "sandbox", Amount: dec("100"), Supersede: []string{x.ID, y.ID},
			})
			return err
		}), payment.ErrNotAllowed)
	})
	t.Run("more than is freed", func(t *testing.T) {
		s := newShop(t, options{})
		c := s.collection("100", "EUR")
		x, other := s.session(c, "sandbox", "50"), s.session(c, "sandbox", "50")
		s.authorize(x)
		s.authorize(other)
		require.ErrorIs(t, s.untouched(t, func() error { _, err := s.replace(x, "50.01"); return err }), payment.ErrAmountExceeded)
	})
	t.Run("one of two", func(t *testing.T) {
		s := newShop(t, options{})
		c := s.collection("100", "EUR")
		x, y := s.session(c, "sandbox", "50"), s.session(c, "sandbox", "50")
		s.authorize(x)
		s.authorize(y)
		params := payment.CreateSessionParams{
			CollectionID: c.ID, ProviderID: "sandbox", Amount: dec("100"), Supersede: []string{x.ID, y.ID}, IdempotencyKey: "one for both",
		}
		s.fail(sandboxprovider.MethodCancel, "", sandboxprovider.FaultDeclined)
		_, err := s.CreateSession(t.Context(), params)
		require.ErrorIs(t, err, payment.ErrDeclined)
		require.Equal(t, payment.StatusAuthorized, s.freshSession(y.ID).Status)
		equalAmount(t, "50", s.fresh(c.ID).Authorized)
		s.agree(c.ID)
		one, err := s.CreateSession(t.Context(), params)
		require.NoError(t, err)
		equalAmount(t, "100", s.authorize(one).Authorized)
		s.agree(c.ID)
	})
}

// Whoever dies while a session is replaced leaves nothing that the same call does not finish.
func TestSupersedeThatIsInterrupted(t *testing.T) {
	for _, held := range []bool{false, true} {
		for _, applied := range []bool{false, true} {
			for n := 1; ; n++ {
				store := &breaking{Store: memstore.New()}
				s, _ := fixedShop(t, options{store: store})
				c := s.collection("100", "EUR")
				old := s.session(c, "sandbox", "100")
				if held {
					s.authorize(old)
				}
				store.commits, store.breakAt = 0, n
				store.fault = func(inner payment.Store, ctx context.Context, c *payment.Changes) error {
					store.dead = true
					if applied {
						require.NoError(t, inner.Commit(ctx, c))
					}
					return errDead
				}
				_, err := s.replace(old, "90")
				if !store.dead {
					require.NoError(t, err)
					require.Equal(t, 5, n, "begin and settle of a cancellation, begin and settle of an initialization")
					break
				}
				require.Error(t, err)
				store.dead = false
				if errors.Is(err, payment.ErrOutcomeUnknown) {
					s.clock.Advance(time.Minute)
				}
				s.clock.Advance(time.Minute)
				_, err = s.replace(old, "90")
				require.NoError(t, err, "commit %d", n)
				s.requireReplaced(old, "90")
			}
		}
	}
}

// The shopper pays with the old session while it is changed or replaced. Whoever is first, no more is held than is owed, and the books agree.
func TestAmountChangesAndAShopperInBetween(t *testing.T) {
	changes := map[string]func(s *shop, x *payment.PaymentSession) error{
		"updated": func(s *shop, x *payment.PaymentSession) error {
			_, err := s.UpdateSession(s.t.Context(), payment.UpdateSessionParams{SessionID: x.ID, Amount: amount("60")})
			return err
		},
		"raised": func(s *shop, x *payment.PaymentSession) error {
			_, err := s.UpdateSession(s.t.Context(), payment.UpdateSessionParams{SessionID: x.ID, Amount: amount("100")})
			return err
		},
		"replaced": func(s *shop, x *payment.PaymentSession) error {
			_, err := s.replace(x, "60")
			return err
		},
		"owed less": func(s *shop, x *payment.PaymentSession) error { return s.setAmount(x.CollectionID, "60") },
	}
	seen := map[string]bool{}
	for name, change := range changes {
		for _, with := range []string{sandboxprovider.TokenVisa, sandboxprovider.Token3DS, sandboxprovider.TokenDelayed, sandboxprovider.Token500} {
			for n := 1; ; n++ {
				in, h := &intruder{Store: memstore.New(), at: n}, &hook{}
				s := newShop(t, options{store: in, wrap: h.wrap})
				h.set(func(m sandboxprovider.Method, call func() (payment.Snapshot, error)) (payment.Snapshot, error) {
					return between(in, string(m), call)
				})
				c := s.collection("100", "EUR")
				x := s.session(c, "sandbox", "80")
				var paid error
				in.act = func() { paid = s.authorizeWith(x, with) }
				changed := change(s, x)
				if in.where == "" {
					require.NoError(t, changed)
					break
				}
				at := fmt.Sprintf("%s, %s, at point %d, %s: %v, %v", name, with, n, in.where, changed, paid)
				s.reconcile(time.Hour)
				if i := s.intent(x.ID); i.Status == sandboxprovider.IntentRequiresAction {
					require.NoError(t, s.gateway.CompleteChallenge(i.Reference, true), at)
				} else if i.Status == sandboxprovider.IntentProcessing {
					require.NoError(t, s.gateway.ResolveDelayed(i.Reference, true), at)
				}
				for range 3 {
					s.reconcile(26 * time.Hour)
				}
				require.Empty(t, s.openOperations(t), at)
				s.agree(c.ID)
				c = s.fresh(c.ID)
				require.True(t, c.Authorized.Add(c.Held).LessThanOrEqual(c.Amount), at)
				now := s.freshSession(x.ID)
				seen[fmt.Sprintf("%s %s %s", name, now.Status, now.Amount)] = true
				if now.PaymentID != "" {
					require.True(t, s.payment(now.PaymentID).Authorized.Equal(now.Amount), at)
				}
				if changed == nil && name == "replaced" {
					require.Equal(t, payment.StatusCanceled, now.Status, at)
				}
				if changed == nil && name == "updated" {
					equalAmount(t, "60", now.Amount)
				}
			}
		}
	}
	for _, outcome := range []string{
		"updated authorized 60", "updated authorized 80", "raised authorized 100", "raised authorized 80",
		"replaced canceled 80", "owed less pending 80", "owed less authorized 80",
	} {
		require.True(t, seen[outcome], "%s of %v", outcome, seen)
	}
}

// What is authorized can be kept: a host that has told its shopper so does not void it by mistake.
func TestAuthorizedMoneyIsKept(t *testing.T) {
	s := newShop(t, options{})
	c := s.collection("100", "EUR")
	x := s.session(c, "sandbox", "100")
	p := s.authorize(x)
	_, err := s.CancelSession(t.Context(), payment.CancelSessionParams{SessionID: x.ID, KeepAuthorized: true})
	require.ErrorIs(t, err, payment.ErrNotAllowed)
	_, err = s.CreateSession(t.Context(), payment.CreateSessionParams{
		CollectionID: c.ID, ProviderID: "sandbox", Amount: dec("100"), Supersede: []string{x.ID}, KeepAuthorized: true,
	})
	require.ErrorIs(t, err, payment.ErrNotAllowed)
	p, err = s.GetPayment(t.Context(), p.ID)
	require.NoError(t, err)
	require.Zero(t, p.CanceledAt)
	_, err = s.CancelSession(t.Context(), payment.CancelSessionParams{SessionID: x.ID})
	require.NoError(t, err)
}
