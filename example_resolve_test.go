package payment_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
)

// terminal is a provider whose gateway has gone: what it was asked last has no answer, and it cannot be asked.
type terminal struct{ payment.Provider }

func (t terminal) Capture(context.Context, payment.CaptureRequest) (payment.Snapshot, error) {
	return payment.Snapshot{}, errors.New("no answer")
}

func (t terminal) Status(context.Context, payment.StatusRequest) (payment.Snapshot, error) {
	return payment.Snapshot{}, payment.ErrUnsupported
}

func (t terminal) ID() string { return "terminal" }

func (t terminal) Initialize(_ context.Context, r payment.InitializeRequest) (payment.Snapshot, error) {
	return payment.Snapshot{State: payment.SnapshotPending, Reference: "slip-7", Amount: r.Amount}, nil
}

func (t terminal) Authorize(_ context.Context, r payment.AuthorizeRequest) (payment.Snapshot, error) {
	return payment.Snapshot{State: payment.SnapshotAuthorized, Amount: r.Amount, Authorized: r.Amount}, nil
}

// Nobody could say for a day what became of a capture. Time decides nothing: a person looks at the bank's statement, where the money is.
func ExampleService_ResolveOperation() {
	ctx := context.Background()
	now := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	svc, err := payment.NewService(memstore.New(), payment.Config{
		Providers: []payment.Provider{terminal{}},
		// A program leaves these two out. Here they stand in for the clock, so that nothing has to be waited for.
		Now:  func() time.Time { return now },
		Wait: func(ctx context.Context, d time.Duration) error { now = now.Add(d); return ctx.Err() },
	})
	if err != nil {
		panic(err)
	}
	price := decimal.RequireFromString("100")
	order, err := svc.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "USD", Amount: price})
	if err != nil {
		panic(err)
	}
	session, err := svc.CreateSession(ctx, payment.CreateSessionParams{CollectionID: order.ID, ProviderID: "terminal", Amount: price})
	if err != nil {
		panic(err)
	}
	paid, err := svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: session.ID})
	if err != nil {
		panic(err)
	}
	_, err = svc.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: paid.ID})
	fmt.Println("not known:", errors.Is(err, payment.ErrOutcomeUnknown))
	for range 30 { // a program calls Reconcile every few seconds
		now = now.Add(time.Hour)
		if _, err := svc.Reconcile(ctx); err != nil {
			panic(err)
		}
	}

	// What an operator's page lists.
	waiting, err := svc.ListOperations(ctx, payment.ListParams{State: payment.OperationNeedsAttention})
	if err != nil {
		panic(err)
	}
	for _, op := range waiting.Items {
		fmt.Println("needs a person:", op.Kind, op.Amount, op.CurrencyCode, op.Code)
		op, err = svc.ResolveOperation(ctx, payment.ResolveOperationParams{
			OperationID: op.ID, Outcome: payment.ResolveAccept, By: "anna", Note: "it is on the bank's statement",
		})
		if err != nil {
			panic(err)
		}
		fmt.Println("decided:", op.State, "by", op.ResolvedBy)
	}
	if paid, err = svc.GetPayment(ctx, paid.ID); err != nil {
		panic(err)
	}
	fmt.Println("captured:", paid.Captured)
	// Output:
	// not known: true
	// needs a person: capture 100 USD gave_up
	// decided: succeeded by anna
	// captured: 100
}
