package payment

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
)

// settleCase is a book with one authorized session of 100 EUR, 40 of which were captured, and news that no call asked for.
func settleCase(t *testing.T, change func(b *book), s Snapshot) *book {
	t.Helper()
	d := decimal.RequireFromString
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	cfg := Config{}.withDefaults()
	b := &book{cfg: &cfg, now: now, version: 7}
	b.collection = &PaymentCollection{ID: "paycol_1", Version: 7, CurrencyCode: "EUR", Amount: d("100"), Authorized: d("100"), Captured: d("40")}
	b.session = &PaymentSession{
		ID: "payses_1", CollectionID: "paycol_1", ProviderID: "p", CurrencyCode: "EUR", Amount: d("100"), Status: StatusAuthorized, Reference: "ref",
		PaymentID: "pay_1", InitializedAt: now, AuthorizedAt: now,
	}
	b.payment = &Payment{
		ID: "pay_1", CollectionID: "paycol_1", SessionID: "payses_1", ProviderID: "p", CurrencyCode: "EUR", Amount: d("100"), Authorized: d("100"),
		Capturable: d("60"), Captured: d("40"),
	}
	b.captures = []*Capture{{Entry{ID: "capt_1", CollectionID: "paycol_1", PaymentID: "pay_1", Reference: "m1", Amount: d("40"), State: MovementSucceeded}}}
	if change != nil {
		change(b)
	}
	b.settle(&gateway{info: ProviderInfo{MultiCapture: true, PartialRefund: true}}, nil, answer{kind: answerAsked, asked: now, snapshot: s})
	return b
}

// News that no call of ours asked for, and that contradicts our rows, becomes an operation of its own, and changes nothing else.
func TestNewsThatContradicts(t *testing.T) {
	d := decimal.RequireFromString
	zero := decimal.Decimal{}
	authorized := Snapshot{State: SnapshotAuthorized, Reference: "ref", Authorized: d("100")}
	with := func(change func(*Snapshot)) Snapshot {
		s := authorized
		change(&s)
		return s
	}
	first := Movement{Kind: MovementCapture, Reference: "m1", Amount: d("40"), State: MovementSucceeded}
	voided := func(b *book) {
		b.captures, b.payment.Captured, b.payment.Capturable = nil, zero, zero
		b.payment.Released, b.payment.CanceledAt = d("100"), b.now.Add(-replicaLag)
		b.session.Status = StatusCanceled
	}
	for _, tt := range []struct {
		code   string
		change func(*book)
		news   Snapshot
	}{
		{"authorized", nil, with(func(s *Snapshot) { s.Authorized = d("90") })},
		{"authorized_again", voided, authorized},
		{"totals", nil, with(func(s *Snapshot) { s.Totals = &Totals{Captured: d("50")} })},
		{"movement", nil, with(func(s *Snapshot) { s.Movements = []Movement{first, first} })},
		{"movement", func(b *book) { b.payment, b.captures, b.session.Status = nil, nil, StatusPending }, with(func(s *Snapshot) {
			s.State, s.Movements = SnapshotPending, []Movement{{Kind: MovementRefund, Reference: "m2", Amount: d("1"), State: MovementSucceeded}}
		})},
		{"movement_amount", nil, with(func(s *Snapshot) {
			s.Movements = []Movement{{Kind: MovementCapture, Reference: "m1", Amount: d("41"), State: MovementSucceeded}}
		})},
	} {
		t.Run(tt.code, func(t *testing.T) {
			b := settleCase(t, tt.change, tt.news)
			require.Len(t, b.out.Operations, 1)
			op := b.out.Operations[0]
			require.Equal(t, [3]string{string(OperationStatus), string(OperationNeedsAttention), tt.code}, [3]string{string(op.Kind), string(op.State), op.Code})
			require.Equal(t, op.ID, b.session.OperationID)
			require.Len(t, b.out.Events, 1)
			require.Empty(t, b.out.Payments)
			require.Empty(t, b.out.Captures)
			require.True(t, b.collection.Captured.Equal(d("40")))
		})
	}
}

// News that says what we know changes nothing, so that asking costs no commit.
func TestNewsThatIsKnown(t *testing.T) {
	d := decimal.RequireFromString
	sixty := d("60.000")
	b := settleCase(t, nil, Snapshot{
		State: SnapshotAuthorized, Reference: "ref", CurrencyCode: "eur", Amount: d("100.0"), Authorized: d("100"), Capturable: &sixty,
		Movements: []Movement{{Kind: MovementCapture, Reference: "m1", Amount: d("40.00"), State: MovementPending}},
		Totals:    &Totals{Captured: d("40")},
	})
	require.False(t, b.touched)
}
