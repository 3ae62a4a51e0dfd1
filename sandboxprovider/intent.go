package sandboxprovider

import (
	"slices"
	"time"

	"github.com/seed40c892db/payment"
)

// IntentStatus is where an intent stands at the gateway.
type IntentStatus string

const (
	// IntentRequiresPaymentMethod waits for a token: new, or after a decline.
	IntentRequiresPaymentMethod IntentStatus = "requires_payment_method"
	// IntentRequiresAction waits for the shopper to complete the challenge.
	IntentRequiresAction IntentStatus = "requires_action"
	// IntentProcessing is decided later, by [Gateway.ResolveDelayed].
	IntentProcessing IntentStatus = "processing"
	// IntentRequiresCapture is authorized, and something can still be captured.
	IntentRequiresCapture IntentStatus = "requires_capture"
	// IntentSucceeded is captured, or being captured, and nothing more can be.
	IntentSucceeded IntentStatus = "succeeded"
	// IntentCanceled is over: nothing was taken, and nothing is held.
	IntentCanceled IntentStatus = "canceled"
)

// stageAuthorized is the stage of an intent that was authorized: its status follows from what was taken and released since.
const stageAuthorized IntentStatus = "authorized"

// intent is one row of the gateway's books, in minor units.
type intent struct {
	id, session, collection string // the gateway's ID; ours, from the metadata
	key                     string // that created it
	authorizeKey            string // that authorized it, or began to
	currency                string
	amount                  int64
	stage                   IntentStatus // a status, or stageAuthorized
	authorized              int64
	released                int64 // by final captures
	closed                  bool  // voided or lapsed: nothing more can be captured, not even what fails
	token                   string
	decline                 *payment.Decline
	movements               []*movement
	browser                 bool // confirmed by the browser, not by the merchant's server
	returnURL               string
	clientToken             string // the browser's credential
	access                  string // the merchant's secret
	createdAt, authorizedAt time.Time
}

// movement is one capture or refund in the gateway's books, in minor units.
type movement struct {
	id     string
	kind   payment.MovementKind
	key    string
	amount int64
	state  payment.MovementState
	at     time.Time
}

// sum adds up the movements of one kind that are in one of the states.
func (in *intent) sum(kind payment.MovementKind, states ...payment.MovementState) int64 {
	var total int64
	for _, m := range in.movements {
		if m.kind == kind && slices.Contains(states, m.state) {
			total += m.amount
		}
	}
	return total
}

// taken is what captures have taken or are about to.
func (in *intent) taken() int64 {
	return in.sum(payment.MovementCapture, payment.MovementPending, payment.MovementSucceeded)
}

// captured is what captures have taken.
func (in *intent) captured() int64 { return in.sum(payment.MovementCapture, payment.MovementSucceeded) }

// refundable is what can still be given back.
func (in *intent) refundable() int64 {
	return in.captured() - in.sum(payment.MovementRefund, payment.MovementPending, payment.MovementSucceeded)
}

// capturable is what can still be captured.
func (in *intent) capturable() int64 {
	if in.closed || in.stage != stageAuthorized {
		return 0
	}
	return in.authorized - in.released - in.taken()
}

// status is where the intent stands.
func (in *intent) status() IntentStatus {
	switch {
	case in.stage != stageAuthorized:
		return in.stage
	case in.capturable() > 0:
		return IntentRequiresCapture
	case in.taken() > 0:
		return IntentSucceeded
	}
	return IntentCanceled
}

// lapse applies what the clock alone does to an intent.
func (g *Gateway) lapse(in *intent, now time.Time) {
	switch in.status() {
	case IntentRequiresCapture:
		if before := g.captureBefore(in); !before.IsZero() && !now.Before(before) {
			in.closed = true
			g.tell(in, "authorization.expired", "", now)
		}
	case IntentRequiresPaymentMethod, IntentRequiresAction:
		if at := g.expiresAt(in); !at.IsZero() && !now.Before(at) {
			in.stage = IntentCanceled
			g.tell(in, "intent.expired", "", now)
		}
	}
}

// captureBefore is when the intent's authorization lapses.
func (g *Gateway) captureBefore(in *intent) time.Time {
	if g.cfg.AuthorizationLife <= 0 || in.stage != stageAuthorized {
		return time.Time{}
	}
	return in.authorizedAt.Add(g.cfg.AuthorizationLife)
}

// expiresAt is when the intent lapses if it is not authorized.
func (g *Gateway) expiresAt(in *intent) time.Time {
	if g.cfg.IntentLife <= 0 {
		return time.Time{}
	}
	return in.createdAt.Add(g.cfg.IntentLife)
}

// create opens an intent.
func (g *Gateway) create(q request, now time.Time) answer {
	if _, err := g.rule(q.Currency); err != nil {
		return refused(400, "currency_unknown", "the currency is not known", nil)
	}
	if q.Amount <= 0 {
		return refused(400, "amount_invalid", "the amount must be more than zero", nil)
	}
	in := &intent{
		id: g.newID("int_"), session: q.Session, collection: q.Collection, key: q.Key, currency: q.Currency, amount: q.Amount,
		stage: IntentRequiresPaymentMethod, browser: q.BrowserConfirms, returnURL: q.ReturnURL, createdAt: now,
	}
	in.clientToken = g.token("ct_", in.id)
	in.access = g.token("access_", in.id)
	g.intents = append(g.intents, in)
	g.byID[in.id] = in
	g.byClient[in.clientToken] = in
	if in.session != "" {
		g.bySess[in.session] = append(g.bySess[in.session], in)
	}
	g.tell(in, "intent.created", q.Key, now)
	return g.done(in)
}

// update changes the amount of an intent that is not authorized yet. A challenge was for the old amount, so it ends.
func (g *Gateway) update(q request, in *intent, now time.Time) answer {
	switch in.status() {
	case IntentCanceled:
		return g.already("already_canceled", in)
	case IntentRequiresCapture, IntentSucceeded:
		return g.already("already_authorized", in)
	case IntentProcessing:
		return g.no("processing", "the intent is being decided", in)
	}
	if q.Currency != in.currency {
		return g.no("currency_fixed", "the currency cannot be changed", in)
	}
	if q.Amount <= 0 {
		return refused(400, "amount_invalid", "the amount must be more than zero", nil)
	}
	in.amount, in.returnURL = q.Amount, q.ReturnURL
	in.stage, in.token, in.decline = IntentRequiresPaymentMethod, "", nil
	g.tell(in, "intent.updated", q.Key, now)
	return g.done(in)
}

// confirm tries to authorize an intent with a token. Without one, while or after the shopper or the issuer decides, it asks what has
// come of that.
func (g *Gateway) confirm(q request, in *intent, now time.Time) answer {
	switch in.status() {
	case IntentCanceled:
		return g.already("already_canceled", in)
	case IntentRequiresCapture, IntentSucceeded:
		if q.Token == "" && (in.token == Token3DS || in.token == TokenDelayed) {
			return g.done(in)
		}
		return g.already("already_authorized", in)
	case IntentProcessing:
		return g.done(in)
	case IntentRequiresAction:
		if q.Token == "" {
			return g.done(in)
		}
	case IntentRequiresPaymentMethod:
		if q.Token == "" && in.decline != nil && (in.token == Token3DS || in.token == Token3DSDeclined || in.token == TokenDelayed) {
			a := refused(402, in.decline.Code, in.decline.Message, g.body(in))
			a.executed, a.on = true, in
			return a
		}
	}
	if in.browser != q.Browser {
		return g.no("confirmed_elsewhere", "this intent is confirmed by the other side", in)
	}
	token := q.Token
	if token == "" {
		token = TokenVisa
	}
	if !knownToken(token) {
		return g.no("token_unknown", "there is no such token", in)
	}
	in.token, in.authorizeKey = token, q.Key
	switch token {
	case TokenDeclined:
		return g.declined(in, "card_declined", q.Key, now)
	case TokenInsufficientFunds:
		return g.declined(in, "insufficient_funds", q.Key, now)
	case Token3DS, Token3DSDeclined:
		in.stage, in.decline = IntentRequiresAction, nil
		g.tell(in, "intent.requires_action", q.Key, now)
	case TokenDelayed:
		in.stage, in.decline = IntentProcessing, nil
		g.tell(in, "intent.processing", q.Key, now)
	default:
		g.authorize(in, q.Key, now)
	}
	a := g.done(in)
	if token == Token500 {
		a.Status, a.Code, a.Message, a.Intent = 500, "internal", "something went wrong", nil
	}
	return a
}

// authorize holds the money of an intent, and takes it where that is asked for.
func (g *Gateway) authorize(in *intent, key string, now time.Time) {
	in.stage, in.decline = stageAuthorized, nil
	in.authorized, in.authorizedAt = in.amount, now
	g.tell(in, "intent.authorized", key, now)
	if g.cfg.AutoCapture || in.token == TokenAuto {
		g.move(in, payment.MovementCapture, in.amount, "", now)
	}
}

// declined records that the issuer refused.
func (g *Gateway) declined(in *intent, code, key string, now time.Time) answer {
	in.stage = IntentRequiresPaymentMethod
	in.decline = &payment.Decline{Code: code, Message: "the issuer answered " + code}
	g.tell(in, "intent.declined", key, now)
	a := refused(402, code, in.decline.Message, g.body(in))
	a.executed, a.on = true, in
	return a
}

// capture takes money that is held.
func (g *Gateway) capture(q request, in *intent, now time.Time) answer {
	left := in.capturable()
	switch status := in.status(); {
	case q.Amount <= 0:
		return refused(400, "amount_invalid", "the amount must be more than zero", nil)
	case status == IntentCanceled:
		return g.already("already_canceled", in)
	case status == IntentSucceeded:
		return g.already("already_captured", in)
	case status != IntentRequiresCapture:
		return g.no("not_authorized", "there is nothing to capture yet", in)
	case q.Currency != in.currency:
		return g.no("currency_fixed", "the currency cannot be changed", in)
	case q.Amount > left:
		return g.no("amount_too_large", "the amount is more than what is left to capture", in)
	}
	if q.Final || g.cfg.SingleCapture {
		in.released += left - q.Amount
	}
	id := g.move(in, payment.MovementCapture, q.Amount, q.Key, now)
	a := g.done(in)
	a.Made = id
	return a
}

// refund gives money back that was captured.
func (g *Gateway) refund(q request, in *intent, now time.Time) answer {
	left := in.refundable()
	switch {
	case q.Amount <= 0:
		return refused(400, "amount_invalid", "the amount must be more than zero", nil)
	case in.captured() == 0:
		return g.no("not_captured", "there is nothing to refund", in)
	case left == 0:
		return g.already("already_refunded", in)
	case q.Currency != in.currency:
		return g.no("currency_fixed", "the currency cannot be changed", in)
	case q.Amount > left:
		return g.no("amount_too_large", "the amount is more than what is left to refund", in)
	case g.cfg.WholeRefunds && q.Amount != left:
		return g.no("whole_refunds_only", "only all that is left to refund can be", in)
	}
	id := g.move(in, payment.MovementRefund, q.Amount, q.Key, now)
	a := g.done(in)
	a.Made = id
	return a
}

// cancel ends an intent, or releases what is not captured.
func (g *Gateway) cancel(q request, in *intent, now time.Time) answer {
	switch in.status() {
	case IntentCanceled:
		return g.already("already_canceled", in)
	case IntentSucceeded:
		return g.already("already_captured", in)
	case IntentProcessing:
		return g.no("processing", "the intent is being decided", in)
	case IntentRequiresCapture:
		in.closed = true
	default:
		in.stage, in.decline = IntentCanceled, nil
	}
	kind := "intent.canceled"
	if in.status() != IntentCanceled {
		kind = "authorization.released"
	}
	g.tell(in, kind, q.Key, now)
	return g.done(in)
}

// move adds a movement, done at once or pending, and returns its ID.
func (g *Gateway) move(in *intent, kind payment.MovementKind, amount int64, key string, now time.Time) string {
	prefix, async := "cap_", g.cfg.AsyncCaptures
	if kind == payment.MovementRefund {
		prefix, async = "ref_", g.cfg.AsyncRefunds
	}
	m := &movement{id: g.newID(prefix), kind: kind, key: key, amount: amount, state: payment.MovementSucceeded, at: now}
	if async {
		m.state = payment.MovementPending
	}
	in.movements = append(in.movements, m)
	g.tell(in, string(kind)+"."+string(m.state), key, now)
	return m.id
}

// done is the answer to a request that was executed.
func (g *Gateway) done(in *intent) answer {
	return answer{Status: 200, Intent: g.body(in), executed: true, on: in}
}

// already is the answer to a request whose effect is there.
func (g *Gateway) already(code string, in *intent) answer {
	a := refused(409, code, "the intent is "+string(in.status()), g.body(in))
	a.on = in
	return a
}

// no is the answer to a request that this gateway refuses for good.
func (g *Gateway) no(code, message string, in *intent) answer {
	a := refused(422, code, message, g.body(in))
	a.on = in
	return a
}

func refused(status int, code, message string, body *intentBody) answer {
	return answer{Status: status, Code: code, Message: message, Intent: body}
}
