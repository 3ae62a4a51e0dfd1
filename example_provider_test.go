package payment_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/manualprovider"
	"github.com/seed40c892db/payment/memstore"
)

// answered says what an answer of a gateway means. What is in doubt stays as it is: unknown, and asked about.
func answered(status int, code string) error {
	err := fmt.Errorf("the gateway answers %d", status)
	switch status {
	case http.StatusPaymentRequired:
		return payment.Declined(code, "refused by the issuer")
	case http.StatusTooManyRequests:
		return payment.NotSent(err)
	}
	return err
}

// A provider tells what came of a call by the kind of its error. Only what is certain gets a kind.
func ExampleDeclined() {
	for _, err := range []error{answered(402, "insufficient_funds"), answered(429, ""), answered(500, "")} {
		fmt.Printf("declined %t, not sent %t: %v\n", errors.Is(err, payment.ErrDeclined), errors.Is(err, payment.ErrNotSent), err)
	}
	// Output:
	// declined true, not sent false: payment: declined (insufficient_funds): refused by the issuer
	// declined false, not sent true: payment: the gateway did nothing: the gateway answers 429
	// declined false, not sent false: the gateway answers 500
}

// upToThirty is a provider that authorizes no more than 30. What else the provider can do is found through Unwrap.
type upToThirty struct {
	payment.Provider
}

func (p upToThirty) Unwrap() payment.Provider { return p.Provider }

func (p upToThirty) Authorize(ctx context.Context, r payment.AuthorizeRequest) (payment.Snapshot, error) {
	if r.Amount.GreaterThan(decimal.NewFromInt(30)) {
		return payment.Snapshot{}, payment.Declined("above_limit", "cash on delivery is for orders up to 30")
	}
	return p.Provider.Authorize(ctx, r)
}

// A provider can be wrapped, to change one of its methods. The optional interfaces of what is wrapped are found through Unwrap.
func ExampleProviderAs() {
	ctx := context.Background()
	cash := upToThirty{manualprovider.New()}
	_, can := payment.ProviderAs[payment.Refunder](cash)
	fmt.Println("refunds:", can)

	svc, err := payment.NewService(memstore.New(), payment.Config{Providers: []payment.Provider{cash}})
	if err != nil {
		panic(err)
	}
	price := decimal.RequireFromString("40")
	order, err := svc.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "EUR", Amount: price})
	if err != nil {
		panic(err)
	}
	session, err := svc.CreateSession(ctx, payment.CreateSessionParams{CollectionID: order.ID, ProviderID: "manual", Amount: price})
	if err != nil {
		panic(err)
	}
	_, err = svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: session.ID})
	failed, _ := errors.AsType[*payment.SessionError](err)
	fmt.Println(failed.Session.Status, failed.Reason)
	// Output:
	// refunds: true
	// error above_limit
}
