package payment_test

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
)

// babble makes answers of bytes. When they run out, it says what a gateway usually says.
type babble struct {
	bytes []byte
}

func (b *babble) next() int {
	if len(b.bytes) == 0 {
		return 0
	}
	n := int(b.bytes[0])
	b.bytes = b.bytes[1:]
	return n
}

// pick returns one of several; the first where the bytes have run out.
func pick[T any](b *babble, from ...T) T { return from[b.next()%len(from)] }

func (b *babble) amount(r payment.Request) decimal.Decimal {
	return pick(b, r.Amount, decimal.Decimal{}, dec("100"), dec("40"), dec("60"), dec("10"), dec("0.01"), dec("-40"), dec("100.001"), dec("160"), dec("99999999999999999999"),
		decimal.New(1, 1_000_000_000), decimal.New(1, -1_000_000_000), decimal.New(int64(b.next())-100, int32(b.next()%8)-4))
}

func (b *babble) text(r payment.Request) string {
	return pick(b, "ref-"+r.SessionID, "", "other", r.IdempotencyKey, "a\x00b", "a\xff", strings.Repeat("x", 300), planted)
}

func (b *babble) time() time.Time {
	return pick(b, time.Time{}, newClock().at.Add(time.Hour), newClock().at.Add(-time.Hour), time.Date(20000, 1, 1, 0, 0, 0, 0, time.UTC), time.Unix(-1<<40, 999))
}

func (b *babble) data() payment.Data {
	return pick(b, nil, payment.Data{}, payment.Data{"client_secret": "cs_1"}, payment.Data{"f": func() {}}, payment.Data{"a\x00": "\xff"},
		payment.Data{"big": strings.Repeat("x", 70<<10)}, payment.Data{"api_key": "sk_live_" + strings.Repeat("a", 24)})
}

// change bends what a gateway usually says, at as many places as the bytes say.
func (b *babble) change(s *payment.Snapshot, r payment.Request) {
	for n := b.next() % 6; n > 0; n-- {
		switch b.next() % 14 {
		case 0:
			s.State = pick(b, payment.SnapshotPending, payment.SnapshotRequiresMore, payment.SnapshotProcessing, payment.SnapshotAuthorized,
				payment.SnapshotDeclined, payment.SnapshotCanceled, payment.SnapshotNotFound, "", "captured")
		case 1:
			s.Reference = b.text(r)
		case 2:
			s.Account = b.text(r)
		case 3:
			s.CurrencyCode = pick(b, "", "eur", "USD", "JPY", "\x00", planted)
		case 4:
			s.Amount = b.amount(r)
		case 5:
			s.Authorized = b.amount(r)
		case 6:
			s.Capturable = new(b.amount(r))
		case 7, 8:
			s.Movements = append(s.Movements, payment.Movement{
				Kind: pick(b, payment.MovementCapture, payment.MovementRefund, "fee"), Reference: pick(b, "m1", "m2", "mov-"+r.IdempotencyKey, b.text(r)),
				IdempotencyKey: pick(b, r.IdempotencyKey, "", aKey(7), b.text(r)), Amount: b.amount(r),
				State: pick(b, payment.MovementSucceeded, payment.MovementPending, payment.MovementFailed, "lost"), At: b.time(),
			})
		case 9:
			s.Movements = pick(b, nil, []payment.Movement{})
		case 10:
			s.Totals = &payment.Totals{Captured: b.amount(r), Refunded: b.amount(r)}
		case 11:
			s.CaptureBefore, s.ExpiresAt = b.time(), b.time()
		case 12:
			s.NextAction = &payment.NextAction{Kind: pick(b, payment.ActionRedirect, "", "\x00"), URL: pick(b, "https://bank.example/", "javascript:alert(1)", "\x00"), ExpiresAt: b.time()}
			s.Decline = &payment.Decline{Code: pick(b, "card_declined", "", "not_sent", planted+" "), Message: planted}
		case 13:
			s.Data = b.data()
			s.Private = pick(b, nil, new(payment.NewPrivate(map[string]any{"k": planted})), new(payment.NewPrivate(b.data())), &payment.Private{})
		}
	}
}

func (b *babble) err(s payment.Snapshot) error {
	return pick(b, nil, nil, nil, nil, errors.New(planted), payment.Declined("card_declined", planted), payment.Declined(planted+" ", planted),
		payment.NotSent(errors.New(planted)), payment.AlreadyDone(s), payment.ErrUnsupported)
}

// Whatever a gateway answers: no panic, our rows stay sound, and what it says to the server alone is in no error.
func FuzzProviderAnswer(f *testing.F) {
	f.Add([]byte(nil), byte(0))
	f.Add([]byte{0, 0, 1, 5, 0, 0, 9, 0}, byte(0)) // authorizes 160 of 100
	f.Add([]byte{0, 0, 1, 0, 3, 0, 2, 5, 3, 4, 2, 0}, byte(1))
	f.Add([]byte{0, 0, 0, 0, 0, 0, 2, 7, 0, 0, 0, 2, 0, 8, 1, 1, 1, 3, 1, 0}, byte(2))
	f.Add([]byte{0, 0, 0, 4, 1, 7, 0, 0, 0, 2, 2, 0, 6, 3, 5, 4, 9, 9, 9, 9, 9, 9, 9, 9}, byte(7))
	f.Add([]byte{5, 10, 10, 11, 4, 8, 6, 11, 13, 5, 12, 1, 1, 1, 4, 0, 3, 0, 5, 5, 5, 5, 5, 5, 5}, byte(15))
	seeds := rand.New(rand.NewPCG(1, 2))
	for range 150 {
		said := make([]byte, 20+seeds.IntN(180))
		for i := range said {
			said[i] = byte(seeds.Uint32() >> 8)
		}
		f.Add(said, byte(seeds.Uint32()>>8))
	}
	f.Fuzz(func(t *testing.T, answers []byte, flags byte) {
		if len(answers) > 400 {
			return
		}
		b := &babble{bytes: answers}
		s, p := newCourier(t, options{})
		p.info = payment.ProviderInfo{StatusByKey: flags&1 != 0, MultiCapture: flags&2 != 0, PartialRefund: flags&4 != 0, ClientConfirms: flags&8 != 0}
		if flags&16 != 0 {
			p.info.KeyTTL = 24 * time.Hour
		}
		again, err := payment.NewService(s.store, payment.Config{Providers: []payment.Provider{p}, Now: s.clock.Now, Wait: s.clock.Wait})
		require.NoError(t, err)
		s.Service = again
		answer := p.answer
		p.answer = func(kind payment.OperationKind, r payment.Request) (payment.Snapshot, error) {
			said, err := answer(kind, r)
			b.change(&said, r)
			return said, errors.Join(err, b.err(said))
		}
		look := func(err error) {
			if err != nil {
				require.NotContains(t, err.Error(), planted)
				require.Less(t, len(err.Error()), 1000)
			}
			s.requireSound(t)
		}

		c := s.collection("100", "EUR")
		_, err = s.CreateSession(t.Context(), payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "scripted", Amount: dec("100")})
		look(err)
		sessions, err := s.ListSessions(t.Context(), payment.ListParams{CollectionID: c.ID})
		require.NoError(t, err)
		require.Len(t, sessions.Items, 1)
		x := sessions.Items[0]
		_, err = s.tryAuthorize(x)
		look(err)
		pay := func() string { return s.freshSession(x.ID).PaymentID }
		for _, step := range []func() error{
			func() error { _, err := s.capture(&payment.Payment{ID: pay()}, "40"); return err },
			func() error { _, err := s.refund(&payment.Payment{ID: pay()}, "10"); return err },
			func() error {
				said, _ := usual(payment.OperationAuthorize, payment.Request{SessionID: x.ID, Amount: dec("100"), CurrencyCode: "EUR"})
				b.change(&said, payment.Request{SessionID: x.ID, Amount: dec("100")})
				p.messages["m"] = payment.WebhookMessage{EventID: "e", SessionID: x.ID, Snapshot: &said}
				_, err := s.HandleWebhook(t.Context(), "scripted", payment.WebhookRequest{Body: []byte("m")})
				return err
			},
			func() error { _, err := s.capture(&payment.Payment{ID: pay()}, ""); return err },
			func() error {
				_, err := s.CancelSession(t.Context(), payment.CancelSessionParams{SessionID: x.ID})
				return err
			},
		} {
			look(step())
			s.clock.Advance(leaseOver)
		}
		for range 3 {
			s.clock.Advance(26 * time.Hour)
			_, err := s.Reconcile(t.Context())
			require.NoError(t, err)
			look(err)
		}
	})
}
