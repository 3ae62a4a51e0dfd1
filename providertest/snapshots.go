package providertest

import (
	"errors"
	"net"
	"net/url"
	"strings"

	"github.com/seed40c892db/payment"
	"github.com/shopspring/decimal"
)

// answers returns the calls of the life that returned a snapshot.
func (k *kit) answers() []exchange {
	k.Helper()
	var list []exchange
	for _, e := range k.life() {
		if e.ok() || isAlreadyDone(e.err) && e.State != "" { // what is already done is settled alike
			list = append(list, e)
		}
	}
	return list
}

func checkKnownState(k *kit) {
	for _, e := range k.life() {
		if e.broken != "" {
			k.Error(e.broken)
			continue
		}
		if e.err != nil && e.State == "" {
			continue
		}
		switch e.State {
		case payment.SnapshotNotFound, payment.SnapshotPending, payment.SnapshotRequiresMore, payment.SnapshotProcessing,
			payment.SnapshotAuthorized, payment.SnapshotDeclined, payment.SnapshotCanceled:
		case "":
			k.Errorf("an empty State says that the outcome is unknown, and nothing went wrong: %s", e.answer)
		default:
			k.Errorf("there is no State %q: %s", e.State, e.answer)
		}
	}
}

func checkAmounts(k *kit) {
	for _, e := range k.answers() {
		amounts := map[string]decimal.Decimal{"Amount": e.Amount, "Authorized": e.Authorized}
		if e.Capturable != nil {
			amounts["Capturable"] = *e.Capturable
		}
		for _, m := range e.Movements {
			amounts["the Amount of "+string(m.Kind)+" "+m.Reference] = m.Amount
		}
		if e.Totals != nil {
			amounts["Totals.Captured"], amounts["Totals.Refunded"] = e.Totals.Captured, e.Totals.Refunded
		}
		for name, d := range amounts {
			if d.IsNegative() {
				k.Errorf("%s is negative, %s: %s", name, d, e.answer)
			}
			if _, err := (payment.CurrencyRule{Digits: k.rule.Digits}).MinorUnits(d); err != nil {
				k.Errorf("%s is no amount of %s, %v: %s", name, k.c.CurrencyCode, err, e.answer)
			}
		}
	}
}

func checkAmountAsked(k *kit) {
	for _, e := range k.answers() {
		if e.State != payment.SnapshotNotFound && !e.Amount.IsZero() && !e.Amount.Equal(e.asked) {
			k.Errorf("Amount must be %s, the session's, or zero, not %s: %s", e.asked, e.Amount, e.answer)
		}
	}
}

func checkAuthorizedNamed(k *kit) {
	first := map[*session]decimal.Decimal{}
	for _, e := range k.answers() {
		before, named := first[e.session]
		switch {
		case e.State == payment.SnapshotAuthorized && !named:
			first[e.session] = e.Authorized
			if !e.Authorized.IsPositive() {
				k.Errorf("the first answer that says authorized must say how much: %s", e.answer)
			}
		case before.IsPositive() && !e.still(before):
			k.Errorf("Authorized must be %s, as before, or zero: %s", before, e.answer)
		}
	}
}

func checkCurrencyCode(k *kit) {
	for _, e := range k.answers() {
		if e.CurrencyCode != "" && e.CurrencyCode != e.request.CurrencyCode {
			k.Errorf("CurrencyCode must be %s or empty, not %q: %s", e.request.CurrencyCode, e.CurrencyCode, e.answer)
		}
	}
}

// constant fails the case where what is said of a session changes.
func (k *kit) constant(what string, said func(e exchange) string) {
	k.Helper()
	first := map[*session]string{}
	for _, e := range k.answers() {
		now := said(e)
		if now == "" {
			continue
		}
		if before, ok := first[e.session]; ok && before != now {
			k.Errorf("the session's %s was %q, and is %q: %s", what, before, now, e.answer)
			continue
		}
		first[e.session] = now
	}
}

func checkReferenceStays(k *kit) {
	k.constant("Reference", func(e exchange) string { return e.Reference })
}

func checkAccountStays(k *kit) {
	k.constant("Account", func(e exchange) string { return e.Account })
}

// listed ends the case where no answer of the life lists a movement, so that nothing can be said of any.
func (k *kit) listed() {
	k.Helper()
	for _, e := range k.answers() {
		if len(e.Movements) > 0 {
			return
		}
	}
	k.notRun("no answer lists a movement")
}

func checkMovements(k *kit) {
	k.listed()
	for _, e := range k.answers() {
		seen := map[string]bool{}
		for _, m := range e.Movements {
			if m.Kind != payment.MovementCapture && m.Kind != payment.MovementRefund {
				k.Errorf("there is no Kind %q: %s", m.Kind, e.answer)
			}
			if m.State != payment.MovementPending && m.State != payment.MovementSucceeded && m.State != payment.MovementFailed {
				k.Errorf("there is no State %q: %s", m.State, e.answer)
			}
			id := string(m.Kind) + " " + m.Reference
			if m.Reference == "" || seen[id] {
				k.Errorf("a movement's Reference is empty or used twice, %q: %s", m.Reference, e.answer)
			}
			seen[id] = true
		}
	}
}

func checkMovementsStay(k *kit) {
	type made struct{ reference, amount string }
	first := map[string]made{}
	k.listed()
	for _, e := range k.answers() {
		for _, m := range e.Movements {
			if m.IdempotencyKey == "" {
				continue
			}
			id, now := string(m.Kind)+" "+m.IdempotencyKey, made{m.Reference, m.Amount.String()}
			if before, ok := first[id]; ok && before != now {
				k.Errorf("the %s with key %s was %q of %s, and is %q of %s: %s", m.Kind, m.IdempotencyKey,
					before.reference, before.amount, now.reference, now.amount, e.answer)
				continue
			}
			first[id] = now
		}
	}
}

// checkMovementsEmpty is not for a pure provider, which knows of no other movement than the one that it makes.
func checkMovementsEmpty(k *kit) {
	made := map[*session]answer{}
	for _, e := range k.answers() {
		if e.Movements != nil && len(e.Movements) == 0 && made[e.session].method != "" {
			k.Errorf("Movements is empty, and not nil, after money has moved: %s; then %s", made[e.session], e.answer)
		}
		if t, _ := sums(e.Snapshot); t.Captured.IsPositive() {
			made[e.session] = e.answer
		}
	}
	if len(made) == 0 {
		k.notRun("no answer says that money was captured")
	}
}

func checkSums(k *kit) {
	k.known(func(e exchange, authorized decimal.Decimal) {
		t, said := sums(e.Snapshot)
		k.sees(said)
		if said && (t.Captured.GreaterThan(authorized) || t.Refunded.GreaterThan(t.Captured)) {
			k.Errorf("captured must be at most authorized, and refunded at most captured: %s authorized, %s captured, %s refunded: %s",
				authorized, t.Captured, t.Refunded, e.answer)
		}
	})
}

func checkCapturable(k *kit) {
	k.known(func(e exchange, authorized decimal.Decimal) {
		t, _ := sums(e.Snapshot)
		if e.Capturable != nil && e.Capturable.GreaterThan(authorized.Sub(t.Captured)) {
			k.Errorf("Capturable is %s, and %s of %s was captured: %s", e.Capturable, t.Captured, authorized, e.answer)
		}
	})
}

// known calls f with each answer and what is known to be authorized by then: an answer need not repeat it.
func (k *kit) known(f func(e exchange, authorized decimal.Decimal)) {
	k.Helper()
	said := map[*session]decimal.Decimal{}
	for _, e := range k.answers() {
		if e.Authorized.IsPositive() {
			said[e.session] = e.Authorized
		}
		f(e, said[e.session])
	}
}

func checkNextAction(k *kit) {
	seen := false
	for _, e := range k.answers() {
		if e.State != payment.SnapshotRequiresMore && e.NextAction == nil {
			continue
		}
		n := e.NextAction
		seen = true
		if n == nil {
			k.Errorf("NextAction must say what the shopper is to do: %s", e.answer)
			continue
		}
		switch n.Kind {
		case payment.ActionRedirect, payment.ActionFormPost:
			if !allowedURL(n.URL) {
				k.Errorf("NextAction.URL must be https, or http to localhost, without user info: %q", n.URL)
			}
		case payment.ActionClientSDK:
			if len(n.Data) == 0 {
				k.Errorf("NextAction.Data must be set for %s", n.Kind)
			}
		case payment.ActionDisplay:
			if n.Text == "" {
				k.Errorf("NextAction.Text must be set for %s", n.Kind)
			}
		case payment.ActionWait:
		default:
			k.Errorf("there is no NextAction.Kind %q", n.Kind)
		}
		if n.RetryAfter < 0 {
			k.Errorf("NextAction.RetryAfter is negative: %v", n.RetryAfter)
		}
	}
	if !seen {
		k.notRun("no answer asks the shopper to act")
	}
}

// allowedURL reports whether a browser may be sent to a URL.
func allowedURL(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.User != nil || u.Hostname() == "" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	local := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	return u.Scheme == "https" || u.Scheme == "http" && local
}

func checkDeclineSet(k *kit) {
	for _, e := range k.life() {
		if e.State == payment.SnapshotDeclined && (e.Decline == nil || e.Decline.Code == "") {
			k.Errorf("Decline, with its Code, must be set with SnapshotDeclined: %s", e.answer)
		}
		if e.Decline != nil && (len(e.Decline.Code) > 64 || strings.ContainsFunc(e.Decline.Code, notInCode)) {
			k.Errorf("Decline.Code must be a short word, for clients, of letters, digits, _, - and .: %q", e.Decline.Code)
		}
	}
}

func notInCode(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-' && r != '.'
}

func checkDataJSON(k *kit) {
	for _, e := range k.life() {
		if _, err := payment.NormalizeData(e.Data); err != nil {
			k.Errorf("Data must be JSON values of at most 64 KiB: %v: %s", err, e.answer)
		}
		if e.NextAction != nil {
			if _, err := payment.NormalizeData(e.NextAction.Data); err != nil {
				k.Errorf("NextAction.Data must be JSON values of at most 64 KiB: %v: %s", err, e.answer)
			}
		}
		if e.Private != nil {
			if _, err := payment.NormalizeData(e.Private.Reveal()); err != nil {
				k.Errorf("Private must hold JSON values of at most 64 KiB: %s", e.answer)
			}
		}
	}
}

func checkNoSecretNames(k *kit) {
	for _, e := range k.life() {
		public := payment.Data{"Data": e.Data}
		if e.NextAction != nil {
			public["NextAction"] = e.NextAction.Data
			for name, value := range e.NextAction.Fields {
				public["NextAction.Fields."+name] = payment.Data{name: value}
			}
		}
		walk(public, "", func(at, key, text string) {
			if secretName(key) || secretText(text) {
				k.Errorf("%s is named or begins like a secret, and is public: %s", at, e.answer)
			}
		})
	}
}

// walk calls f with the path, the key and the text of every value in d; text is empty where the value is no string.
func walk(d payment.Data, at string, f func(at, key, text string)) {
	normal, err := payment.NormalizeData(d)
	if err != nil {
		return // checkDataJSON says so
	}
	walkValue(map[string]any(normal), at, "", f)
}

func walkValue(v any, at, key string, f func(at, key, text string)) {
	text, _ := v.(string)
	f(at, key, text)
	switch v := v.(type) {
	case map[string]any:
		for name, x := range v {
			walkValue(x, strings.TrimPrefix(at+"."+name, "."), name, f)
		}
	case []any:
		for _, x := range v {
			walkValue(x, at, key, f)
		}
	}
}

// secretName reports whether a key's name says that its value belongs in Private, or nowhere. A client_secret is meant for clients.
func secretName(key string) bool {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(key))
	switch name {
	case "apikey", "secret", "secretkey", "apisecret", "privatekey", "password", "passwd", "webhooksecret", "signingsecret",
		"accesstoken", "refreshtoken", "cardnumber", "ccnumber", "creditcardnumber", "pan", "cvc", "cvv", "cvc2", "cvv2", "cardcvc",
		"securitycode", "track1", "track2", "pin", "pinblock":
		return true
	}
	return false
}

// secretText reports whether a text begins as the secrets of gateways do.
func secretText(text string) bool {
	for _, prefix := range []string{"sk_live_", "sk_test_", "rk_live_", "rk_test_", "whsec_", "-----BEGIN"} {
		if strings.HasPrefix(strings.TrimSpace(text), prefix) {
			return true
		}
	}
	return false
}

// published writes out what of an answer the shopper may see.
func published(a answer) string {
	text := jsonText(a.Data) + jsonText(a.NextAction) + a.Reference
	if a.Decline != nil {
		text += a.Decline.Code
	}
	return text
}

func checkContextKept(k *kit) {
	for _, e := range k.life() {
		if strings.Contains(published(e.answer), e.secret) {
			k.Errorf("what the host said about the shopper in Context is published: %s", e.method)
		}
	}
}

func checkPrivateKept(k *kit) {
	secrets := map[*session][]string{}
	for _, e := range k.life() {
		collect := func(_, _, text string) {
			// Short words, and what has its own public place, are no secrets.
			if len(text) >= 12 && text != e.request.SessionID && text != e.request.CollectionID && text != e.Reference {
				secrets[e.session] = append(secrets[e.session], text)
			}
		}
		if e.Private != nil {
			walk(e.Private.Reveal(), "", collect)
		}
		for _, secret := range secrets[e.session] {
			if strings.Contains(published(e.answer), secret) || e.err != nil && strings.Contains(e.err.Error(), secret) {
				k.Errorf("what the provider keeps in Private is published by %s", e.method)
			}
		}
	}
}

func checkErrorTexts(k *kit) {
	for _, e := range k.life() {
		text := errorText(e.err)
		if e.Decline != nil {
			text += e.Decline.Message
		}
		if strings.Contains(text, e.secret) {
			k.Errorf("the error of %s has in its text what the host said about the shopper in Context; texts go to logs", e.method)
		}
	}
}

func checkErrorKinds(k *kit) {
	for _, e := range k.life() {
		if e.err == nil {
			continue
		}
		kinds := 0
		for _, is := range []bool{errors.Is(e.err, payment.ErrDeclined), errors.Is(e.err, payment.ErrNotSent), isAlreadyDone(e.err)} {
			if is {
				kinds++
			}
		}
		if kinds > 1 {
			k.Errorf("an error is of one kind: %s", e.answer)
		}
		if e.method == status && kinds > 0 && !errors.Is(e.err, payment.ErrNotSent) {
			k.Errorf("Status changes nothing, so that nothing is declined or done already: %s", e.answer)
		}
	}
}

// checkAlreadyDone asks for what is so already.
func checkAlreadyDone(k *kit) {
	s := k.authorized()
	already := 0
	again := func(m method) {
		a := s.send(m, newKey(), input(k.c.Approve))
		if a.broken != "" {
			k.Fatal(a.broken)
		}
		if !isAlreadyDone(a.err) {
			return
		}
		already++
		if a.State == "" {
			k.Errorf("the Snapshot inside payment.AlreadyDone must say what is so: %s", a)
		} else if k.askable() {
			now := k.twin(s).must(status, "")
			if a.State != now.State || !a.still(k.c.Amount) || a.Reference != "" && now.Reference != "" && a.Reference != now.Reference {
				k.Errorf("the Snapshot inside payment.AlreadyDone must say what is so now: %s; and %s", a, now)
			}
		}
	}
	again(authorize)
	if got, _ := sums(s.last); has[payment.Canceler](k.p) && got.Captured.IsZero() {
		s.must(cancel, newKey())
		again(cancel)
	}
	if already == 0 {
		k.notRun("the provider answers nothing with payment.AlreadyDone")
	}
}

func checkRequestUnchanged(k *kit) {
	for _, e := range k.life() {
		if e.changed != "" {
			k.Error(e.changed)
		}
	}
}
