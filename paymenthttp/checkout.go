package paymenthttp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
)

// limited returns the time that a request may wait for what others have under way. A call to a provider that has begun is finished all the same.
func (s *server) limited(r *http.Request) (context.Context, context.CancelFunc) {
	return context.WithTimeout(r.Context(), s.cfg.Timeout)
}

// errDeciding says that a collection stays as it is for as long as a gateway decides about a session.
var errDeciding = errors.New("a gateway decides")

// follow makes a collection's amount and providers the cart's, if they may still change. A session holds its amount for as long as the shopper could still
// pay it: where the cart has become cheaper, what is open comes down first. An error that matches errDeciding comes with the collection as it is.
func (s *server) follow(ctx context.Context, c *payment.PaymentCollection, cart Cart) (*payment.PaymentCollection, error) {
	if !strings.EqualFold(c.CurrencyCode, cart.CurrencyCode) {
		return nil, &httpError{status: http.StatusConflict, kind: typeConflict, code: "currency_changed", message: "a cart keeps its currency: begin another one"}
	}
	accepting := s.cfg.accepting(cart.ProviderIDs)
	accepted := slices.Equal(c.ProviderIDs, accepting) && (c.ProviderIDs == nil) == (accepting == nil)
	cart.Amount = decimal.Max(cart.Amount, c.Authorized) // below that nothing is left to be paid: what is too much is the merchant's to give back
	if c.Amount.Equal(cart.Amount) && accepted || !c.CompletedAt.IsZero() || !c.CanceledAt.IsZero() {
		return c, nil
	}
	change := payment.UpdateCollectionParams{CollectionID: c.ID, Amount: &cart.Amount, ProviderIDs: &accepting}
	changed, err := s.svc.UpdateCollection(ctx, change)
	if !errors.Is(err, payment.ErrNotAllowed) || !c.Held.IsPositive() {
		return changed, err
	}
	if err := s.lower(ctx, c.ID, cart.Amount.Sub(c.Authorized)); err != nil {
		return c, err
	}
	return s.svc.UpdateCollection(ctx, change)
}

// lower makes what is open fit into what a cart costs now: the only session that holds money is changed, several are canceled.
func (s *server) lower(ctx context.Context, collectionID string, left decimal.Decimal) error {
	holding, err := s.sessions(ctx, collectionID)
	if err != nil {
		return err
	}
	holding = slices.DeleteFunc(holding, func(x *payment.PaymentSession) bool { return !x.Held.IsPositive() })
	for _, x := range holding {
		if len(holding) == 1 && left.IsPositive() {
			_, err := s.svc.UpdateSession(ctx, payment.UpdateSessionParams{SessionID: x.ID, Amount: &left})
			if !errors.Is(err, payment.ErrUnsupported) {
				return s.whether(ctx, x.ID, err)
			}
		}
		if _, err := s.svc.CancelSession(ctx, payment.CancelSessionParams{SessionID: x.ID, KeepAuthorized: true}); err != nil {
			return s.whether(ctx, x.ID, err)
		}
	}
	return nil
}

// whether makes a refusal match errDeciding, where it is the gateway's decision that a session waits for.
func (s *server) whether(ctx context.Context, sessionID string, err error) error {
	if !errors.Is(err, payment.ErrNotAllowed) {
		return err
	}
	if x, readErr := s.svc.GetSession(ctx, sessionID); readErr == nil && !x.ProcessingSince.IsZero() {
		return fmt.Errorf("%w: %w", errDeciding, err)
	}
	return err
}

// owed returns the collection as its cart or order is now, and what the provider is to know of the shopper: nil where nobody here can say.
func (s *server) owed(ctx context.Context, r *http.Request, c *payment.PaymentCollection) (*payment.PaymentCollection, *payment.Private, error) {
	if cartID := textOf(c.Metadata[metadataCart]); cartID != "" && s.cfg.ResolveCart != nil {
		cart, err := s.cart(r, cartID)
		if err != nil {
			return nil, nil, err
		}
		c, err = s.follow(ctx, c, cart)
		return c, &cart.Context, err
	}
	orderID := textOf(c.Metadata[metadataOrder])
	if orderID == "" || s.cfg.ResolveOrder == nil {
		return c, nil, nil
	}
	order, err := s.order(r, orderID)
	return c, &order.Context, err
}

// unchanged refuses to pay what a cart is not any more, where no money can be on it yet. What a gateway may hold already has to be read: without
// data, or while it decides, nothing new is paid. With data the server begins to pay, also where the browser could have.
func (s *server) unchanged(r *http.Request, x *payment.PaymentSession, c *payment.PaymentCollection, data payment.Data) error {
	cartID := textOf(c.Metadata[metadataCart])
	if cartID == "" || x.Status != payment.StatusPending && x.Status != payment.StatusError {
		return nil
	}
	if begun := len(data) == 0 || x.OperationID != "" || !x.ProcessingSince.IsZero(); begun && x.Held.IsPositive() {
		return nil
	}
	cart, err := s.cart(r, cartID)
	if err != nil {
		return err
	}
	whole := s.cfg.SplitAmount != nil || x.Amount.Equal(c.Amount.Sub(c.Authorized)) // else another tab has seen what the cart is now
	accepted := cart.ProviderIDs == nil || slices.Contains(cart.ProviderIDs, x.ProviderID)
	if !whole || !accepted || !c.Amount.Equal(cart.Amount) || !strings.EqualFold(c.CurrencyCode, cart.CurrencyCode) {
		return &httpError{status: http.StatusConflict, kind: typeConflict, code: "cart_changed", message: "the cart has changed: choose how to pay again"}
	}
	return nil
}

// createSession makes the provider that was chosen the one to be paid with: for shoppers, and for admins on their behalf.
func (s *server) createSession(r *http.Request, collection func(*http.Request, Action) (*payment.PaymentCollection, error)) (answer, error) {
	key, err := idempotencyKey(r)
	if err != nil {
		return answer{}, err
	}
	ch := choice{key: key}
	if err := readBody(r, map[string]any{"provider_id": &ch.providerID, "data": &ch.input}); err != nil {
		return answer{}, err
	}
	c, err := collection(r, ActionCreateSession)
	if err != nil {
		return answer{}, err
	}
	if s.staffOnly(ch.providerID) {
		return answer{}, notAccepted()
	}
	if err := s.cfg.input(ch.input); err != nil {
		return answer{}, err
	}
	ctx, cancel := s.limited(r)
	defer cancel()
	if ch.collection, ch.shopper, err = s.owed(ctx, r, c); errors.Is(err, errDeciding) {
		session, err := s.decided(ctx, ch, err)
		return s.chosen(r, c.ID, session, err)
	} else if err != nil {
		return answer{}, err
	}
	for try := 1; ; try++ {
		session, err := s.choose(ctx, r, ch)
		if !errors.Is(err, payment.ErrIdempotencyMismatch) || try == 3 {
			return s.chosen(r, c.ID, session, err)
		} // another tab was faster: what it made is found now
	}
}

// choice is the provider that somebody has chosen.
type choice struct {
	collection *payment.PaymentCollection
	providerID string
	input      payment.Data
	shopper    *payment.Private // what its provider is to know of the shopper; nil: nothing new
	key        string           // what the client calls this choice, to tell parts from repeats; may be empty
}

// choose makes the chosen provider's session the one to be paid, and returns its ID: the one that is there, as the cart is now, or a new one. Sessions
// with other providers are canceled, unless the host allows to pay in parts: a part is another one where the client gives it another key.
func (s *server) choose(ctx context.Context, r *http.Request, ch choice) (string, error) {
	c := ch.collection
	all, err := s.sessions(ctx, c.ID)
	if err != nil {
		return "", err
	}
	named := func(x *payment.PaymentSession) bool { return ch.key != "" && textOf(x.Metadata[metadataKey]) == ch.key }
	if slices.ContainsFunc(all, func(x *payment.PaymentSession) bool { return named(x) && x.ProviderID != ch.providerID }) {
		return "", fmt.Errorf("%w: of another provider's session", payment.ErrIdempotencyMismatch)
	}
	mine, others, last := sortOut(all, ch.providerID)
	amount := c.Amount.Sub(c.Authorized)
	if s.cfg.SplitAmount != nil {
		others = nil
		if ch.key != "" { // what other parts have become does not make it another one
			mine, last = nil, ""
		}
		if i := slices.IndexFunc(all, named); i >= 0 {
			mine, last = all[i], all[i].ID
			unopened := mine.Status == payment.StatusPending || mine.Status == payment.StatusError && mine.Reference == ""
			if !unopened || !mine.InitializedAt.IsZero() {
				return mine.ID, nil
			}
		}
		left := amount.Sub(c.Held)
		if mine != nil {
			left = left.Add(mine.Held)
		}
		if amount, err = s.split(ctx, r, c, left, ch.input); err != nil {
			return "", err
		}
	}
	if !amount.IsPositive() {
		return "", nothingLeft(c)
	}
	if c.ProviderIDs != nil && !slices.Contains(c.ProviderIDs, ch.providerID) {
		return "", notAccepted()
	}
	if mine != nil && len(others) == 0 {
		if done, err := s.keep(ctx, mine, amount, ch); done || err != nil {
			return mine.ID, err
		}
	}
	if mine != nil {
		others = append(others, mine.ID)
	}
	return s.begin(ctx, ch, amount, others, last)
}

// split asks the host how much a part is. What it says of the browser's data is the browser's to read.
func (s *server) split(ctx context.Context, r *http.Request, c *payment.PaymentCollection, left decimal.Decimal, input payment.Data) (decimal.Decimal, error) {
	amount, err := s.cfg.SplitAmount(ctx, r, c, left, input)
	if e, ok := errors.AsType[*payment.InvalidError](err); ok && (e.Field == "data" || strings.HasPrefix(e.Field, "data.")) {
		return amount, badField(e.Field, e.Rule)
	}
	return amount, hosts(err)
}

// decided finds the chosen provider's session that a gateway decides about. Any other choice is refused with why, until it has decided.
func (s *server) decided(ctx context.Context, ch choice, why error) (string, error) {
	all, err := s.sessions(ctx, ch.collection.ID)
	if err != nil {
		return "", err
	}
	for _, x := range all {
		asked := s.cfg.SplitAmount == nil || ch.key == "" || textOf(x.Metadata[metadataKey]) == ch.key
		if asked && x.ProviderID == ch.providerID && !x.ProcessingSince.IsZero() {
			return x.ID, nil
		}
	}
	return "", why
}

// begin makes a session in the place of others, and returns its ID, also where its outcome is not known yet. Two tabs that see the same begin the same.
func (s *server) begin(ctx context.Context, ch choice, amount decimal.Decimal, others []string, last string) (string, error) {
	p := payment.CreateSessionParams{
		CollectionID: ch.collection.ID, ProviderID: ch.providerID, Amount: amount, Input: ch.input, Supersede: others,
		IdempotencyKey: ch.providerID + " after " + last,
		KeepAuthorized: true, // what another tab has paid meanwhile is the merchant's to give up
	}
	if ch.shopper != nil {
		p.Context = *ch.shopper
	}
	if ch.key != "" {
		p.Metadata = payment.Data{metadataKey: ch.key}
		p.IdempotencyKey = keyOf(p.IdempotencyKey, "as", ch.key)
	}
	x, err := s.svc.CreateSession(ctx, p)
	if e, ok := errors.AsType[*payment.SessionError](err); ok {
		x = e.Session
	}
	if x == nil || slices.Contains(others, x.ID) { // one that is to be canceled stands in the way
		return "", err
	}
	return x.ID, err
}

// staffOnly reports whether a provider is not for whoever reads the answers.
func (s *server) staffOnly(providerID string) bool {
	return s.shoppers && slices.Contains(s.cfg.StaffProviders, providerID)
}

func notAccepted() error {
	return badField("provider_id", "is not among the providers that are accepted")
}

// sortOut returns the provider's newest session that can still be paid, the ones of other providers, and the provider's newest of any kind.
func sortOut(newestFirst []*payment.PaymentSession, providerID string) (mine *payment.PaymentSession, others []string, last string) {
	for _, x := range newestFirst {
		open := x.Status == payment.StatusPending || x.Status == payment.StatusRequiresMore || x.Status == payment.StatusError && x.Reference != ""
		switch {
		case x.ProviderID != providerID:
			if open {
				others = append(others, x.ID)
			}
			continue
		case mine == nil && open:
			mine = x
		}
		if last == "" {
			last = x.ID
		}
	}
	return mine, others, last
}

// keep brings a session up to date with its cart. It reports false where its provider cannot, where its gateway has nothing of it, or where it takes
// no more attempts: another one has to take its place.
func (s *server) keep(ctx context.Context, x *payment.PaymentSession, amount decimal.Decimal, ch choice) (bool, error) {
	if x.OperationID != "" && x.InitializedAt.IsZero() { // another tab is opening it, or nobody knows whether it was opened
		var err error
		if x, err = s.svc.UpdateSession(ctx, payment.UpdateSessionParams{SessionID: x.ID}); err != nil { // waits for that
			return false, err
		}
	}
	switch {
	case !x.ProcessingSince.IsZero():
		return true, nil
	case x.InitializedAt.IsZero(), x.Status != payment.StatusRequiresMore && s.svc.AttemptsLeft(x) == 0:
		return false, nil
	case x.Amount.Equal(amount) && (ch.shopper == nil || same(x.Context, *ch.shopper)):
		return true, nil
	}
	_, err := s.svc.UpdateSession(ctx, payment.UpdateSessionParams{SessionID: x.ID, Amount: &amount, Context: ch.shopper, Input: ch.input})
	switch {
	case errors.Is(err, payment.ErrUnsupported):
		return false, nil
	case errors.Is(err, payment.ErrNotAllowed): // it was paid, or is being decided, meanwhile
		return true, nil
	}
	return err == nil, err
}

// same reports whether two contexts hold the same.
func same(a, b payment.Private) bool {
	x, err := json.Marshal(a.Reveal())
	if err != nil {
		return false
	}
	y, err := json.Marshal(b.Reveal())
	return err == nil && slices.Equal(x, y)
}
