package paymenthttp

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/seed40c892db/payment"
)

const (
	longestWait   = 30 * time.Second
	waitsASession = 2 // how many requests of this process may wait for one session
)

// waitFor returns how long a client wants to wait for a change, at most 30 seconds.
func waitFor(r *http.Request) (time.Duration, error) {
	text := r.URL.Query().Get("wait")
	if text == "" {
		return 0, nil
	}
	seconds, err := strconv.Atoi(text)
	if errors.Is(err, strconv.ErrRange) && strings.Trim(text, "0123456789") == "" { // seconds is the largest number then
		err = nil
	}
	if err != nil || seconds < 0 {
		return 0, badField("wait", "must be a number of seconds, 0 to 30")
	}
	return time.Duration(min(seconds, int(longestWait/time.Second))) * time.Second, nil
}

// waiting is who waits for a session to change.
type waiting struct {
	mu       sync.Mutex
	sessions map[string]int
}

// change waits until the session has changed, and returns it as it is then. A client too many is answered at once, and told to come again.
func (w *waiting) change(ctx context.Context, svc *payment.Service, x *payment.PaymentSession, limit time.Duration) (*payment.PaymentSession, time.Duration, error) {
	if !w.enter(x.ID) {
		return x, time.Second, nil
	}
	defer w.leave(x.ID)
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for pause := 100 * time.Millisecond; ; pause = min(pause*3/2, time.Second) {
		select {
		case <-ctx.Done():
			return x, 0, nil
		case <-time.After(pause):
		}
		now, err := svc.GetSession(ctx, x.ID)
		switch {
		case ctx.Err() != nil:
			return x, 0, nil
		case err != nil:
			return nil, 0, err
		case now.Revision != x.Revision:
			return now, 0, nil
		}
	}
}

func (w *waiting) enter(id string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.sessions[id] >= waitsASession {
		return false
	}
	w.sessions[id]++
	return true
}

func (w *waiting) leave(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.sessions[id]--; w.sessions[id] == 0 {
		delete(w.sessions, id)
	}
}
