package payment_test

import (
	"context"
	"errors"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
)

// toldStore writes down which rows are loaded and committed.
type toldStore struct {
	payment.Store
	said *[]string
}

func (s toldStore) Load(ctx context.Context, by payment.Key) (*payment.Rows, error) {
	*s.said = append(*s.said, "Store: Load")
	return s.Store.Load(ctx, by)
}

func (s toldStore) Commit(ctx context.Context, c *payment.Changes) error {
	*s.said = append(*s.said, "Store: Commit")
	return s.Store.Commit(ctx, c)
}

// The README's diagram of a call is what happens: when all goes well, and when the answer is lost.
func TestReadmeSequence(t *testing.T) {
	drawn, afterwards, ok := strings.Cut(readmeBlock(t, "mermaid\nsequenceDiagram"), "\n    opt ")
	require.True(t, ok)
	require.NotContains(t, drawn+afterwards, ";", "Mermaid takes it for the end of a line")
	var said []string
	s, p := newScripted(t)
	lost := false
	gateway := &scripted{info: p.info, answer: func(kind payment.OperationKind, r payment.Request) (payment.Snapshot, error) {
		method := string(kind)
		said = append(said, "Provider: "+strings.ToUpper(method[:1])+method[1:])
		if lost && kind == payment.OperationAuthorize {
			return payment.Snapshot{}, errors.New("the connection broke")
		}
		if kind == payment.OperationStatus {
			kind = payment.OperationAuthorize // it was done
		}
		return usual(kind, r)
	}}
	svc, err := payment.NewService(toldStore{memstore.New(), &said}, payment.Config{
		Providers: []payment.Provider{gateway}, Now: s.clock.Now, Wait: s.clock.Wait, Logger: slog.New(slog.DiscardHandler),
		KeepCollections: -1, // what it wrote last it would not load
	})
	require.NoError(t, err)
	c, err := svc.CreateCollection(t.Context(), payment.CreateCollectionParams{CurrencyCode: "EUR", Amount: dec("20")})
	require.NoError(t, err)
	authorize := func() error {
		session, err := svc.CreateSession(t.Context(), payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "scripted", Amount: dec("10")})
		require.NoError(t, err)
		said = nil
		_, err = svc.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: session.ID})
		return err
	}

	require.NoError(t, authorize())
	require.Equal(t, arrows(drawn), said)

	lost = true
	require.ErrorIs(t, authorize(), payment.ErrOutcomeUnknown)
	said = nil
	s.clock.Advance(5 * time.Second) // the lease has been ended, and no audit is due yet
	_, err = svc.Reconcile(t.Context())
	require.NoError(t, err)
	require.Equal(t, arrows(afterwards), said)
}

// arrows returns whom the Service calls in a diagram, and what for.
func arrows(diagram string) (calls []string) {
	for _, m := range regexp.MustCompile(`Service->>(Store|Provider): (\w+)`).FindAllStringSubmatch(diagram, -1) {
		calls = append(calls, m[1]+": "+m[2])
	}
	return calls
}
