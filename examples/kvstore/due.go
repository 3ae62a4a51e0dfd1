package kvstore

import (
	"context"
	"fmt"
	"time"

	"github.com/seed40c892db/payment"
)

// due reads a row of due work, nil where there is none.
func (t *tx) due(kind payment.DueKind, id string) (*payment.Due, error) {
	value := t.get(rowKey(kindDue, join(string(kind), id)))
	if value == "" {
		return nil, nil
	}
	d := &payment.Due{}
	if err := payment.DecodeRow([]byte(value), d); err != nil {
		return nil, damaged(kindDue, id, err)
	}
	return d, nil
}

// setDue writes a row of due work in place of what is there; one of events stays where At is zero, any other is removed.
func (t *tx) setDue(d payment.Due) error {
	row, err := prepare(&d)
	if err != nil {
		return err
	}
	if value := t.get(rowKey(row.kind, row.id)); value != "" {
		old, err := decode(kindDue, value)
		if err != nil {
			return damaged(kindDue, row.id, err)
		}
		was := factsOf(old)
		lists, _ := was.places()
		for _, key := range lists {
			t.written[key] = ""
		}
	}
	lists, _ := row.places()
	for _, key := range lists {
		t.written[key] = d.ID
	}
	if d.At.IsZero() && d.Kind != payment.DueEvents {
		row.value = ""
	}
	t.written[rowKey(row.kind, row.id)] = row.value
	return nil
}

// putDue writes due work of a commit. The error matches ErrDuplicate when it is another collection's.
func (t *tx) putDue(d payment.Due, owner string) error {
	was, err := t.due(d.Kind, d.ID)
	if err != nil {
		return err
	}
	if was != nil && was.CollectionID != "" && was.CollectionID != owner {
		return fmt.Errorf("kvstore: %s %.64q is due for another collection: %w", d.Kind, d.ID, payment.ErrDuplicate)
	}
	return t.setDue(d)
}

// eventsDue makes the collection's events due at the first one's At, unless they are due at some time already.
func (t *tx) eventsDue(c *payment.Changes) error {
	if len(c.Events) == 0 {
		return nil
	}
	d, err := t.due(payment.DueEvents, c.CollectionID)
	if err != nil || d != nil && !d.At.IsZero() {
		return err
	}
	if d == nil {
		d = &payment.Due{Kind: payment.DueEvents, CollectionID: c.CollectionID, ID: c.CollectionID}
	}
	d.At = c.Events[0].At
	return t.setDue(*d)
}

// Claim takes the oldest due work of a kind until a time. Two who claim at once have read the same rows: the later one finds them changed, and
// looks again.
func (s *Store) Claim(ctx context.Context, kind payment.DueKind, now, until time.Time, limit int) ([]payment.Due, error) {
	var claimed []payment.Due
	err := s.change(ctx, func(t *tx) error {
		claimed = nil
		for _, id := range t.Scan(join("time", string(kind), ""), join("time", string(kind), timeOrder(now)+"\x01"), false) {
			if len(claimed) == limit {
				break
			}
			d, err := t.due(kind, id)
			if err != nil {
				return err
			}
			d.At = until.UTC().Truncate(time.Microsecond)
			claimed = append(claimed, *d)
		}
		for _, d := range claimed {
			if err := t.setDue(d); err != nil {
				return err
			}
		}
		return nil
	})
	return claimed, err
}

// Done finishes claimed work. The error matches ErrConflict when somebody else has it now.
//
// Events: whether one is beyond d.Seq must still be so when this is written. A commit that adds one leaves the claimed row alone, so that
// this step depends on the collection's row too, which every commit writes.
func (s *Store) Done(ctx context.Context, d payment.Due, again time.Time) error {
	return s.change(ctx, func(t *tx) error {
		was, err := t.due(d.Kind, d.ID)
		if err != nil {
			return err
		}
		if was == nil || was.At.IsZero() || !was.At.Equal(d.At.Truncate(time.Microsecond)) {
			return fmt.Errorf("kvstore: %s %.64q is somebody else's: %w", d.Kind, d.ID, payment.ErrConflict)
		}
		next := d
		next.At = again
		if again.IsZero() && d.Kind == payment.DueEvents {
			t.get(rowKey(payment.RowCollections, d.ID))
			prefix := join("list", string(payment.RowEvents), "collection", d.ID, "")
			l := &loading{r: t}
			for _, id := range t.Scan(prefix+seqOrder(d.Seq)+"\x01", after(prefix), false) {
				if e := find[payment.Event](l, payment.RowEvents, id, ""); e != nil {
					next.At = e.At
				}
				break
			}
			if l.err != nil {
				return l.err
			}
		}
		return t.setDue(next)
	})
}

// PutDelivery inserts a message, or replaces the one with its ID and Version. The error matches ErrConflict when the version has moved, and
// ErrDuplicate when the message came before.
func (s *Store) PutDelivery(ctx context.Context, d *payment.Delivery) error {
	put := *d
	put.Version++
	row, err := prepare(&put)
	if err != nil {
		return err
	}
	return s.change(ctx, func(t *tx) error {
		var now payment.Delivery
		if value := t.get(rowKey(payment.RowDeliveries, d.ID)); value != "" {
			if err := payment.DecodeRow([]byte(value), &now); err != nil {
				return damaged(payment.RowDeliveries, d.ID, err)
			}
		}
		if now.Version != d.Version {
			return fmt.Errorf("kvstore: delivery %.64q has version %d, not %d: %w", d.ID, now.Version, d.Version, payment.ErrConflict)
		}
		if err := t.put([]prepared{row}); err != nil {
			return err
		}
		due := payment.Due{Kind: payment.DueDelivery, CollectionID: d.CollectionID, ID: d.ID, Tries: d.Tries}
		if d.State == payment.DeliveryParked {
			due.At = d.DueAt
		}
		return t.setDue(due)
	})
}
