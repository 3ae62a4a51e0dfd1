package sandboxprovider_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

func TestAsyncCaptures(t *testing.T) {
	s := newShop(t, gatewayConfig{AsyncCaptures: true}, config{})
	s.authorized()
	got, err := s.capture("", "4", false)
	require.NoError(t, err)
	require.Equal(t, payment.MovementPending, got.Movements[0].State)
	s.moved("0", "0", "6")
	_, err = s.capture("", "6.01", false)
	s.kind("declined", err) // what is pending counts
	_, err = s.refund("", "1")
	s.kind("declined", err) // nothing is captured yet
	require.NoError(t, s.gw.ResolveMovement("cap_000001", true))
	s.moved("4", "0", "6")
	require.Error(t, s.gw.ResolveMovement("cap_000001", false), "it was resolved")
	require.Error(t, s.gw.ResolveMovement("cap_000009", true), "there is none")

	_, err = s.capture("", "6", false)
	require.NoError(t, err)
	require.Equal(t, sandboxprovider.IntentSucceeded, s.books().Status)
	require.NoError(t, s.gw.ResolveMovement("cap_000002", false))
	s.moved("4", "0", "6") // what failed can be captured again
	require.Equal(t, payment.MovementFailed, s.status("").Movements[1].State)
}

func TestAsyncCaptureFailsAfterVoid(t *testing.T) {
	s := newShop(t, gatewayConfig{AsyncCaptures: true}, config{})
	s.authorized()
	_, err := s.capture("", "4", false)
	require.NoError(t, err)
	got, err := s.cancel("")
	require.NoError(t, err)
	require.Equal(t, payment.SnapshotAuthorized, got.State, "the capture is under way")
	require.NoError(t, s.gw.ResolveMovement("cap_000001", false))
	s.moved("0", "0", "0")
	require.Equal(t, payment.SnapshotCanceled, s.status("").State)
}

func TestAsyncFinalCaptureFails(t *testing.T) {
	s := newShop(t, gatewayConfig{AsyncCaptures: true}, config{})
	s.authorized()
	_, err := s.capture("", "4", true)
	require.NoError(t, err)
	require.NoError(t, s.gw.ResolveMovement("cap_000001", false))
	s.moved("0", "0", "4") // the rest stays released
}

func TestAsyncAutoCapture(t *testing.T) {
	s := newShop(t, gatewayConfig{AsyncCaptures: true, AutoCapture: true}, config{})
	s.authorized()
	s.moved("0", "0", "0")
	require.NoError(t, s.gw.ResolveMovement("cap_000001", true))
	s.moved("10", "0", "0")
}

func TestAsyncRefunds(t *testing.T) {
	s := newShop(t, gatewayConfig{AsyncRefunds: true}, config{})
	s.authorized()
	_, err := s.capture("", "10", false)
	require.NoError(t, err)
	got, err := s.refund("", "4")
	require.NoError(t, err)
	require.Equal(t, payment.MovementPending, got.Movements[1].State)
	s.moved("10", "0", "0")
	_, err = s.refund("", "6.01")
	s.kind("declined", err)
	require.Error(t, s.gw.ReturnRefund("ref_000001"), "it has not succeeded")
	require.NoError(t, s.gw.ResolveMovement("ref_000001", true))
	s.moved("10", "4", "0")
}

func TestReturnedRefund(t *testing.T) {
	s := newShop(t, gatewayConfig{}, config{})
	s.authorized()
	_, err := s.capture("", "10", false)
	require.NoError(t, err)
	_, err = s.refund("", "10")
	require.NoError(t, err)
	require.Error(t, s.gw.ReturnRefund("cap_000001"), "a capture is no refund")
	require.NoError(t, s.gw.ReturnRefund("ref_000001"))
	s.moved("10", "0", "0")
	require.Equal(t, payment.MovementFailed, s.status("").Movements[1].State)
	_, err = s.refund("", "10")
	require.NoError(t, err)
	s.moved("10", "10", "0")
}

func TestDashboard(t *testing.T) {
	s := newShop(t, gatewayConfig{}, config{})
	s.initialize()
	_, err := s.gw.CaptureAtDashboard(s.r.Reference, dec("1"))
	require.Error(t, err, "nothing is authorized")
	_, err = s.authorize("", "")
	require.NoError(t, err)
	before := len(s.gw.Requests())

	captured, err := s.gw.CaptureAtDashboard(s.r.Reference, dec("7"))
	require.NoError(t, err)
	_, err = s.gw.CaptureAtDashboard(s.r.Reference, dec("3.01"))
	require.Error(t, err)
	_, err = s.gw.CaptureAtDashboard(s.r.Reference, dec("0.001"))
	require.Error(t, err)
	refunded, err := s.gw.RefundAtDashboard(s.r.Reference, dec("2"))
	require.NoError(t, err)
	_, err = s.gw.RefundAtDashboard(s.r.Reference, dec("5.01"))
	require.Error(t, err)
	require.NoError(t, s.gw.CancelAtDashboard(s.r.Reference))
	require.Error(t, s.gw.CancelAtDashboard(s.r.Reference), "nothing is left to release")
	require.Len(t, s.gw.Requests(), before, "the library did not ask for it")

	s.moved("7", "2", "0")
	got := s.status("")
	require.Len(t, got.Movements, 2)
	require.Equal(t, captured, got.Movements[0].Reference)
	require.Equal(t, refunded, got.Movements[1].Reference)
	for _, m := range got.Movements {
		require.Empty(t, m.IdempotencyKey)
	}
	_, err = s.gw.CaptureAtDashboard("int_999999", dec("1"))
	require.Error(t, err)
}

func TestAuthorizationLapses(t *testing.T) {
	s := newShop(t, gatewayConfig{AuthorizationLife: time.Hour}, config{})
	s.authorized()
	require.Equal(t, s.now.Add(time.Hour), s.status("").CaptureBefore)
	_, err := s.capture("", "4", false)
	require.NoError(t, err)
	s.now = s.now.Add(time.Hour - time.Microsecond)
	s.moved("4", "0", "6")
	s.now = s.now.Add(time.Microsecond)
	_, err = s.capture("", "1", false)
	s.kind("already done", err)
	s.moved("4", "0", "0")
	require.Equal(t, payment.SnapshotAuthorized, s.status("").State)

	s = newShop(t, gatewayConfig{AuthorizationLife: time.Hour}, config{})
	s.authorized()
	s.now = s.now.Add(time.Hour)
	got, err := s.capture("", "1", false)
	s.kind("already done", err)
	require.Equal(t, payment.SnapshotCanceled, got.State)
	require.False(t, s.gw.Intents()[0].Live)
}

func TestIntentLapses(t *testing.T) {
	for _, token := range []string{"", sandboxprovider.Token3DS} {
		s := newShop(t, gatewayConfig{IntentLife: time.Hour}, config{})
		s.initialize()
		if token != "" {
			got, err := s.authorize("", token)
			require.NoError(t, err)
			require.Equal(t, s.now.Add(time.Hour), got.NextAction.ExpiresAt)
		}
		s.now = s.now.Add(time.Hour)
		require.Equal(t, payment.SnapshotCanceled, s.status("").State)
		require.Error(t, s.gw.CompleteChallenge(s.r.Reference, true))
	}
	s := newShop(t, gatewayConfig{IntentLife: time.Hour}, config{})
	s.authorized()
	s.now = s.now.Add(time.Hour)
	require.Equal(t, payment.SnapshotAuthorized, s.status("").State, "it was authorized in time")
}

func TestExpire(t *testing.T) {
	s := newShop(t, gatewayConfig{}, config{})
	s.initialize()
	require.Error(t, s.gw.Expire(s.r.Reference), "nothing is held")
	_, err := s.authorize("", "")
	require.NoError(t, err)
	require.Zero(t, s.status("").CaptureBefore)
	require.NoError(t, s.gw.Expire(s.r.Reference))
	require.Equal(t, payment.SnapshotCanceled, s.status("").State)
}

func TestDispute(t *testing.T) {
	s := newShop(t, gatewayConfig{}, config{})
	s.authorized()
	_, err := s.gw.Dispute(s.r.Reference, dec("1"))
	require.Error(t, err, "nothing was captured")
	_, err = s.capture("", "4", false)
	require.NoError(t, err)
	for _, bad := range []string{"4.01", "0", "-1", "0.001"} {
		_, err = s.gw.Dispute(s.r.Reference, dec(bad))
		require.Error(t, err, bad)
	}
	s.gw.Webhooks()
	before := s.books()
	id, err := s.gw.Dispute(s.r.Reference, dec("2.50"))
	require.NoError(t, err)
	require.Equal(t, before, s.books())
	sent := s.gw.Webhooks()
	require.Len(t, sent, 1)
	m, err := s.p.VerifyWebhook(t.Context(), sent[0])
	require.NoError(t, err)
	require.Equal(t, "dispute.created", m.Type)
	require.Equal(t, "payses_1", m.SessionID)
	require.Equal(t, id, m.Notice.Reference)
	require.Equal(t, "dispute.created", m.Notice.Kind)
	require.Equal(t, "fraudulent", m.Notice.Code)
	require.Equal(t, "USD", m.Notice.CurrencyCode)
	s.equal("2.50", m.Notice.Amount)
}
