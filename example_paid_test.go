package payment_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/manualprovider"
	"github.com/seed40c892db/payment/memstore"
)

// paid reports whether all that is owed is held or taken. The collection's status does not say so: it is partially_captured as soon as a
// part is captured, whatever else is still to be authorized.
func paid(c *payment.PaymentCollection) bool { return c.Authorized.GreaterThanOrEqual(c.Amount) }

// An order is paid when its sessions together hold what is owed. Whatever event tells of a change, the collection says how much that is.
func ExampleConfig_orderPaid() {
	ctx := context.Background()
	orders := map[string]string{"order-7": "open"} // a program keeps this in its database
	var svc *payment.Service
	svc, err := payment.NewService(memstore.New(), payment.Config{
		Providers: []payment.Provider{manualprovider.New()},
		OnEvent: func(ctx context.Context, e payment.Event) error {
			if e.Kind != payment.EventPaymentAuthorized && e.Kind != payment.EventCollectionUpdated {
				return nil
			}
			c, err := svc.GetCollection(ctx, e.CollectionID) // as it is now, which may be later than the event
			if errors.Is(err, payment.ErrNotFound) {
				return nil // it was deleted meanwhile: an error would hold up its later events for a day
			}
			if err != nil {
				return err
			}
			fmt.Println(e.Kind, payment.FormatAmount(c.Authorized, c.CurrencyCode), "of", payment.FormatAmount(c.Amount, c.CurrencyCode))
			if order, ok := c.Metadata["order"].(string); ok && paid(c) {
				orders[order] = "paid"
			}
			return nil
		},
	})
	if err != nil {
		panic(err)
	}
	c, err := svc.CreateCollection(ctx, payment.CreateCollectionParams{
		CurrencyCode: "EUR", Amount: decimal.NewFromInt(50), Metadata: payment.Data{"order": "order-7"},
	})
	if err != nil {
		panic(err)
	}
	for _, amount := range []int64{20, 30} {
		session, err := svc.CreateSession(ctx, payment.CreateSessionParams{
			CollectionID: c.ID, ProviderID: "manual", Amount: decimal.NewFromInt(amount),
		})
		if err != nil {
			panic(err)
		}
		held, err := svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: session.ID})
		if err != nil {
			panic(err)
		}
		if _, err := svc.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: held.ID, IdempotencyKey: held.ID + " parcel"}); err != nil {
			panic(err)
		}
		if c, err = svc.GetCollection(ctx, c.ID); err != nil {
			panic(err)
		}
		if _, err := svc.Reconcile(ctx); err != nil { // Run does this
			panic(err)
		}
		fmt.Println("the collection is", c.Status(), "and the order", orders["order-7"])
	}
	// Output:
	// payment.authorized 20.00 of 50.00
	// the collection is partially_captured and the order open
	// payment.authorized 50.00 of 50.00
	// the collection is completed and the order paid
}
