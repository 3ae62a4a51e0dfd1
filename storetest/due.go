package storetest

import (
	"cmp"
	"slices"
	"time"

	"github.com/seed40c892db/payment"
)

func dueCases() []testCase {
	const (
		taken  = "of the rows of that kind with At not after now, the oldest by At and then ID, at most limit of them"
		until  = "Their At becomes until, so that nobody else claims them before; they are returned with that At."
		again  = "d is stored with At = again, or removed when again is zero"
		moved  = "The error is ErrConflict when the stored At is no longer d.At, or the row is at rest or gone: somebody else has it now, leave it."
		upsert = "upsert by Kind and ID; a zero At removes it"
	)
	return []testCase{
		{"Claim/not after now", taken, claimNow},
		{"Claim/its kind", taken, claimKind},
		{"Claim/oldest first", taken, claimOldest},
		{"Claim/limit", taken, claimLimit},
		{"Claim/nothing due", "No error when there is none.", claimNone},
		{"Claim/not again before until", until, claimUntil},
		{"Claim/returned with until", until, claimReturned},
		{"Claim/whole", comeBackEqual, claimWhole},
		{"Claim/copied", copied, claimCopied},
		{"Claim/moves no version", "It is bookkeeping: it moves no version.", claimVersion},
		{"Done/again", again, doneAgain},
		{"Done/removed", again, doneRemoved},
		{"Done/keeps what it is given", again, doneWhole},
		{"Done/moved by a claim", moved, doneClaimed},
		{"Done/moved by a commit", moved, doneCommitted},
		{"Done/gone", moved, doneGone},
		{"Due/upsert", upsert, dueUpsert},
		{"Due/removed by a zero At", upsert, dueRemoved},
		{"Due/unique per kind", "of what; unique per kind", dueUnique},
		{"Due/apart from an operation's state", upsert, dueApart},
	}
}

// soon is later than every clock and every row: what is due at all is due by then.
func (k *kit) soon(minutes int) time.Time {
	return k.began.Add(24*time.Hour + time.Duration(minutes)*time.Minute)
}

// sameDue fails the case when claimed work is not exactly what is wanted, in any order.
func (k *kit) sameDue(got []payment.Due, want ...payment.Due) {
	k.t.Helper()
	byID := func(a, b payment.Due) int { return cmp.Compare(a.ID, b.ID) }
	slices.SortFunc(got, byID)
	slices.SortFunc(want, byID)
	name := func(list []payment.Due) []string {
		names := make([]string, len(list))
		for i, d := range list {
			names[i] = string(d.Kind) + " " + d.ID
		}
		return names
	}
	k.sameIDs("claimed work", name(got), name(want)...)
	for i := range want {
		k.same("claimed work", &got[i], &want[i])
	}
}

// dues stores work of one kind, due at these minutes.
func (k *kit) dues(kind payment.DueKind, minutes ...int) (*payment.PaymentCollection, []payment.Due) {
	k.t.Helper()
	collection := k.collection()
	c := changes(collection)
	for _, m := range minutes {
		c.Due = append(c.Due, k.due(collection, kind, m))
	}
	k.commit(c)
	return collection, slices.Clone(c.Due)
}

// moved returns work with another At.
func moved(d payment.Due, to time.Time) payment.Due {
	d.At = to
	return d
}

func claimNow(k *kit) {
	_, due := k.dues(payment.DueOperation, 5)
	k.sameDue(k.claim(payment.DueOperation, at(5).Add(-time.Microsecond), at(9), 10))
	k.sameDue(k.claim(payment.DueOperation, at(5), at(9), 10), moved(due[0], at(9)))
	_, due = k.dues(payment.DueOperation, 4)
	k.sameDue(k.claim(payment.DueOperation, at(5), at(9), 10), moved(due[0], at(9)))
}

func claimKind(k *kit) {
	_, operations := k.dues(payment.DueOperation, 1, 2)
	_, sessions := k.dues(payment.DueSession, 1)
	d := k.parked(1)
	k.put(d)
	k.sameDue(k.claim(payment.DueSession, at(5), at(9), 10), moved(sessions[0], at(9)))
	k.sameDue(k.claim(payment.DueOperation, at(5), at(9), 10), moved(operations[0], at(9)), moved(operations[1], at(9)))
	if got := k.claim(payment.DueDelivery, at(5), at(9), 10); len(got) != 1 || got[0].ID != d.ID {
		k.fail("Claim of deliveries brought %v, want %s", got, d.ID)
	}
	k.sameDue(k.claim(payment.DueEvents, at(5), at(9), 10))
}

func claimOldest(k *kit) {
	_, due := k.dues(payment.DueOperation, 5, 3, 3, 8, 1, 5)
	for _, i := range []int{4, 1, 2, 0, 5, 3} {
		k.sameDue(k.claim(payment.DueOperation, at(10), at(60), 1), moved(due[i], at(60)))
	}
	k.sameDue(k.claim(payment.DueOperation, at(10), at(60), 1))
}

func claimLimit(k *kit) {
	_, due := k.dues(payment.DueSession, 5, 3, 3, 8, 1, 5)
	k.sameDue(k.claim(payment.DueSession, at(10), at(60), 3), moved(due[4], at(60)), moved(due[1], at(60)), moved(due[2], at(60)))
	k.sameDue(k.claim(payment.DueSession, at(5), at(60), 3), moved(due[0], at(60)), moved(due[5], at(60)))
}

func claimNone(k *kit) {
	for _, kind := range []payment.DueKind{payment.DueOperation, payment.DueSession, payment.DueDelivery, payment.DueEvents} {
		k.sameDue(k.claim(kind, k.soon(0), k.soon(1), 10))
	}
}

func claimUntil(k *kit) {
	_, due := k.dues(payment.DueOperation, 1, 2)
	k.sameDue(k.claim(payment.DueOperation, at(5), at(9), 10), moved(due[0], at(9)), moved(due[1], at(9)))
	k.sameDue(k.claim(payment.DueOperation, at(5), at(9), 10))
	k.sameDue(k.claim(payment.DueOperation, at(9).Add(-time.Microsecond), at(20), 10))
	k.sameDue(k.claim(payment.DueOperation, at(9), at(20), 10), moved(due[0], at(20)), moved(due[1], at(20)))
}

func claimReturned(k *kit) {
	k.dues(payment.DueOperation, 1)
	got := k.claim(payment.DueOperation, at(5), at(9), 10)
	if len(got) != 1 || !got[0].At.Equal(at(9)) {
		k.fail("Claim until %s returned %v", at(9), got)
	}
	// What was returned can be given to Done as it is.
	k.done(got[0], at(12))
}

// fullDue stores work with every field filled.
func (k *kit) fullDue() payment.Due {
	k.t.Helper()
	var d payment.Due
	k.fill(&d)
	collection := k.collection()
	d.CollectionID, d.ID, d.At = collection.ID, collection.ID, at(1)
	k.store(collection, d)
	return *k.twin(&d).(*payment.Due)
}

func claimWhole(k *kit) {
	d := k.fullDue()
	k.sameDue(k.claim(d.Kind, at(5), at(9), 10), moved(d, at(9)))
}

func claimCopied(k *kit) {
	var d payment.Due
	k.fill(&d)
	collection := k.collection()
	d.CollectionID, d.ID, d.At = collection.ID, collection.ID, at(1)
	want := *k.twin(&d).(*payment.Due)
	c := changes(collection, d)
	k.commit(c)
	clear(d.Dead)
	got := k.claim(d.Kind, at(5), at(9), 10)
	k.sameDue(got, moved(want, at(9)))
	clear(got[0].Dead)
	got = k.claim(d.Kind, at(9), at(12), 10)
	k.sameDue(got, moved(want, at(12)))
	k.done(got[0], at(15))
	clear(got[0].Dead)
	k.sameDue(k.claim(d.Kind, at(15), at(20), 10), moved(want, at(20)))
}

func claimVersion(k *kit) {
	collection, due := k.dues(payment.DueOperation, 1)
	got := k.claim(payment.DueOperation, at(5), at(9), 10)
	k.done(got[0], at(9))
	k.done(moved(due[0], at(9)), time.Time{})
	k.same("the collection", k.loadCollection(collection.ID), collection)
}

func doneAgain(k *kit) {
	_, due := k.dues(payment.DueOperation, 1, 1)
	k.claim(payment.DueOperation, at(5), at(9), 10)
	k.done(moved(due[0], at(9)), at(7))
	k.sameDue(k.claim(payment.DueOperation, at(7).Add(-time.Microsecond), at(20), 10))
	k.sameDue(k.claim(payment.DueOperation, at(7), at(20), 10), moved(due[0], at(20)))
}

func doneRemoved(k *kit) {
	_, due := k.dues(payment.DueOperation, 1, 1)
	k.claim(payment.DueOperation, at(5), at(9), 10)
	k.done(moved(due[0], at(9)), time.Time{})
	k.sameDue(k.claim(payment.DueOperation, k.soon(0), k.soon(1), 10), moved(due[1], k.soon(1)))
}

func doneWhole(k *kit) {
	stored := k.fullDue()
	d := k.claimOne(stored.Kind, at(5), at(9))
	d.Tries, d.Seq, d.Dead = 17, 1<<40, []int64{5, 1 << 41, 7}
	k.done(d, at(12))
	got := k.claim(d.Kind, at(12), at(15), 10)
	k.sameDue(got, moved(d, at(15)))
	d = got[0]
	d.Tries, d.Dead = 0, nil
	k.done(d, at(20))
	got = k.claim(d.Kind, at(20), at(25), 10)
	if len(got) != 1 || got[0].Tries != 0 || len(got[0].Dead) != 0 || got[0].Seq != d.Seq {
		k.fail("work that was finished with no tries and nothing dead came back as %+v", got)
	}
}

func doneClaimed(k *kit) {
	_, due := k.dues(payment.DueOperation, 1)
	first := k.claimOne(payment.DueOperation, at(5), at(9))
	k.want(k.s.Done(k.ctx(), due[0], at(30)), payment.ErrConflict, "Done with the At from before the claim")
	second := k.claimOne(payment.DueOperation, at(9), at(15))
	k.want(k.s.Done(k.ctx(), first, at(30)), payment.ErrConflict, "Done after somebody else's claim")
	k.want(k.s.Done(k.ctx(), first, time.Time{}), payment.ErrConflict, "Done that removes, after somebody else's claim")
	k.sameDue(k.claim(payment.DueOperation, at(14), at(20), 10))
	k.done(second, at(16))
	k.sameDue(k.claim(payment.DueOperation, at(16), at(20), 10), moved(due[0], at(20)))
}

func doneCommitted(k *kit) {
	collection, due := k.dues(payment.DueOperation, 1)
	d := k.claimOne(payment.DueOperation, at(5), at(9))
	k.store(collection, moved(due[0], at(7)))
	k.want(k.s.Done(k.ctx(), d, time.Time{}), payment.ErrConflict, "Done after a commit that set another At")
	k.sameDue(k.claim(payment.DueOperation, at(7), at(20), 10), moved(due[0], at(20)))
}

func doneGone(k *kit) {
	collection, due := k.dues(payment.DueOperation, 1, 1)
	k.done(due[0], time.Time{})
	for _, again := range []time.Time{{}, at(3)} {
		k.want(k.s.Done(k.ctx(), due[0], again), payment.ErrConflict, "Done of work that was removed")
		k.want(k.s.Done(k.ctx(), k.due(collection, payment.DueOperation, 1), again), payment.ErrConflict, "Done of work that never was")
	}
	k.sameDue(k.claim(payment.DueOperation, at(9), at(20), 10), moved(due[1], at(20)))
}

func dueUpsert(k *kit) {
	collection, due := k.dues(payment.DueOperation, 1, 2)
	due[0].At, due[0].Tries = at(30), 4
	more := k.due(collection, payment.DueOperation, 3)
	k.store(collection, due[0], more)
	k.sameDue(k.claim(payment.DueOperation, at(20), at(25), 10), moved(due[1], at(25)), moved(more, at(25)))
	k.sameDue(k.claim(payment.DueOperation, at(24), at(40), 10))
	k.sameDue(k.claim(payment.DueOperation, at(30), at(40), 1), moved(due[1], at(40)))
	k.sameDue(k.claim(payment.DueOperation, at(30), at(40), 10), moved(more, at(40)), moved(due[0], at(40)))
}

func dueRemoved(k *kit) {
	collection, due := k.dues(payment.DueOperation, 1, 2)
	absent := k.due(collection, payment.DueOperation, 1)
	k.store(collection, moved(due[0], time.Time{}), moved(absent, time.Time{}))
	k.sameDue(k.claim(payment.DueOperation, k.soon(0), k.soon(1), 10), moved(due[1], k.soon(1)))
	k.store(collection, due[0])
	k.sameDue(k.claim(payment.DueOperation, at(9), at(20), 10), moved(due[0], at(20)))
}

func dueUnique(k *kit) {
	collection, due := k.dues(payment.DueOperation, 1)
	twin := due[0]
	twin.Kind, twin.Tries = payment.DueSession, 3
	k.store(collection, twin)
	k.sameDue(k.claim(payment.DueSession, at(5), at(9), 10), moved(twin, at(9)))
	k.done(moved(twin, at(9)), time.Time{})
	k.sameDue(k.claim(payment.DueOperation, at(5), at(9), 10), moved(due[0], at(9)))
}

// dueApart has an operation begin, wait and end with and without work that is due: a store may keep both in one row, and nobody may notice.
func dueApart(k *kit) {
	t := k.stored() // an operation that is open, and nothing due
	due := func(minute int) payment.Due {
		return payment.Due{Kind: payment.DueOperation, CollectionID: t.collection.ID, ID: t.operation.ID, At: at(minute), Tries: minute}
	}
	is := func(state payment.OperationState) *payment.Operation {
		if t.operation.State, t.operation.EndedAt = state, (time.Time{}); state == payment.OperationSucceeded {
			t.operation.EndedAt = k.tick()
		}
		return t.operation
	}
	never := payment.Due{Kind: payment.DueOperation, CollectionID: t.collection.ID, ID: t.operation.ID}
	begun := 10
	check := func(when string, state payment.OperationState, minute int) {
		k.t.Helper()
		for _, of := range []payment.OperationState{payment.OperationOpen, payment.OperationNeedsAttention} {
			var want []string
			if of == state {
				want = []string{t.operation.ID}
			}
			f := payment.Filter{CollectionID: t.collection.ID, State: string(of)}
			k.sameIDs(when+": operations that are "+string(of), k.rowIDs(payment.RowOperations, k.list(payment.RowOperations, f, payment.Page{Limit: 5})), want...)
		}
		begun += 10
		var want []payment.Due
		if minute > 0 {
			want = []payment.Due{due(minute)}
			want[0].At = at(begun + 1)
		}
		k.sameDue(k.claim(payment.DueOperation, at(begun), at(begun+1), 10), want...)
	}
	const open, attention, succeeded = payment.OperationOpen, payment.OperationNeedsAttention, payment.OperationSucceeded
	check("begun without work", open, 0)
	k.store(t.collection, due(1))
	check("work comes", open, 1)
	done := due(1)
	done.At = at(begun + 1)
	k.done(done, time.Time{})
	check("work is done", open, 0)
	k.want(k.s.Done(k.ctx(), done, time.Time{}), payment.ErrConflict, "Done of work that was done")
	k.store(t.collection, is(attention), due(2))
	check("both change", attention, 2)
	k.store(t.collection, never)
	check("work goes", attention, 0)
	k.store(t.collection, due(3))
	k.store(t.collection, is(open))
	check("the state changes", open, 3)
	k.store(t.collection, is(attention), never)
	check("work goes with the state", attention, 0)
	k.store(t.collection, due(4))
	k.store(t.collection, is(succeeded))
	check("it ends, and work is left", "", 4)
	done = due(4)
	done.At = at(begun + 1)
	k.done(done, time.Time{})
	check("what was left is done", "", 0)
	k.store(t.collection, is(open), due(5))
	check("both begin", open, 5)
	k.store(t.collection, is(succeeded), due(6))
	check("it ends, and work comes", "", 6)
	k.store(t.collection, is(open), due(7))
	k.store(t.collection, is(succeeded), never)
	check("both end", "", 0)
	k.store(t.collection, is(open))
	k.store(t.collection, is(succeeded))
	check("it ends without work", "", 0)
}
