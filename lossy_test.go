package payment_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
)

// lossy is a store that applies one commit and does not say so; between is called then.
type lossy struct {
	payment.Store
	lose    func(*payment.Changes) bool // which commit
	between func()
	list    error // of every list since
	load    error // of every load since
	commit  error // of every commit since
	late    bool  // it is not applied before the next commit has been refused
	waiting *payment.Changes
}

func (l *lossy) Commit(ctx context.Context, c *payment.Changes) error {
	switch {
	case l.late && l.waiting != nil:
		if c == l.waiting {
			return payment.ErrConflict
		}
		l.late = false
		if err := l.Store.Commit(ctx, l.waiting); err != nil {
			return err
		}
	case l.lose != nil && l.lose(c):
		if l.lose = nil; l.late {
			l.waiting = c
			return payment.ErrCommitUnknown
		}
		if err := l.Store.Commit(ctx, c); err != nil {
			return err
		}
		if l.between != nil {
			l.between()
		}
		return payment.ErrCommitUnknown
	}
	if l.commit != nil {
		return l.commit
	}
	return l.Store.Commit(ctx, c)
}

func (l *lossy) Load(ctx context.Context, by payment.Key) (*payment.Rows, error) {
	if l.load != nil {
		return nil, l.load
	}
	return l.Store.Load(ctx, by)
}

func (l *lossy) List(ctx context.Context, kind payment.RowKind, f payment.Filter, p payment.Page) (*payment.Rows, error) {
	if l.list != nil {
		return nil, l.list
	}
	return l.Store.List(ctx, kind, f, p)
}

func anyCommit(*payment.Changes) bool { return true }

func refused(n *payment.Snapshot, _ payment.Request) error {
	*n = payment.Snapshot{}
	return payment.Declined("no_funds", "")
}

// newLossy returns a shop with a pure provider that is scripted.
func newLossy(t *testing.T) (*shop, *scripted, *lossy) {
	t.Helper()
	l := &lossy{Store: memstore.New()}
	p := &scripted{answer: usual, info: payment.ProviderInfo{Pure: true, MultiCapture: true, PartialRefund: true}}
	return newShop(t, options{more: []payment.Provider{p}, store: l}), p, l
}

// What a pure provider declined is told as declined, and counted once, though nobody confirmed the commit that says so, nor whether it
// comes before or after what was decided since.
func TestPureDeclineWhoseCommitNobodyConfirmed(t *testing.T) {
	for _, late := range []bool{false, true} {
		for name, call := range map[string]func(*shop, *payment.Payment) error{
			"capture": func(s *shop, p *payment.Payment) error { _, err := s.capture(p, "40"); return err },
			"refund":  func(s *shop, p *payment.Payment) error { _, err := s.refund(p, "40"); return err },
		} {
			t.Run(name, func(t *testing.T) {
				s, p, l := newLossy(t)
				pay, err := s.capture(s.paid("scripted", "100", "EUR"), "50")
				require.NoError(t, err)
				p.on(payment.OperationCapture, refused)
				p.on(payment.OperationRefund, refused)
				l.lose, l.late = anyCommit, late
				err = call(s, pay)
				require.ErrorIs(t, err, payment.ErrDeclined)
				var e *payment.SessionError
				require.ErrorAs(t, err, &e)
				require.Equal(t, "no_funds", e.Reason)
				got := s.payment(pay.ID)
				require.Equal(t, 2, len(got.Captures)+len(got.Refunds))
				require.Nil(t, l.lose)
			})
		}
	}
	t.Run("authorize", func(t *testing.T) {
		s, p, l := newLossy(t)
		x := s.session(s.collection("100", "EUR"), "scripted", "100")
		p.on(payment.OperationAuthorize, refused)
		l.lose = anyCommit
		_, err := s.tryAuthorize(x)
		require.ErrorIs(t, err, payment.ErrDeclined)
		require.Equal(t, 1, s.freshSession(x.ID).Declines)
	})
}

// A change whose commit nobody confirmed is made once: what somebody else has changed since stays, and what it ended is not "not found".
func TestChangeWhoseCommitNobodyConfirmed(t *testing.T) {
	ctx := t.Context()
	for name, tt := range map[string]struct {
		kind payment.EventKind
		call func(svc *payment.Service, p *payment.Payment, note string) error
		note func(s *shop, p *payment.Payment) any // nil: it ends something, and nobody changes that
	}{
		"collection": {payment.EventCollectionUpdated, func(svc *payment.Service, p *payment.Payment, note string) error {
			_, err := svc.UpdateCollection(ctx, payment.UpdateCollectionParams{CollectionID: p.CollectionID, Metadata: &payment.Data{"note": note}})
			return err
		}, func(s *shop, p *payment.Payment) any { return s.fresh(p.CollectionID).Metadata["note"] }},
		"session": {payment.EventSessionUpdated, func(svc *payment.Service, p *payment.Payment, note string) error {
			_, err := svc.UpdateSession(ctx, payment.UpdateSessionParams{SessionID: p.SessionID, Metadata: &payment.Data{"note": note}})
			return err
		}, func(s *shop, p *payment.Payment) any { return s.freshSession(p.SessionID).Metadata["note"] }},
		"payment": {payment.EventPaymentUpdated, func(svc *payment.Service, p *payment.Payment, note string) error {
			_, err := svc.UpdatePayment(ctx, payment.UpdatePaymentParams{PaymentID: p.ID, Metadata: &payment.Data{"note": note}})
			return err
		}, func(s *shop, p *payment.Payment) any { return s.payment(p.ID).Metadata["note"] }},
		"collection deleted": {payment.EventCollectionDeleted, func(svc *payment.Service, p *payment.Payment, _ string) error {
			return svc.DeleteCollection(ctx, p.CollectionID)
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s, p, l := newLossy(t)
			pay := s.paid("scripted", "100", "EUR")
			other, err := payment.NewService(l.Store, payment.Config{Providers: []payment.Provider{p}})
			require.NoError(t, err)
			want := 1
			if tt.note != nil {
				want = 2
				l.between = func() {
					require.Equal(t, "first", tt.note(s, pay))
					require.NoError(t, tt.call(other, pay, "second"))
				}
			}
			l.lose = func(c *payment.Changes) bool { return len(c.Events) > 0 && c.Events[0].Kind == tt.kind }
			require.NoError(t, tt.call(s.Service, pay, "first"))
			if tt.note != nil {
				require.Equal(t, "second", tt.note(s, pay))
			}
			made := 0
			for _, e := range s.eventsOf(pay.CollectionID) {
				if e.Kind == tt.kind {
					made++
				}
			}
			require.Equal(t, want, made)
		})
	}
}

// Where the store cannot say whether the commit has happened, the caller hears that.
func TestCommitOfWhichTheStoreCannotTell(t *testing.T) {
	s, _, l := newLossy(t)
	c := s.collection("100", "EUR")
	damaged := errors.New("damaged")
	l.lose, l.between = anyCommit, func() { l.list = damaged }
	_, err := s.UpdateCollection(t.Context(), payment.UpdateCollectionParams{CollectionID: c.ID, Amount: amount("50")})
	require.ErrorIs(t, err, payment.ErrCommitUnknown)
	require.ErrorIs(t, err, damaged)
}

// That the store is gone when a commit is repeated says nothing of the first try, nor that the rows cannot be read after a conflict: who heard only
// that would capture once more.
func TestCommitThatMayHaveHappenedIsUnknown(t *testing.T) {
	gone := &payment.StoreError{Problem: payment.StoreGone, Advice: "see that the server runs", Err: errors.New("connection refused")}
	for name, tt := range map[string]struct {
		provider string
		then     func(l *lossy)
	}{
		"gone, pure provider":           {"scripted", func(l *lossy) { l.commit = gone }},
		"gone, gateway":                 {"sandbox", func(l *lossy) { l.commit = gone }},
		"not read again after conflict": {"sandbox", func(l *lossy) { l.load = gone }},
	} {
		t.Run(name, func(t *testing.T) {
			s, _, l := newLossy(t)
			pay := s.paid(tt.provider, "100", "EUR")
			l.lose, l.between = anyCommit, func() { tt.then(l) }
			_, err := s.capture(pay, "40")
			require.ErrorIs(t, err, payment.ErrCommitUnknown)
			require.ErrorIs(t, err, gone)
			l.commit, l.load = nil, nil
			s.reconcile(time.Hour)
			equalAmount(t, "40", s.payment(pay.ID).Captured)
		})
	}
	t.Run("a new collection", func(t *testing.T) {
		s, _, l := newLossy(t)
		l.lose, l.between = anyCommit, func() { l.commit = gone }
		_, err := s.CreateCollection(t.Context(), payment.CreateCollectionParams{CurrencyCode: "EUR", Amount: *amount("100"), IdempotencyKey: "cart"})
		require.ErrorIs(t, err, payment.ErrCommitUnknown)
		require.ErrorIs(t, err, gone)
	})
}

// What moved the version may also be somebody else's commit, while this one never happened: it is decided again.
func TestCommitThatDidNotHappen(t *testing.T) {
	s, _, l := newLossy(t)
	c := s.collection("100", "EUR")
	lost := &lost{Store: l}
	svc, err := payment.NewService(lost, payment.Config{Providers: []payment.Provider{&scripted{answer: usual}},
		Wait: func(context.Context, time.Duration) error { return nil }})
	require.NoError(t, err)
	lost.instead = func() {
		_, err := s.UpdateCollection(t.Context(), payment.UpdateCollectionParams{CollectionID: c.ID, Metadata: &payment.Data{"note": "second"}})
		require.NoError(t, err)
	}
	got, err := svc.UpdateCollection(t.Context(), payment.UpdateCollectionParams{CollectionID: c.ID, Amount: amount("50")})
	require.NoError(t, err)
	equalAmount(t, "50", got.Amount)
	require.Equal(t, "second", got.Metadata["note"])
}

// lost is a store that does something else instead of one commit, and does not know what became of it.
type lost struct {
	payment.Store
	instead func()
}

func (l *lost) Commit(ctx context.Context, c *payment.Changes) error {
	if instead := l.instead; instead != nil {
		l.instead = nil
		instead()
		return payment.ErrCommitUnknown
	}
	return l.Store.Commit(ctx, c)
}
