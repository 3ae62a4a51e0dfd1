package sandboxprovider

import "time"

// storedKey is what a key replays.
type storedKey struct {
	request request
	answer  answer
	at      time.Time // when the request was executed
}

// serve answers a request that has reached the gateway. Requests with a key that is remembered are answered from memory.
//
// Like the big gateways, this one stores every answer of a request that it began to execute: successes, declines, refusals, and
// 500s too. What it did not begin is not stored: a parameter that makes no sense, an intent that is not there, a 429, a key that
// is used for something else or is under way.
func (g *Gateway) serve(q request, fault FaultKind, call int, now time.Time) answer {
	if q.Method == MethodRetrieve {
		a := g.retrieve(q, now)
		if fault == FaultServerError || fault == FaultServerErrorAfter || fault == FaultTooManyRequests {
			a = faultAnswer(fault)
		}
		return g.record(call, a)
	}
	keyed := q.Key != "" && !g.cfg.NoKeys
	if fault == FaultTooManyRequests || fault == FaultKeyInUse {
		return g.record(call, faultAnswer(fault))
	}
	if keyed {
		if g.underWay[q.Key] {
			return g.record(call, faultAnswer(FaultKeyInUse))
		}
		if s, ok := g.stored[q.Key]; ok && now.Sub(s.at) < g.cfg.KeyTTL {
			if s.request != q {
				return g.record(call, refused(400, "key_reused", "the key was used with other parameters", nil))
			}
			a := s.answer
			a.Replayed, a.executed = true, false
			return g.record(call, a)
		}
	}
	var a answer
	switch fault {
	case FaultServerError:
		a = faultAnswer(fault)
	case FaultDeclined:
		a = g.executeDecline(q, now)
	case FaultServerErrorAfter:
		a = g.execute(q, now)
		if a.executed {
			done := a
			a = faultAnswer(fault)
			a.executed, a.on = true, done.on
		}
	default:
		a = g.execute(q, now)
	}
	if keyed {
		if a.on != nil { // what was refused is known by its key as well
			g.executed[q.Key] = append(g.executed[q.Key], a.on)
		}
		if a.Status != 400 && a.Status != 404 {
			g.stored[q.Key] = storedKey{request: q, answer: a, at: now}
		}
	}
	return g.record(call, a)
}

// executeDecline answers with a decline whatever the token says.
func (g *Gateway) executeDecline(q request, now time.Time) answer {
	in := g.find(q.Intent, now)
	if q.Method == MethodConfirm && in != nil && in.stage == IntentRequiresPaymentMethod {
		return g.declined(in, "card_declined", q.Key, now)
	}
	if in == nil {
		return refused(402, "declined", "refused", nil)
	}
	a := refused(402, "declined", "refused", g.body(in))
	a.on = in // the key is remembered, so Status must find it
	return a
}

// begin marks a request that has arrived as under way, and reports false where its key is already.
func (g *Gateway) begin(q request, call int) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.calls[call].Arrived = true
	if q.Method == MethodRetrieve || q.Key == "" || g.cfg.NoKeys {
		return true
	}
	if g.underWay[q.Key] {
		return false
	}
	g.underWay[q.Key] = true
	return true
}

// end takes back what begin did.
func (g *Gateway) end(q request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.underWay, q.Key)
}
