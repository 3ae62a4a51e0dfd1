package kvstore

import (
	"testing"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) payment.Store { return New(NewMemory()) })
}
