package pgstore

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seed40c892db/payment"
)

// reason is a refund reason whole: its own JSON is for clients.
type reason payment.RefundReason

// Settings returns the settings; their Version is 0 before the first PutSettings. The error is a [*payment.StoreError] when the database
// cannot serve or the row cannot be read.
func (s *Store) Settings(ctx context.Context) (*payment.Settings, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := s.ready(ctx); err != nil {
		return nil, err
	}
	b := &pgx.Batch{}
	b.Queue(s.sql.settings)
	var found *payment.Settings
	err := s.db.read(ctx, b, func(results results) error {
		found = &payment.Settings{}
		return eachRow(results, func(r *reader) error {
			found.Version, found.DisabledProviders, found.RefundReasons = r.number(), r.list(), r.reasons()
			if r.err != nil {
				return damaged("settings", "true", r.err)
			}
			return nil
		})
	})
	if err != nil {
		return nil, s.explain(ctx, "read the settings", err)
	}
	return found, nil
}

func (r *reader) reasons() []*payment.RefundReason {
	raw, f := r.next()
	if raw == nil {
		return nil
	}
	var kept []*reason
	r.damaged(f, decodeJSON(raw, &kept))
	var reasons []*payment.RefundReason
	for _, k := range kept {
		if k == nil {
			r.damaged(f, errors.New("a refund reason is null"))
			return nil
		}
		k.Metadata, k.CreatedAt, k.UpdatedAt = readableData(k.Metadata), micros(k.CreatedAt), micros(k.UpdatedAt)
		reasons = append(reasons, (*payment.RefundReason)(k))
	}
	return reasons
}

func micros(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

func (w *writer) reasons(reasons []*payment.RefundReason) {
	if len(reasons) == 0 {
		w.addNull()
		return
	}
	var kept []reason
	for _, r := range reasons {
		if r == nil {
			w.refuse("RefundReasons", "must not hold nil")
			continue
		}
		k := reason(*r)
		var err error
		if k.Metadata, err = payment.NormalizeData(r.Metadata); err != nil {
			w.refuse("RefundReasons.Metadata", err.Error())
		}
		for _, text := range []string{r.ID, r.Code, r.Label, r.Description} {
			w.check("RefundReasons", text)
		}
		k.CreatedAt, k.UpdatedAt = micros(r.CreatedAt), micros(r.UpdatedAt)
		kept = append(kept, k)
	}
	if w.err == nil {
		w.json("RefundReasons", kept)
	}
}

// PutSettings replaces the settings if their stored Version is v.Version; they are stored with Version+1.
//
// The error matches [payment.ErrConflict] when it has moved, and [payment.ErrInvalid] when v is nil or holds what cannot be stored. It is a
// [*payment.StoreError] when the database cannot serve, and matches [payment.ErrCommitUnknown] when it may have happened.
func (s *Store) PutSettings(ctx context.Context, v *payment.Settings) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if v == nil {
		return &payment.InvalidError{Field: "Settings", Rule: "must not be nil"}
	}
	w, b := &writer{row: "Settings"}, &pgx.Batch{}
	w.list("DisabledProviders", v.DisabledProviders)
	w.reasons(v.RefundReasons)
	if w.err != nil {
		return w.err
	}
	if v.Version == 0 {
		b.Queue(s.sql.insertSettings, w.args()...)
	} else {
		b.Queue(s.sql.updateSettings, append(w.args(), v.Version)...)
	}
	if err := s.ready(ctx); err != nil {
		return err
	}
	err := s.db.write(ctx, always(b), func(results results) error {
		_, err := results.Exec()
		if isCode(err, divisionByZero, uniqueViolation) {
			return refused("the settings have no version %d: %w", v.Version, payment.ErrConflict)
		}
		return err
	})
	return s.explain(ctx, "put the settings", unstorable("Settings", err))
}
