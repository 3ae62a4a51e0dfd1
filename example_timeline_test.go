package payment_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// A customer asks where the money is. The timeline tells: the bank had asked for a challenge, the answer to the capture was lost and asked
// for, and a part was given back.
func ExampleService_Timeline() {
	ctx := context.Background()
	now := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	gateway := sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{Now: clock})
	ids := uint64(0)
	svc, err := payment.NewService(memstore.New(), payment.Config{
		Providers: []payment.Provider{sandboxprovider.New(gateway, sandboxprovider.Config{})},
		// A program leaves these out. Here they make times and IDs the same in every run.
		Now:  clock,
		Wait: func(ctx context.Context, d time.Duration) error { now = now.Add(d); return ctx.Err() },
		NewID: func() (id uuid.UUID) {
			ids++
			binary.BigEndian.PutUint64(id[8:], ids)
			return id
		},
	})
	if err != nil {
		panic(err)
	}
	price := decimal.RequireFromString("100")
	order, err := svc.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "USD", Amount: price})
	if err != nil {
		panic(err)
	}
	session, err := svc.CreateSession(ctx, payment.CreateSessionParams{CollectionID: order.ID, ProviderID: "sandbox", Amount: price})
	if err != nil {
		panic(err)
	}
	now = now.Add(5 * time.Second)
	token := payment.Data{"token": sandboxprovider.Token3DS}
	_, err = svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: session.ID, Input: token})
	fmt.Println("the shopper must act:", errors.Is(err, payment.ErrRequiresMore))

	now = now.Add(time.Minute)
	if session, err = svc.GetSession(ctx, session.ID); err != nil {
		panic(err)
	}
	if err := gateway.CompleteChallenge(session.Reference, true); err != nil {
		panic(err)
	}
	paid, err := svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: session.ID})
	if err != nil {
		panic(err)
	}

	now = now.Add(time.Hour)
	gateway.FailNext(sandboxprovider.MethodCapture, sandboxprovider.Fault{Kind: sandboxprovider.FaultAnswerLost})
	_, err = svc.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: paid.ID, Amount: new(decimal.RequireFromString("40"))})
	fmt.Println("not known:", errors.Is(err, payment.ErrOutcomeUnknown))
	timeline, err := svc.Timeline(ctx, order.ID)
	if err != nil {
		panic(err)
	}
	fmt.Println(timeline.Sessions[0].String())

	now = now.Add(2 * time.Second)
	if _, err := svc.Reconcile(ctx); err != nil {
		panic(err)
	}
	now = now.Add(24 * time.Hour)
	refund := payment.RefundPaymentParams{PaymentID: paid.ID, Amount: new(decimal.RequireFromString("7.50")), CreatedBy: "the clerk"}
	if _, err = svc.RefundPayment(ctx, refund); err != nil {
		panic(err)
	}
	if timeline, err = svc.Timeline(ctx, order.ID); err != nil {
		panic(err)
	}
	fmt.Println(timeline)
	// Output:
	// the shopper must act: true
	// not known: true
	// payses_00000000000000000000000000000003  sandbox  100.00 USD  authorized  at the gateway: int_000001
	//   why   whether operation op_0000000000000000000000000000000c (capture 40.00 USD) has happened is not known, after 1 try; the last answer was "sandbox gateway: connection reset"
	//   next  03-01 13:01:06  Reconcile asks the gateway; any call that meets it does so at once
	//         03-03 01:16:00  if it is not known by then, a person must decide
	//   can   CapturePayment with the same IdempotencyKey, which finds out what became of it; without the key it is another capture
	//
	// paycol_00000000000000000000000000000001  partially_captured  100.00 USD: authorized 100.00, held 0.00, captured 40.00, refunded 7.50
	// as of 2026-03-02 13:01:07 UTC
	//
	// payses_00000000000000000000000000000003  sandbox  100.00 USD  authorized  at the gateway: int_000001
	//   why   100.00 USD was authorized, 40.00 captured, 7.50 refunded, 60.00 left to capture
	//   next  03-02 13:02:07  Reconcile asks the gateway whether anything has changed (about then)
	//   can   CapturePayment pay_00000000000000000000000000000003, at most 60.00 USD
	//         RefundPayment pay_00000000000000000000000000000003, at most 32.50 USD
	//         CancelPayment pay_00000000000000000000000000000003, which releases what is not captured
	//
	// 03-01 12:00:00  collection.created     100.00 USD is owed                                     evt_00000000000000000000000000000002
	// 03-01 12:00:00  session.created        100.00 USD is to be authorized by sandbox              evt_00000000000000000000000000000004
	// 03-01 12:00:00  initialize             100.00 USD succeeded                                   op_00000000000000000000000000000003
	// 03-01 12:00:05  authorize              100.00 USD answered: not held                          op_00000000000000000000000000000006
	// 03-01 12:00:05  session.requires_more  the shopper must act                                   evt_00000000000000000000000000000008
	// 03-01 12:01:05  authorize              100.00 USD succeeded                                   op_00000000000000000000000000000009
	// 03-01 12:01:05  payment.authorized     100.00 USD is held                                     evt_0000000000000000000000000000000b
	// 03-01 13:01:05  capture                40.00 USD succeeded, after 2 tries, at 03-01 13:01:07  op_0000000000000000000000000000000c
	//                 the call was made at 03-01 13:01:05 first, and may have been repeated until 03-01 13:01:07
	//                 the gateway or the way to it said "sandbox gateway: connection reset"
	// 03-01 13:01:07  capture.succeeded      40.00 USD was taken                                    evt_0000000000000000000000000000000f
	// 03-02 13:01:07  refund                 7.50 USD succeeded                                     op_00000000000000000000000000000010
	//                 asked for by "the clerk"
	// 03-02 13:01:07  refund.succeeded       7.50 USD was given back                                evt_00000000000000000000000000000012
}
