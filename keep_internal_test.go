package payment

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRowsThatWereDecidedOnAreNotKept has something decided on committed rows that is thrown away: they may not be as they are stored any more.
func TestRowsThatWereDecidedOnAreNotKept(t *testing.T) {
	committed := func() *book {
		b := outlookBook()
		b.keeps = true
		b.committed()
		require.True(t, b.goesBack())
		return b
	}
	refused := errors.New("refused")
	b := committed()
	_, err := (&Service{}).change(t.Context(), Key{}, b, func(b *book) error {
		b.session.Reason = "changed"
		return refused
	})
	require.ErrorIs(t, err, refused)
	require.False(t, b.goesBack())
	b = committed()
	again := task{decide: func(b *book) (*Operation, error) {
		b.session.Reason = "changed"
		return nil, nil
	}}
	_, _, err = again.concluded(b, &Operation{Code: codeNoEffect})
	require.NoError(t, err)
	require.False(t, b.goesBack())
}

// TestABookIsGivenBackOnce has a call give a book back twice, between which another call has taken it.
func TestABookIsGivenBackOnce(t *testing.T) {
	s, b := newShelf(10), outlookBook()
	b.keeps = true
	b.committed()
	s.giveBack(b)
	by := Key{SessionID: b.session.ID}
	require.Same(t, b, s.take(by, false, b.now))
	require.Nil(t, s.take(by, false, b.now), "somebody has it")
	s.giveBack(b)
	require.Nil(t, s.take(by, false, b.now))
}

// TestWhatIsOlderIsForgotten has a call commit on rows that it has loaded, while older ones are kept.
func TestWhatIsOlderIsForgotten(t *testing.T) {
	s, kept, loaded := newShelf(10), outlookBook(), outlookBook()
	by := Key{SessionID: kept.session.ID}
	kept.version = 5
	s.put(kept)
	loaded.version = 4
	s.forget(loaded)
	require.Same(t, kept, s.take(by, false, kept.now), "it is newer")
	s.put(kept)
	loaded.version = 6
	s.forget(loaded)
	require.Nil(t, s.take(by, false, kept.now))
	s.put(kept)
	loaded.session.OperationID = "op_1"
	s.putCopy(loaded)
	require.Nil(t, s.take(by, false, kept.now), "its session has an open operation by now")
}

// TestABookAtRestIsRowsAlone has a step leave behind what it has worked with.
func TestABookAtRestIsRowsAlone(t *testing.T) {
	s, b := newShelf(10), outlookBook()
	op := b.newOperation("op_1", OperationCapture)
	b.putOperation(op)
	b.putRequest(&KeyedRequest{Method: "CapturePayment", Key: "k"})
	b.event(Event{Kind: EventCaptureSucceeded})
	b.dueAt(op.ID, b.now, 1)
	b.more, b.prompted, b.untold, b.keeps = true, true, true, true
	b.committed()
	s.giveBack(b)
	b = s.take(Key{SessionID: b.session.ID}, false, b.now)
	require.Empty(t, b.operations)
	require.Nil(t, b.request)
	require.False(t, b.more || b.prompted || b.untold || b.touched || b.keeps || b.stored)
	require.Empty(t, append(b.out.Events, b.changes().Events...))
	require.Empty(t, b.changes().Operations)
	require.Empty(t, b.changes().Requests)
	require.Empty(t, b.changes().Due)
	next := b.newOperation("op_2", OperationRefund)
	require.Same(t, op, next, "it is written over")
	require.NotSame(t, next, b.newOperation("op_3", OperationCancel), "the one under way is not")
}

// TestABookIsFoundByAllItsIDs follows one through other sessions of its collection, and through the maps that become old.
func TestABookIsFoundByAllItsIDs(t *testing.T) {
	s, b := newShelf(4), outlookBook()
	for n := range 100 {
		b.version++
		b.session.ID, b.payment = "payses_"+string(rune('a'+n/7%3)), nil
		if n%2 == 1 {
			b.payment = &Payment{ID: "pay_" + b.session.ID}
		}
		s.put(b)
		by := []Key{{SessionID: b.session.ID}}
		if b.payment != nil {
			by = append(by, Key{PaymentID: b.payment.ID})
		}
		for _, key := range by {
			require.Same(t, b, s.take(key, false, b.now), "%d: %v", n, key)
			s.put(b)
		}
		other := outlookBook()
		other.collection.ID, other.session.ID = "paycol_other_"+string(rune(33+n)), "payses_other_"+string(rune(33+n))
		s.put(other)
	}
}
