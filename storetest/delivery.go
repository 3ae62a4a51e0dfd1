package storetest

import (
	"slices"
	"strings"
	"time"

	"github.com/seed40c892db/payment"
)

func deliveryCases() []testCase {
	const (
		replaces = "or replaces the one with the same ID and Version, which is stored with Version+1"
		due      = "A delivery that is parked becomes due at DueAt, with its Tries; another is not due."
		conflict = "ErrConflict when the version has moved, or is missing though d.Version is not 0."
		same     = "The error is ErrDuplicate when another has the same ProviderID and EventID, unless EventID is empty"
	)
	return []testCase{
		{"PutDelivery/inserts", "PutDelivery inserts a delivery with Version 0, which is stored as 1", deliveryInsert},
		{"PutDelivery/replaces", replaces, deliveryReplace},
		{"PutDelivery/every field", comeBackEqual, deliveryFull},
		{"PutDelivery/argument unchanged", "d is not changed.", deliveryUnchanged},
		{"PutDelivery/copied", copied, deliveryCopied},
		{"PutDelivery/duplicate", same, deliveryDuplicate},
		{"PutDelivery/another provider or case", same, deliveryOther},
		{"PutDelivery/no event ID", same, deliveryNoEvent},
		{"PutDelivery/version has moved", conflict, deliveryConflict},
		{"PutDelivery/version is missing", conflict, deliveryMissing},
		{"PutDelivery/parked is due", due, deliveryDue},
		{"PutDelivery/handled is not due", due, deliveryNotDue},
	}
}

func deliveryInsert(k *kit) {
	d := k.newDelivery()
	k.put(d)
	k.same("the delivery", k.delivery(d.ID), d)
	if v := k.delivery(d.ID).Version; v != 1 {
		k.fail("an inserted delivery has version %d, want 1", v)
	}
}

func deliveryReplace(k *kit) {
	d, other := k.newDelivery(), k.newDelivery()
	k.put(d)
	k.put(other)
	for want := int64(2); want < 5; want++ {
		d.Tries, d.Code, d.Body = int(want), "again", payment.NewPrivate(payment.Data{"body": strings.Repeat("x", int(want))})
		k.put(d)
		k.same("the delivery", k.delivery(d.ID), d)
		if v := k.delivery(d.ID).Version; v != want {
			k.fail("a delivery that was replaced has version %d, want %d", v, want)
		}
	}
	k.same("the other delivery", k.delivery(other.ID), other)
	if n := len(k.list(payment.RowDeliveries, payment.Filter{}, payment.Page{Limit: 10}).Deliveries); n != 2 {
		k.fail("there are %d deliveries, want 2", n)
	}
}

// fullDelivery makes a delivery with every field filled.
func (k *kit) fullDelivery() *payment.Delivery {
	k.t.Helper()
	d := new(payment.Delivery)
	k.fill(d)
	d.Version = 0
	return d
}

func deliveryFull(k *kit) {
	d := k.fullDelivery()
	k.put(d)
	k.same("the delivery", k.delivery(d.ID), d)
	next := k.fullDelivery()
	next.ID, next.Version, next.State, next.Body = d.ID, d.Version, payment.DeliveryDead, payment.Private{}
	k.put(next)
	k.same("the delivery", k.delivery(d.ID), next)
}

func deliveryUnchanged(k *kit) {
	d := k.fullDelivery()
	for range 2 {
		before := k.twin(d)
		k.need(k.s.PutDelivery(k.ctx(), d), "PutDelivery")
		k.same("the caller's delivery", d, before)
		d.Version++
	}
}

func deliveryCopied(k *kit) {
	d := k.fullDelivery()
	want := k.twin(d).(*payment.Delivery)
	want.Version = 1
	k.need(k.s.PutDelivery(k.ctx(), d), "PutDelivery")
	scramble(d)
	got := k.delivery(want.ID)
	if got == nil {
		k.fail("the delivery is gone after the caller changed its own")
	}
	k.same("the delivery", got, want)
	scramble(got)
	if k.delivery(want.ID) == nil {
		k.fail("the delivery is gone after the caller changed what List returned")
	}
	k.same("the delivery", k.delivery(want.ID), want)
}

func deliveryDuplicate(k *kit) {
	d := k.parked(1)
	k.put(d)
	again := k.parked(1)
	again.EventID, again.Body = d.EventID, payment.NewPrivate(payment.Data{"body": "again"})
	k.want(k.s.PutDelivery(k.ctx(), again), payment.ErrDuplicate, "PutDelivery of an event that is there")
	if k.delivery(again.ID) != nil {
		k.fail("a duplicate was stored")
	}
	k.same("the delivery", k.delivery(d.ID), d)
	if got := k.claim(payment.DueDelivery, at(5), at(9), 10); len(got) != 1 || got[0].ID != d.ID {
		k.fail("after a refused duplicate, %v is due, want only %s", got, d.ID)
	}
	// One that is there already, and gets the event ID of another.
	third := k.newDelivery()
	k.put(third)
	taken := *third
	taken.EventID = d.EventID
	k.want(k.s.PutDelivery(k.ctx(), &taken), payment.ErrDuplicate, "PutDelivery that takes the event ID of another")
	k.same("the delivery", k.delivery(third.ID), third)
	// The row itself is no other.
	k.put(d)
}

func deliveryOther(k *kit) {
	d, beta, upper := k.newDelivery(), k.newDelivery(), k.newDelivery()
	beta.EventID, beta.ProviderID = d.EventID, "beta"
	upper.EventID = strings.ToUpper(d.EventID)
	for _, d := range []*payment.Delivery{d, beta, upper} {
		k.put(d)
		k.same("the delivery", k.delivery(d.ID), d)
	}
}

func deliveryNoEvent(k *kit) {
	for range 3 {
		d := k.newDelivery()
		d.EventID = ""
		k.put(d)
		k.same("the delivery", k.delivery(d.ID), d)
		k.put(d)
	}
	if n := len(k.list(payment.RowDeliveries, payment.Filter{}, payment.Page{Limit: 10}).Deliveries); n != 3 {
		k.fail("of three deliveries without event ID there are %d", n)
	}
}

func deliveryConflict(k *kit) {
	d := k.newDelivery()
	k.put(d)
	k.put(d)
	for _, version := range []int64{0, 1, 3} {
		stale := *d
		stale.Version, stale.Code = version, "stale"
		k.want(k.s.PutDelivery(k.ctx(), &stale), payment.ErrConflict, "PutDelivery on version %d of a delivery with version 2", version)
	}
	k.same("the delivery", k.delivery(d.ID), d)
}

func deliveryDue(k *kit) {
	d := k.parked(3)
	d.CollectionID, d.SessionID = k.id("paycol"), k.id("payses")
	loose := k.parked(4)
	loose.EventID = ""
	k.put(d)
	k.put(loose)
	k.deliveriesDue(at(3).Add(-time.Microsecond), at(10))
	got := k.deliveriesDue(at(3), at(10), d.ID)
	if got[0].CollectionID != d.CollectionID || !got[0].At.Equal(at(10)) {
		k.fail("Claim of a delivery brought %+v, want its collection %s and At %s", got[0], d.CollectionID, at(10))
	}
	k.deliveriesDue(at(4), at(10), loose.ID)
	// Parked again, claimed or not, earlier or later.
	d.DueAt, loose.DueAt = at(6), at(20)
	k.put(d)
	k.put(loose)
	k.deliveriesDue(at(9), at(30), d.ID)
	k.deliveriesDue(at(19), at(30))
	k.deliveriesDue(at(20), at(30), loose.ID)
	for _, d := range got {
		k.want(k.s.Done(k.ctx(), d, time.Time{}), payment.ErrConflict, "Done of a delivery that was parked again meanwhile")
	}
}

// deliveriesDue claims deliveries and fails the case when they are not exactly these.
func (k *kit) deliveriesDue(now, until time.Time, want ...string) []payment.Due {
	k.t.Helper()
	due := k.claim(payment.DueDelivery, now, until, 10)
	got := make([]string, len(due))
	for i, d := range due {
		got[i] = d.ID
	}
	slices.Sort(got)
	slices.Sort(want)
	k.sameIDs("deliveries that are due", got, want...)
	return due
}

func deliveryNotDue(k *kit) {
	for _, state := range []payment.DeliveryState{payment.DeliveryHandled, payment.DeliveryIgnored, payment.DeliveryDead} {
		// Never parked, though it has a DueAt; and parked before.
		never, before := k.newDelivery(), k.parked(1)
		never.State, never.DueAt = state, at(1)
		k.put(never)
		k.deliveriesDue(at(9), at(20))
		k.put(before)
		before.State = state
		k.put(before)
		k.deliveriesDue(k.soon(0), k.soon(1))
	}
}

func deliveryMissing(k *kit) {
	for _, version := range []int64{1, 2} {
		d := k.parked(1)
		d.Version = version
		k.want(k.s.PutDelivery(k.ctx(), d), payment.ErrConflict, "PutDelivery of version %d of a delivery that is not there", version)
		if k.delivery(d.ID) != nil {
			k.fail("a PutDelivery that was refused stored the delivery nevertheless")
		}
	}
	k.sameDue(k.claim(payment.DueDelivery, at(5), at(9), 10))
}
