package stripetest

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// PauseIndexing lets search stand still: what is created or changed from now on is not found, or found as it was, until
// ResumeIndexing. Stripe promises less than a minute, and takes up to an hour: https://docs.stripe.com/search
func (g *Gateway) PauseIndexing() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.lagging = true
}

// ResumeIndexing lets search find everything as it is.
func (g *Gateway) ResumeIndexing() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.lagging = false
	for _, in := range g.intents {
		g.indexed(in)
	}
}

// clause is one condition of a search.
type clause struct{ field, key, value string }

// readQuery understands what Stripe's query language has for metadata, status, currency and customer, joined by AND.
func readQuery(q string) ([]clause, *Error) {
	pattern := regexp.MustCompile(`^\s*(?:(metadata)\[(?:'([^']+)'|"([^"]+)")\]|(status|currency|customer)):(?:'([^']*)'|"([^"]*)")\s*(?:AND\s|$)`)
	var list []clause
	for rest := q; ; {
		m := pattern.FindStringSubmatch(rest)
		if m == nil {
			return nil, invalid("", "query", "We were unable to parse your search query. Try using the format `metadata[\"key\"]:\"value\"`.")
		}
		list = append(list, clause{field: m[1] + m[4], key: m[2] + m[3], value: m[5] + m[6]})
		if rest = rest[len(m[0]):]; rest == "" {
			return list, nil
		}
	}
}

// matches reports whether an intent is what a clause asks for.
func (c clause) matches(in *intent) bool {
	switch c.field {
	case "metadata":
		v, ok := in.metadata[c.key]
		return ok && v == c.value
	case "status":
		return in.status == c.value
	case "currency":
		return strings.EqualFold(in.currency, c.value)
	}
	return in.customer == c.value
}

// search lists the intents that were indexed and match, newest first.
func (g *Gateway) search(c call) (object, *Error) {
	p := c.params
	clauses, e := readQuery(p.text("query"))
	if e != nil {
		return nil, e
	}
	limit, page := p.whole("limit", 10), int64(0)
	if limit < 1 || limit > 100 {
		return nil, invalid("parameter_invalid_integer", "limit", "This value must be between 1 and 100.")
	}
	if text := p.text("page"); text != "" {
		n, err := strconv.ParseInt(strings.TrimPrefix(text, "page_"), 10, 64)
		if err != nil || n < 0 {
			return nil, invalid("", "page", "Invalid page: %s", text)
		}
		page = n
	}
	found := []*intent{}
	for _, in := range slices.Backward(g.intents) {
		known := g.index[in.id]
		if known == nil || in.account != c.account {
			continue
		}
		if !slices.ContainsFunc(clauses, func(c clause) bool { return !c.matches(known) }) {
			found = append(found, known)
		}
	}
	from := min(page*limit, int64(len(found)))
	to := min(from+limit, int64(len(found)))
	data := []any{}
	for _, in := range found[from:to] {
		data = append(data, g.renderIntent(in))
	}
	o := object{"object": "search_result", "url": "/v1/payment_intents/search", "has_more": to < int64(len(found)), "next_page": nil, "data": data}
	if to < int64(len(found)) {
		o["next_page"] = "page_" + strconv.FormatInt(page+1, 10)
	}
	return g.finish(o, p)
}
