package payment_test

import (
	"context"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// run starts Run on a goroutine. What it returns ends it, and says what it returned.
func (s *shop) run(every time.Duration) (end func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	result := make(chan error, 1)
	go func() { result <- s.Run(ctx, every) }()
	end = sync.OnceValue(func() error {
		cancel()
		return <-result
	})
	s.t.Cleanup(func() { _ = end() })
	return end
}

func TestRunNeedsAPause(t *testing.T) {
	s := newShop(t, options{})
	for _, every := range []time.Duration{0, -1, -time.Hour} {
		requireInvalid(t, s.Run(t.Context(), every), "every", "must be more than zero")
	}
}

// Run works at once and then every so often: what is unknown at first is known in the end.
func TestRunRepeatsReconcile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, options{realTime: true})
		lost := func() *payment.PaymentSession {
			x := s.session(s.collection("100", "EUR"), "sandbox", "100")
			s.fail(sandboxprovider.MethodConfirm, sandboxprovider.FaultAnswerLost)
			_, err := s.tryAuthorize(x)
			require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
			return x
		}
		first := lost()
		time.Sleep(time.Minute)
		end := s.run(5 * time.Second)
		synctest.Wait()
		require.Equal(t, payment.StatusAuthorized, s.freshSession(first.ID).Status, "what is due already is done at once")
		for range 3 {
			x := lost()
			time.Sleep(6 * time.Second)
			synctest.Wait()
			require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
		}
		require.NoError(t, end())
	})
}

// An event of this process is there at once, however rare the rounds are.
func TestRunDeliversAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l := hearing(t, options{realTime: true})
		end := s.run(time.Hour)
		began := time.Now()
		for n := range 5 {
			c := s.collection("100", "EUR")
			synctest.Wait()
			require.Len(t, l.taken(c.ID), 1)
			require.Len(t, l.taken(""), n+1)
			require.Equal(t, began.Add(time.Duration(n)*time.Minute), time.Now(), "nothing was waited for")
			time.Sleep(time.Minute)
		}
		p := s.paid("sandbox", "100", "EUR")
		_, err := s.capture(p, "")
		require.NoError(t, err)
		synctest.Wait()
		requireSame(t, s.eventsOf(p.CollectionID), l.taken(p.CollectionID))
		require.NoError(t, end())
	})
}

// The other rounds keep their pace, however often Run is woken.
func TestWakingDelaysNoRound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var claims []time.Duration
		began := time.Now()
		store := &claimStore{Store: memstore.New(), claim: func(kind payment.DueKind) error {
			if kind == payment.DueOperation {
				claims = append(claims, time.Since(began))
			}
			return nil
		}}
		s, l := hearing(t, options{realTime: true, store: store})
		c := s.collection("100", "EUR")
		end := s.run(time.Minute)
		for range 30 {
			time.Sleep(7 * time.Second)
			s.note(c.ID, "more")
		}
		synctest.Wait()
		require.Len(t, l.taken(""), 31)
		require.Equal(t, []time.Duration{0, time.Minute, 2 * time.Minute, 3 * time.Minute}, claims)
		require.NoError(t, end())
	})
}

// claimStore is a store whose claims a test can watch and make fail.
type claimStore struct {
	payment.Store
	claim func(kind payment.DueKind) error
}

func (s *claimStore) Claim(ctx context.Context, kind payment.DueKind, now, until time.Time, limit int) ([]payment.Due, error) {
	if err := s.claim(kind); err != nil {
		return nil, err
	}
	return s.Store.Claim(ctx, kind, now, until, limit)
}

// Two Runs of one Service share the work. An event that is written while one of them delivers others of its collection is not left to
// the next round, though the bell rang for the other one, who could not have it.
func TestTwoRunsOfOneService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l := hearing(t, options{realTime: true})
		endOne, endTwo := s.run(time.Hour), s.run(time.Hour)
		synctest.Wait()
		l.set(func(context.Context, payment.Event) error {
			time.Sleep(time.Second)
			return nil
		})
		c := s.collection("100", "EUR")
		time.Sleep(500 * time.Millisecond)
		s.note(c.ID, "while the first is delivered")
		time.Sleep(time.Minute)
		requireSame(t, s.eventsOf(c.ID), l.taken(c.ID))
		require.NoError(t, endOne())
		s.note(c.ID, "for the one that is left")
		time.Sleep(time.Minute)
		requireSame(t, s.eventsOf(c.ID), l.taken(c.ID))
		require.Len(t, l.handed(""), 3)
		require.NoError(t, endTwo())
	})
}

// However many commits there are, and whenever: what they say is delivered within the second.
func TestBurstLosesNoWakeUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l := hearing(t, options{realTime: true})
		end := s.run(time.Hour)
		var ids []string
		for range 5 {
			ids = append(ids, s.collection("100", "EUR").ID)
		}
		l.set(func(context.Context, payment.Event) error {
			time.Sleep(time.Millisecond)
			return nil
		})
		for round := range 10 {
			var burst sync.WaitGroup
			for i := range 20 {
				burst.Go(func() {
					time.Sleep(time.Duration(i*i*round) * 100 * time.Microsecond)
					s.note(ids[i%5], "burst")
				})
			}
			burst.Wait()
			time.Sleep(time.Second)
			synctest.Wait()
			require.Len(t, l.taken(""), 5+20*(round+1))
		}
		for _, id := range ids {
			requireSame(t, s.eventsOf(id), l.taken(id))
		}
		require.NoError(t, end())
	})
}

// Run ends with its context and says nothing then: while it sleeps, while a host takes an event, and when it had ended before.
func TestRunEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l := hearing(t, options{realTime: true})
		l.set(func(ctx context.Context, _ payment.Event) error {
			<-ctx.Done()
			return ctx.Err()
		})
		end := s.run(time.Hour)
		time.Sleep(time.Minute)
		began := time.Now()
		require.NoError(t, end())
		s.collection("100", "EUR")
		end = s.run(time.Hour)
		time.Sleep(time.Second)
		require.NoError(t, end())
		require.Equal(t, began.Add(time.Second), time.Now())
		require.NotContains(t, l.log.String(), "ERROR", "that its time is over is no fault")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.NoError(t, s.Run(ctx, time.Second))
	})
}

// A store that is down is said to be so once a round, and Run goes on.
func TestRunOutlivesAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var down atomic.Bool
		var claims atomic.Int64
		store := &claimStore{Store: memstore.New(), claim: func(payment.DueKind) error {
			claims.Add(1)
			if down.Load() {
				return errDead
			}
			return nil
		}}
		s, l := hearing(t, options{realTime: true, store: store})
		end := s.run(time.Minute)
		time.Sleep(time.Second)
		down.Store(true)
		s.collection("100", "EUR")
		synctest.Wait()
		claims.Store(0)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		require.EqualValues(t, 40, claims.Load(), "it does not press on a store that is down")
		require.Equal(t, 11, strings.Count(l.log.String(), "level=ERROR"))
		require.Contains(t, l.log.String(), errDead.Error())
		down.Store(false)
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Len(t, l.taken(""), 1)
		require.NoError(t, end())
	})
}

// A clock that jumps, as clocks do that are set right, neither stops Run nor makes it hurry: while it sleeps, and while it works.
func TestClockThatJumps(t *testing.T) {
	for _, jump := range []time.Duration{-24 * time.Hour, 24 * time.Hour, -time.Second} {
		for name, working := range map[string]bool{"asleep": false, "at work": true} {
			t.Run(name+" "+jump.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { testClockThatJumps(t, jump, working) })
			})
		}
	}
}

func testClockThatJumps(t *testing.T, jump time.Duration, working bool) {
	var offset, rounds atomic.Int64
	began := time.Now()
	store := &claimStore{Store: memstore.New(), claim: func(kind payment.DueKind) error {
		if kind == payment.DueOperation {
			rounds.Add(1)
		}
		if working && time.Since(began) == 2*time.Minute {
			offset.Store(int64(jump))
		}
		return nil
	}}
	s, l := hearing(t, options{realTime: true, store: store, config: payment.Config{
		Now: func() time.Time { return time.Now().Add(time.Duration(offset.Load())) },
	}})
	end := s.run(time.Minute)
	time.Sleep(150 * time.Second)
	offset.Store(int64(jump))
	rounds.Store(0)
	time.Sleep(10 * time.Minute)
	require.InDelta(t, 10, rounds.Load(), 1)
	s.collection("100", "EUR")
	synctest.Wait()
	require.Len(t, l.taken(""), 1)
	require.NoError(t, end())
}

// More than one round does is gone on with at once.
func TestRunWorksOffABacklog(t *testing.T) {
	const lot = 1200
	for name, listens := range map[string]bool{"with OnEvent": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := &listener{}
				config := payment.Config{SessionLifetime: time.Minute}
				if listens {
					config.OnEvent = l.on
				}
				s := newShop(t, options{realTime: true, config: config})
				for range lot {
					s.session(s.collection("1", "EUR"), "manual", "1")
				}
				time.Sleep(2 * time.Minute)
				began := time.Now()
				end := s.run(time.Hour)
				synctest.Wait()
				require.Equal(t, began, time.Now())
				left, err := s.store.List(t.Context(), payment.RowSessions, payment.Filter{}, payment.Page{Limit: 10_000})
				require.NoError(t, err)
				open := 0
				for _, x := range left.Sessions {
					if x.Status != payment.StatusCanceled {
						open++
					}
				}
				require.Zero(t, open, "left to the next round")
				if listens {
					require.Len(t, l.taken(""), 3*lot)
				}
				require.NoError(t, end())
			})
		})
	}
}

// The library starts nothing that outlives a call. (A bubble does not end while a goroutine is left in it.)
func TestNothingIsLeftRunning(t *testing.T) {
	before := runtime.NumGoroutine()
	synctest.Test(t, func(t *testing.T) {
		s, l := hearing(t, options{realTime: true})
		end := s.run(time.Second)
		for _, provider := range []string{"sandbox", "manual"} {
			require.NoError(t, stepsOnce(t.Context(), s.Service, provider))
		}
		x := s.session(s.collection("5", "EUR"), "sandbox", "5")
		s.fail(sandboxprovider.MethodConfirm, sandboxprovider.FaultAnswerLost)
		_, err := s.tryAuthorize(x)
		require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
		time.Sleep(time.Hour)
		require.NotEmpty(t, l.taken(""))
		require.NoError(t, end())
	})
	require.LessOrEqual(t, runtime.NumGoroutine(), before+1)
}
