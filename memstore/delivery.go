package memstore

import (
	"context"
	"fmt"

	"github.com/seed40c892db/payment"
)

// messageKey is what a gateway's message is unique by.
type messageKey struct{ provider, event string }

// PutDelivery inserts d with Version 0, or replaces the delivery with its ID and Version. It is stored with the next Version; d is
// not changed. A parked delivery becomes due at DueAt, with d.Tries; any other is no longer due.
//
// The error matches [payment.ErrDuplicate] when another delivery has d's ProviderID and EventID: the message came before, acknowledge it. It matches
// [payment.ErrConflict] when the version has moved: somebody else handles it. It matches [payment.ErrInvalid] when d is nil, has no ID, or a body
// that JSON cannot hold.
func (s *Store) PutDelivery(ctx context.Context, d *payment.Delivery) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if d == nil || d.ID == "" {
		return invalid("Delivery", "must not be nil, nor without an ID")
	}
	var k keeper
	row := k.delivery(d)
	if k.err != nil {
		return k.err
	}
	key := messageKey{d.ProviderID, d.EventID}
	s.mu.Lock()
	defer s.mu.Unlock()
	held, version := s.deliveries[d.ID], int64(0)
	if held != nil {
		version = held.row.Version
	}
	if version != d.Version {
		return fmt.Errorf("memstore: delivery %.64q has version %d, not %d: %w", d.ID, version, d.Version, payment.ErrConflict)
	}
	if other := s.messages[key]; d.EventID != "" && other != nil && other != held {
		return fmt.Errorf("memstore: delivery %.64q is the same message as %.64q: %w", d.ID, other.id, payment.ErrDuplicate)
	}
	row.Version++
	if held != nil {
		if old := (messageKey{held.row.ProviderID, held.row.EventID}); old != key {
			delete(s.messages, old)
		}
	}
	if held == nil {
		held = &record[payment.Delivery]{}
		s.deliveries[d.ID] = held
	}
	if d.EventID != "" {
		s.messages[key] = held
	}
	put(held, row, deliveryFacts, s.deliveryPlaces)
	if row.State == payment.DeliveryParked {
		s.dueOf(payment.DueDelivery).set(payment.Due{Kind: payment.DueDelivery, CollectionID: row.CollectionID, ID: row.ID, At: row.DueAt,
			Tries: row.Tries})
	} else {
		s.dueOf(payment.DueDelivery).remove(row.ID)
	}
	return nil
}
