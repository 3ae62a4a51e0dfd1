// Package memstore keeps payments in memory, for as long as the process lives.
//
// It is a whole [payment.Store], not a fake: versions are compared, what must be unique is unique, rows are copied in and out, due
// work is found by age. Use it in tests, in examples, and wherever losing everything at the end of the process is right. Nothing
// that it holds survives a crash, so it is no place for money that has really moved.
//
//	svc, err := payment.NewService(memstore.New(), payment.Config{Providers: providers})
//
// # How it works
//
// A stored row is never changed. Commit copies the rows it is given, makes the copies what every store returns, and only then
// takes the lock: to compare the version, check what must be unique, and swap pointers. Load takes the lock to collect pointers,
// and copies what they point to after it has let go. The lock is therefore held for about a microsecond, whatever the rows hold,
// and what Load and Commit return or write is true as of one moment.
//
// Rows are found by maps, and listed from ordered lists: one per kind, and one for each collection, session, payment, provider and
// state that a filter can name. A collection with 10,000 sessions costs what one with two does. A List that looks at very many
// rows lets go of the lock now and then: what is committed meanwhile may or may not be in its result.
//
// Nothing is ever deleted, so memory grows with every event.
package memstore

import (
	"context"
	"fmt"

	"github.com/seed40c892db/payment"
)

// Store keeps rows in memory. Make one with [New]. All its methods are safe for concurrent use, and return the context's error if it
// has ended, before anything is read or written.
type Store struct {
	mu lock // guards all below, but not what the rows' pointers point to

	collections map[string]*collection
	sessions    map[string]*session
	payments    map[string]*paid
	captures    map[string]*record[payment.Capture]
	refunds     map[string]*record[payment.Refund]
	operations  map[string]*record[payment.Operation]
	deliveries  map[string]*record[payment.Delivery]
	messages    map[messageKey]*record[payment.Delivery]
	owned       map[string]*list[payment.Delivery] // those of a collection, by its ID
	providers   map[string]*provider
	references  map[referenceKey]references
	lists       lists
	due         map[payment.DueKind]*queue
	settings    *payment.Settings
}

// lists holds the rows that are listed whatever they belong to.
type lists struct {
	collections list[payment.PaymentCollection]
	sessions    list[payment.PaymentSession]
	payments    list[payment.Payment]
	captures    list[payment.Capture]
	refunds     list[payment.Refund]
	operations  list[payment.Operation]
	open        list[payment.Operation] // those in state open
	attention   list[payment.Operation] // those in state needs_attention
	events      list[payment.Event]
	deliveries  list[payment.Delivery]
	parked      list[payment.Delivery] // those in state parked
}

// New returns an empty store.
func New() *Store {
	return &Store{
		collections: map[string]*collection{},
		sessions:    map[string]*session{},
		payments:    map[string]*paid{},
		captures:    map[string]*record[payment.Capture]{},
		refunds:     map[string]*record[payment.Refund]{},
		operations:  map[string]*record[payment.Operation]{},
		deliveries:  map[string]*record[payment.Delivery]{},
		messages:    map[messageKey]*record[payment.Delivery]{},
		owned:       map[string]*list[payment.Delivery]{},
		providers:   map[string]*provider{},
		references:  map[referenceKey]references{},
		due:         map[payment.DueKind]*queue{},
		settings:    &payment.Settings{},
	}
}

// Settings returns a copy of the settings: empty ones with Version 0 before the first PutSettings. The only error is that of a
// context that has ended.
func (s *Store) Settings(ctx context.Context) (*payment.Settings, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	now := s.settings
	s.mu.Unlock()
	return copySettings(now), nil
}

// PutSettings replaces the settings if their Version is next.Version, and stores them with the next one. next is not changed.
//
// The error matches [payment.ErrConflict] when the version has moved: read the settings and decide again. It matches [payment.ErrInvalid] when next
// is nil, or a reason's Metadata holds what JSON cannot hold.
func (s *Store) PutSettings(ctx context.Context, next *payment.Settings) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if next == nil {
		return invalid("Settings", "must not be nil")
	}
	var k keeper
	row := k.settings(next)
	if k.err != nil {
		return k.err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.settings.Version != next.Version {
		return fmt.Errorf("memstore: the settings have version %d, not %d: %w", s.settings.Version, next.Version, payment.ErrConflict)
	}
	row.Version++
	s.settings = row
	return nil
}

func invalid(field, rule string) error { return &payment.InvalidError{Field: field, Rule: rule} }

var _ payment.Store = (*Store)(nil)
