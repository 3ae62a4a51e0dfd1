package payment_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sandboxprovider"
)

func (s *shop) setAmount(collectionID, to string) error {
	_, err := s.UpdateCollection(s.t.Context(), payment.UpdateCollectionParams{CollectionID: collectionID, Amount: amount(to)})
	return err
}

func (s *shop) cancel(p *payment.Payment) *payment.Payment {
	s.t.Helper()
	p, err := s.CancelPayment(s.t.Context(), payment.CancelPaymentParams{PaymentID: p.ID})
	require.NoError(s.t, err)
	return p
}

// Each status of a collection, reached by what it is derived from.
func TestCollectionStatuses(t *testing.T) {
	s := newShop(t, options{})
	ctx := t.Context()
	c := s.collection("100", "USD")
	is := func(want payment.CollectionStatus) {
		t.Helper()
		require.Equal(t, want, s.fresh(c.ID).Status())
	}
	is(payment.CollectionNotPaid)
	x := s.session(c, "sandbox", "60")
	is(payment.CollectionAwaiting)
	_, err := s.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: x.ID, Input: token(sandboxprovider.TokenDeclined)})
	require.ErrorIs(t, err, payment.ErrDeclined)
	is(payment.CollectionFailed)
	second := s.session(c, "sandbox", "40")
	is(payment.CollectionAwaiting) // a live one counts for more than a failed one
	_, err = s.CancelSession(ctx, payment.CancelSessionParams{SessionID: second.ID})
	require.NoError(t, err)
	is(payment.CollectionFailed)
	_, err = s.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: x.ID, Input: token(sandboxprovider.Token3DS)})
	require.ErrorIs(t, err, payment.ErrRequiresMore)
	is(payment.CollectionAwaiting)
	equalAmount(t, "60", s.fresh(c.ID).Held)
	require.NoError(t, s.gateway.CompleteChallenge(s.intent(x.ID).Reference, true))
	first := s.authorize(x)
	is(payment.CollectionPartiallyAuthorized)
	equalAmount(t, "0", s.fresh(c.ID).Held)
	rest := s.authorize(s.session(c, "manual", "40"))
	is(payment.CollectionAuthorized)
	_, err = s.capture(first, "10")
	require.NoError(t, err)
	is(payment.CollectionPartiallyCaptured)
	_, err = s.capture(first, "")
	require.NoError(t, err)
	_, err = s.capture(rest, "")
	require.NoError(t, err)
	is(payment.CollectionCompleted)
	_, err = s.refund(first, "")
	require.NoError(t, err)
	_, err = s.refund(rest, "")
	require.NoError(t, err)
	is(payment.CollectionCompleted)
	equalAmount(t, "100", s.fresh(c.ID).Refunded)
	require.Contains(t, s.eventKinds(t, c.ID), payment.EventCollectionCompleted)

	c = s.collection("100", "USD")
	_, err = s.CancelCollection(ctx, c.ID)
	require.NoError(t, err)
	is(payment.CollectionCanceled)
}

func TestCollectionAmount(t *testing.T) {
	s := newShop(t, options{})
	c := s.collection("100", "USD")
	p := s.authorize(s.session(c, "sandbox", "60"))
	require.NoError(t, s.setAmount(c.ID, "150"))
	require.Equal(t, payment.CollectionPartiallyAuthorized, s.fresh(c.ID).Status())
	require.ErrorIs(t, s.untouched(t, func() error { return s.setAmount(c.ID, "59.99") }), payment.ErrNotAllowed)
	require.NoError(t, s.setAmount(c.ID, "60"))
	require.Equal(t, payment.CollectionAuthorized, s.fresh(c.ID).Status())
	s.cancel(p)
	require.NoError(t, s.setAmount(c.ID, "0.01")) // what was released is held no more
	require.Equal(t, payment.CollectionNotPaid, s.fresh(c.ID).Status())
}

// An amount lowered to what was captured completes the collection, as the last capture would have: once, with its event, and for good.
func TestCollectionAmountLoweredToWhatWasCaptured(t *testing.T) {
	s := newShop(t, options{})
	c := s.collection("100", "USD")
	p := s.authorize(s.session(c, "sandbox", "60"))
	_, err := s.capture(p, "")
	require.NoError(t, err)
	require.NoError(t, s.setAmount(c.ID, "60"))
	c = s.fresh(c.ID)
	require.Equal(t, payment.CollectionCompleted, c.Status())
	require.False(t, c.CompletedAt.IsZero())
	require.Contains(t, s.eventKinds(t, c.ID), payment.EventCollectionCompleted)
	require.ErrorIs(t, s.untouched(t, func() error { return s.setAmount(c.ID, "100") }), payment.ErrNotAllowed)
}

func TestUpdateCollectionChangesWhatItNames(t *testing.T) {
	s := newShop(t, options{})
	ctx := t.Context()
	c := s.collection("100", "USD")
	s.clock.Advance(time.Second)
	c, err := s.UpdateCollection(ctx, payment.UpdateCollectionParams{
		CollectionID: c.ID, Metadata: &payment.Data{"order": "1"}, ProviderIDs: &[]string{"manual"},
	})
	require.NoError(t, err)
	equalAmount(t, "100", c.Amount)
	require.Equal(t, s.clock.Now(), c.UpdatedAt)
	require.Equal(t, s.clock.Now().Add(-time.Second), c.CreatedAt)
	c, err = s.UpdateCollection(ctx, payment.UpdateCollectionParams{CollectionID: c.ID, Amount: amount("90")})
	require.NoError(t, err)
	require.Equal(t, payment.Data{"order": "1"}, c.Metadata)
	require.Equal(t, []string{"manual"}, c.ProviderIDs)
	equalAmount(t, "90", s.fresh(c.ID).Amount)
	c, err = s.UpdateCollection(ctx, payment.UpdateCollectionParams{CollectionID: c.ID, ProviderIDs: new([]string(nil)), Metadata: new(payment.Data(nil))})
	require.NoError(t, err)
	require.Nil(t, c.ProviderIDs)
	require.Nil(t, c.Metadata)
	s.session(c, "sandbox", "90") // all are accepted again
}

func TestCompleteCollection(t *testing.T) {
	s := newShop(t, options{})
	ctx := t.Context()
	c := s.collection("100", "USD")
	p := s.authorize(s.session(c, "sandbox", "60"))
	err := s.untouched(t, func() error { _, err := s.CompleteCollection(ctx, c.ID); return err })
	require.EqualError(t, err, "payment: cannot complete "+c.ID+", which is partially_authorized: only 60.00 of 100.00 USD is authorized; lower the amount first")
	require.NoError(t, s.setAmount(c.ID, "60"))
	c, err = s.CompleteCollection(ctx, c.ID)
	require.NoError(t, err)
	require.Equal(t, s.clock.Now(), c.CompletedAt)
	rows := s.allRows()
	s.clock.Advance(time.Second)
	again, err := s.CompleteCollection(ctx, c.ID)
	require.NoError(t, err)
	require.Equal(t, c.CompletedAt, again.CompletedAt)
	require.Equal(t, rows, s.allRows())
	// What it holds is captured, refunded and released as before, and it completes only once.
	_, err = s.capture(p, "60")
	require.NoError(t, err)
	_, err = s.refund(p, "1")
	require.NoError(t, err)
	n := 0
	for _, k := range s.eventKinds(t, c.ID) {
		if k == payment.EventCollectionCompleted {
			n++
		}
	}
	require.Equal(t, 1, n)
	s.booksAgree(t, p.ID)
}

// Everything that a collection's gateways could still take is canceled there first.
func TestCancelAndDeleteCollection(t *testing.T) {
	for _, how := range []string{"cancel", "delete"} {
		t.Run(how, func(t *testing.T) {
			s := newShop(t, options{})
			ctx := t.Context()
			c := s.collection("100", "USD")
			held := s.authorize(s.session(c, "sandbox", "40"))
			manual := s.authorize(s.session(c, "manual", "10"))
			challenged := s.session(c, "sandbox", "20")
			_, err := s.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: challenged.ID, Input: token(sandboxprovider.Token3DS)})
			require.ErrorIs(t, err, payment.ErrRequiresMore)
			failed := s.session(c, "sandbox", "20")
			_, err = s.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: failed.ID, Input: token(sandboxprovider.TokenDeclined)})
			require.ErrorIs(t, err, payment.ErrDeclined)
			pending := s.session(c, "sandbox", "20")
			end := func() error {
				if how == "delete" {
					return s.DeleteCollection(ctx, c.ID)
				}
				_, err := s.CancelCollection(ctx, c.ID)
				return err
			}
			// A gateway that does not cancel stops it; what is canceled by then stays so.
			s.gateway.FailNext(sandboxprovider.MethodCancel, sandboxprovider.Fault{}, sandboxprovider.Fault{Kind: sandboxprovider.FaultDeclined})
			require.ErrorIs(t, end(), payment.ErrDeclined)
			require.True(t, s.fresh(c.ID).CanceledAt.IsZero())
			require.NoError(t, end())
			for _, id := range []string{held.SessionID, challenged.ID, failed.ID, pending.ID} {
				require.Equal(t, sandboxprovider.IntentCanceled, s.intent(id).Status)
			}
			if how == "delete" {
				_, err := s.GetCollection(ctx, c.ID)
				require.ErrorIs(t, err, payment.ErrNotFound)
				require.ErrorIs(t, s.untouched(t, end), payment.ErrNotFound)
				for _, err := range []error{s.setAmount(c.ID, "1"), func() error { _, err := s.GetSession(ctx, pending.ID); return err }(),
					func() error { _, err := s.GetPayment(ctx, held.ID); return err }()} {
					require.ErrorIs(t, err, payment.ErrNotFound)
				}
				shown, err := s.ListCollections(ctx, payment.ListParams{})
				require.NoError(t, err)
				require.Empty(t, shown.Items)
				hidden, err := s.ListCollections(ctx, payment.ListParams{IncludeDeleted: true})
				require.NoError(t, err)
				require.Len(t, hidden.Items, 1)
				return
			}
			c = s.fresh(c.ID)
			require.Equal(t, payment.CollectionCanceled, c.Status())
			equalAmount(t, "0", c.Authorized)
			equalAmount(t, "0", c.Held)
			require.Zero(t, c.LiveSessions)
			require.Zero(t, c.FailedSessions)
			p, err := s.GetPayment(ctx, manual.ID)
			require.NoError(t, err)
			require.False(t, p.CanceledAt.IsZero())
			rows := s.allRows()
			require.NoError(t, end())
			require.Equal(t, rows, s.allRows())
		})
	}
}

func TestSessionsOfOneCollection(t *testing.T) {
	s := newShop(t, options{})
	c := s.collection("100", "USD")
	// Several sessions may be there beside each other as long as nothing is held: the shopper chooses.
	a, b := s.session(c, "sandbox", "100"), s.session(c, "manual", "100")
	p := s.authorize(a)
	err := s.untouched(t, func() error {
		_, err := s.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: b.ID})
		return err
	})
	require.ErrorIs(t, err, payment.ErrAmountExceeded)
	require.Contains(t, err.Error(), a.ID)
	// Supersede changes the shopper's mind: the first is voided at its gateway.
	x, err := s.CreateSession(t.Context(), payment.CreateSessionParams{
		CollectionID: c.ID, ProviderID: "manual", Amount: dec("100"), Supersede: []string{a.ID, b.ID},
	})
	require.NoError(t, err)
	s.booksAgree(t, p.ID)
	require.Equal(t, payment.StatusCanceled, s.freshSession(a.ID).Status)
	require.Equal(t, payment.StatusCanceled, s.freshSession(b.ID).Status)
	s.authorize(x)
	// One of another collection is not there.
	foreign, elsewhere := s.session(s.collection("100", "USD"), "sandbox", "100"), s.collection("5", "USD")
	err = s.untouched(t, func() error {
		_, err := s.CreateSession(t.Context(), payment.CreateSessionParams{
			CollectionID: elsewhere.ID, ProviderID: "manual", Amount: dec("5"), Supersede: []string{foreign.ID},
		})
		return err
	})
	require.ErrorIs(t, err, payment.ErrNotFound)
}

// A gateway that does not cancel leaves the superseded session, and makes no new one.
func TestSupersedeThatFails(t *testing.T) {
	s := newShop(t, options{})
	c := s.collection("100", "USD")
	p := s.authorize(s.session(c, "sandbox", "100"))
	s.gateway.FailNext(sandboxprovider.MethodCancel, sandboxprovider.Fault{Kind: sandboxprovider.FaultDeclined})
	_, err := s.CreateSession(t.Context(), payment.CreateSessionParams{
		CollectionID: c.ID, ProviderID: "manual", Amount: dec("100"), Supersede: []string{p.SessionID}, IdempotencyKey: "k",
	})
	require.ErrorIs(t, err, payment.ErrDeclined)
	l, err := s.ListSessions(t.Context(), payment.ListParams{CollectionID: c.ID})
	require.NoError(t, err)
	require.Len(t, l.Items, 1)
	s.booksAgree(t, p.ID)
	// The same request tries again.
	x, err := s.CreateSession(t.Context(), payment.CreateSessionParams{
		CollectionID: c.ID, ProviderID: "manual", Amount: dec("100"), Supersede: []string{p.SessionID}, IdempotencyKey: "k",
	})
	require.NoError(t, err)
	s.authorize(x)
	s.booksAgree(t, p.ID)
}

func TestUpdateSession(t *testing.T) {
	s := newShop(t, options{})
	ctx := t.Context()
	c := s.collection("100", "USD")
	x := s.session(c, "sandbox", "60")
	// The amount goes to the gateway, in place: it is the same object.
	updated, err := s.UpdateSession(ctx, payment.UpdateSessionParams{SessionID: x.ID, Amount: amount("100")})
	require.NoError(t, err)
	require.Equal(t, x.Reference, updated.Reference)
	equalAmount(t, "100", s.intent(x.ID).Amount)
	equalAmount(t, "100", s.freshSession(x.ID).Amount)
	// Metadata does not.
	log := len(s.gateway.Requests())
	updated, err = s.UpdateSession(ctx, payment.UpdateSessionParams{SessionID: x.ID, Metadata: &payment.Data{"a": "1"}})
	require.NoError(t, err)
	require.Equal(t, payment.Data{"a": "1"}, updated.Metadata)
	require.Len(t, s.gateway.Requests(), log)
	// Context does.
	updated, err = s.UpdateSession(ctx, payment.UpdateSessionParams{
		SessionID: x.ID, Context: new(payment.NewPrivate(payment.Data{"return_url": "https://shop.example/back"})),
	})
	require.NoError(t, err)
	require.Equal(t, payment.Data{"return_url": "https://shop.example/back"}, updated.Context.Reveal())
	require.Equal(t, payment.Data{"a": "1"}, updated.Metadata)
	require.Equal(t, 2, s.executed(sandboxprovider.MethodUpdate))
	// All at once.
	updated, err = s.UpdateSession(ctx, payment.UpdateSessionParams{
		SessionID: x.ID, Amount: amount("99"), Metadata: &payment.Data{"a": "2"}, Context: new(payment.NewPrivate(payment.Data{"email": "a@shop.example"})),
	})
	require.NoError(t, err)
	require.Equal(t, payment.Data{"a": "2"}, updated.Metadata)
	require.Equal(t, payment.Data{"email": "a@shop.example"}, updated.Context.Reveal())
	updated, err = s.UpdateSession(ctx, payment.UpdateSessionParams{SessionID: x.ID, Amount: amount("100")})
	require.NoError(t, err)
	require.Equal(t, payment.Data{"a": "2"}, updated.Metadata) // what is not named stays
	require.Equal(t, payment.Data{"email": "a@shop.example"}, updated.Context.Reveal())
	// While the shopper is challenged the amount is held; an update ends the challenge, which was for another amount.
	_, err = s.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: x.ID, Input: token(sandboxprovider.Token3DS)})
	require.ErrorIs(t, err, payment.ErrRequiresMore)
	equalAmount(t, "100", s.fresh(c.ID).Held)
	updated, err = s.UpdateSession(ctx, payment.UpdateSessionParams{SessionID: x.ID, Amount: amount("80")})
	require.NoError(t, err)
	require.Equal(t, payment.StatusPending, updated.Status)
	require.Nil(t, updated.NextAction)
	equalAmount(t, "0", s.fresh(c.ID).Held)
	// The same after a decline.
	_, err = s.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: x.ID, Input: token(sandboxprovider.TokenDeclined)})
	require.ErrorIs(t, err, payment.ErrDeclined)
	updated, err = s.UpdateSession(ctx, payment.UpdateSessionParams{SessionID: x.ID, Amount: amount("90")})
	require.NoError(t, err)
	require.Equal(t, payment.StatusPending, updated.Status)
	require.Empty(t, updated.Reason)
	p := s.authorize(x)
	equalAmount(t, "90", s.booksAgree(t, p.ID).Authorized)
	// Metadata is the host's own, whatever the status.
	updated, err = s.UpdateSession(ctx, payment.UpdateSessionParams{SessionID: x.ID, Metadata: &payment.Data{"b": "2"}, Amount: amount("90.00")})
	require.NoError(t, err)
	require.Equal(t, payment.Data{"b": "2"}, updated.Metadata)
	require.Equal(t, payment.StatusAuthorized, updated.Status)
}

// An update that the gateway declines, or never gets, changes nothing; not even what only we keep.
func TestUpdateSessionThatFails(t *testing.T) {
	for _, fault := range []sandboxprovider.FaultKind{sandboxprovider.FaultDeclined, sandboxprovider.FaultConnectionRefused} {
		t.Run(string(fault), func(t *testing.T) {
			s := newShop(t, options{})
			x := s.session(s.collection("100", "USD"), "sandbox", "60")
			s.gateway.FailNext(sandboxprovider.MethodUpdate, sandboxprovider.Fault{Kind: fault})
			_, err := s.UpdateSession(t.Context(), payment.UpdateSessionParams{
				SessionID: x.ID, Amount: amount("70"), Context: new(payment.NewPrivate(payment.Data{"a": "1"})), Metadata: &payment.Data{"a": "1"},
			})
			var failed *payment.SessionError
			require.ErrorAs(t, err, &failed)
			x = s.freshSession(x.ID)
			equalAmount(t, "60", x.Amount)
			equalAmount(t, "60", s.intent(x.ID).Amount)
			equalAmount(t, "0", x.Held)
			require.Nil(t, x.Context.Reveal())
			require.Nil(t, x.Metadata)
			require.Empty(t, s.openOperations(t))
		})
	}
}

// What a provider lacks is refused, never weakened; what needs no provider is done all the same.
func TestMissingCapabilities(t *testing.T) {
	s := newShop(t, options{wrap: func(p payment.Provider) payment.Provider {
		return limited{struct{ payment.Provider }{p}, payment.ProviderInfo{}}
	}})
	ctx := t.Context()
	c := s.collection("100", "USD")
	x := s.session(c, "sandbox", "60")
	unsupported := func(capability string, call func() error) {
		t.Helper()
		err := s.untouched(t, call)
		require.ErrorIs(t, err, payment.ErrUnsupported)
		require.EqualError(t, err, "payment: provider sandbox does not support "+capability)
	}
	unsupported("Updater", func() error {
		_, err := s.UpdateSession(ctx, payment.UpdateSessionParams{SessionID: x.ID, Amount: amount("70")})
		return err
	})
	updated, err := s.UpdateSession(ctx, payment.UpdateSessionParams{SessionID: x.ID, Context: new(payment.NewPrivate(payment.Data{"a": "1"}))})
	require.NoError(t, err)
	require.Equal(t, payment.Data{"a": "1"}, updated.Context.Reveal())
	replaced, err := s.CreateSession(ctx, payment.CreateSessionParams{
		CollectionID: c.ID, ProviderID: "sandbox", Amount: dec("70"), Supersede: []string{x.ID},
	})
	require.NoError(t, err)
	require.Equal(t, payment.StatusCanceled, s.freshSession(x.ID).Status)
	p := s.authorize(replaced)
	unsupported("Canceler", func() error {
		_, err := s.CancelSession(ctx, payment.CancelSessionParams{SessionID: replaced.ID})
		return err
	})
	unsupported("Canceler", func() error { return s.DeleteSession(ctx, replaced.ID) })
	unsupported("Canceler", func() error {
		_, err := s.CancelPayment(ctx, payment.CancelPaymentParams{PaymentID: p.ID})
		return err
	})
	unsupported("Capturer", func() error { _, err := s.capture(p, "1"); return err })
	unsupported("Capturer", func() error { _, err := s.capture(p, ""); return err })
}

func TestDeclineLimits(t *testing.T) {
	decline := func(s *shop, x *payment.PaymentSession) error {
		_, err := s.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID, Input: token(sandboxprovider.TokenDeclined)})
		return err
	}
	for name, limits := range map[string]struct {
		config              payment.Config
		session, collection int
	}{
		"by default": {payment.Config{}, 10, 20},
		"as set":     {payment.Config{MaxSessionDeclines: 2, MaxCollectionDeclines: 3}, 2, 3},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, options{config: limits.config})
			c := s.collection("100", "USD")
			x, y, z := s.session(c, "sandbox", "100"), s.session(c, "sandbox", "100"), s.session(c, "sandbox", "100")
			for range limits.session {
				require.ErrorIs(t, decline(s, x), payment.ErrDeclined)
			}
			require.ErrorIs(t, s.untouched(t, func() error { return decline(s, x) }), payment.ErrTooManyDeclines)
			for range limits.collection - limits.session {
				require.ErrorIs(t, decline(s, y), payment.ErrDeclined)
			}
			require.ErrorIs(t, s.untouched(t, func() error { return decline(s, z) }), payment.ErrTooManyDeclines)
			require.ErrorIs(t, s.untouched(t, func() error {
				_, err := s.CreateSession(t.Context(), payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "sandbox", Amount: dec("1")})
				return err
			}), payment.ErrTooManyDeclines)
			require.Equal(t, limits.collection, s.fresh(c.ID).Declines)
			s.authorize(s.session(s.collection("100", "USD"), "sandbox", "100")) // others are not concerned
		})
	}
	t.Run("what was not sent is no decline", func(t *testing.T) {
		s := newShop(t, options{config: payment.Config{MaxSessionDeclines: 1, MaxCollectionDeclines: 1}})
		x := s.session(s.collection("100", "USD"), "sandbox", "100")
		s.gateway.FailNext(sandboxprovider.MethodConfirm, sandboxprovider.Fault{Kind: sandboxprovider.FaultTooManyRequests})
		_, err := s.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID})
		require.ErrorIs(t, err, payment.ErrNotSent)
		s.authorize(x)
	})
}

// Another process learns within 5 seconds that a provider was switched off, and the one that did it at once.
func TestProviders(t *testing.T) {
	s := newShop(t, options{store: memstore.New()})
	ctx := t.Context()
	other := s.anotherProcess(payment.Config{})
	enabled := func(s *shop) (list []bool) {
		t.Helper()
		all, err := s.Providers(ctx)
		require.NoError(t, err)
		require.Equal(t, "sandbox", all[0].ID)
		require.Equal(t, "manual", all[1].ID)
		for _, p := range all {
			list = append(list, p.Enabled)
		}
		return list
	}
	c := s.collection("100", "USD")
	require.Equal(t, []bool{true, true}, enabled(s))
	require.Equal(t, []bool{true, true}, enabled(other))
	for range 2 { // the second time changes nothing
		require.NoError(t, s.SetProviderEnabled(ctx, "sandbox", false))
		require.Equal(t, []bool{false, true}, enabled(s))
	}
	s.clock.Advance(5*time.Second - time.Microsecond)
	require.Equal(t, []bool{true, true}, enabled(other))
	s.clock.Advance(time.Microsecond)
	require.Equal(t, []bool{false, true}, enabled(other))
	err := other.untouched(t, func() error {
		_, err := other.CreateSession(ctx, payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "sandbox", Amount: dec("1")})
		return err
	})
	requireInvalid(t, err, "ProviderID", "is disabled")
	// Both change the same row; neither change is lost.
	require.NoError(t, other.SetProviderEnabled(ctx, "manual", false))
	require.Equal(t, []bool{false, false}, enabled(other))
	require.NoError(t, s.SetProviderEnabled(ctx, "sandbox", true))
	require.Equal(t, []bool{true, false}, enabled(s))
}
