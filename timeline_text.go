package payment

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// outlook says why the session is where it is, what happens by itself, and what can be done. It decides on the rows alone. g is nil where
// the provider is not configured any more.
func (b *book) outlook(g *gateway, waiting []*Delivery) TimelineSession {
	x, op := b.session, b.openOperation()
	t := TimelineSession{Session: x}
	known := g != nil
	if !known {
		g = &gateway{}
	}
	if op != nil {
		t.Why = b.whyOperation(op)
	} else {
		t.Why = b.whyStatus(g)
	}
	if x.OperationID != "" && op == nil {
		t.Why += "; operation " + x.OperationID + " began while this was read: look again"
	}
	if !x.DeletedAt.IsZero() || !b.collection.DeletedAt.IsZero() {
		t.Why += "; it is deleted: no other method finds it"
	}
	if !known {
		t.Why += fmt.Sprintf("; provider %s is not configured in this process, so nobody asks its gateway", x.ProviderID)
	}
	t.Next = b.steps(g, op, known)
	for _, m := range waiting {
		t.Next = append(t.Next, TimelineStep{m.DueAt, fmt.Sprintf("Reconcile handles webhook message %s %s, which waits: %s", m.ID, quoted(m.Type), parkedWords(m.Code))})
	}
	slices.SortStableFunc(t.Next, func(a, b TimelineStep) int { return a.At.Compare(b.At) })
	switch {
	case !known:
		t.Can = []string{fmt.Sprintf("configure provider %s again", x.ProviderID)}
	case op != nil && op.State == OperationNeedsAttention:
		t.Can = []string{
			"look at the gateway's dashboard first; news of it (HandleWebhook, Reconcile) may end the operation too",
			fmt.Sprintf("ResolveOperation %s with %s, %s or %s", op.ID, ResolveAsk, ResolveAccept, ResolveFail),
		}
	case !x.DeletedAt.IsZero() || !b.collection.DeletedAt.IsZero():
	case op != nil:
		t.Can = []string{askAgain(op.Kind)}
	default:
		t.Can = b.possible(g)
	}
	return t
}

// whyOperation says what an operation that has not ended makes the session wait for.
func (b *book) whyOperation(op *Operation) string {
	amount := op.Amount
	if op.Kind == OperationCancel && b.payment != nil {
		amount = b.payment.Capturable
	}
	what := fmt.Sprintf("operation %s (%s %s)", op.ID, op.Kind, money(amount, op.CurrencyCode))
	said := ""
	if op.Message != "" {
		said = "; the last answer was " + quoted(op.Message)
	}
	switch {
	case op.State == OperationNeedsAttention:
		return fmt.Sprintf("%s needs a person: %s%s", what, attentionWords(op.Code), said)
	case b.now.Before(op.LeaseUntil):
		return fmt.Sprintf("%s is under way, try %d", what, op.Tries) + said
	case op.Tries == 0:
		return what + " was written down, and is not made yet"
	}
	return fmt.Sprintf("whether %s has happened is not known, after %s", what, times(op.Tries)) + said
}

// whyStatus says why a session without an open operation is in its status.
func (b *book) whyStatus(g *gateway) string {
	x := b.session
	var why string
	switch x.Status {
	case StatusPending:
		switch {
		case !x.ProcessingSince.IsZero():
			why = fmt.Sprintf("the gateway accepted it at %s and is still deciding", x.ProcessingSince.UTC().Format("01-02 15:04:05"))
		case x.InitializedAt.IsZero():
			why = "the provider has not initialized it yet"
		case g.info.ClientConfirms:
			why = "the shopper has not confirmed it in the browser yet"
		default:
			why = "it was not authorized yet"
		}
	case StatusRequiresMore:
		why = "the gateway asks the shopper for more"
		if x.NextAction != nil {
			why += " (" + string(x.NextAction.Kind) + ")"
		}
	case StatusError:
		why = failureWords(x.Reason)
		if x.Declines > 0 {
			why += fmt.Sprintf("; %d of at most %d attempts were declined", x.Declines, b.cfg.MaxSessionDeclines)
		}
	case StatusAuthorized:
		why = b.whyPayment()
	case StatusCanceled:
		why = "it was canceled"
		if !x.CanceledAt.IsZero() {
			why += " at " + x.CanceledAt.UTC().Format("01-02 15:04:05")
		}
		if !x.ExpiresAt.IsZero() && !x.CanceledAt.Before(x.ExpiresAt) && b.payment == nil {
			why = strings.Replace(why, "was canceled", "expired", 1)
		}
	default:
		why = "its status is unknown to this version of the library"
	}
	if b.payment != nil && x.Status != StatusAuthorized {
		why += "; " + b.whyPayment()
	}
	if x.Held.IsPositive() {
		why += fmt.Sprintf("; %s is held, because the gateway could take it", money(x.Held, x.CurrencyCode))
	}
	return why
}

// whyPayment says where the money of an authorization is.
func (b *book) whyPayment() string {
	p, code := b.payment, b.session.CurrencyCode
	if p == nil {
		return "it has a payment, which is not among the newest"
	}
	why := money(p.Authorized, code) + " was authorized"
	if p.Unasked {
		why = "the gateway authorized " + money(p.Authorized, code) + " that nobody asked for"
	}
	part := func(amount decimal.Decimal, what string) {
		if amount.IsPositive() {
			why += fmt.Sprintf(", %s %s", digits(amount, code), what)
		}
	}
	_, capturing, _, refunding := b.sums()
	part(p.Captured, "captured")
	part(capturing, "of it being captured")
	part(p.Refunded, "refunded")
	part(refunding, "of it being refunded")
	part(p.Released, "released")
	part(p.Capturable, "left to capture")
	switch {
	case p.lapsed():
		why += "; it lapsed"
	case !p.CanceledAt.IsZero():
		why += "; it is void"
	case p.Unasked && b.accepted(codeUnasked, nil):
		why += "; a person has decided to look after it"
	}
	return why
}

// givesUpAt returns when stayOpen leaves an open operation to a person: after Config.GiveUpAfter, and not before its last call, which may be
// still to be made, can no longer have an effect. Zero while nothing was called.
func (b *book) givesUpAt(g *gateway, op *Operation) time.Time {
	since := op.unknownSince()
	if since.IsZero() {
		return time.Time{}
	}
	last := op.LastCallAt
	if g.mayRepeat(b.cfg, op, b.now) {
		last = later(last, g.repeatsUntil(b.cfg, op))
	}
	return later(since.Add(b.cfg.GiveUpAfter), last.Add(g.info.proofWindow(b.cfg)))
}

// steps says what happens by itself.
func (b *book) steps(g *gateway, op *Operation, known bool) (next []TimelineStep) {
	if !known {
		return nil
	}
	add := func(at time.Time, text string) { next = append(next, TimelineStep{at.UTC(), text}) }
	x := b.session
	if op != nil && op.State == OperationOpen {
		due := op.LeaseUntil
		switch {
		case b.now.Before(op.LeaseUntil):
			add(due, "its executor's time ends: if it has not ended by then, Reconcile, or any call that meets it, asks the gateway")
		case op.Tries == 0:
			add(due, "Reconcile, or any call that meets it, makes the call")
		default:
			if due.Equal(op.UpdatedAt) { // whoever learned "unknown" ended its lease, and put it off
				due = due.Add(backoff(op.Tries))
			}
			add(due, "Reconcile asks the gateway; any call that meets it does so at once")
		}
		if at := b.givesUpAt(g, op); !at.IsZero() {
			add(at, "if it is not known by then, a person must decide")
		}
		return next
	}
	if at := b.look(g); !at.IsZero() {
		text := "Reconcile asks the gateway whether anything has changed (about then)"
		if op != nil {
			text = "Reconcile asks the gateway for proof that ends it (about then)"
		}
		add(at, text)
	}
	if op != nil {
		return next
	}
	if (x.Status.live() || x.Status == StatusError) && !x.ExpiresAt.IsZero() {
		add(x.ExpiresAt, "its time ends: Reconcile cancels it, at the gateway first")
	}
	if p := b.payment; p != nil && p.CanceledAt.IsZero() && p.Capturable.IsPositive() && !p.CaptureBefore.IsZero() {
		add(p.CaptureBefore, "the gateway lets the authorization lapse: what was not captured by then is lost")
	}
	return next
}

// look is about when Reconcile looks at the session next; zero: it does not. How often it has looked is the store's bookkeeping.
func (b *book) look(g *gateway) time.Time {
	if !b.audited(g) {
		return time.Time{}
	}
	at, pause := b.session.UpdatedAt.Add(firstLook), firstLook
	for !at.After(b.now) {
		if pause = min(2*pause, lastLook); pause == lastLook {
			at = at.Add(b.now.Sub(at).Truncate(lastLook))
		}
		at = at.Add(pause)
	}
	return at
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// askAgain names the call that meets an open operation, and brings it on.
func askAgain(kind OperationKind) string {
	switch kind {
	case OperationInitialize:
		return "AuthorizeSession, or CreateSession with the same IdempotencyKey, which finds out first what became of it"
	case OperationAuthorize:
		return "AuthorizeSession, which finds out first what became of it"
	case OperationUpdate:
		return "UpdateSession, which finds out first what became of it"
	case OperationCancel:
		return "CancelSession, which finds out first what became of it"
	case OperationCapture:
		return "CapturePayment with the same IdempotencyKey, which finds out what became of it; without the key it is another capture"
	case OperationRefund:
		return "RefundPayment with the same IdempotencyKey, which finds out what became of it; without the key it is another refund"
	case OperationStatus:
		return "Reconcile, which asks the gateway"
	}
	return "Reconcile, which finds out what became of it"
}

// possible says what the host can do with a session that no operation locks.
func (b *book) possible(g *gateway) (can []string) {
	add := func(format string, args ...any) { can = append(can, fmt.Sprintf(format, args...)) }
	x, c := b.session, b.collection
	over := !c.CompletedAt.IsZero() || !c.CanceledAt.IsZero()
	deciding := !x.ProcessingSince.IsZero() && b.now.Before(x.ProcessingSince.Add(b.cfg.GiveUpAfter))
	cancels := !deciding && (g.canceler != nil || x.Held.IsZero() && b.payment == nil)
	switch x.Status {
	case StatusPending, StatusRequiresMore, StatusError:
		switch {
		case !x.ProcessingSince.IsZero():
			add("AuthorizeSession, which asks the gateway")
		case over:
		case !g.info.Pure && c.Declines >= b.cfg.MaxCollectionDeclines && x.Status != StatusRequiresMore:
			add("CreateSession by a provider without a gateway, or CancelCollection and another one: it takes no more attempts (Config.MaxCollectionDeclines)")
		case x.Declines >= b.cfg.MaxSessionDeclines && x.Status != StatusRequiresMore:
			add("CreateSession with another session, which supersedes this one: it takes no more attempts")
		case x.Amount.GreaterThan(plus(c.left(), x.Held)):
			add("AuthorizeSession, once %s is free: other sessions of the collection take the rest", money(x.Amount, x.CurrencyCode))
		case x.Status == StatusRequiresMore:
			add("AuthorizeSession, once the shopper is back")
		case x.Status == StatusError && (x.Reason == codeNotSent || x.Reason == codeNotDone):
			add("AuthorizeSession, which initializes it again")
		case x.Status == StatusError:
			add("AuthorizeSession with another means of payment")
		case g.info.ClientConfirms && !x.InitializedAt.IsZero():
			add("AuthorizeSession, once the shopper has confirmed it in the browser")
		default:
			add("AuthorizeSession")
		}
		if x.ProcessingSince.IsZero() && !over && (g.updater != nil || x.InitializedAt.IsZero()) {
			add("UpdateSession")
		}
		if cancels {
			add("CancelSession")
		}
	case StatusAuthorized, StatusCanceled:
		can = b.possibleMoves(g)
		if x.Status == StatusCanceled && !over && c.left().IsPositive() {
			add("CreateSession with a new one, of at most %s", money(c.left(), c.CurrencyCode))
		}
	}
	return can
}

// possibleMoves says which money the host can move.
func (b *book) possibleMoves(g *gateway) (can []string) {
	p := b.payment
	if p == nil || !p.CanceledAt.IsZero() {
		return nil
	}
	captured, capturing, refunded, refunding := b.sums()
	if p.Capturable.IsPositive() && !p.Unasked && g.capturer != nil {
		can = append(can, fmt.Sprintf("CapturePayment %s, at most %s", p.ID, money(p.Capturable, p.CurrencyCode)))
	}
	if left := minus(minus(captured, refunded), refunding); left.IsPositive() && !p.Unasked && g.refunder != nil {
		can = append(can, fmt.Sprintf("RefundPayment %s, at most %s", p.ID, money(left, p.CurrencyCode)))
	}
	if p.Capturable.IsPositive() && g.canceler != nil {
		can = append(can, "CancelPayment "+p.ID+", which releases what is not captured")
	}
	if p.Unasked && plus(captured, capturing).GreaterThan(refunded) {
		can = append(can, "give it back at the gateway's dashboard: no call moves money that nobody asked for")
	}
	return can
}

// operationEntry tells of an operation, from its beginning.
func (d *drawing) operationEntry(op *Operation) TimelineEntry {
	e := TimelineEntry{At: op.CreatedAt.UTC(), Kind: string(op.Kind), ID: op.ID, SessionID: op.SessionID}
	e.Text = money(d.amount(op), op.CurrencyCode) + " " + d.stateWords(op)
	if op.Tries > 1 {
		e.Text += ", after " + times(op.Tries)
	}
	if !op.EndedAt.IsZero() && op.EndedAt.Sub(op.CreatedAt) >= time.Second {
		e.Text += ", at " + op.EndedAt.UTC().Format("01-02 15:04:05")
	}
	if op.CreatedBy != "" {
		e.Details = append(e.Details, "asked for by "+quoted(op.CreatedBy))
	}
	if op.LastCallAt.Sub(op.FirstCallAt) >= time.Second {
		e.Details = append(e.Details, fmt.Sprintf("the call was made at %s first, and may have been repeated until %s", op.FirstCallAt.UTC().Format("01-02 15:04:05"),
			op.LastCallAt.UTC().Format("01-02 15:04:05")))
	}
	if op.Message != "" {
		e.Details = append(e.Details, "the gateway or the way to it said "+quoted(op.Message))
	}
	if op.Resolution != "" {
		text := fmt.Sprintf("%s decided at %s: %s", quoted(op.ResolvedBy), op.ResolvedAt.UTC().Format("01-02 15:04:05"), op.Resolution)
		if op.ResolvedNote != "" {
			text += ", " + quoted(op.ResolvedNote)
		}
		e.Details = append(e.Details, text)
	}
	return e
}

// stateWords says where an operation stands.
func (d *drawing) stateWords(op *Operation) string {
	switch op.State {
	case OperationOpen:
		if d.now.Before(op.LeaseUntil) {
			return "under way"
		}
		return "not known yet"
	case OperationNeedsAttention:
		return "needs a person: " + op.Code
	case OperationSucceeded:
		if op.Kind == OperationAuthorize && !d.held(op) {
			return "answered: not held"
		}
		return "succeeded"
	case OperationFailed:
		return "failed: " + op.Code
	}
	return "is in a state unknown to this version of the library"
}

// deliveryEntry tells of a webhook message.
func (d *drawing) deliveryEntry(m *Delivery) TimelineEntry {
	e := TimelineEntry{At: m.ReceivedAt.UTC(), Kind: "webhook", ID: m.ID, SessionID: m.SessionID}
	e.Text = strings.TrimSpace(quote(m.Type) + " " + deliveryWords(m))
	if !m.HandledAt.IsZero() && m.HandledAt.Sub(m.ReceivedAt) >= time.Second {
		e.Text += ", at " + m.HandledAt.UTC().Format("01-02 15:04:05")
	}
	if m.Tries > 0 {
		e.Details = append(e.Details, "parked after "+times(m.Tries))
	}
	return e
}

func deliveryWords(m *Delivery) string {
	switch m.State {
	case DeliveryParked:
		return "waits: " + parkedWords(m.Code)
	case DeliveryHandled:
		return "handled"
	case DeliveryIgnored:
		return "ignored: it concerns nothing of ours"
	case DeliveryDead:
		return "given up: " + parkedWords(m.Code)
	}
	return "is in a state unknown to this version of the library"
}

// parkedWords says why a message waits, or was given up.
func parkedWords(code string) string {
	switch code {
	case parkedNew:
		return "it was not looked at yet"
	case parkedMissing:
		return "its session is not there"
	case parkedOpen:
		return "an operation is under way"
	case parkedAsked:
		return "the gateway was asked just now"
	case parkedChanged:
		return "the session changed while the gateway was asked"
	case parkedNoAnswer:
		return "the gateway did not answer"
	case parkedNotAsked:
		return "the gateway cannot be asked, and the message does not say what is true"
	case parkedStore:
		return "the store or the configuration did not allow it"
	}
	return quote(code)
}

// eventEntry tells of an event.
func (d *drawing) eventEntry(e *Event) TimelineEntry {
	t := TimelineEntry{At: e.At.UTC(), Kind: string(e.Kind), ID: e.ID, SessionID: e.SessionID}
	t.Text = e.words(money(e.Amount, e.CurrencyCode))
	return t
}

// words says what an event tells.
func (e *Event) words(amount string) string {
	by := "" // of what was moved elsewhere, or expired
	if e.OperationID == "" {
		by = ", without a call of ours"
	}
	over := ""
	if e.Code == codeExpired {
		over = ": its time was over"
	}
	switch e.Kind {
	case EventCollectionCreated:
		return amount + " is owed"
	case EventCollectionUpdated:
		return amount + " is owed now"
	case EventCollectionCompleted:
		return "complete, with " + amount + " captured"
	case EventCollectionCanceled:
		return "given up"
	case EventCollectionDeleted:
		return "hidden"
	case EventSessionCreated:
		return amount + " is to be authorized by " + e.ProviderID
	case EventSessionUpdated:
		return amount + " is to be authorized now"
	case EventSessionRequiresMore:
		return "the shopper must act"
	case EventSessionProcessing:
		return "the gateway accepted it, and is deciding"
	case EventSessionDeclined:
		return "the gateway refused: " + quote(e.Code)
	case EventSessionCanceled:
		return "canceled" + over
	case EventSessionDeleted:
		return "hidden"
	case EventPaymentAuthorized:
		return amount + " is held"
	case EventPaymentUnasked:
		return amount + " is held that nobody asked for"
	case EventPaymentReleased:
		return amount + " can no longer be captured" + over
	case EventPaymentCanceled:
		return amount + " is not held any more" + over
	case EventPaymentUpdated:
		return "its metadata changed"
	case EventCapturePending:
		return amount + " is being taken" + by
	case EventCaptureSucceeded:
		return amount + " was taken" + by
	case EventCaptureFailed:
		return amount + " was not taken: " + quote(e.Code)
	case EventRefundPending:
		return amount + " is being given back" + by
	case EventRefundSucceeded:
		return amount + " was given back" + by
	case EventRefundFailed:
		return amount + " was not given back: " + quote(e.Code)
	case EventRefundReturned:
		return amount + " came back from the shopper's bank"
	case EventOperationNeedsAttention:
		return "a person must decide: " + e.Code
	case EventOperationResolved:
		return "a person decided: " + e.Code
	case EventDataDropped:
		return "left out of the provider's answer: " + quote(e.Code)
	case EventGatewayNotice:
		return strings.TrimSpace(quote(e.Notice)+" "+quote(e.Reference)) + noticeAmount(e, amount)
	case EventWebhookGivenUp:
		return "a webhook message was given up: " + parkedWords(e.Code)
	}
	return "an event unknown to this version of the library"
}

func noticeAmount(e *Event, amount string) string {
	if e.Amount.IsZero() {
		return ""
	}
	return ", " + amount
}

// attentionWords says why an operation needs a person.
func attentionWords(code string) string {
	switch code {
	case "gave_up":
		return "the gateway could not say for too long what became of it"
	case "answer":
		return "the gateway's answer cannot be kept: it holds an amount or a name that makes no sense"
	case "currency":
		return "the gateway speaks of another currency"
	case "reference":
		return "the gateway speaks of another object of its own"
	case "account":
		return "the gateway speaks of another merchant account"
	case "amount":
		return "the gateway was asked for another amount, it says"
	case "authorized":
		return "the gateway authorized another amount"
	case "denied":
		return "the gateway knows nothing of what it authorized"
	case "authorized_again":
		return "the gateway holds money whose authorization was given up here"
	case "movement":
		return "the gateway knows a capture or refund that cannot be told from others"
	case "movement_amount":
		return "the gateway captured or refunded another amount"
	case "captured":
		return "the gateway captured more than was authorized"
	case "refunded":
		return "the gateway refunded more than was captured"
	case "capture_reversed":
		return "the gateway takes back a capture that it had confirmed"
	case "decline":
		return "the gateway refused, but moved or held the money"
	case "totals":
		return "the gateway's totals are not those of our captures and refunds"
	case codeUnasked:
		return "the gateway holds or took money that nobody asked for"
	}
	return quote(code)
}

// failureWords says why an attempt came to nothing.
func failureWords(code string) string {
	switch code {
	case codeNotSent:
		return "the gateway did nothing"
	case codeNotDone:
		return "the gateway never got the request"
	case codeNoEffect:
		return "the gateway's object left nothing to do it on"
	case codeCanceled:
		return "the gateway's object is canceled"
	case codeUnasked:
		return "the money is not wanted any more"
	case codeExpired:
		return "its time was over"
	case codeTaken:
		return "by its sums the gateway had captured before"
	case "":
		return "the gateway refused"
	}
	return "the gateway refused: " + quote(code)
}

func times(n int) string {
	if n == 1 {
		return "1 try"
	}
	return fmt.Sprintf("%d tries", n)
}

// quoted is what somebody else wrote: in quotes, on one line, cut to 512 bytes.
func quoted(s string) string { return `"` + strings.ReplaceAll(quote(s), `"`, `'`) + `"` }

// money is an amount with its currency, digits the amount alone, as the currency is written.
func money(d decimal.Decimal, code string) string { return digits(d, code) + " " + code }

func digits(d decimal.Decimal, code string) string {
	c, err := LookupCurrency(code)
	if e := d.Exponent(); err != nil || e < -int32(c.Digits) || e > 64 {
		return publicAmount(d).String()
	}
	return d.StringFixed(int32(c.Digits))
}
