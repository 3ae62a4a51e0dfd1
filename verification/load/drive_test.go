// Package load measures paymenthttp over real HTTP on the loopback: how many requests a second it answers, and how long the slow ones take. Clients
// and server share the machine.
package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// clients is how many send at a time, each one request after the other.
const clients = 32

// figures are what was measured.
type figures struct {
	Requests int
	Took     time.Duration
	P50, P99 time.Duration
	Longest  time.Duration
	CPU      time.Duration // of this process, clients and server: what a request costs, however busy the machine is
}

// Rate returns requests a second.
func (f figures) rate() float64 { return float64(f.Requests) / f.Took.Seconds() }

func (f figures) String() string {
	const digits = 10 * time.Microsecond
	return fmt.Sprintf("%d clients: %.0f requests/s, p50 %s, p99 %s, longest %s, %d requests in %s, CPU %s each", clients, f.rate(), f.P50.Round(digits),
		f.P99.Round(digits), f.Longest.Round(digits), f.Requests, f.Took.Round(time.Millisecond), (f.CPU / time.Duration(f.Requests)).Round(time.Microsecond))
}

// request is one that is sent.
type request struct {
	method, url, body string
	header            http.Header
}

// serve starts a server that ends with the test.
func serve(t *testing.T, h http.Handler) (url string, client *http.Client) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	transport := &http.Transport{MaxIdleConns: clients, MaxIdleConnsPerHost: clients}
	t.Cleanup(transport.CloseIdleConnections)
	return server.URL, &http.Client{Transport: transport, Timeout: time.Minute}
}

// drive sends what next returns, which is asked for each client's n-th request, for as long as it is told or until next has no more. Each must be
// answered with 200.
func drive(t *testing.T, client *http.Client, limit time.Duration, next func(client, n int) (request, bool)) figures {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit+time.Minute)
	defer cancel()
	took := make([][]time.Duration, clients)
	wrong := make([]error, clients)
	began, spent := time.Now(), spentCPU(t)
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			for n := 0; wrong[i] == nil && time.Since(began) < limit; n++ {
				q, more := next(i, n)
				if !more {
					return
				}
				sent := time.Now()
				wrong[i] = send(ctx, client, q)
				took[i] = append(took[i], time.Since(sent))
			}
		})
	}
	wg.Wait()
	f := figures{Took: time.Since(began), CPU: spentCPU(t) - spent}
	require.NoError(t, errors.Join(wrong...))
	all := slices.Concat(took...)
	require.NotEmpty(t, all)
	slices.Sort(all)
	f.Requests, f.P50, f.P99, f.Longest = len(all), all[len(all)/2], all[len(all)*99/100], all[len(all)-1]
	return f
}

// spentCPU returns the time that this process has computed so far.
func spentCPU(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func send(ctx context.Context, client *http.Client, q request) error {
	r, err := http.NewRequestWithContext(ctx, q.method, q.url, strings.NewReader(q.body))
	if err != nil {
		return err
	}
	r.Header = q.header
	a, err := client.Do(r)
	if err != nil {
		return err
	}
	b, err := io.ReadAll(a.Body)
	if err := errors.Join(err, a.Body.Close()); err != nil {
		return err
	}
	if a.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %d %.200s", q.method, q.url, a.StatusCode, b)
	}
	return nil
}
