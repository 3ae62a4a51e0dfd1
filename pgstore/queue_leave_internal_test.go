package pgstore

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What becomes of commits whose callers leave while others share their transaction.

// givenUp waits until a batch was given up.
func (s *script) givenUp(t *testing.T) {
	t.Helper()
	select {
	case <-s.ended:
	case <-time.After(5 * time.Second):
		t.Fatal("the transaction goes on")
	}
}

// behindUnconnected is behind, and their transaction has no connection yet.
func behindUnconnected(t *testing.T, contexts ...context.Context) (s *script, errs []chan error) {
	t.Helper()
	s = newScript()
	s.connection = make(chan bool, 1)
	s.connection <- true // that of the first
	return s, s.behind(t, contexts)
}

func TestNobodyWaits(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s, errs := behind(t, ctx, ctx, ctx)
	<-s.sent // and is not answered
	cancel()
	for _, err := range errs {
		require.ErrorIs(t, <-err, errUncertain)
	}
	s.givenUp(t)
}

// TestAGroupLastsWhileAnybodyWaits has callers leave a transaction of which one commit is refused.
func TestAGroupLastsWhileAnybodyWaits(t *testing.T) {
	for name, tc := range map[string]struct {
		contexts int // of which the first two can end
		left     []int
		refused  int
		sent     []string // then; nobody's if empty
	}{
		"one of three waits":      {3, []int{1}, 1, []string{"c0", "c2"}},
		"the refused one left":    {2, []int{1}, 1, []string{"c0"}},
		"who is not refused left": {2, []int{1}, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			ctx0, cancel0 := context.WithCancel(t.Context())
			defer cancel0()
			ctx1, cancel1 := context.WithCancel(t.Context())
			s, errs := behind(t, []context.Context{ctx0, ctx1, t.Context()}[:tc.contexts]...)
			<-s.sent
			cancel1()
			require.ErrorIs(t, <-errs[1], errUncertain)
			s.said <- &refusal{tc.refused + 1, divisionByZero}
			if tc.sent == nil {
				require.True(t, isCode(<-errs[0], divisionByZero))
				select {
				case b := <-s.sent:
					t.Fatal(texts(b), "is sent again for nobody")
				case <-time.After(20 * time.Millisecond):
				}
				return
			}
			require.Equal(t, tc.sent, texts(<-s.sent))
			cancel0()
			require.ErrorIs(t, <-errs[0], errUncertain)
			if tc.contexts == 2 {
				s.givenUp(t)
				return
			}
			select {
			case s.said <- nil:
				require.NoError(t, <-errs[2])
			case <-s.ended:
				t.Fatal("somebody waits")
			}
		})
	}
}

// TestWhatIsNotSentIsTakenBack has callers leave a transaction that waits for a connection.
func TestWhatIsNotSentIsTakenBack(t *testing.T) {
	for name, tc := range map[string]struct {
		left int // so many of three
		sent []string
	}{
		"one of three": {1, []string{"c1", "c2"}},
		"two of three": {2, []string{"c2"}},
		"all":          {3, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var contexts []context.Context
			var cancels []context.CancelFunc
			for range 3 {
				ctx, cancel := context.WithCancel(t.Context())
				t.Cleanup(cancel)
				contexts, cancels = append(contexts, ctx), append(cancels, cancel)
			}
			s, errs := behindUnconnected(t, contexts...)
			for i := range tc.left {
				cancels[i]()
				err := <-errs[i]
				require.ErrorIs(t, err, context.Canceled)
				require.NotErrorIs(t, err, errUncertain)
			}
			if tc.sent == nil {
				s.givenUp(t)
				return
			}
			s.connection <- true
			require.Equal(t, tc.sent, texts(<-s.sent))
			s.said <- nil
			for _, err := range errs[tc.left:] {
				require.NoError(t, <-err)
			}
		})
	}
}
