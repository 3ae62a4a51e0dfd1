package payment_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sandboxprovider"
)

var errFailover = &payment.StoreError{Problem: payment.StoreGone, Advice: "wait for it"}

// newFailover returns a shop whose store fails so many commits once the gateway has answered.
func newFailover(t *testing.T, commits int) *shop {
	t.Helper()
	h, store := &hook{}, &frailStore{Store: memstore.New()}
	s := newShop(t, options{wrap: h.wrap, store: store})
	h.set(func(m sandboxprovider.Method, call func() (payment.Snapshot, error)) (payment.Snapshot, error) {
		if left := commits; m == sandboxprovider.MethodConfirm {
			store.set(func(commit func() error) error {
				if left == 0 {
					return commit()
				}
				left--
				return errFailover
			})
		}
		return call()
	})
	return s
}

// A database that is away for a moment, after the gateway has answered, leaves nobody with a payment whose outcome is not known.
func TestAnswerIsRecordedOnceTheStoreIsBack(t *testing.T) {
	s := newFailover(t, 6)
	x := s.session(s.collection("100", "EUR"), "sandbox", "100")
	began := s.clock.Now()
	p := s.authorize(x)
	equalAmount(t, "100", s.booksAgree(t, p.ID).Authorized)
	require.Equal(t, 1, s.executed(sandboxprovider.MethodConfirm))
	require.Less(t, s.clock.Now().Sub(began), 10*time.Second)
}

// Where it stays away, the caller is told so while the lease still runs, and of nothing but what is stored.
func TestAnswerThatIsNotRecordedIsNotTold(t *testing.T) {
	s := newFailover(t, -1)
	x := s.session(s.collection("100", "EUR"), "sandbox", "100")
	began := s.clock.Now()
	_, err := s.tryAuthorize(x)
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	require.ErrorIs(t, err, errFailover)
	waited := s.clock.Now().Sub(began)
	require.Greater(t, waited, 8*time.Second)
	require.LessOrEqual(t, waited, 10*time.Second)

	var e *payment.SessionError
	require.ErrorAs(t, err, &e)
	require.Equal(t, rowTexts(sessionRows(s.freshSession(x.ID))), rowTexts(sessionRows(e.Session)))
	require.NotEmpty(t, e.Session.OperationID)
	require.Empty(t, e.Session.PaymentID)
	require.Equal(t, payment.StatusPending, e.Session.Status)
}

// What a pure provider's call was to hold is not stored when it gives no answer, and not told either.
func TestPureProviderWithoutAnswerHoldsNothing(t *testing.T) {
	p := &scripted{answer: usual, info: payment.ProviderInfo{Pure: true}}
	s := newShop(t, options{more: []payment.Provider{p}})
	x := s.session(s.collection("100", "EUR"), "scripted", "100")
	p.on(payment.OperationAuthorize, func(*payment.Snapshot, payment.Request) error { return errors.New("no answer") })
	_, err := s.tryAuthorize(x)
	require.ErrorIs(t, err, payment.ErrNotSent)
	var e *payment.SessionError
	require.ErrorAs(t, err, &e)
	require.Equal(t, rowTexts(sessionRows(s.freshSession(x.ID))), rowTexts(sessionRows(e.Session)))
	require.True(t, e.Session.Held.IsZero())
}

func sessionRows(x *payment.PaymentSession) *payment.Rows {
	return &payment.Rows{Sessions: []*payment.PaymentSession{x}}
}
