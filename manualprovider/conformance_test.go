package manualprovider_test

import (
	"testing"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/manualprovider"
	"github.com/seed40c892db/payment/providertest"
)

func TestConformance(t *testing.T) {
	providertest.Run(t, providertest.Config{
		New: func(testing.TB) payment.Provider { return manualprovider.New() },
	})
}

func TestConformanceWithData(t *testing.T) {
	providertest.Run(t, providertest.Config{
		New: func(t testing.TB) payment.Provider {
			p, err := manualprovider.NewWithConfig(manualprovider.Config{ID: "bank_transfer", Data: payment.Data{"iban": "DE02", "days": 14}})
			if err != nil {
				t.Fatal(err)
			}
			return p
		},
		CurrencyCode: "KWD",
	})
}
