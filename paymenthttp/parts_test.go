package paymenthttp_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/paymenthttp"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// inParts lets shoppers pay what "part" in their data says, or all that is left.
func inParts(cfg *paymenthttp.Config) {
	cfg.SplitAmount = func(_ context.Context, _ *http.Request, _ *payment.PaymentCollection, left decimal.Decimal, in payment.Data) (decimal.Decimal, error) {
		if part, ok := in["part"].(string); ok {
			return decimal.Min(left, decimal.RequireFromString(part)), nil
		}
		return left, nil
	}
}

// part chooses a provider for a part of a cart, by a key.
func (s *shop) part(collection, provider, key, sum string, headers ...string) *reply {
	s.t.Helper()
	return s.as("anna", "POST", "/store/payment-collections/"+collection+"/payment-sessions",
		`{"provider_id":"`+provider+`","data":{"part":"`+sum+`"}}`, append([]string{"Idempotency-Key", key}, headers...)...)
}

// chosen is the session that an answer is about.
func (a *reply) chosen() map[string]any {
	a.t.Helper()
	all, ok := a.at("payment_collection.payment_sessions").([]any)
	require.True(a.t, ok && len(all) > 0, a.Body)
	return all[len(all)-1].(map[string]any)
}

// A double click makes one part, also where another tab begins another part between the two, and whatever is left by then.
func TestOneKeyIsOnePart(t *testing.T) {
	for name, repeated := range map[string]string{"the same sum": "25", "another sum": "30"} {
		t.Run(name, func(t *testing.T) {
			hold, held := make(chan struct{}), make(chan struct{})
			s := newShop(t, func(cfg *paymenthttp.Config) {
				inParts(cfg)
				split := cfg.SplitAmount
				cfg.SplitAmount = func(ctx context.Context, r *http.Request, c *payment.PaymentCollection, left decimal.Decimal, in payment.Data) (decimal.Decimal, error) {
					if r.Header.Get("Slow") != "" {
						close(held)
						<-hold
					}
					return split(ctx, r, c, left, in)
				}
			})
			c := s.collection("anna")
			first := make(chan *reply)
			go func() { first <- s.part(c, "sandbox", "part 1", "25", "Slow", "yes") }()
			<-held
			s.part(c, "sandbox", "part 2", "25").status(200)
			second := s.part(c, "sandbox", "part 1", repeated).status(200).chosen()["id"]
			close(hold)
			require.Equal(t, second, (<-first).status(200).chosen()["id"])
			all, err := s.svc.ListSessions(t.Context(), payment.ListParams{CollectionID: c})
			require.NoError(t, err)
			require.Len(t, all.Items, 2)
		})
	}
}

// A part of which nothing was sent is begun again by its key, once.
func TestAPartThatWasNotSent(t *testing.T) {
	s := newShop(t, inParts)
	c := s.collection("anna")
	for range 2 {
		s.gateway.FailNext(sandboxprovider.MethodCreate, sandboxprovider.Fault{Kind: sandboxprovider.FaultConnectionRefused})
		s.part(c, "sandbox", "k", "10").status(503, "not_sent")
	}
	x := s.part(c, "sandbox", "k", "10").status(200).chosen()["id"]
	require.Equal(t, x, s.part(c, "sandbox", "k", "10").status(200).chosen()["id"])
	require.Len(t, s.gateway.Intents(), 1)
}

// The answer to a choice ends with the session that its key is about, whatever was chosen after it, and whatever became of it.
func TestThePartThatAKeyIsAbout(t *testing.T) {
	s := newShop(t, inParts)
	c := s.collection("anna")
	first := s.part(c, "sandbox", "first", "10").status(200).chosen()["id"].(string)
	second := s.part(c, "sandbox", "second", "90").status(200).chosen()["id"].(string)
	require.NotEqual(t, first, second)
	require.Equal(t, first, s.part(c, "sandbox", "first", "10").status(200).chosen()["id"])
	s.pay("anna", first, "tok_visa").status(200)
	require.Equal(t, first, s.part(c, "sandbox", "first", "10").status(200).chosen()["id"])
	require.Equal(t, second, s.part(c, "sandbox", "second", "90").status(200).chosen()["id"])
	s.as("anna", "POST", "/store/payment-sessions/"+second+"/cancel", "").status(200)
	given := s.part(c, "sandbox", "second", "90").status(200).chosen()
	require.Equal(t, second, given["id"])
	require.Equal(t, "canceled", given["status"])
}

// A cart may have had more sessions than a page of a list has.
func TestMoreSessionsThanAPage(t *testing.T) {
	for name, change := range map[string]func(*paymenthttp.Config){"whole": nil, "in parts": inParts} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, change)
			c := s.collection("anna")
			choose := func(provider string, headers ...string) string {
				return s.as("anna", "POST", "/store/payment-collections/"+c+"/payment-sessions", `{"provider_id":"`+provider+`"}`, headers...).
					status(200).chosen()["id"].(string)
			}
			cancel := func(session string) {
				s.as("anna", "POST", "/store/payment-sessions/"+session+"/cancel", "").status(200)
			}
			first, named := choose("sandbox"), ""
			cancel(first)
			if change != nil {
				named = choose("sandbox", "Idempotency-Key", "k")
				cancel(named)
			}
			for range 101 {
				cancel(choose("other"))
			}
			again := choose("sandbox")
			require.NotContains(t, []string{first, named}, again)
			require.Equal(t, again, choose("sandbox"))
			if change != nil {
				require.Equal(t, named, choose("sandbox", "Idempotency-Key", "k"))
			}
		})
	}
}

// An open part is shown however many were given up after it.
func TestAnOpenPartAmongMany(t *testing.T) {
	s := newShop(t, inParts)
	c := s.collection("anna")
	first := s.part(c, "sandbox", "first", "10").status(200).chosen()["id"]
	for i := range 101 {
		x := s.part(c, "other", fmt.Sprint(i), "10").status(200).chosen()["id"].(string)
		s.as("anna", "POST", "/store/payment-sessions/"+x+"/cancel", "").status(200)
	}
	require.Equal(t, first, s.as("anna", "GET", "/store/payment-collections/"+c, "").status(200).chosen()["id"])
}

// Nor does it keep staff from recording money: a key that an earlier call has used is not used again.
func TestMarkAsPaidAfterManySessions(t *testing.T) {
	s := newShop(t, nil)
	c := s.collection("anna")
	record := func() *reply {
		return s.admin("POST", "/payment-collections/"+c+"/mark-as-paid", `{"provider_id":"sandbox"}`)
	}
	s.gateway.FailNext(sandboxprovider.MethodCapture, sandboxprovider.Fault{Kind: sandboxprovider.FaultConnectionRefused})
	record().status(503, "not_sent")
	p := s.admin("GET", "/payments", "").status(200).text("payments.0.id")
	s.admin("POST", "/payments/"+p+"/cancel", "").status(200)
	for range 101 {
		_, x := s.session("anna", "other")
		s.as("anna", "POST", "/store/payment-sessions/"+x+"/cancel", "").status(200)
	}
	require.Equal(t, "completed", record().status(200).text("payment_collection.status"))
}
