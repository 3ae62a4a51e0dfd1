package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/paymenthttp"
	"github.com/seed40c892db/payment/sqlitestore"
)

// cart is what a shopper is about to buy, or has ordered.
type cart struct {
	ID      string
	Shopper string // whose it is: see shopperOf
	Number  int64  // the order's; 0 while it is a cart
	Lines   []line
}

// line is one product of a cart, at the price that it had when it was put there.
type line struct {
	Product  product
	Quantity int
	Price    decimal.Decimal
}

// Sum is what the line costs.
func (l line) Sum() decimal.Decimal { return l.Price.Mul(decimal.NewFromInt(int64(l.Quantity))) }

// Fewer is how many there are with one less.
func (l line) Fewer() int { return l.Quantity - 1 }

// Full reports whether the cart holds no more of it.
func (l line) Full() bool { return l.Quantity >= most }

// Total is what the cart costs.
func (c *cart) Total() decimal.Decimal {
	sum := decimal.Zero
	for _, l := range c.Lines {
		sum = sum.Add(l.Sum())
	}
	return sum
}

// Count is how many things are in it.
func (c *cart) Count() int {
	n := 0
	for _, l := range c.Lines {
		n += l.Quantity
	}
	return n
}

var (
	// errNoCart says that there is no such cart.
	errNoCart = errors.New("there is no such cart")
	// errBeingPaid says that a cart may not change any more.
	errBeingPaid = errors.New("this cart is being paid")
)

// tables are the shop's own, beside the library's.
const tables = `
CREATE TABLE IF NOT EXISTS shop_carts (
	id TEXT PRIMARY KEY,
	shopper TEXT NOT NULL,
	number INTEGER UNIQUE, -- of the order that it has become
	made_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS shop_carts_shopper ON shop_carts (shopper, made_at);
CREATE TABLE IF NOT EXISTS shop_lines (
	cart TEXT NOT NULL REFERENCES shop_carts,
	product TEXT NOT NULL,
	quantity INTEGER NOT NULL,
	price TEXT NOT NULL,
	PRIMARY KEY (cart, product)
);`

// openFile opens the one database of the shop, readable to this user only.
func openFile(ctx context.Context, path string) (*sql.DB, *sqlitestore.Store, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // whoever starts the program names the file
	if err != nil {
		return nil, nil, err
	}
	if err := f.Close(); err != nil {
		return nil, nil, err
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: "_txlock=immediate&_pragma=busy_timeout(5000)" +
		"&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)"}).String())
	if err != nil {
		return nil, nil, err
	}
	if _, err = db.ExecContext(ctx, tables); err == nil {
		err = sqlitestore.Migrate(ctx, db)
	}
	var store *sqlitestore.Store
	if err == nil {
		store, err = sqlitestore.New(db, sqlitestore.Config{})
	}
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return db, store, nil
}

// reader is the database, or a transaction of it.
type reader interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// cartsWhere returns carts with their lines, newest first.
func cartsWhere(ctx context.Context, db reader, where string, args ...any) ([]*cart, error) {
	rows, err := db.QueryContext(ctx, "SELECT id, shopper, coalesce(number, 0), coalesce(product, ''), coalesce(quantity, 0), coalesce(price, '') "+
		"FROM shop_carts LEFT JOIN shop_lines ON cart = id WHERE "+where+" ORDER BY made_at DESC, id, product", args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err says what matters
	var all []*cart
	for rows.Next() {
		var c cart
		var id, price string
		var quantity int
		if err := rows.Scan(&c.ID, &c.Shopper, &c.Number, &id, &quantity, &price); err != nil {
			return nil, err
		}
		if len(all) == 0 || all[len(all)-1].ID != c.ID {
			all = append(all, &c)
		}
		if id == "" {
			continue
		}
		l := line{Quantity: quantity}
		if l.Price, err = decimal.NewFromString(price); err != nil {
			return nil, fmt.Errorf("the price of %s in cart %s: %w", id, c.ID, err)
		}
		if l.Product, _ = productOf(id); l.Product.ID == "" { // it is not sold any more
			l.Product = product{ID: id, Name: id}
		}
		all[len(all)-1].Lines = append(all[len(all)-1].Lines, l)
	}
	return all, rows.Err()
}

// cart returns one cart or order, whoever's it is.
func (s *shop) cart(ctx context.Context, id string) (*cart, error) {
	found, err := cartsWhere(ctx, s.db, "id = ?", id)
	if err == nil && len(found) == 0 {
		err = errNoCart
	}
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// current returns the cart that a shopper fills: one that may be empty, and is not stored yet.
func current(ctx context.Context, db reader, shopper string) (*cart, error) {
	found, err := cartsWhere(ctx, db, "shopper = ? AND number IS NULL", shopper)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return &cart{Shopper: shopper}, nil
	}
	return found[0], nil
}

// orders returns what a shopper has ordered, newest first.
func (s *shop) orders(ctx context.Context, shopper string) ([]*cart, error) {
	return cartsWhere(ctx, s.db, "shopper = ? AND number IS NOT NULL", shopper)
}

// put makes a cart hold so many of a product: quantity is asked with what it holds now. What is owed changes in the same transaction, so that
// no session of another tab can pay for what the cart was before. The error is errBeingPaid where money is on it already.
func (s *shop) put(ctx context.Context, shopper string, p product, quantity func(now int) int) (err error) {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tx.Rollback())
		}
	}()
	c, err := current(ctx, tx, shopper)
	if err != nil {
		return err
	}
	if c.ID == "" {
		c.ID = "cart_" + rand.Text()
		_, err := tx.ExecContext(ctx, "INSERT INTO shop_carts (id, shopper, made_at) VALUES (?, ?, ?)", c.ID, shopper, time.Now().UnixMicro())
		if err != nil {
			return err
		}
	}
	now := 0
	for _, l := range c.Lines {
		if l.Product.ID == p.ID {
			now = l.Quantity
		}
	}
	if wanted := min(quantity(now), most); wanted > 0 {
		_, err = tx.ExecContext(ctx, "INSERT INTO shop_lines VALUES (?, ?, ?, ?) "+
			"ON CONFLICT DO UPDATE SET quantity = excluded.quantity, price = excluded.price", c.ID, p.ID, wanted, p.Price.String())
	} else {
		_, err = tx.ExecContext(ctx, "DELETE FROM shop_lines WHERE cart = ? AND product = ?", c.ID, p.ID)
	}
	if err != nil {
		return err
	}
	if c, err = current(ctx, tx, shopper); err != nil {
		return err
	}
	if err := s.owe(ctx, tx, c); err != nil {
		return err
	}
	return tx.Commit()
}

// owe makes the collection of a cart, if there is one, ask for what the cart costs.
func (s *shop) owe(ctx context.Context, tx *sql.Tx, c *cart) error {
	svc := s.svc.WithStore(s.store.WithTx(tx))
	owed, err := svc.GetCollection(ctx, paymenthttp.CartCollectionID(s.svc, c.ID))
	switch {
	case errors.Is(err, payment.ErrNotFound):
		return nil
	case err != nil:
		return err
	case owed.Authorized.IsPositive(), owed.Held.IsPositive():
		return errBeingPaid
	case len(c.Lines) == 0: // nothing can be paid, and nothing is asked for
		return nil
	}
	total := c.Total()
	_, err = svc.UpdateCollection(ctx, payment.UpdateCollectionParams{CollectionID: owed.ID, Amount: &total})
	return err
}

// order makes a cart an order, once money is held for it or on its way. It may be called any number of times.
func (s *shop) order(ctx context.Context, cartID string) error {
	_, err := s.db.ExecContext(ctx, "UPDATE shop_carts SET number = (SELECT coalesce(max(number), 1000) + 1 FROM shop_carts) "+
		"WHERE id = ? AND number IS NULL", cartID)
	return err
}
