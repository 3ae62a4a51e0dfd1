package providertest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/manualprovider"
	"github.com/seed40c892db/payment/providertest"
)

// TestManualProvider is what an author writes: a provider against a fresh gateway, and what that gateway does on demand. Cash
// needs no gateway, so there is nothing more to tell.
func TestManualProvider(t *testing.T) {
	providertest.Run(t, providertest.Config{
		New: func(testing.TB) payment.Provider { return manualprovider.New() },
	})
}

// The cases are the contract, sentence by sentence. Each is a subtest of the author's test, so that one can be run again alone:
// go test -run TestConformance/capture/repeated_key.
func ExampleCases() {
	for _, c := range providertest.Cases() {
		if strings.HasSuffix(c.Name, "/own_movement") {
			fmt.Printf("%s: %s\n", c.Name, c.Sentence)
		}
	}

	// Output:
	// capture/own_movement: Its own movement in the Snapshot carries the request's IdempotencyKey.
	// refund/own_movement: Its own movement in the Snapshot carries the request's IdempotencyKey.
}
