package payment_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// Every method, with an ID that leads nowhere.
func TestWhatDoesNotExist(t *testing.T) {
	s := newStage(t, options{})
	ctx := t.Context()
	key := "k"
	calls := map[string]func(id string) error{
		"collection GetCollection": func(id string) error { _, err := s.GetCollection(ctx, id); return err },
		"collection UpdateCollection": func(id string) error {
			_, err := s.UpdateCollection(ctx, payment.UpdateCollectionParams{CollectionID: id, Amount: amount("1"), IdempotencyKey: key})
			return err
		},
		"collection CompleteCollection": func(id string) error { _, err := s.CompleteCollection(ctx, id); return err },
		"collection CancelCollection":   func(id string) error { _, err := s.CancelCollection(ctx, id); return err },
		"collection DeleteCollection":   func(id string) error { return s.DeleteCollection(ctx, id) },
		"collection CreateSession": func(id string) error {
			_, err := s.CreateSession(ctx, payment.CreateSessionParams{CollectionID: id, ProviderID: "sandbox", Amount: dec("1"), IdempotencyKey: key})
			return err
		},
		"session Supersede": func(id string) error {
			_, err := s.CreateSession(ctx, payment.CreateSessionParams{
				CollectionID: s.c.ID, ProviderID: "sandbox", Amount: dec("1"), Supersede: []string{s.pending.ID, id}, IdempotencyKey: key,
			})
			return err
		},
		"session GetSession": func(id string) error { _, err := s.GetSession(ctx, id); return err },
		"session UpdateSession": func(id string) error {
			_, err := s.UpdateSession(ctx, payment.UpdateSessionParams{SessionID: id, Amount: amount("1"), IdempotencyKey: key})
			return err
		},
		"session AuthorizeSession": func(id string) error {
			_, err := s.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: id, IdempotencyKey: key})
			return err
		},
		"session CancelSession": func(id string) error {
			_, err := s.CancelSession(ctx, payment.CancelSessionParams{SessionID: id, IdempotencyKey: key})
			return err
		},
		"session DeleteSession": func(id string) error { return s.DeleteSession(ctx, id) },
		"payment GetPayment":    func(id string) error { _, err := s.GetPayment(ctx, id); return err },
		"payment UpdatePayment": func(id string) error {
			_, err := s.UpdatePayment(ctx, payment.UpdatePaymentParams{PaymentID: id, Metadata: &payment.Data{"a": 1}})
			return err
		},
		"payment CapturePayment": func(id string) error {
			_, err := s.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: id, IdempotencyKey: key})
			return err
		},
		"payment RefundPayment": func(id string) error {
			_, err := s.RefundPayment(ctx, payment.RefundPaymentParams{PaymentID: id, IdempotencyKey: key})
			return err
		},
		"payment CancelPayment": func(id string) error {
			_, err := s.CancelPayment(ctx, payment.CancelPaymentParams{PaymentID: id, IdempotencyKey: key})
			return err
		},
		"refund reason GetRefundReason": func(id string) error { _, err := s.GetRefundReason(ctx, id); return err },
		"refund reason UpdateRefundReason": func(id string) error {
			_, err := s.UpdateRefundReason(ctx, id, payment.RefundReasonParams{Code: "x", Label: "x"})
			return err
		},
		"refund reason DeleteRefundReason": func(id string) error { return s.DeleteRefundReason(ctx, id) },
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			kind := name[:strings.LastIndex(name, " ")]
			field, rule := map[string]string{
				"collection": "CollectionID", "session": "SessionID", "payment": "PaymentID", "refund reason": "ReasonID",
			}[kind], "is required"
			if name == "session Supersede" {
				field, rule = "Supersede", "must not hold an empty ID"
			}
			requireInvalid(t, s.untouched(t, func() error { return call("") }), field, rule)
			ids := []string{"nothing", "payses_", "op_", "x\x00y", "\xff", "'; --", strings.Repeat("x", 100_000)}
			for other, id := range map[string]string{"collection": s.c.ID, "session": s.pending.ID, "payment": s.p.ID} {
				if other != kind {
					ids = append(ids, id) // one of another kind
				}
			}
			for _, id := range ids {
				err := s.untouched(t, func() error { return call(id) })
				require.ErrorIs(t, err, payment.ErrNotFound)
				var missing *payment.NotFoundError
				require.ErrorAs(t, err, &missing)
				require.Equal(t, id, missing.ID)
				require.Regexp(t, `^payment: no `+kind+` ".*" was found$`, err.Error())
				require.Less(t, len(err.Error()), 400)
			}
		})
	}
}

// What the table of statuses, or the totals, forbid.
func TestForbiddenTransitions(t *testing.T) {
	type at struct{ collection, session, payment string }
	prepare := map[string]func(s *shop) at{
		"an authorized session": func(s *shop) at {
			p := s.paid("sandbox", "100", "USD")
			return at{p.CollectionID, p.SessionID, p.ID}
		},
		"a canceled payment": func(s *shop) at {
			p := s.paid("sandbox", "100", "USD")
			_, err := s.CancelPayment(s.t.Context(), payment.CancelPaymentParams{PaymentID: p.ID})
			require.NoError(s.t, err)
			return at{p.CollectionID, p.SessionID, p.ID}
		},
		"a canceled session": func(s *shop) at {
			x := s.session(s.collection("100", "USD"), "sandbox", "100")
			_, err := s.CancelSession(s.t.Context(), payment.CancelSessionParams{SessionID: x.ID})
			require.NoError(s.t, err)
			return at{x.CollectionID, x.ID, ""}
		},
		"a session that the gateway decides": func(s *shop) at {
			x := s.session(s.collection("100", "USD"), "sandbox", "100")
			_, err := s.AuthorizeSession(s.t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID, Input: token(sandboxprovider.TokenDelayed)})
			require.ErrorIs(s.t, err, payment.ErrPending)
			return at{x.CollectionID, x.ID, ""}
		},
		"a captured payment": func(s *shop) at {
			p := s.paid("sandbox", "100", "USD")
			_, err := s.capture(p, "")
			require.NoError(s.t, err)
			return at{p.CollectionID, p.SessionID, p.ID}
		},
		"a completed collection": func(s *shop) at {
			p := s.paid("sandbox", "100", "USD")
			_, err := s.CompleteCollection(s.t.Context(), p.CollectionID)
			require.NoError(s.t, err)
			return at{p.CollectionID, p.SessionID, p.ID}
		},
		"a canceled collection": func(s *shop) at {
			x := s.session(s.collection("100", "USD"), "sandbox", "100")
			_, err := s.CancelCollection(s.t.Context(), x.CollectionID)
			require.NoError(s.t, err)
			return at{x.CollectionID, x.ID, ""}
		},
		"an unpaid collection": func(s *shop) at {
			x := s.session(s.collection("100", "USD"), "sandbox", "100")
			return at{x.CollectionID, x.ID, ""}
		},
	}
	update := func(s *shop, a at) error {
		_, err := s.UpdateSession(s.t.Context(), payment.UpdateSessionParams{SessionID: a.session, Amount: amount("50")})
		return err
	}
	context := func(s *shop, a at) error {
		_, err := s.UpdateSession(s.t.Context(), payment.UpdateSessionParams{SessionID: a.session, Context: new(payment.NewPrivate(payment.Data{"a": 1}))})
		return err
	}
	authorize := func(s *shop, a at) error {
		_, err := s.AuthorizeSession(s.t.Context(), payment.AuthorizeSessionParams{SessionID: a.session})
		return err
	}
	cancelSession := func(s *shop, a at) error {
		_, err := s.CancelSession(s.t.Context(), payment.CancelSessionParams{SessionID: a.session})
		return err
	}
	deleteSession := func(s *shop, a at) error { return s.DeleteSession(s.t.Context(), a.session) }
	capture := func(what string) func(*shop, at) error {
		return func(s *shop, a at) error { _, err := s.capture(&payment.Payment{ID: a.payment}, what); return err }
	}
	refund := func(what string) func(*shop, at) error {
		return func(s *shop, a at) error { _, err := s.refund(&payment.Payment{ID: a.payment}, what); return err }
	}
	cancelPayment := func(s *shop, a at) error {
		_, err := s.CancelPayment(s.t.Context(), payment.CancelPaymentParams{PaymentID: a.payment})
		return err
	}
	createSession := func(s *shop, a at) error {
		_, err := s.CreateSession(s.t.Context(), payment.CreateSessionParams{CollectionID: a.collection, ProviderID: "sandbox", Amount: dec("1")})
		return err
	}
	change := func(s *shop, a at) error {
		_, err := s.UpdateCollection(s.t.Context(), payment.UpdateCollectionParams{CollectionID: a.collection, Amount: amount("500")})
		return err
	}
	complete := func(s *shop, a at) error { _, err := s.CompleteCollection(s.t.Context(), a.collection); return err }
	cancel := func(s *shop, a at) error { _, err := s.CancelCollection(s.t.Context(), a.collection); return err }
	remove := func(s *shop, a at) error { return s.DeleteCollection(s.t.Context(), a.collection) }

	allowed, canceled := payment.ErrNotAllowed, payment.ErrCanceled
	for _, test := range []struct {
		of, text string // SESSION, PAYMENT and COLLECTION stand for their IDs
		call     func(*shop, at) error
		matches  []error
	}{
		{"an authorized session", "payment: cannot update SESSION, which is authorized: it is final", update, []error{allowed}},
		{"an authorized session", "payment: cannot update SESSION, which is authorized: it is final", context, []error{allowed}},
		{"an authorized session", "payment: cannot refund PAYMENT, which is authorized: nothing was captured", refund(""), []error{allowed}},
		{"a canceled session", "payment: cannot update SESSION, which is canceled: it is final", update, []error{allowed, canceled}},
		{"a canceled session", "payment: canceled: session SESSION", authorize, []error{canceled}},
		{"a canceled payment", "payment: cannot capture PAYMENT, which is canceled: its authorization was given up, and nothing was captured", capture("1"), []error{allowed, canceled}},
		{"a canceled payment", "payment: cannot capture PAYMENT, which is canceled: its authorization was given up, and nothing was captured", capture(""), []error{allowed, canceled}},
		{"a canceled payment", "payment: cannot refund PAYMENT, which is canceled: its authorization was given up, and nothing was captured", refund("1"), []error{allowed, canceled}},
		{"a canceled payment", "payment: cannot refund PAYMENT, which is canceled: its authorization was given up, and nothing was captured", refund(""), []error{allowed, canceled}},
		{"a canceled payment", "payment: cannot update SESSION, which is canceled: it is final", update, []error{allowed, canceled}},
		{"a canceled payment", "payment: canceled: session SESSION", authorize, []error{canceled}},
		{"a session that the gateway decides", "payment: cannot update SESSION, which is pending: the gateway is deciding", update, []error{allowed}},
		{"a session that the gateway decides", "payment: cannot cancel SESSION, which is pending: the gateway is deciding", cancelSession, []error{allowed}},
		{"a session that the gateway decides", "payment: cannot cancel SESSION, which is pending: the gateway is deciding", deleteSession, []error{allowed}},
		{"a session that the gateway decides", "payment: cannot cancel SESSION, which is pending: the gateway is deciding", cancel, []error{allowed}},
		{"a captured payment", "payment: cannot cancel PAYMENT, which is captured: nothing is held any more; refund what was captured", cancelPayment, []error{allowed}},
		{"a captured payment", "payment: cannot cancel SESSION, which is authorized: money was captured; refund it, or cancel what is left of the payment", cancelSession, []error{allowed}},
		{"a captured payment", "payment: cannot cancel SESSION, which is authorized: money was captured; refund it, or cancel what is left of the payment", deleteSession, []error{allowed}},
		{"a captured payment", "payment: cannot cancel COLLECTION, which is completed: money was captured: cancel the other sessions and what is left of the payments, and lower the amount to what was captured", cancel, []error{allowed}},
		{"a captured payment", "payment: cannot delete COLLECTION, which is completed: money was captured: cancel the other sessions and what is left of the payments, and lower the amount to what was captured", remove, []error{allowed}},
		{"a captured payment", "payment: cannot change the amount of COLLECTION, which is completed: it is fixed", change, []error{allowed}},
		{"a completed collection", "payment: cannot add a session to COLLECTION, which is completed: nothing is owed any more", createSession, []error{allowed}},
		{"a completed collection", "payment: cannot change the amount of COLLECTION, which is completed: it is fixed", change, []error{allowed}},
		{"a canceled collection", "payment: cannot add a session to COLLECTION, which is canceled: nothing is owed any more", createSession, []error{allowed, canceled}},
		{"a canceled collection", "payment: cannot change the amount of COLLECTION, which is canceled: it is fixed", change, []error{allowed, canceled}},
		{"a canceled collection", "payment: cannot complete COLLECTION, which is canceled: it was given up", complete, []error{allowed, canceled}},
		{"an unpaid collection", "payment: cannot complete COLLECTION, which is awaiting: only 0.00 of 100.00 USD is authorized; lower the amount first", complete, []error{allowed}},
	} {
		t.Run(test.of+"/"+test.text, func(t *testing.T) {
			s := newShop(t, options{})
			a := prepare[test.of](s)
			err := s.untouched(t, func() error { return test.call(s, a) })
			for _, want := range test.matches {
				require.ErrorIs(t, err, want)
			}
			if len(test.matches) == 1 && !errors.Is(test.matches[0], canceled) {
				require.NotErrorIs(t, err, canceled)
			}
			require.EqualError(t, err, strings.NewReplacer("SESSION", a.session, "PAYMENT", a.payment, "COLLECTION", a.collection).Replace(test.text))
		})
	}
}
