package payment_test

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/manualprovider"
	"github.com/seed40c892db/payment/memstore"
)

// A program runs Run beside its server, and ends both when it is told to stop.
func ExampleService_Run() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	heard := make(chan payment.Event, 1)
	svc, err := payment.NewService(memstore.New(), payment.Config{
		Providers: []payment.Provider{manualprovider.New()},
		OnEvent: func(_ context.Context, e payment.Event) error {
			heard <- e
			return nil
		},
	})
	if err != nil {
		panic(err)
	}
	var background sync.WaitGroup
	background.Go(func() {
		if err := svc.Run(ctx, 5*time.Second); err != nil {
			panic(err)
		}
	})

	// Here the server serves. What it does is heard of at once.
	order, err := svc.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "EUR", Amount: decimal.RequireFromString("25")})
	if err != nil {
		panic(err)
	}
	e := <-heard
	fmt.Println(e.Kind, e.CollectionID == order.ID)

	stop() // as a signal would
	background.Wait()
	fmt.Println("stopped")
	// Output:
	// collection.created true
	// stopped
}
