package storetest

import (
	"context"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
)

// TestCorrectStore proves that a store can pass: the kit asks for nothing that memstore does not do.
func TestCorrectStore(t *testing.T) {
	Run(t, func(*testing.T) payment.Store { return memstore.New() })
}

// TestBrokenStores proves that the kit finds what it is there to find: each store has one fault, and the cases that name it fail
// with their sentence.
func TestBrokenStores(t *testing.T) {
	for _, b := range brokenStores() {
		t.Run(b.fault, func(t *testing.T) {
			for _, name := range b.cases {
				seen := runCase(caseNamed(t, name), b.wrap(memstore.New()), nil)
				if !seen.failed {
					t.Errorf("case %q passes with a store that %s", name, b.fault)
				} else if sentence := caseNamed(t, name).sentence; !strings.Contains(seen.text, fmt.Sprintf("%q", sentence)) {
					t.Errorf("the failure of %q does not show the sentence that is broken:\n%s", name, seen.text)
				}
				t.Logf("%s: %s", name, seen.text)
			}
		})
	}
}

// TestEveryCaseCanFail proves that no case is there for show: each is failed by a store that is broken on purpose.
func TestEveryCaseCanFail(t *testing.T) {
	named := map[string]bool{}
	for _, b := range brokenStores() {
		if len(b.cases) == 0 {
			t.Errorf("no case is named for a store that %s", b.fault)
		}
		for _, name := range b.cases {
			named[name] = true
		}
	}
	seen := map[string]bool{}
	for _, c := range cases() {
		if !named[c.name] {
			t.Errorf("no broken store fails case %q", c.name)
		}
		if seen[c.name] {
			t.Errorf("two cases are named %q", c.name)
		}
		seen[c.name] = true
	}
}

// TestEveryFieldCounts proves that a store cannot lose a field unnoticed, whichever it is, in Load nor in List.
func TestEveryFieldCounts(t *testing.T) {
	full, listed := caseNamed(t, "Rows/every field of every row"), caseNamed(t, "Rows/every field in lists")
	for _, row := range []any{
		new(payment.PaymentCollection), new(payment.PaymentSession), new(payment.Payment), new(payment.Capture), new(payment.Refund),
		new(payment.Operation), new(payment.KeyedRequest), new(payment.Event), new(payment.Delivery),
	} {
		of := reflect.TypeOf(row).Elem()
		for _, f := range reflect.VisibleFields(of) {
			name := of.Name() + "." + f.Name
			if f.Anonymous || name == "Payment.Captures" || name == "Payment.Refunds" || f.Name == "ID" {
				continue
			}
			lose := eachRow(func(r any) {
				if v := reflect.ValueOf(r).Elem(); v.Type() == of {
					v.FieldByIndex(f.Index).SetZero()
				}
			})
			if of.Name() != "Event" && of.Name() != "Delivery" && !runCase(full, afterLoad(lose)(memstore.New()), nil).failed {
				t.Errorf("case %q passes with a store whose Load loses %s", full.name, name)
			}
			if of.Name() != "KeyedRequest" && !runCase(listed, afterList(lose)(memstore.New()), nil).failed {
				t.Errorf("case %q passes with a store whose List loses %s", listed.name, name)
			}
		}
	}
}

// TestHungStore proves that a store that ignores its context fails, and does not hang the test.
func TestHungStore(t *testing.T) {
	released := make(chan struct{})
	defer close(released)
	hang := broken{load: func(context.Context, payment.Store, payment.Key) (*payment.Rows, error) {
		<-released
		return nil, nil
	}}
	for _, name := range []string{"Load/by session", "Concurrency/one collection"} {
		seen := runCase(caseNamed(t, name), hang.wrap(memstore.New()), func(k *kit) {
			k.s.patience, k.s.grace = 20*time.Millisecond, 20*time.Millisecond
		})
		if !seen.failed || !strings.Contains(seen.text, endsWithContext) || !strings.Contains(seen.text, "Load had not returned") {
			t.Errorf("case %q on a store that hangs: failed %t, with\n%s", name, seen.failed, seen.text)
		}
	}
}

// TestPanickingStore proves that a panic fails one case instead of ending the program.
func TestPanickingStore(t *testing.T) {
	panics := broken{commit: func(context.Context, payment.Store, *payment.Changes) error { panic("index out of range") }}
	seen := runCase(caseNamed(t, "Load/by session"), panics.wrap(memstore.New()), nil)
	if !seen.failed || !strings.Contains(seen.text, "Commit panicked: index out of range") {
		t.Errorf("failed %t, with\n%s", seen.failed, seen.text)
	}
}

// TestSurprisedCase proves that a case that meets what it did not think of fails with its sentence, on whatever goroutine, and the others go on.
func TestSurprisedCase(t *testing.T) {
	missing := func(k *kit) *payment.Payment {
		return k.load(payment.Key{CollectionID: k.stored().collection.ID}).Payments[0]
	}
	for name, run := range map[string]func(k *kit){
		"alone":      func(k *kit) { missing(k) },
		"in a crowd": func(k *kit) { k.crowd(2, func(int) error { missing(k); return nil }) },
	} {
		seen := runCase(testCase{name: name, sentence: "the sentence", run: run}, memstore.New(), nil)
		if !seen.failed || !strings.Contains(seen.text, "index out of range") || !strings.Contains(seen.text, "the sentence") {
			t.Errorf("%s: failed %t, with\n%s", name, seen.failed, seen.text)
		}
	}
}

// TestFillLeavesNothing proves that fill says so when it has no value for a field, rather than leaving it out of the comparison.
func TestFillLeavesNothing(t *testing.T) {
	seen := record(func(r *recorder) {
		var row struct {
			Known   string
			Unknown chan int
		}
		newKit(r, "s", memstore.New()).fill(&row)
	})
	if !seen.failed || !strings.Contains(seen.text, "Unknown") {
		t.Errorf("failed %t, with\n%s", seen.failed, seen.text)
	}
}

// recorder stands in for a testing.T and keeps what it is told.
type recorder struct {
	failed bool
	text   string
}

// Helper does nothing.
func (r *recorder) Helper() {}

// Errorf keeps the message.
func (r *recorder) Errorf(format string, args ...any) {
	r.failed = true
	r.text += fmt.Sprintf(format, args...) + "\n"
}

// FailNow ends the goroutine, as testing.T does.
func (r *recorder) FailNow() {
	r.failed = true
	runtime.Goexit()
}

// record runs f on a goroutine that FailNow may end.
func record(f func(*recorder)) *recorder {
	r, done := new(recorder), make(chan struct{})
	go func() {
		defer close(done)
		f(r)
	}()
	<-done
	return r
}

// runCase runs one case against a store; prepare, if any, changes the kit before.
func runCase(c testCase, s payment.Store, prepare func(*kit)) *recorder {
	return record(func(r *recorder) {
		k := newKit(r, c.sentence, s)
		if prepare != nil {
			prepare(k)
		}
		c.check(k)
	})
}

func caseNamed(t *testing.T, name string) testCase {
	t.Helper()
	for _, c := range cases() {
		if c.name == name {
			return c
		}
	}
	t.Fatalf("there is no case %q", name)
	return testCase{}
}
