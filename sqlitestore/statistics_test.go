package sqlitestore

import (
	"strings"
	"sync"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"modernc.org/sqlite"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/manualprovider"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// played has some payments in a store.
func played(t *testing.T, s *Store, times int) {
	t.Helper()
	svc, err := payment.NewService(s, payment.Config{Providers: []payment.Provider{
		sandboxprovider.New(sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{}), sandboxprovider.Config{}), manualprovider.New(),
	}})
	require.NoError(t, err)
	ctx, amount := t.Context(), decimal.RequireFromString("10.99")
	for i := range times {
		provider := []string{"sandbox", "manual"}[i%2]
		c, err := svc.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "EUR", Amount: amount})
		require.NoError(t, err)
		x, err := svc.CreateSession(ctx, payment.CreateSessionParams{CollectionID: c.ID, ProviderID: provider, Amount: amount, IdempotencyKey: "k"})
		require.NoError(t, err)
		_, err = svc.GetSession(ctx, x.ID)
		require.NoError(t, err)
		p, err := svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: x.ID})
		require.NoError(t, err)
		_, err = svc.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: p.ID})
		require.NoError(t, err)
		_, err = svc.RefundPayment(ctx, payment.RefundPaymentParams{PaymentID: p.ID})
		require.NoError(t, err)
		for _, of := range []payment.ListParams{{}, {CollectionID: c.ID}, {ProviderID: provider}, {From: begin, Limit: 2}} {
			sessions, err := svc.ListSessions(ctx, of)
			require.NoError(t, err)
			require.NotEmpty(t, sessions.Items)
			payments, err := svc.ListPayments(ctx, of)
			require.NoError(t, err)
			require.NotEmpty(t, payments.Items)
		}
		_, err = svc.Reconcile(ctx)
		require.NoError(t, err)
	}
}

// analyzed opens a file with some payments, of which somebody has made SQLite gather statistics.
func analyzed(t *testing.T, payments int) *Store {
	t.Helper()
	first := openFile(t, Config{})
	played(t, first, payments)
	db := hostDB(t, first.path, "")
	_, err := db.ExecContext(t.Context(), "ANALYZE")
	require.NoError(t, err)
	var sampled int
	require.NoError(t, db.QueryRowContext(t.Context(), "SELECT count(DISTINCT tbl) FROM sqlite_stat4").Scan(&sampled))
	require.Greater(t, sampled, 8)
	return openPath(t, first.path, Config{}) // a connection reads the statistics when it is opened
}

// TestStatementsAreCompiledOnce has somebody run ANALYZE, whose statistics make SQLite compile a statement again for each value that a column
// is compared with, unless it has a +: that was a sixth of what lists and look-ups took.
func TestStatementsAreCompiledOnce(t *testing.T) {
	s := analyzed(t, 40)
	var mu sync.Mutex
	compiled := map[string]int{} // tables of the statements
	note := func(_ sqlite.AuthorizerActionCode, table, _, _, _ string) sqlite.AuthorizerReturnCode {
		if strings.HasPrefix(table, "payment_") {
			mu.Lock()
			defer mu.Unlock()
			compiled[table]++
		}
		return sqlite.AuthorizerOK
	}
	for _, p := range []*pool{s.reader, s.writer} { // one connection each, which compiles each statement once
		c, err := p.take(t.Context())
		require.NoError(t, err)
		require.NoError(t, c.conn.Raw(func(driver any) error {
			return driver.(interface {
				RegisterAuthorizer(fn sqlite.AuthorizerFn) error
			}).RegisterAuthorizer(note)
		}))
		for range cap(p.free) - 1 {
			other, err := p.take(t.Context())
			require.NoError(t, err)
			t.Cleanup(func() { p.give(other) })
		}
		p.give(c)
	}
	played(t, s, 4)
	require.NotEmpty(t, compiled)
	clear(compiled)
	played(t, s, 4)
	require.Empty(t, compiled)
}
