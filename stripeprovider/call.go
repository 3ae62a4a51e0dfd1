package stripeprovider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/stripe/stripe-go/v85"

	"github.com/seed40c892db/payment"
)

// maxRefunds is how many refunds of one intent are read. No Snapshot is made of a part of them.
const maxRefunds = 1000

var errNoIntent = errors.New("stripe: the answer is no payment intent")

// call sends one request about the intent with this ID.
type call func(ctx context.Context, id string) (*stripe.PaymentIntent, error)

// change sends a request that changes the session's intent. built is why it could not be built.
func (p *Provider) change(ctx context.Context, r payment.Request, built error, do call) (payment.Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Timeout)
	defer cancel()
	if err := errors.Join(built, ctx.Err()); err != nil {
		return payment.Snapshot{}, payment.NotSent(err)
	}
	id, err := p.locate(ctx, r)
	if err == nil && id == "" {
		err = errors.New("stripe: the session's intent is not found, yet")
	}
	if err != nil {
		return payment.Snapshot{}, payment.NotSent(err) // a search alone was sent
	}
	return p.send(ctx, r, id, do)
}

// send sends a request that changes something, and says what is true after it.
func (p *Provider) send(ctx context.Context, r payment.Request, id string, do call) (payment.Snapshot, error) {
	under, t := traced(ctx)
	in, err := do(under, id)
	if err != nil {
		return p.refused(ctx, r, id, err, t)
	}
	if in.ID == "" {
		return payment.Snapshot{}, errNoIntent
	}
	if replayed(in.LastResponse) || in.Status == "" { // its ID alone
		_, s, err := p.read(ctx, r, in.ID) // what was true when an answer was stored need not be true any more
		return s, err
	}
	return p.snapshot(ctx, r, in)
}

// refused says what became of a request that ended in an error.
func (p *Provider) refused(ctx context.Context, r payment.Request, id string, err error, t *trace) (payment.Snapshot, error) {
	f := classify(err, t)
	switch f.verdict {
	case already:
		_, now, err := p.read(ctx, r, id)
		if err != nil {
			return payment.Snapshot{}, fmt.Errorf("%w; and the intent could not be read: %w", f.cause, err)
		}
		return payment.Snapshot{}, payment.AlreadyDone(now)
	case declined:
		e, ok := errors.AsType[*stripe.Error](err)
		if !ok || e.PaymentIntent == nil || e.PaymentIntent.AmountReceived != 0 || replayed(e.LastResponse) {
			return payment.Snapshot{}, sent(f)
		}
		s, err := p.view().snapshot(e.PaymentIntent, nil) // nothing was taken, so that nothing was refunded
		if err != nil {
			return payment.Snapshot{}, sent(f)
		}
		return s, sent(f)
	}
	return payment.Snapshot{}, sent(f)
}

// unlessDone is an error of a call that Stripe refused in the intent's state. Where the intent is not what the call was to make of it, such as
// one that is processing, the call must be made anew: under the same key Stripe answers with the same refusal, whatever becomes of the intent.
func unlessDone(err error, done func(payment.Snapshot) bool) error {
	now, ok := payment.AlreadyDoneSnapshot(err)
	if !ok || done(now) {
		return err
	}
	return payment.NotSent(fmt.Errorf("stripe: refused, as the intent is %s", now.Data["status"]))
}

// final reports whether an intent is not updated any more.
func final(s payment.Snapshot) bool {
	return s.State == payment.SnapshotAuthorized || s.State == payment.SnapshotCanceled
}

// spent reports whether nothing is left to be canceled.
func spent(s payment.Snapshot) bool { return final(s) && s.Capturable != nil && s.Capturable.IsZero() }

// replayed reports whether Stripe has answered from memory: https://docs.stripe.com/error-low-level#sending-idempotency-keys
func replayed(r *stripe.APIResponse) bool {
	return r != nil && r.Header.Get("Idempotent-Replayed") == "true"
}

// status reads the session's intent. It is nil, and the Snapshot not_found, where there is none.
func (p *Provider) status(ctx context.Context, r payment.Request) (*stripe.PaymentIntent, payment.Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Timeout)
	defer cancel()
	id, err := p.locate(ctx, r)
	switch {
	case err != nil:
		return nil, payment.Snapshot{}, err
	case id == "":
		return nil, payment.Snapshot{State: payment.SnapshotNotFound}, nil
	}
	return p.read(ctx, r, id)
}

// locate returns the ID of the session's intent: the one that is known, or else the one that a search finds; empty where it finds none.
func (p *Provider) locate(ctx context.Context, r payment.Request) (string, error) {
	if r.Reference != "" {
		return r.Reference, nil
	}
	return p.search(ctx, r.SessionID)
}

// search returns the ID of the session's intent, empty where Stripe finds none.
func (p *Provider) search(ctx context.Context, sessionID string) (string, error) {
	query, err := searchQuery(sessionID)
	if err != nil {
		return "", err
	}
	var list stripe.PaymentIntentSearchResult
	if err := p.list(ctx, "/v1/payment_intents/search", query, &list); err != nil {
		return "", err
	}
	switch found := list.Data; {
	case len(found) > 1 || list.HasMore:
		return "", errors.New("stripe: more than one intent is found for the session")
	case len(found) == 0 && found != nil:
		return "", nil
	case len(found) == 0 || found[0] == nil || found[0].ID == "":
		return "", errors.New("stripe: the answer is no list")
	default:
		return found[0].ID, nil
	}
}

// read reads an intent.
func (p *Provider) read(ctx context.Context, r payment.Request, id string) (*stripe.PaymentIntent, payment.Snapshot, error) {
	in, err := p.retrieve(ctx, id)
	if err != nil {
		return nil, payment.Snapshot{}, err
	}
	s, err := p.snapshot(ctx, r, in)
	if err != nil {
		return nil, payment.Snapshot{}, err
	}
	return in, s, nil
}

// retrieve reads an intent with its charge and its refunds. One that is not there is an error: Stripe deletes no intent, and so the key or
// the account is another one than it was.
func (p *Provider) retrieve(ctx context.Context, id string) (*stripe.PaymentIntent, error) {
	under, t := traced(ctx)
	in, err := p.api.V1PaymentIntents.Retrieve(under, id, retrieveParams(p.cfg))
	if err != nil {
		return nil, classify(err, t).cause
	}
	if in.ID != id {
		return nil, errNoIntent
	}
	return in, nil
}

// snapshot translates an intent, and reads what is missing in it.
func (p *Provider) snapshot(ctx context.Context, r payment.Request, in *stripe.PaymentIntent) (payment.Snapshot, error) {
	if c := in.LatestCharge; c != nil && c.Object == "" { // its ID alone
		whole, err := p.retrieve(ctx, in.ID)
		if err != nil {
			return payment.Snapshot{}, err
		}
		in = whole
	}
	if s := in.Metadata[metaSession]; s != "" && r.SessionID != "" && s != r.SessionID {
		return payment.Snapshot{}, errors.New("stripe: the intent is of another session")
	}
	var refunds []*stripe.Refund
	if c := in.LatestCharge; c != nil && c.Refunds != nil && !c.Refunds.HasMore {
		refunds = c.Refunds.Data
	} else if c != nil {
		var err error
		if refunds, err = p.refunds(ctx, in.ID); err != nil {
			return payment.Snapshot{}, err
		}
	}
	return p.view().snapshot(in, refunds)
}

// refunds lists all refunds of an intent.
func (p *Provider) refunds(ctx context.Context, id string) ([]*stripe.Refund, error) {
	var after string
	var all []*stripe.Refund
	for {
		var list stripe.RefundList
		if err := p.list(ctx, "/v1/refunds", refundsQuery(id, after), &list); err != nil {
			return nil, err
		}
		all = append(all, list.Data...)
		last := len(list.Data) - 1
		switch missing := list.Data == nil; {
		case missing, list.HasMore && (last < 0 || list.Data[last] == nil):
			return nil, errors.New("stripe: the answer is no list")
		case !list.HasMore:
			return all, nil
		case len(all) > maxRefunds:
			return nil, fmt.Errorf("stripe: the intent has more than %d refunds", maxRefunds)
		default:
			after = list.Data[last].ID
		}
	}
}

// list reads one page of a list.
func (p *Provider) list(ctx context.Context, path string, query url.Values, page stripe.LastResponseSetter) error {
	under, t := traced(ctx)
	params := common(p.cfg, "")
	params.Context = under
	if err := p.backend.CallRaw(http.MethodGet, path, p.cfg.SecretKey, []byte(query.Encode()), &params, page); err != nil {
		return classify(err, t).cause
	}
	return nil
}

// view is what the mapping knows of this provider.
func (p *Provider) view() view {
	return view{info: p.info, publishableKey: p.cfg.PublishableKey, account: p.cfg.Account}
}

// refunded returns a refund's intent with the refund in it, and with the answer's headers.
func refunded(made *stripe.Refund) *stripe.PaymentIntent {
	in := made.PaymentIntent
	if in == nil {
		return &stripe.PaymentIntent{}
	}
	in.LastResponse = made.LastResponse
	c := in.LatestCharge
	if c != nil && c.Refunds != nil && !c.Refunds.HasMore && !slices.ContainsFunc(c.Refunds.Data, func(r *stripe.Refund) bool { return r != nil && r.ID == made.ID }) {
		c.Refunds.Data = append(c.Refunds.Data, made)
	}
	return in
}
