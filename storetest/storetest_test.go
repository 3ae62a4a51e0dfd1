package storetest

import (
	"testing"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
)

// TestCorrectStore proves that a store can pass: the kit asks for nothing that memstore does not do.
func TestCorrectStore(t *testing.T) {
	Run(t, func(*testing.T) payment.Store { return memstore.New() })
}
