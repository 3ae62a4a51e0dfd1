package pgstore

import (
	"fmt"
	"strings"

	"github.com/seed40c892db/payment"
)

// shape is how many rows of each kind a commit writes. It decides the text of its statement.
type shape struct {
	insert                                      bool // the collection is new
	newRequests                                 bool // the requests must be as well
	sessions, payments, captures, refunds       int
	operations, requests, events                int
	work, open, at, unopened, stopped, finished int // as in works
}

func shapeOf(c *payment.Changes, w *works) shape {
	return shape{
		insert: c.Version == 0, newRequests: c.NewRequests && len(c.Requests) > 0,
		sessions: len(c.Sessions), payments: len(c.Payments), captures: len(c.Captures), refunds: len(c.Refunds),
		operations: len(c.Operations), requests: len(c.Requests), events: len(c.Events),
		work: len(w.whole), open: len(w.open), at: len(w.at), unopened: len(w.unopened), stopped: len(w.stopped), finished: len(w.finished),
	}
}

// commit returns the statement that writes rows of a shape: one, so that it is planned, sent and answered once. Its parts write a table each.
// The server runs the part that the whole selects from first, the collection's, and the whole divides by zero if that wrote nothing; only
// then come the others, in their order.
func (q *statements) commit(s shape) *statement {
	if kept, ok := q.kept.Load(s); ok {
		return kept.(*statement)
	}
	made := q.compose(s)
	if made.arguments > maxArguments || q.known.Add(1) > maxKept {
		return made
	}
	made.kept = true
	kept, _ := q.kept.LoadOrStore(s, made)
	return kept.(*statement)
}

const (
	// maxKept is how many statements are kept. A payment has about twenty shapes of commits; in the simulation, 64 are 99 of 100 commits. Each takes
	// 0.3 MB of the server's memory, on each connection.
	maxKept = 64
	// maxArguments is how many one of them has at the most. They have 140 in an ordinary commit, and 700 where a gateway lists 24 captures.
	maxArguments = 256
)

func (q *statements) compose(s shape) *statement {
	in := q.schema
	w := &composer{}
	if s.insert {
		w.part("u", q.collections.into(in)+w.rows(&q.collections, 1)+" ON CONFLICT DO NOTHING RETURNING 1")
	} else {
		w.part("u", q.collections.update(in))
		w.n = len(q.collections.columns) + 1 // and the version
	}
	upsert := func(name string, t *table, n int) {
		if n > 0 {
			w.part(name, t.into(in)+w.rows(t, n)+t.orReplace())
		}
	}
	upsert("s", &q.sessions, s.sessions)
	upsert("p", &q.payments, s.payments)
	upsert("c", &q.captures, s.captures)
	upsert("f", &q.refunds, s.refunds)
	upsert("o", &q.operations, s.operations)
	if s.newRequests {
		w.part("r", q.requests.into(in)+w.rows(&q.requests, s.requests))
	} else {
		upsert("r", &q.requests, s.requests)
	}
	if s.events > 0 {
		first := w.n
		w.part("v", q.events.into(in)+w.rows(&q.events, s.events))
		// They are due as well. Whatever reads how far the events are delivered has to wait for a commit that writes more of them.
		w.n++
		w.part("n", fmt.Sprintf("INSERT INTO %s.due AS x (kind, id, collection_id, at, newest) VALUES ('events', $1, $1, $%d, $%d) "+
			"ON CONFLICT (kind, id) DO UPDATE SET at = coalesce(x.at, excluded.at), newest = greatest(x.newest, excluded.newest)",
			in, w.at(&q.events, first, "at"), w.n))
	}
	const times, opened = "at = excluded.at, tries = excluded.tries, seq = excluded.seq, dead = excluded.dead",
		"state = excluded.state, created_at = excluded.created_at"
	for _, of := range []struct {
		name string
		t    *table
		rows int
		sets string
	}{{"w", &q.work, s.work, times + ", " + opened}, {"a", &q.opened, s.open, opened}, {"d", &q.due, s.at, times}} {
		if of.rows > 0 {
			w.part(of.name, of.t.into(in)+w.rows(of.t, of.rows)+" ON CONFLICT (kind, id) DO UPDATE SET "+of.sets+
				", collection_id = CASE WHEN x.collection_id IN (excluded.collection_id, '') THEN excluded.collection_id END")
		}
	}
	for _, of := range []struct {
		name   string
		rows   int
		change string
	}{
		{"b", s.unopened, "UPDATE %s.due SET state = NULL, created_at = NULL"}, {"e", s.stopped, "UPDATE %s.due SET at = NULL"},
		{"g", s.finished, "DELETE FROM %s.due"},
	} {
		for i := range of.rows {
			w.part(fmt.Sprint(of.name, i), fmt.Sprintf(of.change+" WHERE kind = $%d AND id = $%d AND "+
				"sqrt(CASE WHEN collection_id IN ($1, '') THEN 1 ELSE -1 END) = 1", in, w.n+1, w.n+2))
			w.n += 2
		}
	}
	return &statement{text: "WITH " + strings.Join(w.parts, ", ") + " SELECT 1/count(*) FROM u", arguments: w.n}
}

// composer writes a statement of many parts. $1 is the collection's ID, in every row of it.
type composer struct {
	parts []string
	n     int // parameters so far
}

func (w *composer) part(name, text string) { w.parts = append(w.parts, name+" AS ("+text+")") }

// rows returns the placeholders of so many rows of a table.
func (w *composer) rows(t *table, n int) string {
	rows := make([]string, n)
	for i := range rows {
		values := make([]string, len(t.columns))
		for k, c := range t.columns {
			if c.name == "collection_id" {
				values[k] = "$1"
				continue
			}
			w.n++
			values[k] = c.placeholder(w.n)
		}
		rows[i] = "(" + strings.Join(values, ", ") + ")"
	}
	return strings.Join(rows, ", ")
}

// at returns the number of a column's parameter in the row whose first parameter follows the given one.
func (w *composer) at(t *table, first int, name string) int {
	for _, c := range t.columns {
		if c.name != "collection_id" {
			first++
		}
		if c.name == name {
			break
		}
	}
	return first
}

// commits returns the statements of the commits that the Service makes of payments whose steps succeed, with a provider that is pure and with
// any other: first what begins an operation, then what ends it.
func (q *statements) commits() []*statement {
	shapes := []shape{
		{insert: true, events: 1}, {insert: true, requests: 1, events: 1}, {events: 1},
		{sessions: 1, events: 1}, {sessions: 1, payments: 1, events: 1}, {sessions: 1, payments: 1, captures: 1, events: 1},
		{sessions: 1, payments: 1, captures: 1, events: 2}, {sessions: 1, payments: 1, refunds: 1, events: 1},
		{sessions: 1, operations: 1, work: 1}, {sessions: 1, operations: 1, work: 1, events: 1}, {sessions: 1, operations: 1, finished: 1},
		{sessions: 1, payments: 1, operations: 1, at: 1, finished: 1, events: 1},
		{sessions: 1, payments: 1, captures: 1, operations: 1, at: 1, finished: 1, events: 1},
		{sessions: 1, payments: 1, captures: 1, operations: 1, at: 1, finished: 1, events: 2},
		{sessions: 1, payments: 1, refunds: 1, operations: 1, at: 1, finished: 1, events: 1},
	}
	var list []*statement
	for _, s := range shapes {
		list = append(list, q.commit(s))
		if keyed := s; !s.insert && s.finished == 0 && s.sessions > 0 { // by a call with an IdempotencyKey, on kept rows
			keyed.requests, keyed.newRequests = 1, true
			list = append(list, q.commit(keyed))
		}
	}
	return list
}
