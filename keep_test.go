package payment_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// two returns two shops over one store, as two processes are.
func two(t *testing.T) (here, there *shop, store *counting) {
	t.Helper()
	store = &counting{Store: memstore.New()}
	return newShop(t, options{store: store}), newShop(t, options{store: store}), store
}

// keptRowsAgree compares what a Service has kept with what is stored under the same version: row by row, all fields.
func keptRowsAgree(svc *payment.Service, store payment.Store) error {
	for _, kept := range svc.KeptForTest() {
		by := payment.Key{CollectionID: kept.Collections[0].ID}
		if len(kept.Sessions) > 0 {
			by.SessionID = kept.Sessions[0].ID
		}
		stored, err := store.Load(context.Background(), by)
		if err != nil {
			return err
		}
		if stored.Collections[0].Version != kept.Collections[0].Version {
			continue // others have written since
		}
		if len(stored.Operations) > 0 {
			return fmt.Errorf("%s is kept with an open operation", by.SessionID)
		}
		want, got := rowTexts(stored), rowTexts(kept)
		if fmt.Sprint(want) != fmt.Sprint(got) {
			return fmt.Errorf("kept rows are not those that are stored:\n%s\n%s", want, got)
		}
	}
	return nil
}

func rowTexts(r *payment.Rows) []string {
	var texts []string
	add := func(row any) {
		b, err := payment.EncodeRow(row)
		texts = append(texts, fmt.Sprint(string(b), err))
	}
	for _, x := range r.Collections {
		add(x)
	}
	for _, x := range r.Sessions {
		add(x)
	}
	for _, x := range r.Payments {
		add(x)
	}
	for _, x := range r.Captures {
		add(x)
	}
	for _, x := range r.Refunds {
		add(x)
	}
	return texts
}

// TestRefusalsCountOnFreshRowsOnly has another process make possible what kept rows refuse.
func TestRefusalsCountOnFreshRowsOnly(t *testing.T) {
	here, there, _ := two(t)
	c := here.collection("10", "EUR")
	_, err := there.UpdateCollection(t.Context(), payment.UpdateCollectionParams{CollectionID: c.ID, Amount: amount("30")})
	require.NoError(t, err)
	x, err := here.CreateSession(t.Context(), payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "manual", Amount: dec("25")})
	require.NoError(t, err, "the rows that were kept have 10 left")
	require.Equal(t, "25", x.Amount.String())
}

// TestGoalsReachedCountOnFreshRowsOnly has kept rows say that nothing is to be done, which is no longer so.
func TestGoalsReachedCountOnFreshRowsOnly(t *testing.T) {
	here, there, _ := two(t)
	p := here.paid("manual", "10", "EUR") // authorized, as it is kept
	_, err := there.CancelSession(t.Context(), payment.CancelSessionParams{SessionID: p.SessionID})
	require.NoError(t, err)
	_, err = here.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: p.SessionID})
	require.ErrorIs(t, err, payment.ErrCanceled)
}

// TestStaleRowsAreAConflict has two processes capture in turns: each decides on what it has kept, and nothing is taken twice.
func TestStaleRowsAreAConflict(t *testing.T) {
	here, there, store := two(t)
	p := here.paid("manual", "10", "EUR")
	for i, s := range []*shop{here, there, here, there, here} {
		_, err := s.capture(p, "2")
		require.NoError(t, err, i)
	}
	_, err := there.capture(p, "1")
	require.ErrorIs(t, err, payment.ErrAmountExceeded)
	c := here.fresh(p.CollectionID)
	require.Equal(t, "10", c.Captured.String())
	require.EqualValues(t, 8, c.Version, "one for each step, and none lost")
	require.NoError(t, keptRowsAgree(here.Service, store))
}

// TestAKeyThatOthersHaveUsed has a request made by one process and repeated by another, whose rows say nothing of it.
func TestAKeyThatOthersHaveUsed(t *testing.T) {
	here, there, _ := two(t)
	p := here.paid("sandbox", "10", "EUR")
	there.gateway, there.Service = here.gateway, another(t, here)
	ask := payment.CapturePaymentParams{PaymentID: p.ID, Amount: amount("4"), IdempotencyKey: "parcel 1"}
	_, err := there.CapturePayment(t.Context(), ask)
	require.NoError(t, err)
	got, err := here.CapturePayment(t.Context(), ask)
	require.NoError(t, err)
	require.Equal(t, "4", got.Captured.String())
	require.Len(t, got.Captures, 1)
	ask.Amount = amount("5")
	_, err = here.CapturePayment(t.Context(), ask)
	require.ErrorIs(t, err, payment.ErrIdempotencyMismatch)
	require.Equal(t, 1, here.executed(sandboxprovider.MethodCapture))
}

// another returns another Service over a shop's store and gateway.
func another(t *testing.T, s *shop) *payment.Service {
	t.Helper()
	svc, err := payment.NewService(s.store, payment.Config{
		Providers: []payment.Provider{sandboxprovider.New(s.gateway, sandboxprovider.Config{})}, Now: s.clock.Now, Wait: s.clock.Wait,
	})
	require.NoError(t, err)
	return svc
}

// TestARequestIsInsertedOnKeptRows has a key that is new here, but not in the store, on rows of the version that is stored.
func TestARequestIsInsertedOnKeptRows(t *testing.T) {
	s := newShop(t, options{})
	c := s.collection("10", "EUR")
	ask := payment.UpdateCollectionParams{CollectionID: c.ID, Amount: amount("20"), IdempotencyKey: "more"}
	_, err := s.UpdateCollection(t.Context(), ask)
	require.NoError(t, err)
	_, err = s.UpdateCollection(t.Context(), payment.UpdateCollectionParams{CollectionID: c.ID, Amount: amount("30")})
	require.NoError(t, err)
	got, err := s.UpdateCollection(t.Context(), ask) // a repeat: the rows as they are now
	require.NoError(t, err)
	require.Equal(t, "30", got.Amount.String())
}

// TestCallersCannotChangeWhatIsKept changes all that a caller was given.
func TestCallersCannotChangeWhatIsKept(t *testing.T) {
	store := &counting{Store: memstore.New()}
	s := newShop(t, options{store: store})
	c, err := s.CreateCollection(t.Context(), payment.CreateCollectionParams{
		CurrencyCode: "EUR", Amount: dec("10"), ProviderIDs: []string{"manual", "sandbox"}, Metadata: payment.Data{"order": payment.Data{"n": 1}},
	})
	require.NoError(t, err)
	x, err := s.CreateSession(t.Context(), payment.CreateSessionParams{
		CollectionID: c.ID, ProviderID: "sandbox", Amount: c.Amount, Metadata: payment.Data{"n": 1},
	})
	require.NoError(t, err)
	c.Amount, c.ProviderIDs[0], c.Metadata["order"] = dec("1"), "other", "x"
	x.Amount = dec("1")
	x.Data["x"], x.Metadata["x"] = "y", "y"
	p := s.authorize(x)
	p.Capturable = dec("1")
	p.Data["x"] = "y"
	p, err = s.capture(p, "10")
	require.NoError(t, err)
	p.Captures[0].Amount = dec("1")
	p, err = s.refund(p, "5")
	require.NoError(t, err)
	p.Refunds[0].Amount = dec("1")
	_, err = s.refund(p, "5")
	require.NoError(t, err)
	require.Zero(t, store.loads)
	require.NoError(t, keptRowsAgree(s.Service, store))
	got, session := s.fresh(c.ID), s.freshSession(x.ID)
	require.Equal(t, []string{"manual", "sandbox"}, got.ProviderIDs)
	require.NotEqual(t, "x", got.Metadata["order"])
	require.Equal(t, "10", got.Refunded.String())
	require.NotContains(t, session.Data, "x")
	require.NotContains(t, session.Metadata, "x")
	fresh, err := s.GetPayment(t.Context(), p.ID)
	require.NoError(t, err)
	require.NotContains(t, fresh.Data, "x")
	require.Equal(t, "10", fresh.Captures[0].Amount.String())
	require.Equal(t, "5", fresh.Refunds[0].Amount.String())
}

// TestKeptForAMinute lets who has mended a row by hand be heard.
func TestKeptForAMinute(t *testing.T) {
	store := &counting{Store: memstore.New()}
	s := newShop(t, options{store: store})
	p := s.paid("manual", "10", "EUR")
	store.loads = 0
	s.clock.Advance(time.Minute)
	p, err := s.capture(p, "1")
	require.NoError(t, err)
	require.Zero(t, store.loads)
	s.clock.Advance(time.Minute + time.Microsecond)
	_, err = s.capture(p, "1")
	require.NoError(t, err)
	require.Equal(t, 1, store.loads)
}

// TestHowMuchIsKept bounds the memory, whatever passes through.
func TestHowMuchIsKept(t *testing.T) {
	s := newShop(t, options{config: payment.Config{KeepCollections: 10}})
	for range 100 {
		p := s.paid("manual", "10", "EUR")
		require.LessOrEqual(t, s.ShelfForTest(), 3*(10+2))
		for range 40 { // so many movements are not worth it
			_, err := s.capture(p, "0.10")
			require.NoError(t, err)
		}
	}
	for _, kept := range s.KeptForTest() {
		require.LessOrEqual(t, len(kept.Captures), 32)
	}
}

// TestWhoIsMostlyStaleLoads has another process write between any two steps: it soon does not pay to decide on kept rows, and they are no longer
// used but now and then.
func TestWhoIsMostlyStaleLoads(t *testing.T) {
	here, there, store := two(t)
	c := here.collection("1000000", "EUR")
	update := func(s *shop, n int64) {
		_, err := s.UpdateCollection(t.Context(), payment.UpdateCollectionParams{CollectionID: c.ID, Metadata: &payment.Data{"n": n}})
		require.NoError(t, err)
	}
	for i := range int64(200) {
		update(here, i)
		update(there, i)
	}
	require.LessOrEqual(t, store.commits, 1+400+400/8, "conflicts among the commits")
	store.loads, store.commits = 0, 0
	for i := range int64(200) { // alone again
		update(here, i)
	}
	require.LessOrEqual(t, store.loads, 30)
}

// TestKeptRowsUnderStress has two Services and many goroutines on few collections.
func TestKeptRowsUnderStress(t *testing.T) {
	s := newShop(t, options{realTime: true})
	services := []*payment.Service{s.Service, another(t, s)}
	var ids []string
	for range 3 {
		ids = append(ids, s.collection("1000", "EUR").ID)
	}
	var all sync.WaitGroup
	for n := range 16 {
		all.Go(func() {
			svc := services[n%2]
			for i := range 10 {
				x, err := svc.CreateSession(t.Context(), payment.CreateSessionParams{CollectionID: ids[(n+i)%3], ProviderID: "sandbox", Amount: dec("1")})
				if err != nil {
					t.Error(err)
					return
				}
				p, err := svc.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID})
				if err == nil {
					_, err = svc.CapturePayment(t.Context(), payment.CapturePaymentParams{PaymentID: p.ID, IdempotencyKey: p.ID})
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	sum := dec("0")
	for _, id := range ids {
		sum = sum.Add(s.fresh(id).Captured)
	}
	require.Equal(t, "160", sum.String())
	for _, svc := range services {
		require.NoError(t, keptRowsAgree(svc, s.store))
	}
	require.Equal(t, 160, s.executed(sandboxprovider.MethodCapture))
}
