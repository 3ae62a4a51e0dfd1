package acmeprovider

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/providertest"
)

// network is the way to the gateway, and what goes wrong on it. It is an http.RoundTripper.
type network struct {
	*gateway
	mu                             sync.Mutex
	down, lose, fail, inUse, stall bool
}

// RoundTrip hands a request to the gateway in this process.
func (n *network) RoundTrip(q *http.Request) (*http.Response, error) {
	n.mu.Lock()
	down, lose, fail, inUse, stall := n.down, n.lose, n.fail, n.inUse, n.stall
	n.lose, n.fail, n.inUse = false, false, false
	n.mu.Unlock()
	switch {
	case down:
		return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	case stall:
		<-q.Context().Done()
		return nil, q.Context().Err()
	}
	if q = q.Clone(q.Context()); q.Body == nil {
		q.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	if inUse {
		w.WriteHeader(http.StatusConflict)
		return w.Result(), nil
	}
	n.ServeHTTP(w, q)
	if lose {
		return nil, errors.New("connection reset by peer")
	}
	if fail {
		w = httptest.NewRecorder()
		w.WriteHeader(http.StatusBadGateway)
	}
	return w.Result(), nil
}

func (n *network) set(field *bool, value bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	*field = value
}

func newProvider(t testing.TB) *Provider {
	t.Helper()
	n := &network{gateway: newGateway()}
	p, err := New(Config{Key: "sk_acme", WebhookSecrets: []string{"whsec_old", "whsec_acme"}, HTTPClient: &http.Client{Transport: n}})
	require.NoError(t, err)
	return p
}

func networkOf(p payment.Provider) *network { return p.(*Provider).cfg.HTTPClient.Transport.(*network) }

func TestConformance(t *testing.T) {
	providertest.Run(t, providertest.Config{
		New:       func(t testing.TB) payment.Provider { return newProvider(t) },
		Approve:   payment.Data{"token": "tok_visa"},
		Decline:   payment.Data{"token": "tok_empty"},
		Challenge: payment.Data{"token": "tok_3ds"},
		CompleteChallenge: func(_ testing.TB, p payment.Provider, s payment.Snapshot, _ payment.Request) {
			networkOf(p).passChallenge(s.Reference)
		},
		Webhook: func(_ testing.TB, p payment.Provider, r payment.Request) payment.WebhookRequest {
			return networkOf(p).webhook(r)
		},
		Unreachable: func(_ testing.TB, p payment.Provider) func() {
			n := networkOf(p)
			n.set(&n.down, true)
			return func() { n.set(&n.down, false) }
		},
		LoseAnswer:  func(_ testing.TB, p payment.Provider) { n := networkOf(p); n.set(&n.lose, true) },
		ServerError: func(_ testing.TB, p payment.Provider) { n := networkOf(p); n.set(&n.fail, true) },
		KeyInUse:    func(_ testing.TB, p payment.Provider) { n := networkOf(p); n.set(&n.inUse, true) },
		Stall:       func(_ testing.TB, p payment.Provider) { n := networkOf(p); n.set(&n.stall, true) },
	})
}

func TestKinds(t *testing.T) {
	for name, tc := range map[string]struct {
		err  error
		want error // nil: unknown
	}{
		"card declined":       {&refusalError{http.StatusPaymentRequired, "insufficient_funds"}, payment.ErrDeclined},
		"amount too large":    {&refusalError{http.StatusUnprocessableEntity, "amount_too_large"}, payment.ErrDeclined},
		"no such order":       {&refusalError{http.StatusNotFound, "no_such_order"}, payment.ErrDeclined},
		"bad parameter":       {&refusalError{http.StatusBadRequest, "currency"}, payment.ErrNotSent},
		"rate limit":          {&refusalError{http.StatusTooManyRequests, ""}, payment.ErrNotSent},
		"no connection":       {&notSentError{errors.New("connection refused")}, payment.ErrNotSent},
		"key is in use":       {&refusalError{http.StatusConflict, "key_in_use"}, nil},
		"internal error":      {&refusalError{http.StatusInternalServerError, ""}, nil},
		"gateway timeout":     {&refusalError{http.StatusGatewayTimeout, ""}, nil},
		"redirect":            {&refusalError{http.StatusFound, ""}, nil},
		"broken connection":   {errors.New("EOF"), nil},
		"an unheard-of error": {&refusalError{http.StatusTeapot, ""}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := kind(tc.err)
			for _, is := range []error{payment.ErrDeclined, payment.ErrNotSent} {
				require.Equal(t, errors.Is(tc.want, is), errors.Is(got, is), "%v", got)
			}
		})
	}
}

// A dial that fails proves nothing, if there was a connection before: the transport may have used that first.
func TestSecondTryProvesNothing(t *testing.T) {
	for _, before := range []bool{false, true} {
		transport := roundTripper(func(q *http.Request) (*http.Response, error) {
			if before {
				httptrace.ContextClientTrace(q.Context()).GotConn(httptrace.GotConnInfo{Reused: true})
			}
			return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
		})
		p, err := New(Config{Key: "sk_acme", HTTPClient: &http.Client{Transport: transport}})
		require.NoError(t, err)
		_, err = p.Cancel(t.Context(), payment.CancelRequest{Request: payment.Request{IdempotencyKey: "k", Reference: "ord_1"}})
		require.Error(t, err)
		require.Equal(t, !before, errors.Is(err, payment.ErrNotSent), "%v", err)
	}
}

type roundTripper func(q *http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(q *http.Request) (*http.Response, error) { return f(q) }
