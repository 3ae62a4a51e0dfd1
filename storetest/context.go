package storetest

import (
	"context"
	"errors"
	"time"

	"github.com/seed40c892db/payment"
)

func contextCases() []testCase {
	const own = "The error is the context's own then, or ErrCommitUnknown where a write may have happened."
	return []testCase{
		{"Context/whose error", own, contextsOwn},
		{"Context/Load", endsWithContext, func(k *kit) {
			t := k.stored()
			k.canceled(func(ctx context.Context) error {
				_, err := k.s.Load(ctx, payment.Key{CollectionID: t.collection.ID})
				return err
			})
		}},
		{"Context/Commit", endsWithContext, func(k *kit) {
			t := k.tree()
			k.canceled(func(ctx context.Context) error { return k.s.Commit(ctx, t.changes()) })
		}},
		{"Context/Commit writes nothing", "After any other error nothing was written.", func(k *kit) {
			t := k.stored()
			more := k.branch(t.collection)
			c := changes(t.collection, append(more.rows(), k.event(t.collection, 0), k.due(t.collection, payment.DueSession, 1))...)
			k.canceled(func(ctx context.Context) error { return k.s.Commit(ctx, c) })
			k.unwritten(t, more, payment.DueSession)
		}},
		{"Context/Commit under way", "After any other error nothing was written.", commitUnderWay},
		{"Context/List", endsWithContext, func(k *kit) {
			k.stored()
			k.canceled(func(ctx context.Context) error {
				_, err := k.s.List(ctx, payment.RowSessions, payment.Filter{}, payment.Page{Limit: 1})
				return err
			})
		}},
		{"Context/Claim", endsWithContext, func(k *kit) {
			t := k.stored()
			k.store(t.collection, k.due(t.collection, payment.DueOperation, 1))
			k.canceled(func(ctx context.Context) error {
				_, err := k.s.Claim(ctx, payment.DueOperation, at(5), at(6), 1)
				return err
			})
			if n := len(k.claim(payment.DueOperation, at(5), at(6), 1)); n != 1 {
				k.fail("a Claim that ended with its context took the work nevertheless")
			}
		}},
		{"Context/Done", endsWithContext, func(k *kit) {
			t := k.stored()
			due := k.due(t.collection, payment.DueOperation, 1)
			k.store(t.collection, due)
			k.canceled(func(ctx context.Context) error { return k.s.Done(ctx, due, at(3)) })
		}},
		{"Context/PutDelivery", endsWithContext, func(k *kit) {
			d := k.newDelivery()
			k.canceled(func(ctx context.Context) error { return k.s.PutDelivery(ctx, d) })
			if k.delivery(d.ID) != nil {
				k.fail("a PutDelivery that ended with its context stored the delivery nevertheless")
			}
		}},
		{"Context/Settings", endsWithContext, func(k *kit) {
			k.canceled(func(ctx context.Context) error {
				_, err := k.s.Settings(ctx)
				return err
			})
		}},
		{"Context/PutSettings", endsWithContext, func(k *kit) {
			k.canceled(func(ctx context.Context) error { return k.s.PutSettings(ctx, &payment.Settings{}) })
			if v := k.settings().Version; v != 0 {
				k.fail("a PutSettings that ended with its context stored version %d nevertheless", v)
			}
		}},
	}
}

// canceled makes a call with a context that has ended, and fails the case when there is no error.
func (k *kit) canceled(call func(context.Context) error) {
	k.t.Helper()
	ctx, cancel := context.WithCancel(k.ctx())
	cancel()
	err := call(ctx)
	k.ended(err)
	if err == nil {
		k.fail("no error from a call whose context had ended before")
	}
}

// contextsOwn asks of every method whose error it is when the context had ended before.
func contextsOwn(k *kit) {
	t := k.stored()
	due := k.due(t.collection, payment.DueOperation, 1)
	k.store(t.collection, due)
	ctx, cancel := context.WithCancel(k.ctx())
	cancel()
	_, load := k.s.Load(ctx, payment.Key{CollectionID: t.collection.ID})
	_, list := k.s.List(ctx, payment.RowSessions, payment.Filter{}, payment.Page{Limit: 1})
	_, settings := k.s.Settings(ctx)
	for method, err := range map[string]error{"Load": load, "List": list, "Settings": settings} {
		k.want(err, context.Canceled, "%s with a context that was canceled before", method)
		if errors.Is(err, payment.ErrCommitUnknown) {
			k.fail("%s writes nothing, and its error is %q", method, err)
		}
	}
	_, claim := k.s.Claim(ctx, payment.DueOperation, at(5), at(6), 1)
	for method, err := range map[string]error{
		"Commit": k.s.Commit(ctx, changes(t.collection)), "Claim": claim, "Done": k.s.Done(ctx, due, at(3)),
		"PutDelivery": k.s.PutDelivery(ctx, k.newDelivery()), "PutSettings": k.s.PutSettings(ctx, &payment.Settings{}),
	} {
		if !errors.Is(err, payment.ErrCommitUnknown) {
			k.want(err, context.Canceled, "%s with a context that was canceled before", method)
		}
	}
}

// commitUnderWay has contexts end at many moments of commits, most of them in the middle of one on any database. What a commit has said is so, and
// stays so.
func commitUnderWay(k *kit) {
	const each, longest = 3, 13
	var all []*payment.Changes
	var errs []error
	for i := range each * longest {
		collection := k.collection()
		c := changes(collection, k.session(collection))
		ctx, cancel := context.WithTimeout(k.ctx(), time.Microsecond<<(i%longest))
		all, errs = append(all, c), append(errs, k.s.Commit(ctx, c))
		cancel()
	}
	time.Sleep(50 * time.Millisecond) // no event is to be waited for: nothing may come
	for i, c := range all {
		k.ended(errs[i])
		if errors.Is(errs[i], payment.ErrCommitUnknown) {
			if err := k.s.Commit(k.ctx(), c); err != nil && !errors.Is(err, payment.ErrConflict) {
				k.need(err, "Commit of the same Changes, after one that may have happened")
			}
		}
		_, err := k.s.Load(k.ctx(), payment.Key{CollectionID: c.CollectionID})
		switch {
		case errs[i] == nil || errors.Is(errs[i], payment.ErrCommitUnknown):
			k.need(err, "Load of a collection that was committed")
		case err == nil:
			k.fail("a Commit whose context ended while it was under way said %q, and wrote its rows nevertheless", errs[i])
		default:
			k.want(err, payment.ErrNotFound, "Load of a collection that was not committed")
		}
	}
}
