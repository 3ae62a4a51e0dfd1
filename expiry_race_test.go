package payment_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// intruder steps in at one of the points where others could: before and after each call of the store or the gateway.
type intruder struct {
	payment.Store
	at     int    // the point, counted from 1
	passed int    // points so far
	where  string // the point's name, once it was reached
	act    func()
}

func (i *intruder) point(name string) {
	if i.act == nil {
		return
	}
	if i.passed++; i.passed == i.at {
		act := i.act
		i.where, i.act = name, nil
		act()
	}
}

func between[T any](i *intruder, name string, call func() (T, error)) (T, error) {
	i.point("before " + name)
	v, err := call()
	i.point("after " + name)
	return v, err
}

func (i *intruder) Load(ctx context.Context, by payment.Key) (*payment.Rows, error) {
	return between(i, "Load", func() (*payment.Rows, error) { return i.Store.Load(ctx, by) })
}

func (i *intruder) Commit(ctx context.Context, c *payment.Changes) error {
	_, err := between(i, "Commit", func() (bool, error) { return true, i.Store.Commit(ctx, c) })
	return err
}

func (i *intruder) Done(ctx context.Context, d payment.Due, again time.Time) error {
	_, err := between(i, "Done", func() (bool, error) { return true, i.Store.Done(ctx, d, again) })
	return err
}

// Whatever the shopper and the host do while a session expires, and whenever: one authorization at the most, the books agree, and what
// was told stays true.
func TestExpiryAndWhatComesInBetween(t *testing.T) {
	authorize := func(name string) func(s *shop, x *payment.PaymentSession) error {
		return func(s *shop, x *payment.PaymentSession) error {
			_, err := s.AuthorizeSession(s.t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID, Input: token(name)})
			return err
		}
	}
	acts := map[string]func(s *shop, x *payment.PaymentSession) error{
		"authorizes":           authorize(sandboxprovider.TokenVisa),
		"authorizes and takes": authorize(sandboxprovider.TokenAuto),
		"begins a challenge":   authorize(sandboxprovider.Token3DS),
		"is declined":          authorize(sandboxprovider.TokenDeclined),
		"is being decided":     authorize(sandboxprovider.TokenDelayed),
		"gets a 500":           authorize(sandboxprovider.Token500),
		"authorizes impatiently": func(s *shop, x *payment.PaymentSession) error {
			ctx, cancel := context.WithCancel(s.t.Context())
			cancel()
			_, err := s.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: x.ID})
			return err
		},
		"authorizes, answer lost": func(s *shop, x *payment.PaymentSession) error {
			s.fail(sandboxprovider.MethodConfirm, sandboxprovider.FaultAnswerLost)
			return authorize(sandboxprovider.TokenVisa)(s, x)
		},
		"authorizes, request late": func(s *shop, x *payment.PaymentSession) error {
			s.fail(sandboxprovider.MethodConfirm, sandboxprovider.FaultRequestDelayed)
			return authorize(sandboxprovider.TokenVisa)(s, x)
		},
		"changes the amount": func(s *shop, x *payment.PaymentSession) error {
			_, err := s.UpdateSession(s.t.Context(), payment.UpdateSessionParams{SessionID: x.ID, Amount: amount("60")})
			return err
		},
		"cancels": func(s *shop, x *payment.PaymentSession) error {
			_, err := s.CancelSession(s.t.Context(), payment.CancelSessionParams{SessionID: x.ID})
			return err
		},
	}
	reached, outcomes := map[string]bool{}, map[string]int{}
	for name, act := range acts {
		for n := 1; ; n++ {
			in := &intruder{Store: memstore.New(), at: n}
			h := &hook{}
			s := newShop(t, options{store: in, config: payment.Config{SessionLifetime: time.Hour}, wrap: func(p payment.Provider) payment.Provider {
				return faulty{Provider: h.wrap(p), status: func(ctx context.Context, r payment.StatusRequest) (payment.Snapshot, error) {
					return between(in, "Status", func() (payment.Snapshot, error) { return p.Status(ctx, r) })
				}}
			}})
			h.set(func(m sandboxprovider.Method, call func() (payment.Snapshot, error)) (payment.Snapshot, error) {
				return between(in, string(m), call)
			})
			c := s.collection("100", "EUR")
			x := s.session(c, "sandbox", "100")
			s.clock.Advance(time.Hour)
			var said error
			in.act = func() { said = act(s, x) }
			_, err := s.Reconcile(t.Context())
			if in.where == "" {
				require.Greater(t, n, 10, "the points were counted")
				break
			}
			at := fmt.Sprintf("%s at point %d, %s", name, n, in.where)
			require.NoError(t, err, at)
			reached[in.where] = true
			for range 3 {
				s.reconcile(time.Hour)
				s.gateway.DeliverDelayed()
			}
			if i := s.intent(x.ID); i.Status == sandboxprovider.IntentProcessing {
				require.NoError(t, s.gateway.ResolveDelayed(i.Reference, false), at)
			}
			for range 4 {
				s.reconcile(26 * time.Hour)
			}
			now := s.freshSession(x.ID)
			outcomes[name+": "+string(now.Status)]++
			require.Contains(t, []payment.SessionStatus{payment.StatusAuthorized, payment.StatusCanceled}, now.Status, at)
			require.Empty(t, s.openOperations(t), at)
			require.LessOrEqual(t, s.gateway.Authorizations(x.ID), 1, at)
			s.agree(c.ID)
			if said == nil && name != "cancels" && name != "changes the amount" {
				require.Equal(t, payment.StatusAuthorized, now.Status, "told that it is authorized: "+at)
			}
			if errors.Is(said, payment.ErrCanceled) {
				require.Equal(t, payment.StatusCanceled, now.Status, "told that it is canceled: "+at)
			}
		}
	}
	for _, where := range []string{"before Status", "after Status", "before Commit", "after Commit", "before cancel", "after cancel", "before Load", "before Done"} {
		require.True(t, reached[where], where)
	}
	for _, outcome := range []string{"authorizes: authorized", "authorizes: canceled", "begins a challenge: canceled", "authorizes, answer lost: authorized"} {
		require.Positive(t, outcomes[outcome], outcome)
	}
}

// A shopper who comes while the cancellation is under way waits for it, and learns of it. One who came first is not interrupted.
func TestShopperAndExpiryAtOnce(t *testing.T) {
	for name, expiryFirst := range map[string]bool{"the cancellation is under way": true, "the authorization is under way": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := &hook{}
				s := newShop(t, options{realTime: true, wrap: h.wrap, config: payment.Config{SessionLifetime: time.Minute}})
				x := s.session(s.collection("100", "EUR"), "sandbox", "100")
				time.Sleep(time.Minute)
				h.set(func(_ sandboxprovider.Method, call func() (payment.Snapshot, error)) (payment.Snapshot, error) {
					time.Sleep(3 * time.Second)
					return call()
				})
				result := make(chan error)
				come := func() {
					_, err := s.tryAuthorize(x)
					result <- err
				}
				if expiryFirst {
					go func() {
						time.Sleep(time.Second)
						come()
					}()
				} else {
					go come()
					time.Sleep(time.Second)
				}
				_, err := s.Reconcile(t.Context())
				require.NoError(t, err)
				err = <-result
				now := s.freshSession(x.ID)
				if expiryFirst {
					require.ErrorIs(t, err, payment.ErrCanceled)
					require.Equal(t, payment.StatusCanceled, now.Status)
					require.Empty(t, s.calls(sandboxprovider.MethodConfirm))
				} else {
					require.NoError(t, err)
					require.Empty(t, s.calls(sandboxprovider.MethodCancel))
					s.booksAgree(t, now.PaymentID)
				}
				time.Sleep(time.Hour)
				_, err = s.Reconcile(t.Context())
				require.NoError(t, err)
				require.Equal(t, now.Status, s.freshSession(x.ID).Status)
				s.agree(x.CollectionID)
			})
		})
	}
}

// One who comes between the question and the cancellation is not waited for: the rest of the work has its turn.
func TestExpiryWaitsForNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, h := &intruder{Store: memstore.New()}, &hook{}
		s := newShop(t, options{realTime: true, store: in, config: payment.Config{SessionLifetime: time.Minute, KeepCollections: -1}, wrap: func(p payment.Provider) payment.Provider {
			return faulty{Provider: h.wrap(p), status: func(ctx context.Context, r payment.StatusRequest) (payment.Snapshot, error) {
				snapshot, err := p.Status(ctx, r)
				in.passed, in.at = 0, 1
				return snapshot, err
			}}
		}})
		h.set(func(_ sandboxprovider.Method, call func() (payment.Snapshot, error)) (payment.Snapshot, error) {
			time.Sleep(10 * time.Second)
			return call()
		})
		x := s.session(s.collection("100", "EUR"), "sandbox", "100")
		time.Sleep(time.Minute)
		result := make(chan error)
		in.act = func() {
			go func() {
				_, err := s.tryAuthorize(x)
				result <- err
			}()
			time.Sleep(time.Second)
		}
		began := time.Now()
		_, err := s.Reconcile(t.Context())
		require.NoError(t, err)
		require.Equal(t, "before Load", in.where)
		require.Equal(t, time.Second, time.Since(began))
		require.NoError(t, <-result)
		s.booksAgree(t, s.freshSession(x.ID).PaymentID)
	})
}
