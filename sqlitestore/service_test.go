package sqlitestore_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"sync"
	"testing"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/manualprovider"
	"github.com/seed40c892db/payment/sandboxprovider"
	"github.com/seed40c892db/payment/sqlitestore"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
)

func service(t testing.TB, store payment.Store, gateway *sandboxprovider.Gateway) *payment.Service {
	t.Helper()
	svc, err := payment.NewService(store, payment.Config{
		Providers: []payment.Provider{sandboxprovider.New(gateway, sandboxprovider.Config{}), manualprovider.New()},
	})
	require.NoError(t, err)
	return svc
}

var amount = decimal.RequireFromString("10.99")

// flow creates a collection and a session, authorizes, captures and refunds.
func flow(ctx context.Context, svc *payment.Service, provider string) (string, error) {
	c, err := svc.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "EUR", Amount: amount})
	if err != nil {
		return "", err
	}
	x, err := svc.CreateSession(ctx, payment.CreateSessionParams{CollectionID: c.ID, ProviderID: provider, Amount: amount})
	if err != nil {
		return "", err
	}
	p, err := svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: x.ID})
	if err != nil {
		return "", err
	}
	if _, err = svc.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: p.ID, IdempotencyKey: "parcel"}); err != nil {
		return "", err
	}
	_, err = svc.RefundPayment(ctx, payment.RefundPaymentParams{PaymentID: p.ID, Amount: new(decimal.RequireFromString("0.99"))})
	return c.ID, err
}

func TestAServiceOverAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "payments.db")
	gateway := sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{})
	var ids []string
	{
		svc := service(t, open(t, path), gateway)
		for _, provider := range []string{"sandbox", "manual"} {
			id, err := flow(t.Context(), svc, provider)
			require.NoError(t, err)
			ids = append(ids, id)
		}
	}
	// Another process finds all of it.
	svc := service(t, open(t, path), gateway)
	for _, id := range ids {
		c, err := svc.GetCollection(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, payment.CollectionCompleted, c.Status())
		require.True(t, amount.Equal(c.Captured) && c.Refunded.Equal(decimal.RequireFromString("0.99")), "%s, %s", c.Captured, c.Refunded)
		events, err := svc.ListEvents(t.Context(), payment.ListParams{CollectionID: id, Limit: 100})
		require.NoError(t, err)
		require.Len(t, events.Items, 6)
	}
	_, err := svc.Reconcile(t.Context())
	require.NoError(t, err)
}

// Whoever captures at once through two handles of one file, the money moves once.
func TestServicesThatShareAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "payments.db")
	gateway := sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{})
	services := []*payment.Service{service(t, open(t, path), gateway), service(t, open(t, path), gateway)}
	c, err := services[0].CreateCollection(t.Context(), payment.CreateCollectionParams{CurrencyCode: "EUR", Amount: amount})
	require.NoError(t, err)
	x, err := services[0].CreateSession(t.Context(), payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "sandbox", Amount: amount})
	require.NoError(t, err)
	errs := make([]error, 8)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			p, err := services[i%2].AuthorizeSession(context.Background(), payment.AuthorizeSessionParams{SessionID: x.ID})
			if err == nil {
				_, err = services[i%2].CapturePayment(context.Background(), payment.CapturePaymentParams{PaymentID: p.ID, IdempotencyKey: "parcel"})
			}
			errs[i] = err
		})
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	require.Equal(t, 1, gateway.Authorizations(x.ID))
	require.Len(t, gateway.Intents(), 1)
	require.True(t, amount.Equal(gateway.Intents()[0].Captured))
}

// A Service in the host's transaction stores what a host stores with it or not at all, and calls no gateway.
func TestAServiceInAHostsTransaction(t *testing.T) {
	ctx := t.Context()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "shop.db")+"?_txlock=immediate&_pragma=busy_timeout(2000)&_pragma=journal_mode(WAL)")
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	require.NoError(t, sqlitestore.Migrate(ctx, db))
	_, err = db.Exec("CREATE TABLE orders (collection_id TEXT)")
	require.NoError(t, err)
	store, err := sqlitestore.New(db, sqlitestore.Config{})
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close()) }()
	svc := service(t, store, sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{}))
	for _, commits := range []bool{false, true} {
		tx, err := db.Begin()
		require.NoError(t, err)
		in := svc.WithStore(store.WithTx(tx))
		c, err := in.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "EUR", Amount: amount})
		require.NoError(t, err)
		_, err = tx.Exec("INSERT INTO orders VALUES (?)", c.ID)
		require.NoError(t, err)
		_, err = in.CreateSession(ctx, payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "sandbox", Amount: amount})
		require.ErrorIs(t, err, payment.ErrInTransaction)
		x, err := in.CreateSession(ctx, payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "manual", Amount: amount})
		require.NoError(t, err)
		_, err = in.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: x.ID})
		require.NoError(t, err)
		_, err = svc.GetCollection(ctx, c.ID)
		require.ErrorIs(t, err, payment.ErrNotFound, "before the host commits")
		if !commits {
			require.NoError(t, tx.Rollback())
			_, err = svc.GetCollection(ctx, c.ID)
			require.ErrorIs(t, err, payment.ErrNotFound)
			continue
		}
		require.NoError(t, tx.Commit())
		c, err = svc.GetCollection(ctx, c.ID)
		require.NoError(t, err)
		require.True(t, amount.Equal(c.Authorized))
	}
	var orders int
	require.NoError(t, db.QueryRow("SELECT count(*) FROM orders").Scan(&orders))
	require.Equal(t, 1, orders)
}
