package sqlitestore

import (
	"context"
	"strings"

	"github.com/seed40c892db/payment"
)

// PutDelivery inserts d with Version 0, or replaces the delivery with its ID and Version. It is stored with the next Version; d is not
// changed. A parked delivery becomes due at DueAt, with d.Tries; any other is no longer due.
//
// The error matches [payment.ErrDuplicate] when another delivery has d's ProviderID and EventID: the message came before, acknowledge it. It matches
// [payment.ErrConflict] when the version has moved: somebody else handles it; [payment.ErrInvalid] when d is nil, has no ID, or a body that JSON
// cannot hold; [payment.ErrCommitUnknown] when the context ended meanwhile. A [*payment.StoreError] says that the database cannot serve: nothing was
// written.
func (s *Store) PutDelivery(ctx context.Context, d *payment.Delivery) error {
	statements, err := s.t.putDelivery(d)
	if err != nil {
		return err
	}
	return s.write(ctx, func(ctx context.Context, db database) error { return runAll(ctx, db, statements) })
}

func (t *tables) putDelivery(d *payment.Delivery) ([]statement, error) {
	if d == nil || d.ID == "" {
		return nil, invalid("Delivery", "must not be nil, nor without an ID")
	}
	w := &committer{}
	row := *d
	row.Version++
	args := t.deliveries.encode(&w.encoder, "Delivery", &row)
	moved := func(context.Context, database) error { return conflict("delivery", d.ID, d.Version) }
	if d.Version == 0 {
		w.add(statement{t.deliveries.insert + " ON CONFLICT (id) DO NOTHING", args, moved})
	} else {
		w.add(statement{"UPDATE payment_deliveries SET " + strings.Join(t.deliveries.columns[1:], " = ?, ") + " = ? WHERE id = +? AND version = +?",
			append(args[1:len(args):len(args)], d.ID, d.Version), moved})
	}
	if d.State == payment.DeliveryParked {
		due := payment.Due{Kind: payment.DueDelivery, CollectionID: d.CollectionID, ID: d.ID, At: d.DueAt, Tries: d.Tries}
		w.add(statement{query: t.due.insert + replaceDue, args: t.due.encode(&w.encoder, "Due", &due)})
	} else {
		w.add(statement{query: "DELETE FROM payment_due WHERE kind = +? AND id = +?", args: []any{string(payment.DueDelivery), d.ID}})
	}
	return w.statements, w.err
}

// Settings returns the settings: empty ones with Version 0 before the first PutSettings. A [*payment.StoreError] says that the database
// cannot serve, or that their row is damaged.
func (s *Store) Settings(ctx context.Context) (*payment.Settings, error) {
	var settings *payment.Settings
	err := s.read(ctx, func(ctx context.Context, db database) (err error) {
		settings, err = loadSettings(ctx, db)
		return err
	})
	if err != nil {
		return nil, err
	}
	return settings, nil
}

func loadSettings(ctx context.Context, db database) (*payment.Settings, error) {
	settings, text := &payment.Settings{}, ""
	if err := scanOne(ctx, db, &text, "SELECT settings FROM payment_settings WHERE id = 1"); err != nil || text == "" {
		return settings, err
	}
	if err := payment.DecodeRow([]byte(text), settings); err != nil {
		return nil, damaged("payment_settings", "1", err)
	}
	return settings, nil
}

// PutSettings replaces the settings if their Version is next.Version, and stores them with the next one. next is not changed.
//
// The error matches [payment.ErrConflict] when the version has moved: read the settings and decide again; [payment.ErrInvalid] when next is nil, or a
// reason's Metadata holds what JSON cannot hold; [payment.ErrCommitUnknown] when the context ended meanwhile. A [*payment.StoreError] says that the
// database cannot serve: nothing was written.
func (s *Store) PutSettings(ctx context.Context, next *payment.Settings) error {
	statements, err := putSettings(next)
	if err != nil {
		return err
	}
	return s.write(ctx, func(ctx context.Context, db database) error { return runAll(ctx, db, statements) })
}

func putSettings(next *payment.Settings) ([]statement, error) {
	if next == nil {
		return nil, invalid("Settings", "must not be nil")
	}
	row := *next
	row.Version++
	b, err := payment.EncodeRow(&row)
	if err != nil {
		return nil, invalid("Settings", err.Error())
	}
	st := statement{"UPDATE payment_settings SET version = ?, settings = ? WHERE version = +?", []any{row.Version, string(b), next.Version},
		func(context.Context, database) error { return conflict("settings", "1", next.Version) }}
	if next.Version == 0 {
		st.query = "INSERT INTO payment_settings (id, version, settings) VALUES (1, ?, ?) ON CONFLICT (id) DO NOTHING"
		st.args = st.args[:2]
	}
	return []statement{st}, nil
}
