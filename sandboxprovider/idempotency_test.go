package sandboxprovider_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

func TestSameKeyReplays(t *testing.T) {
	s := newShop(t, gatewayConfig{}, config{})
	key := s.key()
	r := payment.InitializeRequest{Request: s.with(key)}
	first, err := s.p.Initialize(context.Background(), r)
	require.NoError(t, err)
	again, err := s.p.Initialize(context.Background(), r)
	require.NoError(t, err)
	require.Equal(t, first.Reference, again.Reference)
	require.Len(t, s.gw.Intents(), 1)

	s.r.Reference = first.Reference
	key = s.key()
	for range 3 {
		got, err := s.authorize(key, "")
		require.NoError(t, err)
		require.Equal(t, payment.SnapshotAuthorized, got.State)
	}
	key = s.key()
	for range 3 {
		got, err := s.capture(key, "4", false)
		require.NoError(t, err)
		require.Len(t, got.Movements, 1)
		require.Equal(t, key, got.Movements[0].IdempotencyKey)
	}
	key = s.key()
	for range 3 {
		got, err := s.refund(key, "1")
		require.NoError(t, err)
		require.Len(t, got.Movements, 2)
	}
	key = s.key()
	for range 3 {
		_, err := s.cancel(key)
		require.NoError(t, err, "not already canceled: the same answer")
	}
	s.moved("4", "1", "0")
	for _, m := range []sandboxprovider.Method{"create", "confirm", "capture", "refund", "cancel"} {
		require.Equal(t, 1, s.executed(m), m)
	}
}

func TestReplayTellsTheTruthOfToday(t *testing.T) {
	s := newShop(t, gatewayConfig{}, config{})
	s.initialize()
	key := s.key()
	_, err := s.authorize(key, "")
	require.NoError(t, err)
	require.NoError(t, s.gw.CancelAtDashboard(s.r.Reference))
	got, err := s.authorize(key, "")
	require.NoError(t, err, "the stored answer was a success")
	require.Equal(t, payment.SnapshotCanceled, got.State, "the stored answer's intent is out of date")

	s.gw.FailNext(sandboxprovider.MethodRetrieve, fault{Kind: sandboxprovider.FaultRequestLost}, fault{Kind: sandboxprovider.FaultServerError})
	for range 2 {
		got, err = s.authorize(key, "")
		s.kind("unknown", err)
		require.Empty(t, got.State)
	}
}

func TestDeclinesAndRefusalsAreReplayed(t *testing.T) {
	s := newShop(t, gatewayConfig{}, config{})
	s.initialize()
	key := s.key()
	for range 2 {
		got, err := s.authorize(key, sandboxprovider.TokenDeclined)
		s.kind("declined", err)
		require.Equal(t, payment.SnapshotDeclined, got.State)
	}
	require.Equal(t, 1, s.executed(sandboxprovider.MethodConfirm))

	_, err := s.authorize("", "")
	require.NoError(t, err)
	_, err = s.capture("", "5", false)
	require.NoError(t, err)
	key = s.key()
	_, err = s.refund(key, "8")
	s.kind("declined", err)
	_, err = s.capture("", "5", false)
	require.NoError(t, err)
	_, err = s.refund(key, "8") // it would work by now: the key is burnt
	s.kind("declined", err)
	s.moved("10", "0", "0")
}

func TestServerErrorsAreReplayed(t *testing.T) {
	s := newShop(t, gatewayConfig{}, config{})
	s.initialize()
	key := s.key()
	for range 2 {
		_, err := s.authorize(key, sandboxprovider.Token500)
		s.kind("unknown", err)
	}
	require.Equal(t, 1, s.gw.Authorizations("payses_1"))
	require.Equal(t, payment.SnapshotAuthorized, s.status(key).State)
	last := s.gw.Requests()[2]
	require.Equal(t, 500, last.Status)
	require.True(t, last.Replayed)
	require.False(t, last.Executed)
}

func TestWhatWasNotBegunIsNotStored(t *testing.T) {
	s := newShop(t, gatewayConfig{}, config{})
	s.authorized()
	reference, key := s.r.Reference, s.key()
	s.r.Reference = "int_999999"
	_, err := s.capture(key, "4", false)
	s.kind("declined", err)
	s.r.Reference = reference
	_, err = s.capture(key, "4", false)
	require.NoError(t, err)
}

func TestSameKeyOtherParameters(t *testing.T) {
	s := newShop(t, gatewayConfig{}, config{})
	s.authorized()
	key := s.key()
	_, err := s.capture(key, "4", false)
	require.NoError(t, err)
	_, err = s.capture(key, "5", false)
	s.kind("unknown", err)
	_, err = s.capture(key, "4", true)
	s.kind("unknown", err)
	_, err = s.refund(key, "4")
	s.kind("unknown", err)
	s.moved("4", "0", "6")
	_, err = s.capture(key, "4", false)
	require.NoError(t, err, "the first answer stays")
}

func TestKeyIsForgotten(t *testing.T) {
	s := newShop(t, gatewayConfig{KeyTTL: time.Hour}, config{})
	require.Equal(t, time.Hour, s.p.Describe().KeyTTL)
	s.authorized()
	key := s.key()
	_, err := s.capture(key, "4", false)
	require.NoError(t, err)
	s.now = s.now.Add(time.Hour - time.Microsecond)
	_, err = s.capture(key, "4", false)
	require.NoError(t, err)
	s.moved("4", "0", "6")
	s.now = s.now.Add(time.Microsecond)
	_, err = s.capture(key, "4", false)
	require.NoError(t, err)
	s.moved("8", "0", "2") // executed again, as anywhere: this is why the library does not repeat so late
	require.Equal(t, payment.SnapshotAuthorized, s.status(key).State, "Status knows what the key has done for ever")
}

func TestStatusByKey(t *testing.T) {
	s := newShop(t, gatewayConfig{}, config{})
	s.initialize()
	lost, done, declined, refused := s.key(), s.key(), s.key(), s.key()
	require.Equal(t, payment.SnapshotNotFound, s.status(lost).State)

	s.gw.FailNext(sandboxprovider.MethodConfirm, fault{Kind: sandboxprovider.FaultRequestLost})
	_, err := s.authorize(lost, "")
	s.kind("unknown", err)
	require.Equal(t, payment.SnapshotNotFound, s.status(lost).State)

	_, err = s.authorize(declined, sandboxprovider.TokenDeclined)
	s.kind("declined", err)
	require.Equal(t, payment.SnapshotDeclined, s.status(declined).State)

	_, err = s.authorize(done, "")
	require.NoError(t, err)
	require.Equal(t, payment.SnapshotAuthorized, s.status(done).State)

	_, err = s.capture(refused, "10.01", false)
	s.kind("declined", err)
	require.Equal(t, payment.SnapshotAuthorized, s.status(refused).State, "it was refused, and its key is remembered")

	s.r.Reference = ""
	s.r.SessionID = ""
	require.Equal(t, payment.SnapshotAuthorized, s.status(done).State, "the key alone is enough")
}

func TestStatusByKeyOfTwoIntents(t *testing.T) {
	s := newShop(t, gatewayConfig{KeyTTL: time.Hour}, config{})
	key := s.key()
	for range 2 {
		_, err := s.p.Initialize(context.Background(), payment.InitializeRequest{Request: s.with(key)})
		require.NoError(t, err)
		s.now = s.now.Add(2 * time.Hour)
	}
	require.Len(t, s.gw.Intents(), 2)
	require.Equal(t, "int_000002", s.status(key).Reference)
	s.r.Reference = "int_000001"
	require.Equal(t, "int_000001", s.status(key).Reference)
}

func TestKeyUnderWay(t *testing.T) {
	s := newShop(t, gatewayConfig{}, config{})
	s.initialize()
	key := s.key()
	release := make(chan struct{})
	s.gw.FailNext(sandboxprovider.MethodConfirm, fault{Before: release})
	first := make(chan error)
	go func() {
		_, err := s.authorize(key, "")
		first <- err
	}()
	s.arrived(2)
	_, err := s.authorize(key, "")
	s.kind("unknown", err)
	require.Zero(t, s.gw.Authorizations("payses_1"))
	close(release)
	require.NoError(t, <-first)
	_, err = s.authorize(key, "")
	require.NoError(t, err)
	require.Equal(t, 1, s.executed(sandboxprovider.MethodConfirm))
}

func TestNoKeys(t *testing.T) {
	s := newShop(t, gatewayConfig{NoKeys: true}, config{})
	s.authorized()
	key := s.key()
	got, err := s.capture(key, "4", false)
	require.NoError(t, err)
	require.Equal(t, key, got.Movements[0].IdempotencyKey, "in the answer, the provider knows which one it made")
	got, err = s.capture(key, "4", false)
	require.NoError(t, err)
	require.Empty(t, got.Movements[0].IdempotencyKey)
	require.Equal(t, key, got.Movements[1].IdempotencyKey)
	s.moved("8", "0", "2")
	require.Empty(t, s.status("").Movements[0].IdempotencyKey)
	require.Equal(t, payment.SnapshotAuthorized, s.status("a key that was never used").State)
	require.Empty(t, s.gw.Requests()[0].Key)
}
