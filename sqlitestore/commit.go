package sqlitestore

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/seed40c892db/payment"
)

// statement is one statement of a commit, ready to run.
type statement struct {
	query string
	args  []any
	none  func(context.Context, database) error // what it means that no row was changed; nil where that is fine
}

// Commit writes all of c or nothing, if the collection's version is c.Version.
//
// The error matches [payment.ErrConflict] when the version has moved, is missing, or exists though c.Version is 0: load and decide again. It matches
// [payment.ErrDuplicate] when an event's Seq is taken, a movement's Reference stands in another row of the payment and kind, or a row belongs to
// another collection; [payment.ErrInvalid] when c holds more than 64 rows or 1 MiB, a row twice, a nil row, one without an ID, or data that JSON
// cannot hold. It matches [payment.ErrCommitUnknown] when the context ended while the transaction was under way, or the disk did not confirm it:
// repeat the same Changes. A [*payment.StoreError] says that the database cannot serve; nothing was written.
func (s *Store) Commit(ctx context.Context, c *payment.Changes) error {
	statements, err := s.t.commit(c)
	if err != nil {
		return err
	}
	return s.write(ctx, func(ctx context.Context, db database) error { return runAll(ctx, db, statements) })
}

func runAll(ctx context.Context, db database, statements []statement) error {
	for _, st := range statements {
		n, err := db.exec(ctx, st.query, st.args...)
		if err != nil {
			return err
		}
		if n == 0 && st.none != nil {
			if err := st.none(ctx, db); err != nil {
				return err
			}
		}
	}
	return nil
}

// commit turns Changes into statements. All encoding happens here, before anybody else waits for it.
func (t *tables) commit(c *payment.Changes) ([]statement, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	w := &committer{}
	w.collection(t.collections, c)
	for _, r := range c.Sessions {
		upsert(w, t.sessions, "PaymentSession", r.ID, r)
	}
	for _, r := range c.Payments {
		upsert(w, t.payments, "Payment", r.ID, r)
	}
	for _, r := range c.Captures {
		upsert(w, t.captures, "Capture", r.ID, r)
	}
	for _, r := range c.Refunds {
		upsert(w, t.refunds, "Refund", r.ID, r)
	}
	for _, r := range c.Operations {
		upsert(w, t.operations, "Operation", r.ID, r)
	}
	for _, r := range c.Requests {
		query := t.requests.upsert
		if c.NewRequests {
			query = t.requests.insert
		}
		w.add(statement{query: query, args: t.requests.encode(&w.encoder, "KeyedRequest", r)})
	}
	for _, r := range c.Events {
		w.add(statement{query: t.events.insert, args: t.events.encode(&w.encoder, "Event", r)})
	}
	for i := range c.Due {
		w.due(t.due, c.CollectionID, c.Due[i])
	}
	if len(c.Events) > 0 {
		w.eventsDue(t.due, c.CollectionID, c.Events[0].At)
	}
	if w.err == nil && w.size > payment.MaxChangesBytes {
		w.err = invalid("Changes", "are larger than 1 MiB")
	}
	return w.statements, w.err
}

// committer collects the statements of a commit.
type committer struct {
	encoder
	statements []statement
}

func (w *committer) add(st statement) { w.statements = append(w.statements, st) }

// collection writes the row that all depends on. It comes first: on a conflict nothing else is looked at.
func (w *committer) collection(t *table[payment.PaymentCollection], c *payment.Changes) {
	row := *c.Collection
	row.Version = c.Version + 1
	args := t.encode(&w.encoder, "PaymentCollection", &row)
	moved := func(context.Context, database) error { return conflict("collection", c.CollectionID, c.Version) }
	if c.Version == 0 {
		w.add(statement{t.insert + " ON CONFLICT (id) DO NOTHING", args, moved})
		return
	}
	created := slices.Index(t.columns, "created_at")
	others := slices.Concat(args[1:created], args[created+1:], []any{row.ID, c.Version, args[created]})
	w.add(statement{updateCollection(t, "created_at"), others, func(ctx context.Context, db database) error {
		n, err := db.exec(ctx, updateCollection(t, ""), slices.Concat(args[1:], []any{row.ID, c.Version})...)
		if err == nil && n == 0 {
			err = moved(ctx, db)
		}
		return err
	}})
}

// updateCollection sets all columns, or all but one that has to be the same: then its index is left alone.
func updateCollection(t *table[payment.PaymentCollection], same string) string {
	columns, where := slices.Clone(t.columns[1:]), " = ? WHERE id = +? AND version = +?"
	if same != "" {
		columns = slices.DeleteFunc(columns, func(c string) bool { return c == same })
		where += " AND " + same + " = +?"
	}
	return "UPDATE payment_collections SET " + strings.Join(columns, " = ?, ") + where
}

func upsert[T any](w *committer, t *table[T], kind, id string, row *T) {
	args := t.encode(&w.encoder, kind, row)
	w.add(statement{t.quick, args, func(ctx context.Context, db database) error {
		n, err := db.exec(ctx, t.upsert, args...)
		if err == nil && n == 0 {
			err = foreign(id)
		}
		return err
	}})
}

const replaceDue = ` ON CONFLICT (kind, id) DO UPDATE SET collection_id = excluded.collection_id, at = excluded.at, tries = excluded.tries,
	seq = excluded.seq, dead = excluded.dead`

// due writes work to be done, or removes it.
func (w *committer) due(t *table[payment.Due], collectionID string, d payment.Due) {
	others := func(ctx context.Context, db database) error {
		var n int64
		err := scanOne(ctx, db, &n, "SELECT count(*) FROM payment_due WHERE kind = +? AND id = +?", string(d.Kind), d.ID)
		if err == nil && n > 0 {
			err = foreign(d.ID)
		}
		return err
	}
	if d.At.IsZero() {
		w.add(statement{"DELETE FROM payment_due WHERE kind = +? AND id = +? AND collection_id IN ('', +?)",
			[]any{string(d.Kind), d.ID, collectionID}, others})
		return
	}
	w.add(statement{t.insert + replaceDue + " WHERE payment_due.collection_id IN ('', +?)",
		append(t.encode(&w.encoder, "Due", &d), collectionID), others})
}

// eventsDue makes a collection's events due, unless they are due at some time already: whoever has claimed them keeps them, and a wait for
// another try goes on. How far they were delivered stays.
func (w *committer) eventsDue(t *table[payment.Due], collectionID string, at time.Time) {
	d := payment.Due{Kind: payment.DueEvents, CollectionID: collectionID, ID: collectionID, At: at}
	w.add(statement{query: t.insert + " ON CONFLICT (kind, id) DO UPDATE SET at = excluded.at WHERE payment_due.at IS NULL",
		args: t.encode(&w.encoder, "Due", &d)})
}
