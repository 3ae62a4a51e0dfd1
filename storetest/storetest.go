// Package storetest checks that a [payment.Store] keeps its contract.
//
// The contract is the comments of payment.Store, and nothing else. Each case of the kit holds an implementation to one sentence of
// them, and a failure prints that sentence. A store for a new database is written in two steps: implement the interface, and make
// this pass, with the race detector on:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) payment.Store {
//			db := open(t) // a database, or a schema, of its own
//			t.Cleanup(db.Close)
//			return mystore.New(db)
//		})
//	}
//
// The function that makes a store is called once per case and returns an empty one: the same IDs come back in every case, and
// lists and due work are read as a whole. Sharing one server is fine, sharing its tables is not, unless they are emptied first. The
// cases run one after another, as subtests; "go test -run 'TestStore/Commit'" picks those of one method.
//
// Every call has a deadline of 30 seconds, and a store that ignores its context fails 10 seconds later instead of hanging the test.
//
// What the kit cannot tell:
//
//   - That costs do not grow with the rows of other collections, or with a collection's other sessions. Timing on a shared
//     machine proves little, and a Store has nothing that could be counted from outside. Look at the query plans.
//   - That an acknowledged commit survives a crash, and that a lost acknowledgement is [payment.ErrCommitUnknown]. Kill the process, and cut
//     the connection, in a test of your own.
//   - That Count stops at 10,000.
//
// Rows of the kit have IDs and statuses in the form that the library gives them, so that checks and binary IDs are an
// implementation's free choice. A row may name another that is not stored, as a delivery names a session that is unknown yet: foreign
// keys refuse what the contract allows.
package storetest

import (
	"slices"
	"testing"

	"github.com/seed40c892db/payment"
)

// Run runs every case against stores that newStore makes, one empty store per case. newStore never returns nil; what has to be
// released belongs in t.Cleanup.
func Run(t *testing.T, newStore func(t *testing.T) payment.Store) {
	t.Helper()
	for _, c := range cases() {
		t.Run(c.name, func(t *testing.T) {
			c.check(newKit(t, c.sentence, newStore(t)))
		})
	}
}

// testCase holds a store to one sentence of the contract.
type testCase struct {
	name     string     // the subtest: the method, then what is shown
	sentence string     // from the comments in store.go, literally; a test of the kit compares
	run      func(*kit) // ends early by kit.fail
}

// check runs the case. One that a store surprises fails, and does not end the program.
func (c testCase) check(k *kit) {
	defer func() {
		if p := recover(); p != nil {
			k.fail("%s", surprise(p))
		}
	}()
	c.run(k)
}

// cases returns the whole kit, in the order of the contract.
func cases() []testCase {
	return slices.Concat(
		rowCases(), contextCases(), loadCases(), commitCases(), listCases(), listDeliveryCases(), dueCases(), eventCases(), deliveryCases(), settingsCases(),
		concurrencyCases(),
	)
}
