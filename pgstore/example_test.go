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
	cfg, err := pgxpool.ParseConfig(exampleURL(ctx)) // such as postgres://shop@db1,db2/shop?target_session_attrs=read-write
	check(err)
	check(pgstore.Prepare(cfg, pgstore.Config{}))
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	check(err)
	defer pool.Close()
	check(pgstore.Migrate(ctx, pool, pgstore.Config{}))
	store, err := pgstore.New(pool, pgstore.Config{})
	check(err)
	svc, err := payment.NewService(store, payment.Config{Providers: []payment.Provider{manualprovider.New()}})
	check(err)
	_, err = pool.Exec(ctx, "CREATE TABLE orders (collection_id text PRIMARY KEY, paid numeric NOT NULL)")
	check(err)

	amount := decimal.RequireFromString("25.00")
	var collection *payment.PaymentCollection
	check(pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		var err error
		collection, err = svc.WithStore(store.WithTx(tx)).CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "EUR", Amount: amount})
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

// exampleURL names an empty database of a server that the test has started.
func exampleURL(ctx context.Context) string {
	s, err := server()
	check(err)
	check(create(ctx, s, "example", "template0"))
	return s.DSN("example")
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
