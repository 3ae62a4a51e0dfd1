package payment_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

const day = 24 * time.Hour

// asked says when the gateway was asked about a session during the next so many minutes, in minutes from now, reconciling every minute.
func (s *shop) asked(minutes int) (at []int) {
	s.t.Helper()
	for m := range minutes {
		before := len(s.calls(sandboxprovider.MethodRetrieve))
		s.reconcile(time.Minute)
		if len(s.calls(sandboxprovider.MethodRetrieve)) > before {
			at = append(at, m+1)
		}
	}
	return at
}

// A session with money on it is asked about a minute after its last change, and after pauses that double to a day. Asking changes nothing.
func TestAuditsGrowRarer(t *testing.T) {
	s := newShop(t, options{})
	p := s.paid("sandbox", "100", "EUR")
	rows := s.allRows()
	want, next := []int{}, 0
	for pause := 1; len(want) < 13; pause = min(2*pause, 24*60) {
		next += pause
		want = append(want, next)
	}
	require.Equal(t, want, s.asked(next))
	require.Equal(t, rows, s.allRows(), "no version moves, no event is written")
	// A change begins anew.
	_, err := s.capture(p, "40")
	require.NoError(t, err)
	require.Equal(t, want[:8], s.asked(want[7]))
}

// Audits end 90 days after the last movement, or after AuditFor. The figure is what a quiet authorization costs in calls of Status.
func TestAuditsEnd(t *testing.T) {
	for name, test := range map[string]struct {
		config payment.Config
		days   int
		calls  int
	}{
		"by default": {payment.Config{}, 90, 99},
		"as set":     {payment.Config{AuditFor: 10 * day}, 10, 19},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, options{config: test.config})
			p := s.paid("sandbox", "100", "EUR")
			looks := func(days int) int {
				before := len(s.calls(sandboxprovider.MethodRetrieve))
				for range days * 24 * 6 {
					s.reconcile(10 * time.Minute)
				}
				return len(s.calls(sandboxprovider.MethodRetrieve)) - before
			}
			first := looks(test.days)
			require.InDelta(t, test.calls, first, 2)
			require.LessOrEqual(t, looks(5), 1)
			require.Zero(t, looks(test.days))
			// A capture is a movement: they begin anew.
			_, err := s.capture(p, "40")
			require.NoError(t, err)
			require.InDelta(t, test.calls, looks(test.days), 2)
			require.LessOrEqual(t, looks(5), 1)
			require.Zero(t, looks(20))
		})
	}
}

// What could move money without us is asked about; what could not is left in peace.
func TestWhatIsAudited(t *testing.T) {
	state := func(name string) func(s *shop, x *payment.PaymentSession) {
		return func(s *shop, x *payment.PaymentSession) { _ = s.authorizeWith(x, name) }
	}
	captured := func(s *shop, x *payment.PaymentSession) *payment.Payment {
		p, err := s.capture(s.authorize(x), "")
		require.NoError(s.t, err)
		return p
	}
	for name, test := range map[string]struct {
		o       options
		prepare func(s *shop, x *payment.PaymentSession)
		asked   bool
	}{
		"pending":                  {prepare: func(*shop, *payment.PaymentSession) {}},
		"declined":                 {prepare: state(sandboxprovider.TokenDeclined)},
		"with a challenge":         {prepare: state(sandboxprovider.Token3DS), asked: true},
		"being decided":            {prepare: state(sandboxprovider.TokenDelayed), asked: true},
		"authorized":               {prepare: state(sandboxprovider.TokenVisa), asked: true},
		"captured":                 {prepare: func(s *shop, x *payment.PaymentSession) { captured(s, x) }, asked: true},
		"confirmed by the browser": {o: options{sandbox: sandboxprovider.Config{ClientConfirms: true}}, prepare: func(*shop, *payment.PaymentSession) {}, asked: true},
		"canceled": {prepare: func(s *shop, x *payment.PaymentSession) {
			_, err := s.CancelSession(s.t.Context(), payment.CancelSessionParams{SessionID: x.ID})
			require.NoError(s.t, err)
		}},
		"voided": {prepare: func(s *shop, x *payment.PaymentSession) { s.cancel(s.authorize(x)) }},
		"refunded": {prepare: func(s *shop, x *payment.PaymentSession) {
			_, err := s.refund(captured(s, x), "")
			require.NoError(s.t, err)
		}, asked: true},
		"a capture is pending": {o: options{gateway: sandboxprovider.GatewayConfig{AsyncCaptures: true}}, prepare: func(s *shop, x *payment.PaymentSession) { captured(s, x) }, asked: true},
		"needs a person before anything is held": {o: options{wrap: func(p payment.Provider) payment.Provider {
			wrong := func(snapshot payment.Snapshot, err error) (payment.Snapshot, error) {
				snapshot.Amount = dec("99")
				return snapshot, err
			}
			return faulty{
				Provider: p,
				initialize: func(ctx context.Context, r payment.InitializeRequest) (payment.Snapshot, error) {
					return wrong(p.Initialize(ctx, r))
				},
				status: func(ctx context.Context, r payment.StatusRequest) (payment.Snapshot, error) {
					return wrong(p.Status(ctx, r))
				},
			}
		}}, asked: true},
		"needs a person": {o: options{wrap: func(p payment.Provider) payment.Provider {
			return faulty{
				Provider: p,
				authorize: func(ctx context.Context, r payment.AuthorizeRequest) (payment.Snapshot, error) {
					snapshot, err := p.Authorize(ctx, r)
					snapshot.Amount = dec("99")
					return snapshot, err
				},
				status: func(ctx context.Context, r payment.StatusRequest) (payment.Snapshot, error) {
					snapshot, err := p.Status(ctx, r)
					snapshot.Amount = dec("99")
					return snapshot, err
				},
			}
		}}, prepare: func(s *shop, x *payment.PaymentSession) {
			_, err := s.tryAuthorize(x)
			require.ErrorIs(s.t, err, payment.ErrNeedsAttention)
		}, asked: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, test.o)
			x, err := s.CreateSession(t.Context(), payment.CreateSessionParams{
				CollectionID: s.collection("100", "EUR").ID, ProviderID: "sandbox", Amount: dec("100"),
			})
			if test.prepare == nil {
				require.ErrorIs(t, err, payment.ErrNeedsAttention)
			} else {
				require.NoError(t, err)
				test.prepare(s, x)
			}
			if test.asked {
				require.Equal(t, []int{1, 3, 7}, s.asked(10))
			} else {
				require.Empty(t, s.asked(10))
				require.Zero(t, s.reconcile(100*day).Looked, "nothing of it is looked at")
			}
		})
	}
	t.Run("manual", func(t *testing.T) {
		s := newShop(t, options{})
		s.paid("manual", "100", "EUR")
		require.Zero(t, s.reconcile(100*day).Looked)
	})
}

// What was done at the gateway, and of which no word came, is found.
func TestAuditsFindWhatNobodyTold(t *testing.T) {
	reference := func(s *shop, p *payment.Payment) string { return s.intent(p.SessionID).Reference }
	for name, test := range map[string]struct {
		gateway sandboxprovider.GatewayConfig
		before  string // captured before
		do      func(s *shop, p *payment.Payment) error
		want    payment.EventKind
	}{
		"capture at the dashboard": {do: func(s *shop, p *payment.Payment) error {
			_, err := s.gateway.CaptureAtDashboard(reference(s, p), dec("60"))
			return err
		}, want: payment.EventCaptureSucceeded},
		"refund at the dashboard": {before: "100", do: func(s *shop, p *payment.Payment) error {
			_, err := s.gateway.RefundAtDashboard(reference(s, p), dec("60"))
			return err
		}, want: payment.EventRefundSucceeded},
		"cancel at the dashboard":     {do: func(s *shop, p *payment.Payment) error { return s.gateway.CancelAtDashboard(reference(s, p)) }, want: payment.EventPaymentCanceled},
		"release of what is left":     {before: "40", do: func(s *shop, p *payment.Payment) error { return s.gateway.CancelAtDashboard(reference(s, p)) }, want: payment.EventPaymentReleased},
		"lapsed before its time":      {do: func(s *shop, p *payment.Payment) error { return s.gateway.Expire(reference(s, p)) }, want: payment.EventPaymentCanceled},
		"a capture that was decided":  {gateway: sandboxprovider.GatewayConfig{AsyncCaptures: true}, before: "40", do: decideLast(true), want: payment.EventCaptureSucceeded},
		"a capture that was not made": {gateway: sandboxprovider.GatewayConfig{AsyncCaptures: true}, before: "40", do: decideLast(false), want: payment.EventCaptureFailed},
		"a refund that came back": {before: "100", do: func(s *shop, p *payment.Payment) error {
			refunded, err := s.refund(p, "30")
			if err != nil {
				return err
			}
			return s.gateway.ReturnRefund(refunded.Refunds[0].Reference)
		}, want: payment.EventRefundReturned},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, options{gateway: test.gateway})
			p := s.paid("sandbox", "100", "EUR")
			if test.before != "" {
				_, err := s.capture(p, test.before)
				require.NoError(t, err)
			}
			for range 3 {
				s.reconcile(10 * day) // it has been quiet for long
			}
			require.NoError(t, test.do(s, p))
			require.NotEqual(t, test.want, s.lastEvent(p.CollectionID).Kind)
			s.reconcile(day)
			require.Contains(t, []payment.EventKind{s.lastEvent(p.CollectionID).Kind, s.eventsOf(p.CollectionID)[len(s.eventsOf(p.CollectionID))-2].Kind}, test.want)
			s.agree(p.CollectionID)
			events := len(s.eventsOf(p.CollectionID))
			s.reconcile(10 * day)
			require.Len(t, s.eventsOf(p.CollectionID), events, "it is told once")
		})
	}
	t.Run("a challenge that was passed", func(t *testing.T) {
		s := newShop(t, options{})
		x := s.session(s.collection("100", "EUR"), "sandbox", "100")
		require.ErrorIs(t, s.authorizeWith(x, sandboxprovider.Token3DS), payment.ErrRequiresMore)
		require.NoError(t, s.gateway.CompleteChallenge(s.intent(x.ID).Reference, true))
		require.Equal(t, []string{x.ID}, s.reconcile(time.Minute).Settled)
		s.booksAgree(t, s.freshSession(x.ID).PaymentID)
	})
	t.Run("a challenge that was given up", func(t *testing.T) {
		s := newShop(t, options{})
		x := s.session(s.collection("100", "EUR"), "sandbox", "100")
		require.ErrorIs(t, s.authorizeWith(x, sandboxprovider.Token3DS), payment.ErrRequiresMore)
		require.NoError(t, s.gateway.CompleteChallenge(s.intent(x.ID).Reference, false))
		s.reconcile(time.Minute)
		require.Equal(t, payment.StatusError, s.freshSession(x.ID).Status)
		s.reconcile(time.Minute) // the first answer could have been of an earlier attempt
		equalAmount(t, "0", s.fresh(x.CollectionID).Held)
	})
}

// decideLast decides the payment's last capture at the gateway.
func decideLast(good bool) func(s *shop, p *payment.Payment) error {
	return func(s *shop, p *payment.Payment) error {
		captures := s.payment(p.ID).Captures
		return s.gateway.ResolveMovement(captures[len(captures)-1].Reference, good)
	}
}

// An answer that was on its way while the rows changed may be older than they are: it settles nothing, and is asked for again.
func TestAuditWhoseAnswerIsOlderThanTheRows(t *testing.T) {
	var meanwhile func()
	s := newShop(t, options{wrap: func(p payment.Provider) payment.Provider {
		return faulty{Provider: p, status: func(ctx context.Context, r payment.StatusRequest) (payment.Snapshot, error) {
			snapshot, err := p.Status(ctx, r)
			if act := meanwhile; act != nil {
				meanwhile = nil
				act()
			}
			return snapshot, err
		}}
	}})
	c := s.collection("100", "EUR")
	x := s.session(c, "sandbox", "100")
	require.ErrorIs(t, s.authorizeWith(x, sandboxprovider.Token3DS), payment.ErrRequiresMore)
	// The shopper fails the challenge, and while that is on its way to us begins another one.
	require.NoError(t, s.gateway.CompleteChallenge(s.intent(x.ID).Reference, false))
	meanwhile = func() { require.ErrorIs(t, s.authorizeWith(x, sandboxprovider.Token3DS), payment.ErrRequiresMore) }
	r := s.reconcile(time.Minute)
	require.Equal(t, []string{x.ID}, r.Parked)
	require.Equal(t, payment.StatusRequiresMore, s.freshSession(x.ID).Status)
	equalAmount(t, "100", s.fresh(c.ID).Held)
	require.NoError(t, s.gateway.CompleteChallenge(s.intent(x.ID).Reference, true))
	s.reconcile(time.Minute)
	s.booksAgree(t, s.freshSession(x.ID).PaymentID)
}

// A gateway that cannot be asked is not asked for ever: once after each change.
func TestGatewayThatCannotBeAskedIsNotAudited(t *testing.T) {
	asked := 0
	s := newShop(t, options{sandbox: sandboxprovider.Config{NoStatus: true}, wrap: func(p payment.Provider) payment.Provider {
		return faulty{Provider: p, status: func(ctx context.Context, r payment.StatusRequest) (payment.Snapshot, error) {
			asked++
			return p.Status(ctx, r)
		}}
	}})
	p := s.paid("sandbox", "100", "EUR")
	for range 90 {
		s.reconcile(day)
	}
	require.Equal(t, 1, asked)
	_, err := s.capture(p, "40")
	require.NoError(t, err)
	for range 90 {
		s.reconcile(day)
	}
	require.Equal(t, 2, asked)
}

// A gateway that is down is asked ever less often, and what happened meanwhile is found once it is back.
func TestAuditsOfAGatewayThatIsDown(t *testing.T) {
	down, asked := true, 0
	s := newShop(t, options{wrap: func(p payment.Provider) payment.Provider {
		return faulty{Provider: p, status: func(ctx context.Context, r payment.StatusRequest) (payment.Snapshot, error) {
			if asked++; down {
				return payment.Snapshot{}, context.DeadlineExceeded
			}
			return p.Status(ctx, r)
		}}
	}})
	p := s.paid("sandbox", "100", "EUR")
	_, err := s.gateway.CaptureAtDashboard(s.intent(p.SessionID).Reference, dec("100"))
	require.NoError(t, err)
	for range 3 * 24 * 60 {
		s.reconcile(time.Minute)
	}
	require.InDelta(t, 12, asked, 2)
	require.Empty(t, s.openOperations(t), "a question without an answer is no operation")
	down = false
	s.reconcile(day)
	s.booksAgree(t, p.ID)
	require.Equal(t, payment.CollectionCompleted, s.fresh(p.CollectionID).Status())
}

// An audit takes from nobody: two processes ask once, and a provider that is not configured any more is said to be so.
func TestAuditsAreShared(t *testing.T) {
	s := newShop(t, options{})
	p := s.paid("sandbox", "100", "EUR")
	other := s.anotherProcess(payment.Config{})
	for range 6 {
		s.reconcile(time.Minute)
		other.reconcile(0)
	}
	require.Len(t, s.calls(sandboxprovider.MethodRetrieve), 2)
	s.booksAgree(t, p.ID)
	alone, err := payment.NewService(s.store, payment.Config{Now: s.clock.Now, Wait: s.clock.Wait, Providers: []payment.Provider{&scripted{answer: usual}}})
	require.NoError(t, err)
	s.clock.Advance(time.Hour)
	r, err := alone.Reconcile(t.Context())
	require.ErrorIs(t, err, payment.ErrInvalid)
	require.Equal(t, []string{p.SessionID}, r.Failed)
	require.Equal(t, 1, s.reconcile(time.Minute).Looked, "those who can go on, do")
}
