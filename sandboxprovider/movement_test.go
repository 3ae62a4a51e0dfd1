package sandboxprovider_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

func TestAutoCapture(t *testing.T) {
	for _, auto := range []bool{true, false} {
		s := newShop(t, gatewayConfig{AutoCapture: auto}, config{})
		s.initialize()
		token := sandboxprovider.TokenAuto
		if auto {
			token = sandboxprovider.TokenVisa
		}
		got, err := s.authorize("", token)
		require.NoError(t, err)
		require.Equal(t, payment.SnapshotAuthorized, got.State)
		require.Len(t, got.Movements, 1)
		require.Empty(t, got.Movements[0].IdempotencyKey, "nobody asked for it by a key")
		s.moved("10", "0", "0")
		require.Equal(t, sandboxprovider.IntentSucceeded, s.books().Status)
	}
}

func TestCaptures(t *testing.T) {
	s := newShop(t, gatewayConfig{}, config{})
	s.initialize()
	_, err := s.capture("", "1", false)
	s.kind("declined", err) // nothing is authorized yet
	_, err = s.authorize("", "")
	require.NoError(t, err)

	key := s.key()
	got, err := s.capture(key, "4", false)
	require.NoError(t, err)
	require.Len(t, got.Movements, 1)
	m := got.Movements[0]
	require.Equal(t, payment.MovementCapture, m.Kind)
	require.Equal(t, "cap_000001", m.Reference)
	require.Equal(t, key, m.IdempotencyKey)
	require.Equal(t, payment.MovementSucceeded, m.State)
	require.Equal(t, s.now, m.At)
	s.equal("4", m.Amount)
	s.equal("10", got.Authorized)
	s.equal("6", *got.Capturable)

	got, err = s.capture("", "6.01", false)
	s.kind("declined", err)
	require.ErrorContains(t, err, "amount_too_large")
	require.Equal(t, payment.SnapshotAuthorized, got.State, "the whole truth comes with a refusal")
	s.moved("4", "0", "6")

	_, err = s.capture("", "6", false)
	require.NoError(t, err)
	s.moved("10", "0", "0")
	got, err = s.capture("", "0.01", false)
	s.kind("already done", err)
	require.Len(t, got.Movements, 2)
	s.moved("10", "0", "0")
}

func TestFinalCaptureReleasesTheRest(t *testing.T) {
	for _, single := range []bool{false, true} {
		s := newShop(t, gatewayConfig{SingleCapture: single}, config{})
		require.Equal(t, !single, s.p.Describe().MultiCapture)
		s.authorized()
		got, err := s.capture("", "4", !single)
		require.NoError(t, err)
		s.equal("0", *got.Capturable)
		_, err = s.capture("", "1", false)
		s.kind("already done", err)
		s.moved("4", "0", "0")
	}
}

func TestRefunds(t *testing.T) {
	s := newShop(t, gatewayConfig{}, config{})
	s.authorized()
	_, err := s.refund("", "1")
	s.kind("declined", err) // nothing was captured
	_, err = s.capture("", "6", false)
	require.NoError(t, err)

	_, err = s.refund("", "6.01")
	s.kind("declined", err)
	key := s.key()
	got, err := s.refund(key, "2.50")
	require.NoError(t, err)
	require.Len(t, got.Movements, 2)
	require.Equal(t, payment.MovementRefund, got.Movements[1].Kind)
	require.Equal(t, "ref_000001", got.Movements[1].Reference)
	require.Equal(t, key, got.Movements[1].IdempotencyKey)
	s.moved("6", "2.50", "4")
	_, err = s.refund("", "3.51")
	s.kind("declined", err)
	_, err = s.refund("", "3.50")
	require.NoError(t, err)
	_, err = s.refund("", "0.01")
	s.kind("already done", err)
	s.moved("6", "6", "4")
}

func TestWholeRefunds(t *testing.T) {
	s := newShop(t, gatewayConfig{WholeRefunds: true}, config{})
	require.False(t, s.p.Describe().PartialRefund)
	s.authorized()
	_, err := s.capture("", "6", false)
	require.NoError(t, err)
	_, err = s.refund("", "5")
	s.kind("declined", err)
	_, err = s.refund("", "6")
	require.NoError(t, err)
	s.moved("6", "6", "4")
	_, err = s.capture("", "3", false) // what is captured later can be given back too
	require.NoError(t, err)
	_, err = s.refund("", "2")
	s.kind("declined", err)
	_, err = s.refund("", "3")
	require.NoError(t, err)
	s.moved("9", "9", "1")
}

func TestCancel(t *testing.T) {
	t.Run("before authorization", func(t *testing.T) {
		s := newShop(t, gatewayConfig{}, config{})
		s.initialize()
		got, err := s.cancel("")
		require.NoError(t, err)
		require.Equal(t, payment.SnapshotCanceled, got.State)
		got, err = s.cancel("")
		s.kind("already done", err)
		require.Equal(t, payment.SnapshotCanceled, got.State)
		_, err = s.authorize("", "")
		s.kind("already done", err)
		_, err = s.update("", "5")
		s.kind("already done", err)
		_, err = s.capture("", "5", false)
		s.kind("already done", err)
		require.Zero(t, s.gw.Authorizations("payses_1"))
	})
	t.Run("voids what is held", func(t *testing.T) {
		s := newShop(t, gatewayConfig{}, config{})
		s.authorized()
		got, err := s.cancel("")
		require.NoError(t, err)
		require.Equal(t, payment.SnapshotCanceled, got.State)
		s.equal("10", got.Authorized)
		s.equal("0", *got.Capturable)
		require.False(t, s.books().Live)
		require.Equal(t, 1, s.gw.Authorizations("payses_1"))
	})
	t.Run("releases what is left after a partial capture", func(t *testing.T) {
		s := newShop(t, gatewayConfig{}, config{})
		s.authorized()
		_, err := s.capture("", "4", false)
		require.NoError(t, err)
		got, err := s.cancel("")
		require.NoError(t, err)
		require.Equal(t, payment.SnapshotAuthorized, got.State)
		s.equal("0", *got.Capturable)
		s.moved("4", "0", "0")
		require.True(t, s.books().Live)
		_, err = s.cancel("")
		s.kind("already done", err)
		_, err = s.refund("", "4")
		require.NoError(t, err)
	})
}

func TestUpdate(t *testing.T) {
	s := newShop(t, gatewayConfig{}, config{})
	s.initialize()
	got, err := s.update("", "12.34")
	require.NoError(t, err)
	s.equal("12.34", got.Amount)
	require.Equal(t, "12.34", got.Data["amount"])

	s.not(s.authorize("", sandboxprovider.TokenDeclined))
	got, err = s.update("", "14")
	require.NoError(t, err)
	require.Equal(t, payment.SnapshotPending, got.State, "the decline was for another amount")
	require.Nil(t, got.Decline)

	_, err = s.authorize("", sandboxprovider.Token3DS)
	require.NoError(t, err)
	got, err = s.update("", "15")
	require.NoError(t, err)
	require.Equal(t, payment.SnapshotPending, got.State, "the challenge was for another amount")

	_, err = s.authorize("", "")
	require.NoError(t, err)
	got, err = s.update("", "16")
	s.kind("already done", err)
	s.equal("15", got.Amount)
	s.equal("15", s.books().Authorized)
}
