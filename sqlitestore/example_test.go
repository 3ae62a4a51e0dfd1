package sqlitestore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/manualprovider"
	"github.com/seed40c892db/payment/sqlitestore"
)

// file returns a file in a directory of its own, and what removes it.
func file() (path string, remove func()) {
	dir, err := os.MkdirTemp("", "shop")
	if err != nil {
		panic(err)
	}
	return filepath.Join(dir, "shop.db"), func() { _ = os.RemoveAll(dir) }
}

// A file is all it takes. Whoever opens it next finds what was stored.
func ExampleOpen() {
	path, remove := file()
	defer remove()
	ctx := context.Background()
	var order string
	for _, day := range []string{"monday", "tuesday"} {
		store, err := sqlitestore.Open(path, sqlitestore.Config{})
		if err != nil {
			fmt.Println(err)
			return
		}
		svc, err := payment.NewService(store, payment.Config{Providers: []payment.Provider{manualprovider.New()}})
		if err != nil {
			fmt.Println(err)
			return
		}
		if day == "monday" {
			c, err := svc.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "EUR", Amount: decimal.RequireFromString("10.99")})
			if err != nil {
				fmt.Println(err)
				return
			}
			order = c.ID
		} else {
			c, err := svc.GetCollection(ctx, order)
			if err != nil {
				fmt.Println(err)
				return
			}
			fmt.Println(day, c.Status(), c.Amount, c.CurrencyCode)
		}
		if err := store.Close(); err != nil {
			fmt.Println(err)
		}
	}
	// Output: tuesday not_paid 10.99 EUR
}

// What a function writes for an event is committed along with the note that the event is delivered.
func ExampleStore_Deliver() {
	path, remove := file()
	defer remove()
	ctx := context.Background()
	db, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = db.Close() }()
	if _, err := db.Exec("CREATE TABLE mails (subject TEXT)"); err != nil {
		fmt.Println(err)
		return
	}
	if err := sqlitestore.Migrate(ctx, db); err != nil {
		fmt.Println(err)
		return
	}
	store, err := sqlitestore.New(db, sqlitestore.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = store.Close() }()
	svc, err := payment.NewService(store, payment.Config{Providers: []payment.Provider{manualprovider.New()}})
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := svc.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "EUR", Amount: decimal.RequireFromString("10.99")}); err != nil {
		fmt.Println(err)
		return
	}

	// A program does this every second or so.
	n, err := store.Deliver(ctx, 100, func(ctx context.Context, tx *sql.Tx, e payment.Event) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO mails VALUES (?)", fmt.Sprintf("%s: %s %s", e.Kind, e.Amount, e.CurrencyCode))
		return err
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	var subject string
	if err := db.QueryRow("SELECT subject FROM mails").Scan(&subject); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(n, "delivered;", subject)
	// Output: 1 delivered; collection.created: 10.99 EUR
}

// The loop around Deliver, as a program runs it on a goroutine of its own, until it is told to stop.
func ExampleStore_Deliver_loop() {
	path, remove := file()
	defer remove()
	store, err := sqlitestore.Open(path, sqlitestore.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = store.Close() }()
	svc, err := payment.NewService(store, payment.Config{Providers: []payment.Provider{manualprovider.New()}})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background()) // signal.NotifyContext in a program
	defer stop()
	if _, err := svc.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "EUR", Amount: decimal.RequireFromString("10.99")}); err != nil {
		fmt.Println(err)
		return
	}

	const batch = 100
	for ctx.Err() == nil {
		n, err := store.Deliver(ctx, batch, func(_ context.Context, _ *sql.Tx, e payment.Event) error {
			fmt.Println(e.Kind, e.Amount)
			stop() // for the example: a program goes on
			return nil
		})
		if err != nil && ctx.Err() == nil {
			slog.ErrorContext(ctx, "events could not be delivered; they are delivered later", "error", err)
		}
		if n == batch {
			continue // there may be more
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
	// Output: collection.created 10.99
}

// The order and its payment collection are stored together or not at all.
func ExampleStore_WithTx() {
	path, remove := file()
	defer remove()
	ctx := context.Background()
	db, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = db.Close() }()
	if err := sqlitestore.Migrate(ctx, db); err != nil {
		fmt.Println(err)
		return
	}
	if _, err := db.Exec("CREATE TABLE orders (id TEXT, collection_id TEXT)"); err != nil {
		fmt.Println(err)
		return
	}
	store, err := sqlitestore.New(db, sqlitestore.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = store.Close() }()
	svc, err := payment.NewService(store, payment.Config{Providers: []payment.Provider{manualprovider.New()}})
	if err != nil {
		fmt.Println(err)
		return
	}

	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	collection, err := svc.WithStore(store.WithTx(tx)).CreateCollection(ctx, payment.CreateCollectionParams{
		CurrencyCode: "EUR", Amount: decimal.RequireFromString("10.99"),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := tx.Exec("INSERT INTO orders VALUES ('order-1', ?)", collection.ID); err != nil {
		fmt.Println(err)
		return
	}
	_, err = svc.GetCollection(ctx, collection.ID)
	fmt.Println("before:", errors.Is(err, payment.ErrNotFound))
	if err := tx.Commit(); err != nil {
		fmt.Println(err)
		return
	}
	if collection, err = svc.GetCollection(ctx, collection.ID); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("after:", collection.Amount)
	// Output:
	// before: true
	// after: 10.99
}
