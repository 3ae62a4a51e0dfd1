package stripeprovider

import (
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"

	"github.com/stripe/stripe-go/v85"
)

// apiVersion is the version of Stripe's API that this provider is written for. It is sent with every request, so that neither the account's
// default nor a newer stripe-go changes what an answer means: https://docs.stripe.com/api/versioning
const apiVersion = "2026-03-25.dahlia"

// maxAnswer is how many bytes of an answer are read; an intent with a hundred refunds has about 100 KiB.
const maxAnswer = 8 << 20

// client returns Stripe's client, set up for money: a request is sent once, and what it holds is in no log. Lists are asked for at the
// backend, since the client's own panic at one that has a null in it.
func client(cfg Config) (*stripe.Client, stripe.Backend) {
	c := http.Client{}
	if cfg.HTTPClient != nil {
		c = *cfg.HTTPClient
	}
	next := c.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	c.Transport = &transport{next: next}
	// A redirect of a POST would send it again, elsewhere.
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	backends := stripe.NewBackendsWithConfig(&stripe.BackendConfig{
		HTTPClient:        &c,
		URL:               stripe.String(cfg.BaseURL),
		MaxNetworkRetries: stripe.Int64(0), // when to repeat is for the library to decide
		EnableTelemetry:   new(false),
		LeveledLogger:     &stripe.LeveledLogger{Level: stripe.LevelNull},
	})
	return stripe.NewClient(cfg.SecretKey, stripe.WithBackends(backends)), backends.API
}

// trace is what became of one request, where stripe-go does not say.
type trace struct {
	asked  atomic.Bool  // for a connection
	got    atomic.Bool  // a connection: something may have been sent
	status atomic.Int64 // the answer's, 0 while there is none
}

// unsent reports whether no byte of the request has left.
func (t *trace) unsent() bool { return t.asked.Load() && !t.got.Load() && t.status.Load() == 0 }

type traceKey struct{}

// traced returns a context whose next request is traced.
func traced(ctx context.Context) (context.Context, *trace) {
	t := &trace{}
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { t.asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { t.got.Store(true) },
	})
	return context.WithValue(ctx, traceKey{}, t), t
}

// transport sends each request once.
type transport struct{ next http.RoundTripper }

// RoundTrip sends a copy that net/http cannot send a second time: it would, because of the Idempotency-Key, where a connection that was
// used before breaks.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	once := r.Clone(r.Context())
	once.GetBody = nil
	once.Header.Set("Stripe-Version", apiVersion)
	res, err := t.next.RoundTrip(once)
	if err != nil {
		return res, err
	}
	if seen, ok := r.Context().Value(traceKey{}).(*trace); ok {
		seen.status.Store(int64(res.StatusCode))
	}
	res.Body = &limitedBody{Reader: io.LimitReader(res.Body, maxAnswer), Closer: res.Body}
	return res, nil
}

// limitedBody is the beginning of an answer's body.
type limitedBody struct {
	io.Reader
	io.Closer
}
