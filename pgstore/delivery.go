package pgstore

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/seed40c892db/payment"
)

// PutDelivery inserts d with Version 0, or replaces the delivery with its ID and Version, in one round trip.
//
// The error matches [payment.ErrDuplicate] when another delivery has d's ProviderID and EventID, [payment.ErrConflict] when the version has moved,
// and [payment.ErrInvalid] when d is nil, has no ID, or holds what cannot be stored. It is a [*payment.StoreError] when the database cannot serve,
// and matches [payment.ErrCommitUnknown] when it may have happened.
func (s *Store) PutDelivery(ctx context.Context, d *payment.Delivery) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if d == nil || d.ID == "" {
		return &payment.InvalidError{Field: "Delivery", Rule: "must not be nil, nor without an ID"}
	}
	w, b := &writer{}, &pgx.Batch{}
	w.delivery(d)
	if d.Version == 0 {
		b.Queue(s.sql.insertDelivery, w.args()...)
	} else {
		b.Queue(s.sql.updateDelivery, append(w.args(), d.Version)...)
	}
	if d.State == payment.DeliveryParked {
		w.due(&payment.Due{Kind: payment.DueDelivery, CollectionID: d.CollectionID, ID: d.ID, At: d.DueAt, Tries: d.Tries})
		b.Queue(s.sql.parkDelivery, w.args()...)
	} else {
		b.Queue(s.sql.endDelivery, d.ID)
	}
	if w.err != nil {
		return w.err
	}
	if err := s.ready(ctx); err != nil {
		return err
	}
	err := s.db.write(ctx, always(b), func(results results) error {
		_, err := results.Exec()
		switch {
		case isCode(err, divisionByZero):
			return refused("delivery %.64q has no version %d: %w", d.ID, d.Version, payment.ErrConflict)
		case isCode(err, uniqueViolation):
			return refused("delivery %.64q came before: %w", d.ID, payment.ErrDuplicate)
		case err != nil:
			return err
		}
		_, err = results.Exec()
		return err
	})
	return s.explain(ctx, "put a delivery", unstorable("Delivery", err))
}
