package payment_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// asked counts the calls of Status.
func (m *muted) asked() int {
	n := 0
	for _, k := range m.provider.calls {
		if k == payment.OperationStatus {
			n++
		}
	}
	return n
}

// Asking again opens the operation, asks at once, and gives the gateway another day.
func TestResolveAsk(t *testing.T) {
	for _, kind := range []payment.OperationKind{
		payment.OperationInitialize, payment.OperationAuthorize, payment.OperationUpdate, payment.OperationCancel, kindVoid, kindRest,
		payment.OperationCapture, payment.OperationRefund,
	} {
		t.Run(string(kind), func(t *testing.T) {
			m := newMuted(t, kind, nil)
			before, asked := m.sums(), m.asked()
			op, err := m.resolve(payment.ResolveAsk)
			require.NoError(t, err)
			require.Equal(t, payment.OperationOpen, op.State)
			require.Equal(t, payment.ResolveAsk, op.Resolution)
			require.Equal(t, asked+1, m.asked())
			require.Equal(t, op.ID, m.freshSession(m.session).OperationID)
			require.Equal(t, strings.Replace(before, "needs_attention", "open", 1), m.sums(), "asking moves nothing")
			for range 23 {
				m.reconcile(time.Hour)
				require.Equal(t, payment.OperationOpen, m.operation(m.op).State)
			}
			m.reconcile(time.Hour)
			m.reconcile(time.Hour)
			require.Equal(t, payment.OperationNeedsAttention, m.operation(m.op).State)
			require.Equal(t, []string{"gave_up", "gave_up"}, m.attentions(op.CollectionID))
			require.Equal(t, before, m.sums())

			m.say(m.done)
			op, err = m.resolve(payment.ResolveAsk)
			require.NoError(t, err)
			require.Equal(t, payment.OperationSucceeded, op.State, "it is asked at once")
			require.Empty(t, m.alarms())
		})
	}
	t.Run("and it contradicts", func(t *testing.T) {
		m := newMuted(t, payment.OperationCapture, nil)
		says()["it moved more"](m)
		op, err := m.resolve(payment.ResolveAsk)
		require.NoError(t, err)
		require.Equal(t, payment.OperationNeedsAttention, op.State)
		require.Equal(t, "movement_amount", op.Code)
		m.clock.Advance(time.Second) // two decisions of one instant may pass for one
		op, err = m.resolve(payment.ResolveAsk)
		require.NoError(t, err)
		require.Equal(t, payment.OperationNeedsAttention, op.State)
		require.Equal(t, []string{"gave_up", "movement_amount", "movement_amount"}, m.attentions(op.CollectionID), "who asked is told")
	})
}

// Time decides nothing: after 200 days the operation waits still, and what it holds is held.
func TestTimeDecidesNothing(t *testing.T) {
	for _, kind := range []payment.OperationKind{payment.OperationAuthorize, payment.OperationCancel, payment.OperationCapture, payment.OperationRefund} {
		t.Run(string(kind), func(t *testing.T) {
			m := newMuted(t, kind, func(_ *scripted, o *options) { o.config.SessionLifetime = 72 * time.Hour })
			before := m.sums()
			for range 200 {
				m.reconcile(24 * time.Hour)
			}
			require.Equal(t, before, m.sums())
			require.Len(t, m.attentions(m.operation(m.op).CollectionID), 1, "one alarm")
			// A decision is still checked: what the gateway says for weeks after it is heard.
			_, err := m.resolve(payment.ResolveFail)
			require.NoError(t, err)
			m.say(m.done)
			_ = m.alarms()
			later := map[payment.OperationKind]string{
				payment.OperationAuthorize: "failed declined; authorized, authorized 100, capturable 100",
				payment.OperationCancel:    "failed declined; canceled",
				payment.OperationCapture:   "failed declined; authorized, authorized 100, captured 40, capturable 60",
				payment.OperationRefund:    "failed declined; authorized, authorized 100, captured 40, refunded 30, capturable 60",
			}
			require.Equal(t, later[kind], m.sums())
		})
	}
}

// Proof from the gateway ends what waits for a person, by whichever way it comes.
func TestProofEndsWhatNeedsAPerson(t *testing.T) {
	ways := map[string]func(m *muted){
		"an audit": func(m *muted) { m.reconcile(24 * time.Hour) },
		"a webhook": func(m *muted) {
			m.clock.Advance(time.Minute)
			r, err := m.HandleWebhook(m.t.Context(), "scripted", payment.WebhookRequest{Body: []byte(m.session)})
			require.NoError(m.t, err)
			require.Equal(m.t, payment.DeliveryHandled, r.State)
		},
	}
	for name, news := range ways {
		for _, kind := range []payment.OperationKind{
			payment.OperationInitialize, payment.OperationAuthorize, payment.OperationUpdate, payment.OperationCancel, kindVoid, kindRest,
			payment.OperationCapture, payment.OperationRefund,
		} {
			t.Run(name+", "+string(kind), func(t *testing.T) {
				for state, answer := range map[payment.OperationState]func(m *muted) payment.Snapshot{
					payment.OperationSucceeded: func(m *muted) payment.Snapshot { return m.done },
					payment.OperationFailed:    func(m *muted) payment.Snapshot { return m.base },
				} {
					m := newMuted(t, kind, nil)
					m.say(answer(m))
					news(m)
					op := m.operation(m.op)
					require.Equal(t, state, op.State)
					require.Empty(t, op.Resolution)
					require.Empty(t, m.freshSession(m.session).OperationID)
					_ = m.sums()
					_, err := m.resolve(payment.ResolveAccept)
					require.ErrorIs(t, err, payment.ErrNotAllowed, "it needs nobody any more")
				}
			})
		}
	}
}

// Two people decide at once: one of them wins, the other is told to look again.
func TestTwoPeopleDecideAtOnce(t *testing.T) {
	for _, kind := range []payment.OperationKind{payment.OperationAuthorize, payment.OperationCapture} {
		m := newMuted(t, kind, nil)
		nested := false
		var other error
		m.status = func(*payment.Snapshot, payment.Request) error {
			if !nested { // while the first person's question is on its way
				nested = true
				_, other = m.ResolveOperation(t.Context(), payment.ResolveOperationParams{OperationID: m.op, Outcome: payment.ResolveFail, By: "ben"})
			}
			return errMute
		}
		_, err := m.resolve(payment.ResolveAccept)
		require.NoError(t, other)
		require.ErrorIs(t, err, payment.ErrNotAllowed)
		require.ErrorContains(t, err, "look again")
		op := m.operation(m.op)
		require.Equal(t, "ben", op.ResolvedBy)
		require.Equal(t, payment.OperationFailed, op.State)
		require.Equal(t, 1, strings.Count(fmt.Sprint(m.kinds(op.CollectionID)), "operation.resolved"))
		_ = m.sums()
	}
}

// A decision whose commit nobody confirmed is carried out once.
func TestDecisionWhoseCommitIsUnknown(t *testing.T) {
	for _, outcome := range []payment.Resolution{payment.ResolveAsk, payment.ResolveAccept, payment.ResolveFail} {
		for _, happened := range []bool{true, false} {
			t.Run(fmt.Sprint(outcome, ", it happened: ", happened), func(t *testing.T) {
				store := &frailStore{Store: memstore.New()}
				m := newMuted(t, payment.OperationCapture, func(_ *scripted, o *options) { o.store = store })
				first := true
				store.set(func(commit func() error) error {
					if !first {
						return commit()
					}
					first = false
					if happened {
						require.NoError(t, commit())
					}
					return payment.ErrCommitUnknown
				})
				op, err := m.resolve(outcome)
				require.NoError(t, err)
				require.Equal(t, outcome, op.Resolution)
				want := map[payment.Resolution]string{
					payment.ResolveAsk:    "open gave_up; authorized, authorized 100, capturable 100",
					payment.ResolveAccept: "succeeded; authorized, authorized 100, captured 40, capturable 60",
					payment.ResolveFail:   "failed declined; authorized, authorized 100, capturable 100, failed capture 40",
				}
				require.Equal(t, want[outcome], m.sums())
				require.Equal(t, 1, strings.Count(fmt.Sprint(m.kinds(op.CollectionID)), "operation.resolved"))
			})
		}
	}
}

func TestResolveRefusesBadInput(t *testing.T) {
	m := newMuted(t, payment.OperationCapture, nil)
	good := payment.ResolveOperationParams{OperationID: m.op, Outcome: payment.ResolveFail, By: "anna"}
	for _, tt := range []struct {
		field  string
		change func(p *payment.ResolveOperationParams)
	}{
		{"Outcome", func(p *payment.ResolveOperationParams) { p.Outcome = "" }},
		{"Outcome", func(p *payment.ResolveOperationParams) { p.Outcome = "Accept" }},
		{"By", func(p *payment.ResolveOperationParams) { p.By = "" }},
		{"By", func(p *payment.ResolveOperationParams) { p.By = strings.Repeat("a", 256) }},
		{"By", func(p *payment.ResolveOperationParams) { p.By = "a\x00" }},
		{"Note", func(p *payment.ResolveOperationParams) { p.Note = strings.Repeat("a", 2001) }},
		{"Note", func(p *payment.ResolveOperationParams) { p.Note = "\xff" }},
		{"OperationID", func(p *payment.ResolveOperationParams) { p.OperationID = "" }},
	} {
		p := good
		tt.change(&p)
		err := m.untouched(t, func() error { _, err := m.ResolveOperation(t.Context(), p); return err })
		require.ErrorIs(t, err, payment.ErrInvalid)
		var invalid *payment.InvalidError
		require.ErrorAs(t, err, &invalid)
		require.Equal(t, tt.field, invalid.Field)
	}
	p := good
	p.OperationID = "op_0123456789abcdef0123456789abcdef"
	err := m.untouched(t, func() error { _, err := m.ResolveOperation(t.Context(), p); return err })
	require.ErrorIs(t, err, payment.ErrNotFound)
	require.EqualError(t, err, `payment: no operation "op_0123456789abcdef0123456789abcdef" was found`)

	p = good
	p.By, p.Note = strings.Repeat("a", 255), strings.Repeat("b", 2000)
	_, err = m.ResolveOperation(t.Context(), p)
	require.NoError(t, err)
	for _, outcome := range []payment.Resolution{payment.ResolveAsk, payment.ResolveAccept, payment.ResolveFail} {
		p.Outcome = outcome
		err = m.untouched(t, func() error { _, err := m.ResolveOperation(t.Context(), p); return err })
		require.ErrorIs(t, err, payment.ErrNotAllowed, "it has ended")
		require.ErrorContains(t, err, "only what needs attention is for a person to decide")
	}
	// Nor is what is open for a person to decide.
	open, err := m.capture(m.payment(m.freshSession(m.session).PaymentID), "10")
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	require.Nil(t, open)
	p.OperationID = m.freshSession(m.session).OperationID
	_, err = m.ResolveOperation(t.Context(), p)
	require.ErrorIs(t, err, payment.ErrNotAllowed)
}

// What people write is for the server alone.
func TestWhatPeopleWriteIsNotPublic(t *testing.T) {
	for _, outcome := range []payment.Resolution{payment.ResolveAsk, payment.ResolveAccept, payment.ResolveFail} {
		m := newMuted(t, payment.OperationRefund, nil)
		_, err := m.ResolveOperation(t.Context(), payment.ResolveOperationParams{OperationID: m.op, Outcome: outcome, By: "anna-zq31", Note: "secret-zq31"})
		require.NoError(t, err)
		x := m.freshSession(m.session)
		events, err := m.ListEvents(t.Context(), payment.ListParams{CollectionID: x.CollectionID, Limit: 100})
		require.NoError(t, err)
		for _, public := range []any{x, m.payment(x.PaymentID), m.fresh(x.CollectionID), events} {
			text, err := json.Marshal(public)
			require.NoError(t, err)
			require.NotContains(t, string(text), "zq31")
		}
	}
}

// audited is a session, authorized and captured in part, about which the gateway then says something else.
func audited(t *testing.T, change func(s *payment.Snapshot)) *muted {
	t.Helper()
	m := newMuted(t, kindRest, nil)
	m.say(m.base)
	_, err := m.resolve(payment.ResolveAsk)
	require.NoError(t, err)
	require.Equal(t, payment.OperationFailed, m.operation(m.op).State)
	m.contradict(change)
	return m
}

// contradict changes what the gateway says of what it did, and lets an audit find it.
func (m *muted) contradict(change func(s *payment.Snapshot)) {
	m.t.Helper()
	s := m.base
	s.Movements = slices.Clone(s.Movements)
	change(&s)
	m.say(s)
	for range 40 {
		m.reconcile(time.Hour)
		if op := m.freshSession(m.session).OperationID; op != "" {
			m.op = op
			return
		}
	}
	require.Fail(m.t, "no alarm")
}

// What a person has accepted raises no alarm again; another contradiction does. What was not accepted is raised again.
func TestAcceptedOnce(t *testing.T) {
	capture := func(reference, amount string, state payment.MovementState) payment.Movement {
		return movement(payment.MovementCapture, reference, amount, state)
	}
	for code, c := range map[string][2]func(s *payment.Snapshot){
		"amount": {func(s *payment.Snapshot) { s.Amount = dec("99") }, func(s *payment.Snapshot) { s.Amount = dec("98") }},
		"authorized": {
			func(s *payment.Snapshot) { s.Authorized = dec("90") }, func(s *payment.Snapshot) { s.Authorized = dec("110") },
		},
		"reference": {func(s *payment.Snapshot) { s.Reference = "b" }, func(s *payment.Snapshot) { s.Reference = "c" }},
		"account":   {func(s *payment.Snapshot) { s.Account = "b" }, func(s *payment.Snapshot) { s.Account = "c" }},
		"totals": {
			func(s *payment.Snapshot) { s.Movements, s.Totals = nil, &payment.Totals{Captured: dec("41")} },
			func(s *payment.Snapshot) {
				s.Movements, s.Totals = nil, &payment.Totals{Captured: dec("41"), Refunded: dec("1")}
			},
		},
		"movement": {
			func(s *payment.Snapshot) {
				s.Movements = append(s.Movements, capture("", "1", payment.MovementSucceeded))
			},
			func(s *payment.Snapshot) {
				s.Movements = append(s.Movements, capture("", "2", payment.MovementSucceeded))
			},
		},
		"movement_amount": {
			func(s *payment.Snapshot) { s.Movements[0].Amount = dec("45") }, func(s *payment.Snapshot) { s.Movements[0].Amount = dec("35") },
		},
		"captured": {
			func(s *payment.Snapshot) {
				s.Movements = append(s.Movements, capture("x", "61", payment.MovementSucceeded))
			},
			func(s *payment.Snapshot) {
				s.Movements = append(s.Movements, capture("x", "62", payment.MovementPending))
			},
		},
		"refunded": {
			func(s *payment.Snapshot) {
				s.Movements = append(s.Movements, movement(payment.MovementRefund, "x", "41", payment.MovementSucceeded))
			},
			func(s *payment.Snapshot) {
				s.Movements = append(s.Movements, movement(payment.MovementRefund, "x", "42", payment.MovementSucceeded))
			},
		},
		"capture_reversed": {
			func(s *payment.Snapshot) { s.Movements[0].State = payment.MovementFailed },
			func(s *payment.Snapshot) {
				s.Movements[0].State = payment.MovementFailed
				s.Movements = append(s.Movements, capture("x", "1", payment.MovementSucceeded))
			},
		},
	} {
		t.Run(code, func(t *testing.T) {
			m := audited(t, c[0])
			op := m.operation(m.op)
			require.Equal(t, payment.OperationStatus, op.Kind)
			require.Equal(t, code, op.Code)
			books := strings.TrimPrefix(m.sums(), "needs_attention "+code)

			op, err := m.resolve(payment.ResolveFail)
			require.NoError(t, err)
			require.Equal(t, payment.OperationFailed, op.State)
			require.Equal(t, code, m.alarms(), "who does not accept it is told again, once")
			require.Equal(t, code, m.operation(m.freshSession(m.session).OperationID).Code)

			m.op = m.freshSession(m.session).OperationID
			op, err = m.resolve(payment.ResolveAccept)
			require.NoError(t, err)
			require.Equal(t, payment.OperationSucceeded, op.State)
			require.Equal(t, books, strings.TrimPrefix(m.sums(), "succeeded"), "what was told before is not taken back")
			require.Empty(t, m.alarms())
			require.Empty(t, m.freshSession(m.session).OperationID)

			m.contradict(c[1])
			require.Equal(t, code, m.operation(m.op).Code)
		})
	}
	t.Run("authorized_again", func(t *testing.T) {
		m := newMuted(t, kindVoid, nil)
		_, err := m.resolve(payment.ResolveAccept) // it is void, by a person's word alone
		require.NoError(t, err)
		m.contradict(func(*payment.Snapshot) {}) // but the gateway holds the money still
		require.Equal(t, "authorized_again", m.operation(m.op).Code)
		_, err = m.resolve(payment.ResolveAccept)
		require.NoError(t, err)
		require.Empty(t, m.alarms())
	})
	t.Run("movement without a payment", func(t *testing.T) {
		m := newMuted(t, payment.OperationAuthorize, nil)
		_, err := m.resolve(payment.ResolveFail)
		require.NoError(t, err)
		m.contradict(func(s *payment.Snapshot) {
			s.Movements = []payment.Movement{capture("x", "1", payment.MovementSucceeded)}
		})
		require.Equal(t, "movement", m.operation(m.op).Code)
		_, err = m.resolve(payment.ResolveAccept)
		require.NoError(t, err)
		require.Empty(t, m.alarms())
	})
}

// unaskedMoney is a canceled session whose gateway authorized it all the same.
func unaskedMoney(t *testing.T, captured bool) *muted {
	t.Helper()
	m := newMuted(t, payment.OperationCancel, nil)
	_, err := m.resolve(payment.ResolveAccept)
	require.NoError(t, err)
	require.Equal(t, "succeeded; canceled", m.sums())
	m.contradict(func(s *payment.Snapshot) {
		s.State, s.Authorized = payment.SnapshotAuthorized, dec("100")
		if captured {
			s.Movements = []payment.Movement{movement(payment.MovementCapture, "x", "100", payment.MovementSucceeded)}
		}
	})
	return m
}

// A person's word that something was canceled is checked: money that comes all the same is voided, or, where it was taken, raises an alarm
// until a person looks after it.
func TestMoneyThatNobodyAskedForAfterADecision(t *testing.T) {
	for _, outcome := range []payment.Resolution{payment.ResolveAccept, payment.ResolveFail} {
		m := unaskedMoney(t, true)
		require.Equal(t, "needs_attention unasked; canceled, unasked, authorized 100, captured 100", m.sums())
		_, err := m.resolve(outcome)
		require.NoError(t, err)
		require.Empty(t, m.alarms(), "a person looks after it")
		require.Empty(t, m.openOperations(t))
	}
	m := unaskedMoney(t, false)
	require.Equal(t, payment.OperationCancel, m.operation(m.op).Kind)
	m.provider.answer = usual
	m.reconcile(time.Hour)
	require.Equal(t, "succeeded; canceled, unasked, authorized 100, released 100", m.sums())
}

// A person who wants the gateway to be asked about it is told at once, and not after a day of asking, that it is still there.
func TestAskingAboutMoneyThatNobodyAskedFor(t *testing.T) {
	m := unaskedMoney(t, true)
	op, err := m.resolve(payment.ResolveAsk)
	require.NoError(t, err)
	require.Equal(t, payment.OperationNeedsAttention, op.State)
	require.Equal(t, "needs_attention unasked; canceled, unasked, authorized 100, captured 100", m.sums())
}

// A person who does not accept some news has not said anything about money that nobody asked for.
func TestFailingNewsDoesNotAcceptMoneyNobodyAskedFor(t *testing.T) {
	m := newMuted(t, payment.OperationCancel, nil)
	_, err := m.resolve(payment.ResolveAccept)
	require.NoError(t, err)
	m.contradict(func(s *payment.Snapshot) { s.Account = "another" })
	require.Equal(t, "account", m.operation(m.op).Code)
	_, err = m.resolve(payment.ResolveFail)
	require.NoError(t, err)
	m.contradict(func(s *payment.Snapshot) { s.State, s.Authorized = payment.SnapshotAuthorized, dec("100") })
	require.Equal(t, payment.OperationCancel, m.operation(m.op).Kind, "it is to be voided")
}

// Where the browser can confirm without us, a decline releases nothing; nor does a person's. What was never made cannot be confirmed.
func TestFailKeepsWhatTheShopperCanStillDo(t *testing.T) {
	for kind, want := range map[payment.OperationKind]string{
		payment.OperationAuthorize:  "failed declined; error, held 100",
		payment.OperationInitialize: "failed declined; error",
	} {
		m := newMuted(t, kind, func(p *scripted, _ *options) { p.info.ClientConfirms = true })
		_, err := m.resolve(payment.ResolveFail)
		require.NoError(t, err)
		require.Equal(t, want, m.sums())
		require.Equal(t, 1, m.freshSession(m.session).Declines)
	}
}

// Nothing says that an earlier challenge is over because a later attempt was given up.
func TestFailKeepsTheHoldOfAnEarlierChallenge(t *testing.T) {
	m := newMuted(t, payment.OperationInitialize, nil)
	m.say(m.done)
	_, err := m.resolve(payment.ResolveAccept)
	require.NoError(t, err)
	m.provider.answer = usual
	m.provider.on(payment.OperationAuthorize, func(s *payment.Snapshot, _ payment.Request) error {
		s.State, s.Authorized = payment.SnapshotRequiresMore, decimal.Decimal{}
		s.NextAction = &payment.NextAction{Kind: payment.ActionWait}
		return nil
	})
	x := m.freshSession(m.session)
	_, err = m.tryAuthorize(x)
	require.ErrorIs(t, err, payment.ErrRequiresMore)
	for _, kind := range []payment.OperationKind{payment.OperationAuthorize, payment.OperationStatus} {
		m.provider.on(kind, func(*payment.Snapshot, payment.Request) error { return errMute })
	}
	_, err = m.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID, Input: token("other")})
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	m.op = m.freshSession(x.ID).OperationID
	m.needsPerson(m.op)
	_, err = m.resolve(payment.ResolveFail)
	require.NoError(t, err)
	require.Equal(t, "failed declined; error, held 100", m.sums())
}

// Whoever accepts a session that was made for another amount wants the shopper to go on with it.
func TestAcceptedInitializeHasItsData(t *testing.T) {
	m := newMuted(t, payment.OperationInitialize, nil)
	m.done.Amount, m.done.Data = dec("99"), payment.Data{"client": "x"}
	m.say(m.done)
	_, err := m.resolve(payment.ResolveAccept)
	require.NoError(t, err)
	x := m.freshSession(m.session)
	require.Equal(t, payment.Data{"client": "x"}, x.Data)
	require.Equal(t, "ref-"+x.ID, x.Reference)
	require.False(t, x.InitializedAt.IsZero())
}

// What a person gave up making, and is there all the same, is gone on with, rather than made twice.
func TestInitializeThatWasGivenUpTooEarly(t *testing.T) {
	m := newMuted(t, payment.OperationInitialize, nil)
	_, err := m.resolve(payment.ResolveFail)
	require.NoError(t, err)
	m.say(m.done)
	require.Empty(t, m.alarms())
	m.provider.answer = usual
	m.authorize(m.freshSession(m.session))
	made := 0
	for _, k := range m.provider.calls {
		if k == payment.OperationInitialize {
			made++
		}
	}
	require.Equal(t, 1, made)
}

// A capture that a person failed, that was made again, and that had happened all the same: both are in the books.
func TestFailedAndCapturedAgain(t *testing.T) {
	for _, again := range []string{"40", "70"} {
		m := newMuted(t, payment.OperationCapture, nil)
		_, err := m.resolve(payment.ResolveFail)
		require.NoError(t, err)
		m.provider.answer = usual
		_, err = m.capture(m.payment(m.freshSession(m.session).PaymentID), again)
		require.NoError(t, err)
		second := m.payment(m.freshSession(m.session).PaymentID).Captures[1]
		m.provider.on(payment.OperationStatus, func(s *payment.Snapshot, r payment.Request) error { return m.status(s, r) })
		says := m.done
		says.Movements = append(slices.Clone(m.done.Movements), movement(payment.MovementCapture, second.Reference, again, payment.MovementSucceeded))
		m.say(says)
		if again == "40" {
			require.Empty(t, m.alarms())
			require.Equal(t, "failed declined; authorized, authorized 100, captured 80, capturable 20", m.sums())
		} else {
			require.Equal(t, "captured", m.alarms(), "more than was authorized")
		}
	}
}

// An answer with more movements than one commit takes is written in several, also by a person's decision.
func TestAcceptedWithManyMovements(t *testing.T) {
	m := newMuted(t, payment.OperationCapture, nil)
	for i := range 60 {
		m.done.Movements = append(m.done.Movements, movement(payment.MovementCapture, fmt.Sprint("dash-", i), "0.5", payment.MovementSucceeded))
	}
	m.say(m.done)
	op, err := m.resolve(payment.ResolveAccept)
	require.NoError(t, err)
	require.Equal(t, payment.OperationSucceeded, op.State)
	require.Equal(t, "succeeded; authorized, authorized 100, captured 70, capturable 30", m.sums())
	require.Empty(t, m.alarms())
}

// A person may be wrong: what was said to have failed and shows at the gateway after all is done, also for who repeats the request.
func TestResolveFailProvesWrong(t *testing.T) {
	mute := false
	s := newShop(t, options{
		wrap: func(p payment.Provider) payment.Provider { return nameless{p} },
		gateway: sandboxprovider.GatewayConfig{Fault: func(c sandboxprovider.Call) sandboxprovider.Fault {
			if mute && c.Method == sandboxprovider.MethodRetrieve {
				return sandboxprovider.Fault{Kind: sandboxprovider.FaultRequestLost}
			}
			return sandboxprovider.Fault{}
		}},
	})
	p := s.paid("sandbox", "100", "EUR")
	params := payment.CapturePaymentParams{PaymentID: p.ID, Amount: amount("60"), IdempotencyKey: "parcel 1"}
	mute = true
	s.fail(sandboxprovider.MethodCapture, sandboxprovider.FaultRequestDelayed)
	_, err := s.CapturePayment(t.Context(), params)
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	for range 40 {
		s.reconcile(time.Hour)
	}
	op := s.freshSession(p.SessionID).OperationID
	mute = false
	_, err = s.ResolveOperation(t.Context(), payment.ResolveOperationParams{OperationID: op, Outcome: payment.ResolveFail, By: "ann"})
	require.NoError(t, err)
	_, err = s.CapturePayment(t.Context(), params)
	require.ErrorIs(t, err, payment.ErrDeclined)

	require.Equal(t, 1, s.gateway.DeliverDelayed())
	s.reconcile(time.Hour)
	got, err := s.CapturePayment(t.Context(), params)
	require.NoError(t, err)
	equalAmount(t, "60", got.Captured)
	require.Equal(t, 1, s.executed(sandboxprovider.MethodCapture))
}
