package payment_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// inBrowser is a shop whose shoppers confirm in the browser, with a session that one of them has confirmed with a token; none if it is empty.
func inBrowser(t *testing.T, with string, wrap func(payment.Provider) payment.Provider) (*shop, *payment.PaymentSession) {
	t.Helper()
	s := newShop(t, options{sandbox: sandboxprovider.Config{ClientConfirms: true}, wrap: wrap})
	x := s.session(s.collection("100", "EUR"), "sandbox", "100")
	if with != "" {
		s.confirmInBrowser(x, with)
	}
	return s, x
}

func (s *shop) confirmInBrowser(x *payment.PaymentSession, token string) {
	s.t.Helper()
	client, _ := x.Data["client_token"].(string)
	err := s.gateway.ConfirmInBrowser(client, token)
	require.Equal(s.t, token == "tok_declined", err != nil)
}

func (s *shop) cancelKept(x *payment.PaymentSession) error {
	_, err := s.CancelSession(s.t.Context(), payment.CancelSessionParams{SessionID: x.ID, KeepAuthorized: true})
	return err
}

// What the shopper has paid in the browser is kept, though no message has told of it yet.
func TestWhatTheBrowserHasPaidIsKept(t *testing.T) {
	s, x := inBrowser(t, "tok_visa", nil)
	require.ErrorIs(t, s.cancelKept(x), payment.ErrNotAllowed)
	require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status, "and it is known by now")

	s, x = inBrowser(t, "tok_visa", nil)
	_, err := s.CreateSession(t.Context(), payment.CreateSessionParams{
		CollectionID: x.CollectionID, ProviderID: "manual", Amount: dec("100"), Supersede: []string{x.ID}, KeepAuthorized: true,
	})
	require.ErrorIs(t, err, payment.ErrNotAllowed)
	require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
	require.Empty(t, s.calls(sandboxprovider.MethodCancel))
}

// Nothing is asked where the authorization may be voided, or where only calls of ours authorize.
func TestWhoIsNotAskedBeforeACancel(t *testing.T) {
	s, x := inBrowser(t, "tok_visa", nil)
	_, err := s.CancelSession(t.Context(), payment.CancelSessionParams{SessionID: x.ID})
	require.NoError(t, err)
	require.Empty(t, s.calls(sandboxprovider.MethodRetrieve))

	s = newShop(t, options{})
	x = s.session(s.collection("100", "EUR"), "sandbox", "100")
	require.NoError(t, s.cancelKept(x))
	require.Empty(t, s.calls(sandboxprovider.MethodRetrieve))
}

// What nobody has paid is canceled, and what the gateway decides about is not.
func TestWhatTheBrowserHasNotPaidIsCanceled(t *testing.T) {
	for token, status := range map[string]payment.SessionStatus{
		"": payment.StatusCanceled, "tok_declined": payment.StatusCanceled, "tok_3ds": payment.StatusCanceled, "tok_delayed": payment.StatusPending,
	} {
		s, x := inBrowser(t, token, nil)
		err := s.cancelKept(x)
		if status == payment.StatusCanceled {
			require.NoError(t, err, token)
		} else {
			require.ErrorIs(t, err, payment.ErrNotAllowed, token)
		}
		require.Equal(t, status, s.freshSession(x.ID).Status, token)
		require.Len(t, s.calls(sandboxprovider.MethodRetrieve), 1, token)
	}
}

// A gateway that gives no answer could hold what the shopper has paid: nothing is canceled.
func TestNothingIsCanceledBlindly(t *testing.T) {
	s, x := inBrowser(t, "tok_visa", nil)
	s.fail(sandboxprovider.MethodRetrieve, sandboxprovider.FaultConnectionRefused)
	err := s.cancelKept(x)
	require.ErrorIs(t, err, payment.ErrNotSent)
	said, ok := err.(*payment.SessionError) //nolint:errorlint // it is returned as it is
	require.True(t, ok)
	require.Equal(t, x.ID, said.Session.ID)
	require.NotZero(t, said.RetryAfter)
	require.Empty(t, s.calls(sandboxprovider.MethodCancel))
	require.ErrorIs(t, s.cancelKept(x), payment.ErrNotAllowed)
}

// whenAsked does something while its gateway answers.
type whenAsked struct {
	payment.Provider
	payment.Canceler

	do func()
}

func (p *whenAsked) Describe() payment.ProviderInfo { return p.Provider.(payment.Describer).Describe() } //nolint:forcetypeassert // it is one

func (p *whenAsked) Status(ctx context.Context, r payment.StatusRequest) (payment.Snapshot, error) {
	answer, err := p.Provider.Status(ctx, r)
	if do := p.do; do != nil {
		p.do = nil
		do()
	}
	return answer, err
}

// News that others have made old by the time it comes does not count: the gateway is asked again.
func TestACancelDoesNotGoByAnOldAnswer(t *testing.T) {
	slow := &whenAsked{}
	s, x := inBrowser(t, "tok_declined", func(p payment.Provider) payment.Provider {
		slow.Provider, slow.Canceler = p, p.(payment.Canceler) //nolint:forcetypeassert // it is one
		return slow
	})
	slow.do = func() {
		s.confirmInBrowser(x, "tok_visa")
		_, err := s.UpdateSession(t.Context(), payment.UpdateSessionParams{SessionID: x.ID, Metadata: &payment.Data{"seen": true}})
		require.NoError(t, err)
	}
	require.ErrorIs(t, s.cancelKept(x), payment.ErrNotAllowed)
	require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
	require.Empty(t, s.calls(sandboxprovider.MethodCancel))
}

// A cancel that was lost is not sent again once the shopper has paid what is to be kept.
func TestKeepAuthorizedThoughTheCancelWasLost(t *testing.T) {
	s, p := withGateway(t, payment.ProviderInfo{ClientConfirms: true, KeyTTL: 24 * time.Hour})
	x := s.session(s.collection("100", "EUR"), "scripted", "100")
	state := payment.SnapshotPending
	p.isAt(&state)
	lost := true
	p.on(payment.OperationCancel, func(*payment.Snapshot, payment.Request) error {
		if lost {
			return errLost // it never arrived
		}
		state = payment.SnapshotCanceled
		return nil
	})
	require.ErrorIs(t, s.cancelKept(x), payment.ErrOutcomeUnknown)
	lost, state = false, payment.SnapshotAuthorized // the shopper pays
	s.reconcile(time.Minute)
	require.Equal(t, payment.SnapshotAuthorized, state, "voided: %v", p.calls)
}
