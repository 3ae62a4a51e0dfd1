package pgstore_test

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/manualprovider"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// deletions are the statements of docs/production.md, for rows of any age.
func deletions(t *testing.T) []string {
	t.Helper()
	page, err := os.ReadFile("../docs/production.md")
	require.NoError(t, err)
	_, block, ok := strings.Cut(string(page), "```sql\nDELETE FROM")
	require.True(t, ok)
	block, _, _ = strings.Cut("DELETE FROM"+block, "\n```")
	statements := strings.Split(strings.TrimSuffix(regexp.MustCompile(`interval '\d+ days'`).ReplaceAllString(block, "interval '0'"), ";"), ";\n")
	require.Len(t, statements, 3)
	return statements
}

// afterARestore is the statement of docs/production.md that makes all sessions due.
func afterARestore(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../docs/production.md")
	require.NoError(t, err)
	_, statement, ok := strings.Cut(string(page), "   ```sql\n")
	require.True(t, ok)
	statement, _, _ = strings.Cut(statement, "\n")
	return statement
}

// What a payment leaves, what of it may be deleted by the host, and that payments go on afterwards.
func TestSizeAndRetention(t *testing.T) {
	const flows, said = 200, 40_000
	s, pool := open(t, prepared)
	gateway := sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{})
	delivered := 0
	svc, err := payment.NewService(s, payment.Config{
		Providers: []payment.Provider{manualprovider.New(), sandboxprovider.New(gateway, sandboxprovider.Config{})},
		OnEvent:   countEvents(&delivered),
	})
	require.NoError(t, err)
	size := func() (bytes int64) {
		require.NoError(t, pool.QueryRow(t.Context(), "SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c "+
			"JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'payment' AND c.relkind = 'r'").Scan(&bytes))
		return bytes
	}
	before := size()
	var payments []string
	for i := range flows {
		payments = append(payments, partlyRefunded(t, svc, fmt.Sprint(i)))
	}
	reconcileAll(t, svc)
	for _, w := range gateway.Webhooks() {
		_, err := svc.HandleWebhook(t.Context(), "sandbox", w)
		require.NoError(t, err)
	}
	reconcileAll(t, svc)
	each := (size() - before) / flows
	t.Logf("%d bytes a payment", each)
	require.InDelta(t, said, each, said/2)

	for _, sql := range deletions(t) {
		tag, err := pool.Exec(t.Context(), sql)
		require.NoError(t, err)
		require.Positive(t, tag.RowsAffected(), sql)
	}
	tag, err := pool.Exec(t.Context(), afterARestore(t))
	require.NoError(t, err)
	require.Positive(t, tag.RowsAffected())
	r, err := svc.Reconcile(t.Context())
	require.NoError(t, err)
	require.GreaterOrEqual(t, r.Looked, int(tag.RowsAffected()))
	told := delivered
	for _, id := range payments[:10] {
		p, err := svc.RefundPayment(t.Context(), payment.RefundPaymentParams{PaymentID: id})
		require.NoError(t, err)
		require.True(t, p.Refunded.Equal(p.Captured))
		_, err = svc.Timeline(t.Context(), p.CollectionID)
		require.NoError(t, err)
	}
	reconcileAll(t, svc)
	require.Equal(t, told+10, delivered, "refund.succeeded of each")
}

func countEvents(n *int) func(context.Context, payment.Event) error {
	return func(context.Context, payment.Event) error {
		*n++
		return nil
	}
}

// partlyRefunded goes through an order with keys, and returns its payment.
func partlyRefunded(t *testing.T, svc *payment.Service, key string) string {
	t.Helper()
	ctx := t.Context()
	c, err := svc.CreateCollection(ctx, payment.CreateCollectionParams{
		CurrencyCode: "EUR", Amount: ten, IdempotencyKey: key, Metadata: payment.Data{"order_number": key},
	})
	require.NoError(t, err)
	x, err := svc.CreateSession(ctx, payment.CreateSessionParams{
		CollectionID: c.ID, ProviderID: "sandbox", Amount: ten, IdempotencyKey: key, Context: payment.NewPrivate(payment.Data{"email": "a@shop.example"}),
	})
	require.NoError(t, err)
	p, err := svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: x.ID, Input: payment.Data{"token": sandboxprovider.TokenVisa}, IdempotencyKey: key})
	require.NoError(t, err)
	p, err = svc.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: p.ID, IdempotencyKey: key})
	require.NoError(t, err)
	p, err = svc.RefundPayment(ctx, payment.RefundPaymentParams{PaymentID: p.ID, Amount: new(decimal.New(3, 0)), IdempotencyKey: key})
	require.NoError(t, err)
	return p.ID
}

// reconcileAll reconciles until nothing is due.
func reconcileAll(t *testing.T, svc *payment.Service) {
	t.Helper()
	for {
		r, err := svc.Reconcile(t.Context())
		require.NoError(t, err)
		if r.Looked == 0 {
			return
		}
	}
}
