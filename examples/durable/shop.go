package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sqlitestore"
	"github.com/shopspring/decimal"
)

// What a process of the shop is told.
const (
	processVariable = "DURABLE_PROCESS" // first or second
	fileVariable    = "DURABLE_FILE"
	gatewayVariable = "DURABLE_GATEWAY"
	idsVariable     = "DURABLE_IDS"
)

// shop is one process of the shop, from its start to its end.
func shop(w io.Writer) (err error) {
	ctx := context.Background()

	// One call opens the file, and makes it when it is not there. What is committed is on the disk.
	store, err := sqlitestore.Open(os.Getenv(fileVariable), sqlitestore.Config{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()

	now, work := noon(), sell
	if os.Getenv(processVariable) == "second" {
		now, work = noon().Add(time.Minute), goOn
	}
	svc, err := payment.NewService(store, payment.Config{
		Providers: []payment.Provider{&cards{url: os.Getenv(gatewayVariable)}},
		// A real shop leaves these two out.
		Now:   func() time.Time { return now },
		NewID: counting(os.Getenv(idsVariable)),
	})
	if err != nil {
		return err
	}
	return work(ctx, &screen{w: w}, svc)
}

// counting returns IDs that count from a number on; nil, the library's own IDs, if there is none.
func counting(from string) func() uuid.UUID {
	n, err := strconv.ParseUint(from, 10, 64)
	if err != nil {
		return nil
	}
	return func() (id uuid.UUID) {
		n++
		binary.BigEndian.PutUint64(id[8:], n)
		return id
	}
}

// sell is what the first process does: it does not live to the end of it.
func sell(ctx context.Context, show *screen, svc *payment.Service) error {
	price := decimal.RequireFromString("120")
	order, err := svc.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "USD", Amount: price})
	if err != nil {
		return err
	}
	session, err := svc.CreateSession(ctx, payment.CreateSessionParams{CollectionID: order.ID, ProviderID: "cards", Amount: price})
	if err != nil {
		return err
	}
	show.printf("The first process charges 120 USD\n")
	// What it is about to do is in the file before the gateway hears of it.
	_, err = svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: session.ID})
	return fmt.Errorf("it should have been killed: %w", err)
}

// goOn is what the second process does: it finds what was begun, and finishes it.
func goOn(ctx context.Context, show *screen, svc *payment.Service) error {
	// A program calls Reconcile every few seconds, or Run. It asks the gateway about whatever has no answer.
	report, err := svc.Reconcile(ctx)
	if err != nil {
		return err
	}
	show.printf("\nThe second process has asked the gateway, and settled %d operation\n", len(report.Settled))

	orders, err := svc.ListCollections(ctx, payment.ListParams{Limit: 1, Descending: true})
	if err != nil {
		return err
	}
	order := orders.Items[0]
	sessions, err := svc.ListSessions(ctx, payment.ListParams{CollectionID: order.ID, Limit: 1})
	if err != nil {
		return err
	}

	// The shopper, who saw an error page, tries again. The session is authorized: nothing is charged.
	paid, err := svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: sessions.Items[0].ID})
	if err != nil {
		return err
	}
	show.printf("The shopper pays again, and has paid already: %s %s\n\n", paid.Authorized.StringFixed(2), paid.CurrencyCode)

	timeline, err := svc.Timeline(ctx, order.ID)
	if err != nil {
		return err
	}
	show.printf("%s", timeline)
	return show.err
}
