package sandboxprovider_test

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

func TestFaults(t *testing.T) {
	cases := map[sandboxprovider.FaultKind]struct {
		kind     string
		executed bool // by the call that it hits
		again    string
		captures int // once the same request was sent again
	}{
		sandboxprovider.FaultRequestLost:       {"unknown", false, "none", 1},
		sandboxprovider.FaultRequestDelayed:    {"unknown", false, "none", 1},
		sandboxprovider.FaultAnswerLost:        {"unknown", true, "none", 1},
		sandboxprovider.FaultServerError:       {"unknown", false, "unknown", 0},
		sandboxprovider.FaultServerErrorAfter:  {"unknown", true, "unknown", 1},
		sandboxprovider.FaultTooManyRequests:   {"not sent", false, "none", 1},
		sandboxprovider.FaultConnectionRefused: {"not sent", false, "none", 1},
		sandboxprovider.FaultKeyInUse:          {"unknown", false, "none", 1},
		sandboxprovider.FaultDeclined:          {"declined", false, "declined", 0},
	}
	for kind, tc := range cases {
		t.Run(string(kind), func(t *testing.T) {
			s := newShop(t, gatewayConfig{}, config{})
			s.authorized()
			key := s.key()
			s.gw.FailNext(sandboxprovider.MethodCapture, fault{Kind: kind})
			got, err := s.capture(key, "4", false)
			s.kind(tc.kind, err)
			if tc.kind == "unknown" {
				require.Empty(t, got.State)
			}
			require.Equal(t, tc.executed, s.executed(sandboxprovider.MethodCapture) == 1)
			known := tc.executed || kind == sandboxprovider.FaultDeclined // what was refused is remembered as well
			require.Equal(t, known, s.status(key).State == payment.SnapshotAuthorized)
			calls := s.gw.Requests()
			require.Equal(t, kind, calls[2].Fault)

			_, err = s.capture(key, "4", false)
			s.kind(tc.again, err)
			require.Len(t, s.books().Movements, tc.captures)
			s.gw.DeliverDelayed()
			require.Len(t, s.books().Movements, tc.captures, "what arrives late has no second effect")
		})
	}
	t.Run("the list is complete", func(t *testing.T) {
		source, err := parser.ParseFile(token.NewFileSet(), "fault.go", nil, 0)
		require.NoError(t, err)
		n := 0
		ast.Inspect(source, func(node ast.Node) bool {
			if spec, ok := node.(*ast.ValueSpec); ok && strings.HasPrefix(spec.Names[0].Name, "Fault") {
				n++
			}
			return true
		})
		require.Len(t, cases, n)
	})
}

func TestFaultsOfReads(t *testing.T) {
	for _, kind := range []sandboxprovider.FaultKind{
		sandboxprovider.FaultRequestLost, sandboxprovider.FaultAnswerLost, sandboxprovider.FaultServerError,
		sandboxprovider.FaultServerErrorAfter, sandboxprovider.FaultTooManyRequests, sandboxprovider.FaultConnectionRefused,
	} {
		s := newShop(t, gatewayConfig{}, config{})
		s.initialize()
		s.gw.FailNext(sandboxprovider.MethodRetrieve, fault{Kind: kind})
		_, err := s.p.Status(context.Background(), payment.StatusRequest{Request: s.r})
		require.Error(t, err, kind)

		s.gw.FailNext(sandboxprovider.MethodRetrieve, fault{Kind: kind})
		s.r.Reference = ""
		_, err = s.authorize("", "")
		s.kind("not sent", err) // the search for the intent failed: no money was asked for
	}
}

func TestFaultsOfTheFirstCall(t *testing.T) {
	for _, kind := range []sandboxprovider.FaultKind{
		sandboxprovider.FaultAnswerLost, sandboxprovider.FaultServerErrorAfter, sandboxprovider.FaultServerError, sandboxprovider.FaultDeclined,
	} {
		s := newShop(t, gatewayConfig{}, config{})
		s.gw.FailNext(sandboxprovider.MethodCreate, fault{Kind: kind})
		key := s.key()
		_, err := s.p.Initialize(context.Background(), payment.InitializeRequest{Request: s.with(key)})
		require.Error(t, err)
		found := s.status(key)
		require.Equal(t, len(s.gw.Intents()) == 1, found.State == payment.SnapshotPending)
		require.Equal(t, s.status("").State, found.State, "found by the session too")
	}
}

func TestDeclineByFault(t *testing.T) {
	s := newShop(t, gatewayConfig{}, config{})
	s.initialize()
	s.gw.FailNext(sandboxprovider.MethodConfirm, fault{Kind: sandboxprovider.FaultDeclined})
	got, err := s.authorize("", sandboxprovider.TokenVisa)
	s.kind("declined", err)
	require.Equal(t, payment.SnapshotDeclined, got.State)
	require.Equal(t, "card_declined", s.books().DeclineCode)
}

func TestDelayedRequestArrivesAlone(t *testing.T) {
	s := newShop(t, gatewayConfig{}, config{})
	s.authorized()
	key := s.key()
	s.gw.FailNext(sandboxprovider.MethodCapture, fault{Kind: sandboxprovider.FaultRequestDelayed})
	_, err := s.capture(key, "4", false)
	s.kind("unknown", err)
	s.moved("0", "0", "10")
	require.Equal(t, 1, s.gw.DeliverDelayed())
	require.Zero(t, s.gw.DeliverDelayed())
	s.moved("4", "0", "6")
	require.True(t, s.gw.Requests()[2].Executed)
	_, err = s.capture(key, "4", false)
	require.NoError(t, err)
	s.moved("4", "0", "6")
}

func TestFailNextIsAQueue(t *testing.T) {
	s := newShop(t, gatewayConfig{}, config{})
	s.authorized()
	s.gw.FailNext(sandboxprovider.MethodCapture, fault{}, fault{Kind: sandboxprovider.FaultTooManyRequests})
	_, err := s.capture("", "1", false)
	require.NoError(t, err)
	_, err = s.capture("", "1", false)
	s.kind("not sent", err)
	_, err = s.capture("", "1", false)
	require.NoError(t, err)
}

func TestFaultHook(t *testing.T) {
	var seen []sandboxprovider.Call
	var gw *sandboxprovider.Gateway
	s := newShop(t, gatewayConfig{Fault: func(c sandboxprovider.Call) fault {
		gw.Requests() // no lock is held
		seen = append(seen, c)
		if c.Method == sandboxprovider.MethodCapture && c.Amount.Equal(dec("4")) {
			return fault{Kind: sandboxprovider.FaultConnectionRefused}
		}
		return fault{}
	}}, config{})
	gw = s.gw
	s.authorized()
	_, err := s.capture("", "4", true)
	s.kind("not sent", err)
	require.Len(t, seen, 3)
	last := seen[2]
	require.Equal(t, "payses_1", last.SessionID)
	require.Equal(t, "int_000001", last.Reference)
	require.Equal(t, "USD", last.CurrencyCode)
	require.Equal(t, s.now, last.At)
	require.True(t, last.Final)
	require.Len(t, last.Key, 32)

	s.gw.FailNext(sandboxprovider.MethodCapture, fault{})
	_, err = s.capture("", "4", false)
	require.NoError(t, err, "what is planned comes first")
	require.Len(t, seen, 3)
}

func TestContextEnds(t *testing.T) {
	never := make(chan struct{})
	capture := func(s *shop, ctx context.Context, key string) error {
		r := s.with(key)
		r.Amount = dec("4")
		_, err := s.p.Capture(ctx, payment.CaptureRequest{Request: r})
		return err
	}
	t.Run("before anything is sent", func(t *testing.T) {
		s := newShop(t, gatewayConfig{}, config{})
		s.authorized()
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		err := capture(s, ctx, s.key())
		s.kind("not sent", err)
		require.ErrorIs(t, err, context.Canceled)
		require.Len(t, s.gw.Requests(), 2)
	})
	for name, f := range map[string]fault{"before": {Before: never}, "after": {After: never}} {
		t.Run("while held up "+name, func(t *testing.T) {
			s := newShop(t, gatewayConfig{}, config{})
			s.authorized()
			s.gw.FailNext(sandboxprovider.MethodCapture, f)
			ctx, cancel := context.WithCancel(context.Background())
			failed := make(chan error)
			key := s.key()
			go func() { failed <- capture(s, ctx, key) }()
			s.arrived(3)
			cancel()
			err := <-failed
			s.kind("unknown", err)
			require.ErrorIs(t, err, context.Canceled)
			require.Equal(t, name == "after", s.status(key).State == payment.SnapshotAuthorized)
			require.NoError(t, capture(s, context.Background(), key), "the key is free again")
			s.moved("4", "0", "6")
		})
	}
}

func TestHeldUpAndReleased(t *testing.T) {
	release := make(chan struct{})
	close(release)
	s := newShop(t, gatewayConfig{}, config{})
	s.authorized()
	s.gw.FailNext(sandboxprovider.MethodCapture, fault{Before: release, After: release})
	_, err := s.capture("", "4", false)
	require.NoError(t, err)
	s.gw.FailNext(sandboxprovider.MethodRetrieve, fault{Before: release})
	require.Equal(t, payment.SnapshotAuthorized, s.status("").State)
}
