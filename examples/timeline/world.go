package main

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// world has a clock that moves when it is told to, and IDs that count.
type world struct {
	at  time.Time
	ids uint64
}

func newWorld() *world { return &world{at: time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)} }

func (w *world) now() time.Time       { return w.at }
func (w *world) pass(d time.Duration) { w.at = w.at.Add(d) }

func (w *world) newID() (id uuid.UUID) {
	w.ids++
	binary.BigEndian.PutUint64(id[8:], w.ids)
	return id
}

// start starts a process of the shop.
func (w *world) start(store payment.Store, gateway *sandboxprovider.Gateway) (*payment.Service, error) {
	return payment.NewService(store, payment.Config{
		Providers: []payment.Provider{sandboxprovider.New(gateway, sandboxprovider.Config{})},
		Now:       w.now,
		NewID:     w.newID,
		Wait: func(ctx context.Context, d time.Duration) error {
			if s, ok := store.(*mortalStore); ok && s.dead() {
				return errDied
			}
			w.pass(d)
			return ctx.Err()
		},
	})
}

// mortalStore is the database as one process reaches it, until it dies.
type mortalStore struct {
	payment.Store
	mortal  bool
	commits int // it has left
}

var errDied = errors.New("the process died")

// dieAfter lets the process make so many more commits.
func (s *mortalStore) dieAfter(commits int) { s.mortal, s.commits = true, commits }

func (s *mortalStore) dead() bool { return s.mortal && s.commits == 0 }

func (s *mortalStore) Commit(ctx context.Context, c *payment.Changes) error {
	if s.dead() {
		return errDied
	}
	s.commits--
	return s.Store.Commit(ctx, c)
}
