package payment_test

import (
	"context"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// Attempts that overlap, or whose news arrives late: what one attempt is told must not be taken for another's, and what the gateway could
// still take stays held.

func (s *shop) authorizeWith(x *payment.PaymentSession, name string) error {
	_, err := s.AuthorizeSession(s.t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID, Input: token(name)})
	return err
}

func TestRefusalWhileAChallengeIsOpenKeepsTheHold(t *testing.T) {
	s := newShop(t, options{})
	c := s.collection("100", "USD")
	x := s.session(c, "sandbox", "100")
	require.ErrorIs(t, s.authorizeWith(x, "tok_3ds"), payment.ErrRequiresMore)
	require.ErrorIs(t, s.authorizeWith(x, "tok_nope"), payment.ErrDeclined)
	require.Equal(t, payment.StatusRequiresMore, s.freshSession(x.ID).Status)
	require.Equal(t, 1, s.freshSession(x.ID).Declines)
	equalAmount(t, "100", s.fresh(c.ID).Held)
	require.NoError(t, s.gateway.CompleteChallenge(s.freshSession(x.ID).Reference, true))
	s.authorize(x)
	s.agree(c.ID)
}

// The same where the gateway says nothing but "declined".
func TestRefusalWithoutASnapshotKeepsAnEarlierHold(t *testing.T) {
	s, p := newScripted(t)
	c := s.collection("100", "USD")
	x := s.session(c, "scripted", "100")
	p.on(payment.OperationAuthorize, func(s *payment.Snapshot, _ payment.Request) error {
		s.State, s.Authorized = payment.SnapshotRequiresMore, dec("0")
		return nil
	})
	_, err := s.tryAuthorize(x)
	require.ErrorIs(t, err, payment.ErrRequiresMore)
	p.on(payment.OperationAuthorize, func(s *payment.Snapshot, _ payment.Request) error {
		*s = payment.Snapshot{}
		return payment.Declined("refused", "")
	})
	_, err = s.tryAuthorize(x)
	require.ErrorIs(t, err, payment.ErrDeclined)
	equalAmount(t, "100", s.fresh(c.ID).Held)
}

func TestUpdateOfWhatIsCanceledHoldsNothing(t *testing.T) {
	s := newShop(t, options{sandbox: sandboxprovider.Config{ClientConfirms: true}})
	c := s.collection("100", "USD")
	x := s.session(c, "sandbox", "50")
	s.fail(sandboxprovider.MethodUpdate, sandboxprovider.FaultAnswerLost)
	_, err := s.UpdateSession(t.Context(), payment.UpdateSessionParams{SessionID: x.ID, Amount: amount("60")})
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	require.NoError(t, s.gateway.CancelAtDashboard(s.intent(x.ID).Reference))
	s.reconcile(time.Minute)
	require.Equal(t, payment.StatusCanceled, s.freshSession(x.ID).Status)
	equalAmount(t, "0", s.fresh(c.ID).Held)
	_, err = s.CancelCollection(t.Context(), c.ID)
	require.NoError(t, err)
}

func TestUpdateOfWhatWasJustAuthorizedEndsAtOnce(t *testing.T) {
	s := newShop(t, options{sandbox: sandboxprovider.Config{ClientConfirms: true}})
	x := s.session(s.collection("100", "USD"), "sandbox", "50")
	require.NoError(t, s.gateway.ConfirmInBrowser(s.intent(x.ID).ClientToken, "tok_visa"))
	_, err := s.UpdateSession(t.Context(), payment.UpdateSessionParams{SessionID: x.ID, Amount: amount("60")})
	require.ErrorIs(t, err, payment.ErrNotAllowed)
	x = s.freshSession(x.ID)
	require.Equal(t, payment.StatusAuthorized, x.Status)
	require.Empty(t, x.OperationID)
	s.agree(x.CollectionID)
}

// A decline, or a challenge, that Status names may be that of an earlier attempt, where Status is not asked by key.
func TestOldNewsIsNoAnswerToANewAttempt(t *testing.T) {
	for first, status := range map[string]payment.SessionStatus{"tok_declined": payment.StatusError, "tok_3ds": payment.StatusRequiresMore} {
		t.Run(first, func(t *testing.T) {
			s := newShop(t, options{gateway: sandboxprovider.GatewayConfig{NoKeys: true}})
			c := s.collection("100", "USD")
			x := s.session(c, "sandbox", "100")
			require.Error(t, s.authorizeWith(x, first))
			s.fail(sandboxprovider.MethodConfirm, sandboxprovider.FaultRequestDelayed)
			s.requireUnknown(s.authorizeWith(x, "tok_visa"), x.ID, status)
			require.Empty(t, s.reconcile(2*time.Second).Settled)
			equalAmount(t, "100", s.fresh(c.ID).Held)
			s.gateway.DeliverDelayed()
			s.reconcile(time.Minute)
			if first == "tok_declined" {
				require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
			}
		})
	}
}

// The gateway's object is there, though the shopper was declined before we heard of it: it is not made again.
func TestInitializeIsNotDoneTwice(t *testing.T) {
	s := newShop(t, options{sandbox: sandboxprovider.Config{ClientConfirms: true}})
	c := s.collection("100", "USD")
	s.fail(sandboxprovider.MethodCreate, sandboxprovider.FaultAnswerLost)
	_, err := s.CreateSession(t.Context(), payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "sandbox", Amount: dec("100")})
	var e *payment.SessionError
	require.ErrorAs(t, err, &e)
	require.Error(t, s.gateway.ConfirmInBrowser(s.intent(e.Session.ID).ClientToken, "tok_declined"))
	s.reconcile(time.Minute)
	x := s.freshSession(e.Session.ID)
	require.Equal(t, payment.StatusError, x.Status)
	require.False(t, x.InitializedAt.IsZero())
	equalAmount(t, "100", s.fresh(c.ID).Held) // the shopper can try again in the browser
	_, err = s.tryAuthorize(x)
	require.NotErrorIs(t, err, payment.ErrNeedsAttention)
	require.Len(t, s.gateway.Intents(), 1)
}

func TestInitializeThatIsDeclinedAtOnce(t *testing.T) {
	for name, refuse := range map[string]func(s *payment.Snapshot) error{
		"by its state": func(s *payment.Snapshot) error { s.State = payment.SnapshotDeclined; return nil },
		"by an error": func(s *payment.Snapshot) error {
			s.State = payment.SnapshotDeclined
			return payment.Declined("refused", "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, p := newScripted(t)
			first := true
			p.on(payment.OperationInitialize, func(s *payment.Snapshot, _ payment.Request) error {
				if !first {
					s.Reference = "another"
					return nil
				}
				first = false
				return refuse(s)
			})
			c := s.collection("100", "USD")
			_, err := s.CreateSession(t.Context(), payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "scripted", Amount: dec("100")})
			require.ErrorIs(t, err, payment.ErrDeclined)
			var e *payment.SessionError
			require.ErrorAs(t, err, &e)
			require.Equal(t, payment.StatusError, e.Session.Status)
			p.on(payment.OperationAuthorize, func(s *payment.Snapshot, r payment.Request) error { s.Reference = r.Reference; return nil })
			s.authorize(e.Session)
		})
	}
}

// Declines of others do not keep out a shopper who has passed the challenge.
func TestDeclineLimitAfterAChallenge(t *testing.T) {
	s := newShop(t, options{config: payment.Config{MaxCollectionDeclines: 1}})
	c := s.collection("100", "USD")
	x, y := s.session(c, "sandbox", "50"), s.session(c, "sandbox", "50")
	require.ErrorIs(t, s.authorizeWith(x, "tok_3ds"), payment.ErrRequiresMore)
	require.ErrorIs(t, s.authorizeWith(y, "tok_declined"), payment.ErrDeclined)
	require.NoError(t, s.gateway.CompleteChallenge(s.freshSession(x.ID).Reference, true))
	s.authorize(x)
	require.ErrorIs(t, s.authorizeWith(y, "tok_visa"), payment.ErrTooManyDeclines)
}

// An outage of our own is no answer: asking begins when we are back.
func TestOutageIsNoAnswer(t *testing.T) {
	s := newShop(t, options{})
	x := s.session(s.collection("100", "USD"), "sandbox", "100")
	s.fail(sandboxprovider.MethodConfirm, sandboxprovider.FaultAnswerLost)
	_, err := s.tryAuthorize(x)
	s.requireUnknown(err, x.ID, payment.StatusPending)
	s.fail(sandboxprovider.MethodRetrieve, sandboxprovider.FaultServerError)
	require.Empty(t, s.reconcile(60*time.Hour).GivenUp)
	require.Len(t, s.reconcile(time.Minute).Settled, 1)
	require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
}

// A gateway's answer, asked without an operation, that contradicts what was asked is told as such.
func TestConflictFoundByAsking(t *testing.T) {
	s := newShop(t, options{wrap: func(p payment.Provider) payment.Provider {
		return faulty{Provider: p, status: func(ctx context.Context, r payment.StatusRequest) (payment.Snapshot, error) {
			snapshot, err := p.Status(ctx, r)
			snapshot.Amount = dec("99")
			return snapshot, err
		}}
	}})
	x := s.session(s.collection("100", "USD"), "sandbox", "100")
	require.ErrorIs(t, s.authorizeWith(x, "tok_delayed"), payment.ErrPending)
	require.ErrorIs(t, s.authorizeWith(x, "tok_delayed"), payment.ErrPending, "what it says so soon may be older")
	s.clock.Advance(20 * time.Second)
	require.ErrorIs(t, s.authorizeWith(x, "tok_delayed"), payment.ErrNeedsAttention)
}

// A provider that panics takes nothing else down.
func TestProviderThatPanicsWhileReconciling(t *testing.T) {
	broken := ""
	s := newShop(t, options{wrap: func(p payment.Provider) payment.Provider {
		return faulty{Provider: p, status: func(ctx context.Context, r payment.StatusRequest) (payment.Snapshot, error) {
			if r.SessionID == broken {
				panic("nil map")
			}
			return p.Status(ctx, r)
		}}
	}})
	c := s.collection("100", "USD")
	var sessions []*payment.PaymentSession
	for range 3 {
		x := s.session(c, "sandbox", "10")
		s.fail(sandboxprovider.MethodConfirm, sandboxprovider.FaultAnswerLost)
		_, err := s.tryAuthorize(x)
		require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
		sessions = append(sessions, x)
	}
	broken = sessions[0].ID
	s.clock.Advance(time.Minute)
	r, err := s.Reconcile(t.Context())
	require.ErrorContains(t, err, "panicked")
	require.Len(t, r.Settled, 2)
	require.Equal(t, []string{s.freshSession(broken).OperationID}, r.Failed)
}

// Whoever takes an operation over knows its own commit again, though nobody confirmed it.
func TestTakeoverWhoseCommitIsUnknown(t *testing.T) {
	store := &breaking{Store: memstore.New(), fault: func(s payment.Store, ctx context.Context, c *payment.Changes) error {
		if err := s.Commit(ctx, c); err != nil {
			return err
		}
		return payment.ErrCommitUnknown
	}}
	s := newShop(t, options{store: store})
	x := s.session(s.collection("100", "USD"), "sandbox", "100")
	s.fail(sandboxprovider.MethodConfirm, sandboxprovider.FaultAnswerLost)
	_, err := s.tryAuthorize(x)
	s.requireUnknown(err, x.ID, payment.StatusPending)
	store.breakAt = store.commits + 1
	began := s.clock.Now()
	s.authorize(x)
	require.Less(t, s.clock.Now().Sub(began), time.Second)
}

func TestHugeExponentWithAKey(t *testing.T) {
	s := newShop(t, options{})
	c := s.collection("100", "USD")
	for _, exponent := range []int32{100_000_000, -100_000_000} {
		huge := decimal.New(1, exponent)
		_, err := s.UpdateCollection(t.Context(), payment.UpdateCollectionParams{CollectionID: c.ID, Amount: &huge, IdempotencyKey: "k"})
		requireInvalid(t, err, "Amount", "")
	}
}

// Where the browser confirms, an authorization without input reads: a page that is loaded again makes no attempt, and is told what is true.
func TestAReloadIsNoAttempt(t *testing.T) {
	s := newShop(t, options{sandbox: sandboxprovider.Config{ClientConfirms: true}, config: payment.Config{MaxSessionDeclines: 2}})
	c := s.collection("100", "USD")
	x := s.session(c, "sandbox", "100")
	browser := func(token string) { _ = s.gateway.ConfirmInBrowser(s.intent(x.ID).ClientToken, token) } // its error is the decline, shown in the page
	browser("tok_declined")
	for range 5 {
		_, err := s.tryAuthorize(x)
		require.ErrorIs(t, err, payment.ErrDeclined)
		require.Equal(t, 1, s.freshSession(x.ID).Declines)
	}
	browser("tok_insufficient_funds") // another one: its reason tells
	_, err := s.tryAuthorize(x)
	require.ErrorIs(t, err, payment.ErrDeclined)
	require.Equal(t, 2, s.freshSession(x.ID).Declines)
	require.ErrorIs(t, s.authorizeWith(x, "tok_visa"), payment.ErrTooManyDeclines, "an attempt of ours is one")
	browser("tok_visa")
	s.authorize(x)
	s.agree(c.ID)
	kinds := 0
	for _, k := range s.kinds(c.ID) {
		if k == payment.EventSessionDeclined {
			kinds++
		}
	}
	require.Equal(t, 2, kinds)
}
