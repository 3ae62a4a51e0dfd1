package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/paymenthttp"
)

// state is how far a cart is paid, for pages.
type state struct {
	Total decimal.Decimal
	Paid  decimal.Decimal // held by gateways, or taken
	Left  decimal.Decimal // what no session has set aside
	Ways  []way
	Begun bool   // money is held, or on its way
	Over  bool   // nothing is left to be paid
	ID    string // of the collection; empty before the checkout
}

// way is one session: one attempt, or one part, with one provider.
type way struct {
	SessionID string
	Tag       string // the version that the page shows, as its ETag
	Shows     string // the status that the page shows; empty where any change makes another page
	Provider  string
	Amount    decimal.Decimal
	Kind      wayKind
	Words     string
	URL       string           // where the shopper is asked for more
	Payment   *payment.Payment // with captures and refunds; nil until it was authorized
}

// wayKind is where a way stands.
type wayKind string

const (
	wayHeld      wayKind = "held"
	wayTaken     wayKind = "taken"
	wayReturned  wayKind = "returned"
	wayReleased  wayKind = "released"
	wayChallenge wayKind = "challenge"
	wayDeciding  wayKind = "deciding"
	wayBusy      wayKind = "busy"
	wayDeclined  wayKind = "declined"
)

// Waits reports whether the page is to wait for news.
func (w way) Waits() bool {
	return w.Kind == wayDeciding || w.Kind == wayBusy || w.Kind == wayChallenge
}

// has returns the first way of a kind.
func (st *state) has(kind wayKind) *way {
	for i := range st.Ways {
		if st.Ways[i].Kind == kind {
			return &st.Ways[i]
		}
	}
	return nil
}

// Deciding returns the bank transfer that is on its way.
func (st *state) Deciding() *way { return st.has(wayDeciding) }

// Challenge returns the payment about which the shopper's bank asks.
func (st *state) Challenge() *way { return st.has(wayChallenge) }

// Busy returns the payment that is being decided right now.
func (st *state) Busy() *way { return st.has(wayBusy) }

// Released reports whether the shop has released money that was held.
func (st *state) Released() bool {
	return slices.ContainsFunc(st.Ways, func(w way) bool { return w.Payment != nil && w.Payment.Released.IsPositive() })
}

// Declined returns the attempt that came to nothing, where it was the last one.
func (st *state) Declined() *way {
	if n := len(st.Ways); n > 0 && st.Ways[n-1].Kind == wayDeclined {
		return &st.Ways[n-1]
	}
	return nil
}

// state reads how far a cart is paid.
func (s *shop) state(ctx context.Context, c *cart) (*state, error) {
	st := &state{Total: c.Total()}
	st.Left = st.Total
	owed, err := s.svc.GetCollection(ctx, paymenthttp.CartCollectionID(s.svc, c.ID))
	if errors.Is(err, payment.ErrNotFound) {
		return st, nil
	}
	if err != nil {
		return nil, err
	}
	list, err := s.svc.ListSessions(ctx, payment.ListParams{CollectionID: owed.ID, Limit: 100})
	if err != nil {
		return nil, err
	}
	st.ID, st.Paid = owed.ID, owed.Authorized
	st.Left = decimal.Max(decimal.Zero, st.Total.Sub(owed.Authorized).Sub(owed.Held))
	for _, x := range list.Items {
		w, shown, err := s.way(ctx, x)
		if err != nil {
			return nil, err
		}
		if shown {
			st.Ways = append(st.Ways, w)
			st.Begun = st.Begun || w.Payment != nil || w.Kind == wayDeciding
		}
	}
	st.Over = !owed.Authorized.LessThan(st.Total)
	if !owed.CanceledAt.IsZero() || !owed.CompletedAt.IsZero() || st.Released() {
		st.Left, st.Over = decimal.Zero, true // what the shop has given up is not asked for again
	}
	return st, nil
}

// way says where a session stands; false where there is nothing to say.
func (s *shop) way(ctx context.Context, x *payment.PaymentSession) (w way, shown bool, err error) {
	w = way{SessionID: x.ID, Tag: strconv.Quote(strconv.FormatInt(x.Revision, 10)), Shows: string(x.Status), Provider: x.ProviderID, Amount: x.Amount}
	if x.PaymentID != "" {
		if w.Payment, err = s.svc.GetPayment(ctx, x.PaymentID); err != nil {
			return w, false, err
		}
		w.Kind, w.Words = moneyWords(w.Payment)
		return w, true, nil
	}
	switch {
	case x.OperationID != "" && x.InitializedAt.IsZero(), x.Status == payment.StatusCanceled:
		return w, false, nil
	case x.OperationID != "":
		w.Shows = ""
		w.Kind, w.Words = wayBusy, "is being decided. Please do not pay again."
	case x.Status == payment.StatusRequiresMore && x.NextAction != nil && x.NextAction.Kind == payment.ActionRedirect:
		w.Kind, w.Words, w.URL = wayChallenge, "waits for your bank to hear from you.", x.NextAction.URL
	case !x.ProcessingSince.IsZero():
		w.Shows += " processing"
		w.Kind, w.Words = wayDeciding, "is on its way. Your bank tells us when it has left."
	case x.Status == payment.StatusError:
		w.Kind, w.Words = wayDeclined, reason(x.Reason)
	default:
		return w, false, nil
	}
	return w, true, nil
}

// moneyWords says where the money of a payment is.
func moneyWords(p *payment.Payment) (wayKind, string) {
	switch {
	case p.Refunded.IsPositive() && p.Refunded.Equal(p.Captured):
		return wayReturned, "was given back."
	case p.Refunded.IsPositive():
		return wayReturned, fmt.Sprintf("was taken, and %s of it given back.", money(p.Refunded))
	case !p.CanceledAt.IsZero() && p.Captured.IsZero():
		return wayReleased, "was released: nothing was taken."
	case p.Captured.IsPositive() && p.Capturable.IsPositive():
		return wayTaken, fmt.Sprintf("is held, and %s of it taken.", money(p.Captured))
	case p.Captured.IsPositive() && p.Captured.LessThan(p.Authorized):
		return wayTaken, fmt.Sprintf("was held, and %s of it taken.", money(p.Captured))
	case p.Captured.IsPositive():
		return wayTaken, "was taken."
	case p.ProviderID == "cash":
		return wayHeld, "is paid when the parcel comes."
	}
	return wayHeld, "is held. It is taken when your parcel leaves."
}
