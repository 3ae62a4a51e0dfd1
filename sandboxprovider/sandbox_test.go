package sandboxprovider_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// shop is a merchant with one session at the sandbox.
type shop struct {
	*testing.T
	now  time.Time
	gw   *sandboxprovider.Gateway
	p    *sandboxprovider.Provider
	keys int
	r    payment.Request // the session's request, as the library would send it
}

func newShop(t *testing.T, gc sandboxprovider.GatewayConfig, c sandboxprovider.Config) *shop {
	s := &shop{T: t, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	gc.Now = func() time.Time { return s.now }
	s.gw = sandboxprovider.NewGateway(gc)
	s.p = sandboxprovider.New(s.gw, c)
	s.r = payment.Request{SessionID: "payses_1", CollectionID: "paycol_1", Amount: dec("10.00"), CurrencyCode: "USD"}
	return s
}

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

// key returns a new idempotency key.
func (s *shop) key() string {
	s.keys++
	return fmt.Sprintf("%032x", s.keys)
}

// with returns the session's request with a key, a new one where it is empty.
func (s *shop) with(key string) payment.Request {
	r := s.r
	r.IdempotencyKey = key
	if key == "" {
		r.IdempotencyKey = s.key()
	}
	return r
}

func (s *shop) initialize() payment.Snapshot {
	s.Helper()
	got, err := s.p.Initialize(context.Background(), payment.InitializeRequest{Request: s.with("")})
	require.NoError(s, err)
	s.r.Reference = got.Reference
	return got
}

func (s *shop) authorize(key, token string) (payment.Snapshot, error) {
	r := s.with(key)
	if token != "" {
		r.Input = payment.Data{"token": token}
	}
	return s.p.Authorize(context.Background(), payment.AuthorizeRequest{Request: r})
}

func (s *shop) capture(key, amount string, final bool) (payment.Snapshot, error) {
	r := s.with(key)
	r.Amount = dec(amount)
	return s.p.Capture(context.Background(), payment.CaptureRequest{Request: r, Final: final})
}

func (s *shop) refund(key, amount string) (payment.Snapshot, error) {
	r := s.with(key)
	r.Amount = dec(amount)
	return s.p.Refund(context.Background(), payment.RefundRequest{Request: r})
}

func (s *shop) update(key, amount string) (payment.Snapshot, error) {
	r := s.with(key)
	r.Amount = dec(amount)
	return s.p.Update(context.Background(), payment.UpdateRequest{Request: r})
}

func (s *shop) cancel(key string) (payment.Snapshot, error) {
	return s.p.Cancel(context.Background(), payment.CancelRequest{Request: s.with(key)})
}

// did takes the answer to a call that has to succeed.
func (s *shop) did(_ payment.Snapshot, err error) {
	s.Helper()
	require.NoError(s, err)
}

// not takes the answer to a call that has to fail.
func (s *shop) not(_ payment.Snapshot, err error) {
	s.Helper()
	require.Error(s, err)
}

// status asks about a key; about the intent where it is empty.
func (s *shop) status(key string) payment.Snapshot {
	s.Helper()
	r := s.r
	r.IdempotencyKey = key
	got, err := s.p.Status(context.Background(), payment.StatusRequest{Request: r})
	require.NoError(s, err)
	return got
}

// authorized opens an intent and authorizes it.
func (s *shop) authorized() {
	s.Helper()
	s.initialize()
	got, err := s.authorize("", "")
	require.NoError(s, err)
	require.Equal(s, payment.SnapshotAuthorized, got.State)
}

// books returns the session's intent.
func (s *shop) books() sandboxprovider.Intent {
	s.Helper()
	in, ok := s.gw.Intent(s.r.Reference)
	require.True(s, ok)
	return in
}

// executed counts the requests of one method that did something.
func (s *shop) executed(m sandboxprovider.Method) int {
	n := 0
	for _, c := range s.gw.Requests() {
		if c.Method == m && c.Executed {
			n++
		}
	}
	return n
}

// arrived waits until so many requests have reached the gateway.
func (s *shop) arrived(n int) {
	s.Helper()
	require.Eventually(s, func() bool {
		calls := s.gw.Requests()
		return len(calls) >= n && calls[n-1].Arrived
	}, 10*time.Second, time.Millisecond)
}

func (s *shop) equal(want string, got decimal.Decimal, what ...any) {
	s.Helper()
	require.Truef(s, dec(want).Equal(got), "want %s, got %s %v", want, got, what)
}

// moved checks what the books say has moved.
func (s *shop) moved(captured, refunded, capturable string) {
	s.Helper()
	in := s.books()
	s.equal(captured, in.Captured, "captured")
	s.equal(refunded, in.Refunded, "refunded")
	s.equal(capturable, in.Capturable, "capturable")
}

// kind names the kind of a provider's error.
func kind(err error) string {
	already := payment.AlreadyDone(payment.Snapshot{}).(interface{ Unwrap() []error }).Unwrap()[0]
	switch {
	case err == nil:
		return "none"
	case errors.Is(err, payment.ErrDeclined):
		return "declined"
	case errors.Is(err, payment.ErrNotSent):
		return "not sent"
	case errors.Is(err, already):
		return "already done"
	}
	return "unknown"
}

func (s *shop) kind(want string, err error) {
	s.Helper()
	require.Equal(s, want, kind(err), "%v", err)
}
