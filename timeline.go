package payment

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// How much a Timeline holds at the most: the newest.
const (
	timelineSessions = 100
	timelineEntries  = 1000 // of each kind of row
)

// Timeline is what happened to a collection and why it is where it is, what happens next, and what can be done: for a merchant's staff and
// for developers. It holds what gateways said and what staff wrote, but nothing that a [Private] holds and no Data or Metadata: show it to
// nobody who may not see a gateway's dashboard, and never to a shopper.
//
// String is a page of text for a terminal; its JSON is for an operator's page, and cannot be read back.
type Timeline struct {
	At         time.Time          // when it was drawn up; UTC
	Collection *PaymentCollection // as it was then, also when it is deleted
	Sessions   []TimelineSession  // oldest first, deleted ones too; the newest 100
	Entries    []TimelineEntry    // what happened, oldest first; the newest 1,000 operations, messages and events
	LeftOut    []string           // what is missing because there is more of it; nil when nothing is
}

// TimelineSession says why a session is where it is, and what comes.
type TimelineSession struct {
	Session *PaymentSession // as it was then
	Why     string          // why it is in its status
	Next    []TimelineStep  // what happens by itself, first things first; nil when nothing does
	Can     []string        // what can be done, by the Service's methods; nil when nothing can
}

// TimelineStep is something that will happen unless something else comes first.
type TimelineStep struct {
	At   time.Time // when; where Reconcile looks at a session, about when; UTC
	Text string    // what
}

// TimelineEntry is something that happened: an operation that began, a webhook message that came in, or an event.
type TimelineEntry struct {
	At        time.Time // when; UTC
	Kind      string    // an [OperationKind], an [EventKind], or webhook
	ID        string    // op_, whd_ or evt_ and 32 hex digits
	SessionID string    // the session it concerns; empty when it concerns the collection
	Text      string    // what became of it, such as "40.00 USD succeeded"
	Details   []string  // more about it, such as what the gateway said last and what a person decided; nil when there is nothing
}

// Timeline draws up what happened to a collection and its sessions, why they are where they are, what happens next, and what can be done.
// A deleted collection has one too: somebody must be able to look. It changes nothing and asks no gateway.
//
// It is put together from several reads, the same number however many sessions there are: what changes meanwhile may show in one place and
// not yet in another. A webhook message whose session is not there yet belongs to no collection, and how far [Config].OnEvent
// has got is the store's own bookkeeping: neither is in it. The error matches [ErrNotFound], or is the store's.
func (s *Service) Timeline(ctx context.Context, collectionID string) (result *Timeline, err error) {
	ctx, o := s.method(ctx, "Timeline", Subject{CollectionID: collectionID})
	defer func() { o.returned(ctx, Subject{}, err) }()
	b, err := s.load(ctx, Key{CollectionID: collectionID})
	if errors.Is(err, ErrNotFound) {
		return nil, notFound(RowCollections, collectionID)
	}
	if err != nil {
		return nil, err
	}
	d := drawing{cfg: &s.cfg, gateways: s.providers, now: b.now, collection: b.collection}
	f := Filter{CollectionID: collectionID}
	for _, part := range []struct {
		kind  RowKind
		state OperationState // of operations: those that lock a session, however old
		limit int
	}{
		{RowOperations, OperationOpen, timelineEntries},
		{RowOperations, OperationNeedsAttention, timelineEntries},
		{RowOperations, "", timelineEntries},
		{RowDeliveries, "", timelineEntries},
		{RowEvents, "", timelineEntries},
		{RowSessions, "", timelineSessions},
		{RowPayments, "", timelineEntries},
		{RowCaptures, "", timelineEntries},
		{RowRefunds, "", timelineEntries},
	} {
		f.State, f.IncludeDeleted = string(part.state), part.kind == RowSessions
		rows, err := s.store.List(ctx, part.kind, f, Page{Limit: part.limit, Descending: true})
		if err != nil {
			return nil, err
		}
		d.add(rows)
		if rows.More {
			d.leftOut(part.kind, part.state, part.limit)
		}
	}
	return d.timeline(), nil
}

// drawing is the rows that a Timeline is drawn from. Drawing is pure.
type drawing struct {
	cfg        *Config
	gateways   map[string]*gateway
	now        time.Time
	collection *PaymentCollection
	rows       Rows
	missing    []string
}

// add takes rows, an operation only once.
func (d *drawing) add(r *Rows) {
	d.rows.Sessions = append(d.rows.Sessions, r.Sessions...)
	d.rows.Payments = append(d.rows.Payments, r.Payments...)
	d.rows.Captures = append(d.rows.Captures, r.Captures...)
	d.rows.Refunds = append(d.rows.Refunds, r.Refunds...)
	d.rows.Events = append(d.rows.Events, r.Events...)
	d.rows.Deliveries = append(d.rows.Deliveries, r.Deliveries...)
	known := make(map[string]bool, len(d.rows.Operations))
	for _, op := range d.rows.Operations {
		known[op.ID] = true
	}
	for _, op := range r.Operations {
		if !known[op.ID] {
			d.rows.Operations = append(d.rows.Operations, op)
		}
	}
}

// leftOut says that there are more rows of a kind.
func (d *drawing) leftOut(kind RowKind, state OperationState, limit int) {
	what := string(kind)
	switch {
	case kind == RowDeliveries:
		what = "webhook messages"
	case state != "":
		what += " that are " + strings.ReplaceAll(string(state), "_", " ")
	}
	d.missing = append(d.missing, fmt.Sprintf("%s older than the newest %d", what, limit))
}

// timeline draws it.
func (d *drawing) timeline() *Timeline {
	t := &Timeline{At: d.now, Collection: d.collection, LeftOut: d.missing}
	payments := make(map[string]*Payment, len(d.rows.Payments))
	for _, p := range d.rows.Payments {
		payments[p.ID] = p
	}
	captures, refunds := make(map[string][]*Capture), make(map[string][]*Refund)
	for _, c := range d.rows.Captures {
		captures[c.PaymentID] = append(captures[c.PaymentID], c)
	}
	for _, r := range d.rows.Refunds {
		refunds[r.PaymentID] = append(refunds[r.PaymentID], r)
	}
	waiting := make(map[string][]*Delivery)
	for _, m := range d.rows.Deliveries {
		if m.State == DeliveryParked {
			waiting[m.SessionID] = append(waiting[m.SessionID], m)
		}
	}
	slices.SortStableFunc(d.rows.Sessions, func(a, b *PaymentSession) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	for _, x := range d.rows.Sessions {
		b := &book{
			cfg: d.cfg, now: d.now, collection: d.collection, session: x, payment: payments[x.PaymentID], operations: d.rows.Operations,
			captures: captures[x.PaymentID], refunds: refunds[x.PaymentID],
		}
		t.Sessions = append(t.Sessions, b.outlook(d.gateways[x.ProviderID], waiting[x.ID]))
	}
	t.Entries = d.entries()
	return t
}

// held reports whether the money was held when an authorize had ended: it also succeeds with a challenge, or with a decision to come.
func (d *drawing) held(op *Operation) bool {
	i := slices.IndexFunc(d.rows.Sessions, func(x *PaymentSession) bool { return x.ID == op.SessionID })
	if i < 0 {
		return true // it is not among these rows
	}
	at := d.rows.Sessions[i].AuthorizedAt
	return !at.IsZero() && !op.EndedAt.Before(at)
}

// amount is what an operation is about: of a cancellation what it released, or is to release of a payment, which may be less than the
// session's amount.
func (d *drawing) amount(op *Operation) decimal.Decimal {
	if op.Kind != OperationCancel {
		return op.Amount
	}
	for _, e := range d.rows.Events {
		if e.OperationID == op.ID && (e.Kind == EventPaymentReleased || e.Kind == EventPaymentCanceled) {
			return e.Amount
		}
	}
	for _, p := range d.rows.Payments {
		if p.SessionID == op.SessionID && op.EndedAt.IsZero() {
			return p.Capturable
		}
	}
	return op.Amount
}

// entries puts operations, messages and events in the order of time. Clocks of processes differ: events keep the order of Seq, in which
// they happened, and are placed by the latest time so far.
func (d *drawing) entries() []TimelineEntry {
	type placed struct {
		TimelineEntry
		at  time.Time
		key string // orders what has one time: IDs are made in the order of time
	}
	var others []placed
	for _, op := range d.rows.Operations {
		e := d.operationEntry(op)
		others = append(others, placed{e, e.At, idDigits(op.ID) + "b"})
	}
	for _, m := range d.rows.Deliveries {
		e := d.deliveryEntry(m)
		others = append(others, placed{e, e.At, idDigits(m.ID) + "b"})
	}
	slices.SortStableFunc(others, func(a, b placed) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.key, b.key)) })
	slices.SortFunc(d.rows.Events, func(a, b *Event) int { return cmp.Compare(a.Seq, b.Seq) })
	var list []TimelineEntry
	latest := time.Time{}
	for _, e := range d.rows.Events {
		if e.At.After(latest) {
			latest = e.At
		}
		key := idDigits(e.ID)
		if e.Kind == EventSessionCreated { // before the operation that initializes it, and has the same digits
			key = idDigits(e.SessionID) + "a"
		}
		for len(others) > 0 && cmp.Or(others[0].at.Compare(latest), cmp.Compare(others[0].key, key)) < 0 {
			list, others = append(list, others[0].TimelineEntry), others[1:]
		}
		list = append(list, d.eventEntry(e))
	}
	for _, o := range others {
		list = append(list, o.TimelineEntry)
	}
	return list
}

// String returns a page of text: the collection, each session with why, next and can, and what happened, a line each. All times are UTC.
// What gateways and people wrote is in quotes.
func (t *Timeline) String() string {
	var w strings.Builder
	c := cmp.Or(t.Collection, &PaymentCollection{})
	fmt.Fprintf(&w, "%s  %s  %s: authorized %s, held %s, captured %s, refunded %s\n", c.ID, c.Status(), money(c.Amount, c.CurrencyCode),
		digits(c.Authorized, c.CurrencyCode), digits(c.Held, c.CurrencyCode), digits(c.Captured, c.CurrencyCode), digits(c.Refunded, c.CurrencyCode))
	fmt.Fprintf(&w, "as of %s UTC", t.At.UTC().Format("2006-01-02 15:04:05"))
	if !c.DeletedAt.IsZero() {
		fmt.Fprintf(&w, ", deleted %s", c.DeletedAt.UTC().Format("2006-01-02 15:04:05"))
	}
	w.WriteString("\n")
	number := make(map[string]string, len(t.Sessions))
	for i := range t.Sessions {
		s := &t.Sessions[i]
		if s.Session != nil {
			number[s.Session.ID] = fmt.Sprint(i + 1)
		}
		w.WriteString("\n")
		if len(t.Sessions) > 1 {
			fmt.Fprintf(&w, "%d. ", i+1)
		}
		w.WriteString(s.String())
	}
	w.WriteString("\n")
	layout, width, text := "01-02 15:04:05", 0, 0
	for _, e := range t.Entries {
		if e.At.Year() != t.At.Year() {
			layout = "2006-01-02 15:04:05"
		}
		width, text = max(width, len(e.Kind)), max(text, min(len(e.Text), 60))
	}
	for _, e := range t.Entries {
		fmt.Fprintf(&w, "%s  ", e.At.UTC().Format(layout))
		if len(t.Sessions) > 1 {
			fmt.Fprintf(&w, "%2s  ", number[e.SessionID])
		}
		fmt.Fprintf(&w, "%-*s  %-*s  %s\n", width, e.Kind, text, e.Text, e.ID)
		for _, more := range e.Details {
			fmt.Fprintf(&w, "%s%s\n", strings.Repeat(" ", len(layout)+2), more)
		}
	}
	for _, what := range t.LeftOut {
		fmt.Fprintf(&w, "left out: %s\n", what)
	}
	return w.String()
}

// String returns the session's part of the page.
func (s *TimelineSession) String() string {
	var w strings.Builder
	x := cmp.Or(s.Session, &PaymentSession{})
	fmt.Fprintf(&w, "%s  %s  %s  %s", x.ID, x.ProviderID, money(x.Amount, x.CurrencyCode), x.Status)
	if x.Reference != "" {
		fmt.Fprintf(&w, "  at the gateway: %s", quote(x.Reference))
	}
	fmt.Fprintf(&w, "\n  why   %s\n", s.Why)
	lines := func(name string, list []string) {
		for _, line := range list {
			fmt.Fprintf(&w, "  %-4s  %s\n", name, line)
			name = ""
		}
	}
	next := []string{"nothing by itself"}
	if len(s.Next) > 0 {
		next = nil
	}
	for _, step := range s.Next {
		next = append(next, step.At.UTC().Format("01-02 15:04:05")+"  "+step.Text)
	}
	lines("next", next)
	can := s.Can
	if len(can) == 0 {
		can = []string{"nothing"}
	}
	lines("can", can)
	return w.String()
}

type publicTimeline struct {
	At         *time.Time           `json:"at"`
	Collection timelineCollection   `json:"payment_collection"`
	Sessions   []publicTimelineItem `json:"payment_sessions"`
	Entries    []publicTimelineLine `json:"entries"`
	LeftOut    []string             `json:"left_out,omitempty"`
}

type timelineCollection struct {
	ID           string           `json:"id"`
	Status       CollectionStatus `json:"status"`
	CurrencyCode string           `json:"currency_code"`
	Amount       json.Number      `json:"amount"`
	Authorized   json.Number      `json:"authorized_amount"`
	Held         json.Number      `json:"held_amount"`
	Captured     json.Number      `json:"captured_amount"`
	Refunded     json.Number      `json:"refunded_amount"`
	DeletedAt    *time.Time       `json:"deleted_at,omitempty"`
}

type publicTimelineItem struct {
	ID          string               `json:"id"`
	ProviderID  string               `json:"provider_id"`
	Status      SessionStatus        `json:"status"`
	Amount      json.Number          `json:"amount"`
	Held        json.Number          `json:"held_amount"`
	Reference   string               `json:"reference,omitempty"`
	PaymentID   string               `json:"payment_id,omitempty"`
	OperationID string               `json:"operation_id,omitempty"`
	DeletedAt   *time.Time           `json:"deleted_at,omitempty"`
	Why         string               `json:"why"`
	Next        []publicTimelineStep `json:"next"`
	Can         []string             `json:"can"`
}

type publicTimelineStep struct {
	At   *time.Time `json:"at"`
	Text string     `json:"text"`
}

type publicTimelineLine struct {
	At        *time.Time `json:"at"`
	Kind      string     `json:"kind"`
	ID        string     `json:"id"`
	SessionID string     `json:"payment_session_id,omitempty"`
	Text      string     `json:"text"`
	Details   []string   `json:"details,omitempty"`
}

// MarshalJSON writes an object for an operator's page, and never fails: at, payment_collection (id, status, currency_code, amount,
// authorized_amount, held_amount, captured_amount, refunded_amount, deleted_at), payment_sessions (id, provider_id, status, amount,
// held_amount, reference, payment_id, operation_id, deleted_at, why, next, can), entries (at, kind, id, payment_session_id, text, details)
// and left_out. Neither Data nor Metadata are in it. It is nothing for a shopper.
func (t Timeline) MarshalJSON() ([]byte, error) {
	c := t.Collection
	if c == nil {
		c = &PaymentCollection{}
	}
	p := publicTimeline{
		At: publicTime(t.At),
		Collection: timelineCollection{
			ID: c.ID, Status: c.Status(), CurrencyCode: strings.ToLower(c.CurrencyCode), Amount: publicAmount(c.Amount),
			Authorized: publicAmount(c.Authorized), Held: publicAmount(c.Held), Captured: publicAmount(c.Captured), Refunded: publicAmount(c.Refunded),
			DeletedAt: publicTime(c.DeletedAt),
		},
		Sessions: make([]publicTimelineItem, 0, len(t.Sessions)),
		Entries:  make([]publicTimelineLine, 0, len(t.Entries)),
		LeftOut:  t.LeftOut,
	}
	for _, s := range t.Sessions {
		p.Sessions = append(p.Sessions, s.public())
	}
	for _, e := range t.Entries {
		p.Entries = append(p.Entries, publicTimelineLine{publicTime(e.At), e.Kind, e.ID, e.SessionID, e.Text, e.Details})
	}
	return json.Marshal(p)
}

// UnmarshalJSON returns an error, always: it is drawn up from rows, not from JSON.
func (t *Timeline) UnmarshalJSON([]byte) error { return errOneWay("Timeline") }

// MarshalJSON writes the session's object in [Timeline.MarshalJSON], and never fails.
func (s TimelineSession) MarshalJSON() ([]byte, error) { return json.Marshal(s.public()) }

// UnmarshalJSON returns an error, always: it is drawn up from rows, not from JSON.
func (s *TimelineSession) UnmarshalJSON([]byte) error { return errOneWay("TimelineSession") }

func (s *TimelineSession) public() publicTimelineItem {
	x := s.Session
	if x == nil {
		x = &PaymentSession{}
	}
	p := publicTimelineItem{
		ID: x.ID, ProviderID: x.ProviderID, Status: x.Status, Amount: publicAmount(x.Amount), Held: publicAmount(x.Held), Reference: x.Reference,
		PaymentID: x.PaymentID, OperationID: x.OperationID, DeletedAt: publicTime(x.DeletedAt), Why: s.Why,
		Next: make([]publicTimelineStep, 0, len(s.Next)), Can: append(make([]string, 0, len(s.Can)), s.Can...),
	}
	for _, n := range s.Next {
		p.Next = append(p.Next, publicTimelineStep{publicTime(n.At), n.Text})
	}
	return p
}
