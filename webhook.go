package payment

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/shopspring/decimal"
)

const (
	webhookLimit = 256 << 10       // of a message's body
	webhookKept  = 16 << 10        // of it for people to read
	webhookTime  = 5 * time.Second // for asking the gateway, while its webhook waits for our answer
	askPause     = time.Second     // between two questions about one session, however many messages come
)

// Why a message is parked, or was given up.
const (
	parkedNew      = "new"             // it was not looked at yet
	parkedMissing  = "session_missing" // it names a session that is not there
	parkedOpen     = "operation_open"  // an operation of ours is under way
	parkedAsked    = "asked_just_now"  // the gateway was asked about the session within the last second
	parkedChanged  = "session_changed" // the session changed while the gateway was asked
	parkedNoAnswer = "no_answer"       // the gateway did not answer
	parkedNotAsked = "cannot_be_asked" // the gateway cannot be asked, and the message does not say what is true
	parkedStore    = "store"           // the store or the configuration did not allow it
	requestWebhook = "HandleWebhook"   // the method under which it is remembered that a message has left its event
)

// WebhookResult says what became of a message that was accepted.
type WebhookResult struct {
	DeliveryID string        // whd_ and 32 hex digits; empty for a duplicate
	Duplicate  bool          // it came before: nothing was stored
	State      DeliveryState // where it stands; empty for a duplicate
	Code       string        // why it is parked, such as operation_open or asked_just_now: for logs, nothing is to be done
}

// HandleWebhook takes a webhook message of a provider: it lets the provider verify it, stores it once, asks the gateway what is true about
// the session that it concerns, and makes the rows agree. What the message itself claims counts only where the gateway cannot be asked.
// It takes at most some seconds; what could not be done at once is parked, and done by [Service.Reconcile].
//
// Once the message is stored, the error is nil: acknowledge it with 200, whatever the result says. The error matches [ErrWebhookRefused] (answer
// with 400), [ErrInvalid] when no such provider is configured, or [ErrUnsupported] when it takes no webhooks (404); any other is the
// store's, and nothing was stored: answer with 500, and the gateway will send it again.
func (s *Service) HandleWebhook(ctx context.Context, providerID string, r WebhookRequest) (result *WebhookResult, err error) {
	var d *Delivery
	ctx, o := s.method(ctx, "HandleWebhook", Subject{ProviderID: providerID})
	defer func() { o.received(ctx, d, result, err) }()
	if err := s.outside("HandleWebhook"); err != nil {
		return nil, err
	}
	g, err := s.gateway(providerID)
	switch {
	case err != nil:
		return nil, err
	case g.verifier == nil:
		return nil, &UnsupportedError{providerID, "WebhookVerifier"}
	}
	if r.Now.IsZero() {
		r.Now = s.now()
	}
	m, err := g.verify(ctx, r)
	if err != nil {
		s.cfg.Logger.WarnContext(ctx, "payment: a webhook message was refused", "provider_id", providerID,
			"remote_addr", quote(r.RemoteAddr), "error", quote(err.Error()))
		return nil, &WebhookError{ProviderID: providerID, Cause: err}
	}
	now := s.now()
	d = &Delivery{
		ID: s.mint("whd_"), ProviderID: providerID, EventID: m.EventID, Type: m.Type, SessionID: m.SessionID, IdempotencyKey: m.IdempotencyKey,
		Reference: m.Reference, State: DeliveryParked, Code: parkedNew, ReceivedAt: now,
		DueAt: now.Add(webhookTime + s.cfg.SettleTimeout + s.cfg.ClockSkew), // should this process die
	}
	b, foreign, err := s.address(ctx, d)
	switch {
	case err != nil:
		return nil, err
	case b == nil && (foreign || !isSessionID(d.SessionID)): // not ours
		d.State, d.Code, d.DueAt, d.HandledAt = DeliveryIgnored, "", time.Time{}, now
	default:
		d.Body = keepMessage(r.Body, m)
		if b != nil && m.Notice == nil && b.openOperation() == nil && b.askedJustNow() { // it would wait: one write says so
			d.Code, d.DueAt = parkedAsked, b.session.AskedAt.Add(askPause)
		}
	}
	err = s.putDelivery(ctx, d)
	if errors.Is(err, ErrDuplicate) {
		return &WebhookResult{Duplicate: true}, nil
	}
	if err != nil {
		return nil, err
	}
	if d.State == DeliveryParked && d.Code == parkedNew {
		// It is stored: now it is our matter, for as long as was said above.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), webhookTime+s.cfg.SettleTimeout)
		defer cancel()
		if err := s.handle(ctx, d, m, webhookTime, &batch{}); err != nil {
			s.cfg.Logger.ErrorContext(ctx, "payment: a webhook message could not be handled; Reconcile will try again", "delivery_id", d.ID, "error", err)
		}
	}
	return &WebhookResult{DeliveryID: d.ID, State: d.State, Code: d.Code}, nil
}

// verify lets the provider check a message, and refuses what no store could keep.
func (g *gateway) verify(ctx context.Context, r WebhookRequest) (WebhookMessage, error) {
	if len(r.Body) > webhookLimit {
		return WebhookMessage{}, errors.New("the body is larger than 256 KiB")
	}
	m, err := g.verifier.VerifyWebhook(ctx, r)
	if err != nil {
		return m, err
	}
	for _, text := range []string{m.EventID, m.Type, m.SessionID, m.IdempotencyKey, m.Reference} {
		if len(text) > 255 || checkText(text) != nil {
			return m, errors.New("a name in it is longer than 255 bytes, or not text")
		}
	}
	return m, nil
}

// address finds the session that a message concerns: by our own ID, by the key of an operation of ours, or by the gateway's reference. It
// returns nil where there is none; foreign says that it is another provider's.
func (s *Service) address(ctx context.Context, d *Delivery) (_ *book, foreign bool, _ error) {
	var keys []Key
	if isSessionID(d.SessionID) {
		keys = append(keys, Key{SessionID: d.SessionID})
	}
	if isKey(d.IdempotencyKey) {
		keys = append(keys, Key{OperationID: "op_" + d.IdempotencyKey})
	}
	if d.Reference != "" {
		keys = append(keys, Key{ProviderID: d.ProviderID, Reference: d.Reference})
	}
	for _, key := range keys {
		b, err := s.load(ctx, key)
		switch {
		case errors.Is(err, ErrNotFound):
		case err != nil:
			return nil, false, err
		case b.session != nil && b.session.ProviderID == d.ProviderID:
			d.SessionID, d.CollectionID = b.session.ID, b.session.CollectionID
			return b, false, nil
		case b.session != nil:
			return nil, true, nil
		}
	}
	return nil, false, nil
}

// isSessionID reports whether an ID has the form of ours: it names a session of this library, if not of this store.
func isSessionID(id string) bool {
	digits, ok := strings.CutPrefix(id, "payses_")
	return ok && isKey(digits)
}

// putDelivery stores a delivery. When nobody can say whether it was stored, it is stored again: a conflict then says that it was.
func (s *Service) putDelivery(ctx context.Context, d *Delivery) error {
	for again := false; ; again = true {
		err := s.store.PutDelivery(ctx, d)
		switch {
		case err == nil, again && errors.Is(err, ErrConflict):
			d.Version++
			return nil
		case !errors.Is(err, ErrCommitUnknown):
			return err
		}
		if waitErr := s.jitter(ctx); waitErr != nil {
			return err
		}
	}
}

// batch is what messages that are handled together share.
type batch struct {
	asked  map[string]bool   // sessions about which the gateway has answered since the messages were claimed
	parked map[string]parked // sessions whose messages must wait
}

// parked is why a message waits, and until when; a zero time means for as long as its tries say.
type parked struct {
	code  string
	until time.Time
	own   bool // for what the message itself tells: another one may go on
}

// handle brings a message on, and stores where it stands then.
func (s *Service) handle(ctx context.Context, d *Delivery, m WebhookMessage, limit time.Duration, seen *batch) error {
	var p parked
	err := s.guarded(ctx, Due{Kind: DueDelivery, ID: d.ID}, func() (err error) { // a message on which something panics is given up like others
		p, err = s.hear(ctx, d, m, limit, seen)
		return err
	})
	inVain := p.code != "" && p.code != parkedOpen && p.until.IsZero() // the operation may have ended just now
	if err != nil {
		inVain = d.Code == parkedStore // what fails once says nothing of the message
		p = parked{code: parkedStore}
	}
	if inVain && d.Tries+1 >= leastHandings && s.now().Sub(d.ReceivedAt) >= s.cfg.GiveUpAfter {
		d.Code = p.code
		given, tellErr := s.giveUp(ctx, d)
		if given {
			p, d.State = parked{}, DeliveryDead
		}
		err = errors.Join(err, tellErr)
	}
	now := s.now()
	switch {
	case d.State == DeliveryDead:
		d.DueAt, d.HandledAt = time.Time{}, now
	case p.code == "":
		d.State, d.Code, d.DueAt, d.HandledAt = DeliveryHandled, "", time.Time{}, now
	default:
		if d.Code = p.code; p.until.IsZero() {
			d.Tries++
			p.until = now.Add(backoff(d.Tries))
		}
		d.DueAt = p.until
	}
	if putErr := s.putDelivery(ctx, d); putErr != nil && !errors.Is(putErr, ErrConflict) { // else somebody else has brought it on
		err = errors.Join(err, putErr)
	}
	return err
}

// hear asks the gateway about the session of a message, and makes the rows agree with the answer. An empty code means that it is done.
func (s *Service) hear(ctx context.Context, d *Delivery, m WebhookMessage, limit time.Duration, seen *batch) (parked, error) {
	b, _, err := s.address(ctx, d)
	if err != nil {
		return parked{}, err
	}
	if b == nil {
		return parked{code: parkedMissing}, nil
	}
	if m.Notice != nil {
		if _, err := s.recordOnce(ctx, d, m.Notice.event()); err != nil {
			return parked{}, err
		}
	}
	if p, ok := seen.parked[d.SessionID]; ok || seen.asked[d.SessionID] {
		return p, nil
	}
	p, h, err := s.ask(ctx, b, inquiry{limit: limit, hint: m.Snapshot, about: m.IdempotencyKey})
	if err != nil {
		return parked{}, err
	}
	switch h {
	case heardAnswer:
		if seen.asked != nil {
			seen.asked[d.SessionID] = true
		}
		return parked{}, nil
	case heardHint:
		return parked{}, nil
	case heardStale:
		return parked{code: parkedChanged, until: s.now().Add(askPause)}, nil
	case heardUnsupported:
		if m.Notice != nil {
			return parked{}, nil // it is recorded, and there is nothing else in it
		}
		return parked{code: parkedNotAsked}, nil
	}
	if p.code == "" {
		p.code = parkedNoAnswer
	}
	if seen.parked != nil && !p.own {
		seen.parked[d.SessionID] = p
	}
	return p, nil
}

// askedJustNow reports whether the gateway was asked about the session within the last second, by whosever clock.
func (b *book) askedJustNow() bool {
	since := b.now.Sub(b.session.AskedAt)
	return since < askPause && since > -b.cfg.ClockSkew
}

// ask asks about a session because of a message: not while an operation of ours is under way, and not twice within a second, by however
// many processes. An operation whose lease has ended is taken over.
func (s *Service) ask(ctx context.Context, b *book, q inquiry) (parked, heard, error) {
	var p parked
	var at time.Time
	var overdue string
	b, err := s.change(ctx, Key{CollectionID: b.session.CollectionID, SessionID: b.session.ID}, b, func(b *book) error {
		x, op := b.session, b.openOperation()
		if !at.IsZero() && x.AskedAt.Equal(at) {
			return nil // this commit has happened already
		}
		p, overdue = parked{}, ""
		switch {
		case op != nil && op.State == OperationOpen && b.now.Before(op.LeaseUntil):
			p = parked{code: parkedOpen, until: op.LeaseUntil}
		case b.askedJustNow():
			p = parked{code: parkedAsked, until: x.AskedAt.Add(askPause)}
		case op != nil && op.State == OperationOpen:
			overdue = op.ID
		default:
			g, err := s.gateway(x.ProviderID)
			if err != nil {
				return err
			}
			at = b.stamp()
			x.AskedAt = at
			b.decorateSession()
			b.lookAgain(g)
		}
		return nil
	})
	if err != nil || p.code != "" {
		return p, heardNothing, err
	}
	if overdue == "" {
		b, h, err := s.inquire(ctx, b, q)
		if h == heardHint && b.untold {
			return parked{code: parkedOpen, own: true}, heardNothing, err // it is in no row yet: the message is needed again
		}
		return p, h, err
	}
	b, won, err := s.takeOver(ctx, b, overdue, &q)
	if err != nil {
		return p, heardNothing, err
	}
	if !won {
		return parked{code: parkedOpen, until: s.now().Add(askPause)}, heardNothing, nil
	}
	switch op := b.operation(overdue); {
	case b.untold:
		return parked{code: parkedOpen, own: true}, heardNothing, nil
	case op != nil && op.State == OperationNeedsAttention && op.Code == "gave_up":
		return p, heardNothing, nil // nobody answered once more: the message has not been used
	case op == nil || op.State != OperationOpen:
		return p, heardHint, nil
	}
	return parked{own: b.hinted}, heardNothing, nil // another message may tell more
}

// event is what a notice becomes.
func (n *Notice) event() Event {
	e := Event{Kind: EventGatewayNotice, Notice: declineCode(n.Kind), Code: declineCode(n.Code)}
	if n.Code == "" {
		e.Code = ""
	}
	if len(n.Reference) <= 255 && checkText(n.Reference) == nil {
		e.Reference = n.Reference
	}
	if c, err := LookupCurrency(n.CurrencyCode); err == nil && saneAmount(n.Amount, c.Digits) {
		e.Amount, e.CurrencyCode = withDigits(n.Amount, c.Digits), c.Code
	}
	return e
}

// recordOnce writes an event of a message, unless that was done before. That it was given up is not written while the session has an operation that
// is open or with a person, and it reports false: what the message tells can perhaps only be used when that has ended.
func (s *Service) recordOnce(ctx context.Context, d *Delivery, e Event) (recorded bool, err error) {
	key := d.ID + " " + string(e.Kind)
	by := Key{CollectionID: d.CollectionID, SessionID: d.SessionID, Method: requestWebhook, RequestKey: key}
	_, err = s.change(ctx, by, nil, func(b *book) error {
		recorded = true
		switch {
		case b.request != nil:
		case e.Kind == EventWebhookGivenUp && b.openOperation() != nil:
			recorded = false
		default:
			b.event(e)
			b.putRequest(&KeyedRequest{CollectionID: d.CollectionID, Method: requestWebhook, Key: key, SessionID: d.SessionID, CreatedAt: b.now})
		}
		return nil
	})
	return recorded && err == nil, err
}

// giveUp tells that a message could not be handled, and reports whether it did. One whose session was never found has no collection to keep an
// event: OnEvent is told directly, and the message is given up only then.
func (s *Service) giveUp(ctx context.Context, d *Delivery) (given bool, err error) {
	e := Event{Kind: EventWebhookGivenUp, Code: d.Code, Reference: d.Reference}
	if d.CollectionID != "" {
		if recorded, err := s.recordOnce(ctx, d, e); !recorded {
			return false, err
		}
	}
	s.cfg.signal(ctx, Signal{Kind: SignalGivenUp, Name: "delivery", Subject: d.subject()})
	s.cfg.Logger.ErrorContext(ctx, "payment: a webhook message was given up; a person must look", "delivery_id", d.ID,
		"provider_id", d.ProviderID, "delivery_type", quote(d.Type), "session_id", d.SessionID, "code", d.Code, "tries", d.Tries+1)
	if d.CollectionID == "" && s.cfg.OnEvent != nil {
		e.ID, e.SessionID, e.ProviderID, e.At = "evt_"+idDigits(d.ID), d.SessionID, d.ProviderID, s.now()
		if err := s.tell(ctx, e); err != nil {
			return false, err
		}
	}
	return true, nil
}

// keptSnapshot is a Snapshot as a parked message keeps it.
type keptSnapshot struct {
	Snapshot
	Private *Data `json:",omitempty"`
}

// keptMessage is what is kept of a message: until it is handled for us, and after that for people.
type keptMessage struct {
	Body     string        `json:"body,omitempty"`
	Snapshot *keptSnapshot `json:"snapshot,omitempty"`
	Notice   *Notice       `json:"notice,omitempty"`
}

// keepMessage keeps a message's beginning for people, and what the provider read in it. What is too large is kept without what decorates it.
func keepMessage(body []byte, m WebhookMessage) Private {
	k := keptMessage{Body: beginning(body), Snapshot: m.Snapshot.kept()}
	if m.Notice != nil {
		n := *m.Notice
		if !writable(n.Amount) {
			n.Amount = decimal.Decimal{}
		}
		k.Notice = &n
	}
	for _, simpler := range []func(){
		func() {},
		func() { k.Body = "" },
		func() {
			if k.Snapshot != nil {
				k.Snapshot.Data, k.Snapshot.Private, k.Snapshot.NextAction = nil, nil, nil
			}
		},
		func() { k.Snapshot = nil },
	} {
		simpler()
		var d Data
		b, err := json.Marshal(k)
		if err == nil {
			err = decodeExact(b, &d)
		}
		if err == nil {
			d, err = NormalizeData(d)
		}
		if err == nil {
			return NewPrivate(d)
		}
	}
	return Private{}
}

// beginning is how a message's body begins, if that is text.
func beginning(body []byte) string {
	text := body[:min(len(body), webhookKept)]
	for cut := 1; cut < utf8.UTFMax && len(body) > webhookKept && !utf8.Valid(text); cut++ { // in the middle of a letter
		text = text[:len(text)-1]
	}
	if checkText(string(text)) != nil {
		return ""
	}
	return string(text)
}

// kept is a snapshot with its words as they would be used; nil if an amount in it is none that can be written.
func (s *Snapshot) kept() *keptSnapshot {
	if s == nil || slices.ContainsFunc(s.amounts(), func(a decimal.Decimal) bool { return !writable(a) }) {
		return nil
	}
	k := &keptSnapshot{Snapshot: *s}
	if s.Private != nil {
		d := s.Private.Reveal()
		if d == nil {
			d = Data{} // which empties what there is
		}
		k.Private = &d
	}
	if s.Decline != nil {
		k.Decline = &Decline{Code: declineCode(s.Decline.Code), Message: quote(s.Decline.Message)}
	}
	k.CaptureBefore, k.ExpiresAt = microseconds(s.CaptureBefore), microseconds(s.ExpiresAt)
	k.Movements = slices.Clone(s.Movements)
	for i := range k.Movements {
		k.Movements[i].At = microseconds(k.Movements[i].At)
	}
	return k
}

// message is what a stored delivery says, as its provider said when it came in.
func (d *Delivery) message() (WebhookMessage, error) {
	m := WebhookMessage{EventID: d.EventID, Type: d.Type, SessionID: d.SessionID, IdempotencyKey: d.IdempotencyKey, Reference: d.Reference}
	if d.Body.IsEmpty() {
		return m, nil
	}
	b, err := json.Marshal(d.Body.Reveal())
	if err != nil {
		return m, fmt.Errorf("payment: delivery %s: %w", d.ID, err)
	}
	var k keptMessage
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	if err := dec.Decode(&k); err != nil {
		return m, fmt.Errorf("payment: delivery %s: %w", d.ID, err)
	}
	m.Notice = k.Notice
	if k.Snapshot != nil {
		m.Snapshot = &k.Snapshot.Snapshot
		if k.Snapshot.Private != nil {
			m.Snapshot.Private = new(NewPrivate(*k.Snapshot.Private))
		}
	}
	return m, nil
}

// reconcileDeliveries handles parked messages: one question for all of a session's.
func (s *Service) reconcileDeliveries(ctx context.Context, claimed []Due, r *Report) []error {
	if len(claimed) == 0 {
		return nil
	}
	ids := make([]string, len(claimed))
	for i, d := range claimed {
		ids[i] = d.ID
	}
	rows, err := s.store.List(ctx, RowDeliveries, Filter{IDs: ids}, Page{Limit: len(ids)})
	if err != nil {
		return []error{err}
	}
	stored := make(map[string]*Delivery, len(ids))
	for _, d := range rows.Deliveries {
		stored[d.ID] = d
	}
	seen := &batch{asked: map[string]bool{}, parked: map[string]parked{}}
	return s.each(func(ctx context.Context, due Due, r *Report) error {
		d := stored[due.ID]
		if d == nil || d.State != DeliveryParked {
			return s.done(ctx, due, time.Time{})
		}
		if r.silent[d.ProviderID] {
			return s.putOff(ctx, due, r)
		}
		defer s.listen(r, d.ProviderID)()
		m, err := d.message()
		if err != nil { // what it says is lost, and whom it concerns is not
			s.cfg.Logger.ErrorContext(ctx, "payment: a webhook message cannot be read back", "delivery_id", d.ID, "error", err)
		}
		err = s.handle(ctx, d, m, s.cfg.CallTimeout, seen)
		r.note(&r.Settled, d.ID, d.State == DeliveryHandled)
		r.note(&r.GivenUp, d.ID, d.State == DeliveryDead)
		r.note(&r.Parked, d.ID, d.State == DeliveryParked && err == nil)
		return err
	})(ctx, claimed, r)
}
