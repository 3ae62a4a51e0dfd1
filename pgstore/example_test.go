package pgstore_test

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/manualprovider"
	"github.com/seed40c892db/payment/pgstore"
)

// An order and what is owed for it are one commit, and so are the payment's event and the order that it pays.
func Example() {
	ctx := context.Background()
	s, err := server() // a program has a server of its own
	check(err)
	check(create(ctx, s, "example", "template0"))
	cfg, err := pgxpool.ParseConfig(s.DSN("example"))
	check(err)
	check(pgstore.Prepare(cfg, pgstore.Config{}))
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	check(err)
	defer pool.Close()
	check(pgstore.Migrate(ctx, pool, pgstore.Config{}))
	store, err := pgstore.New(pool, pgstore.Config{})
	check(err)
	providers := []payment.Provider{manualprovider.New()}
	svc, err := payment.NewService(store, payment.Config{Providers: providers})
	check(err)
	_, err = pool.Exec(ctx, "CREATE TABLE orders (collection_id text PRIMARY KEY, paid numeric NOT NULL)")
	check(err)

	amount := decimal.RequireFromString("25.00")
	var collection *payment.PaymentCollection
	check(pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		in, err := payment.NewService(store.WithTx(tx), payment.Config{Providers: providers})
		if err != nil {
			return err
		}
		collection, err = in.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "EUR", Amount: amount})
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "INSERT INTO orders VALUES ($1, 0)", collection.ID)
		return err
	}))

	session, err := svc.CreateSession(ctx, payment.CreateSessionParams{CollectionID: collection.ID, ProviderID: "manual", Amount: amount})
	check(err)
	paid, err := svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: session.ID})
	check(err)
	_, err = svc.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: paid.ID})
	check(err)

	_, err = store.Deliver(ctx, 100, func(ctx context.Context, tx pgx.Tx, e payment.Event) error {
		fmt.Println(e.Kind)
		if e.Kind != payment.EventCaptureSucceeded {
			return nil
		}
		_, err := tx.Exec(ctx, "UPDATE orders SET paid = paid + $2::numeric WHERE collection_id = $1", e.CollectionID, e.Amount.String())
		return err
	})
	check(err)
	var sum string
	check(pool.QueryRow(ctx, "SELECT paid::text FROM orders").Scan(&sum))
	fmt.Println("paid:", sum)

	// Output:
	// collection.created
	// session.created
	// payment.authorized
	// capture.succeeded
	// collection.completed
	// paid: 25
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
