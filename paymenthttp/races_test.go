package paymenthttp_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment/paymenthttp"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// whilePaying asks for something while the gateway is about to authorize a session, and returns what the shopper is told of both.
func (s *shop) whilePaying(session string, ask func() *reply) (paid, asked *reply) {
	s.t.Helper()
	gate := make(chan struct{})
	s.gateway.FailNext(sandboxprovider.MethodConfirm, sandboxprovider.Fault{Before: gate})
	replies := [2]chan *reply{make(chan *reply, 1), make(chan *reply, 1)}
	go func() { replies[0] <- s.pay("anna", session, "tok_visa") }()
	require.Eventually(s.t, func() bool {
		x, err := s.svc.GetSession(s.t.Context(), session)
		return err == nil && x.OperationID != ""
	}, 10*time.Second, 5*time.Millisecond)
	go func() { replies[1] <- ask() }()
	time.Sleep(100 * time.Millisecond) // it waits for its turn
	close(gate)
	return <-replies[0], <-replies[1]
}

// What is authorized is the merchant's to give up, also where a shopper asks before it is: an order may be on its way.
func TestWhatIsBeingPaidIsNotTakenBack(t *testing.T) {
	for name, ask := range map[string]func(s *shop, collection, session string) *reply{
		"cancel": func(s *shop, _, session string) *reply {
			return s.as("anna", "POST", "/store/payment-sessions/"+session+"/cancel", "")
		},
		"another provider": func(s *shop, collection, _ string) *reply {
			return s.as("anna", "POST", "/store/payment-collections/"+collection+"/payment-sessions", `{"provider_id":"other"}`)
		},
		"a cheaper cart": func(s *shop, _, _ string) *reply {
			s.setPrice("anna", "10.00")
			return s.as("anna", "POST", "/store/payment-collections", `{"cart_id":"anna"}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, nil)
			c, x := s.session("anna", "sandbox")
			paid, asked := s.whilePaying(x, func() *reply { return ask(s, c, x) })
			paid.status(200)
			asked.status(400, "not_allowed")
			now := s.as("anna", "GET", "/store/payment-sessions/"+x, "").status(200)
			require.Equal(t, "authorized", now.text("payment_session.status"))
			require.Nil(t, now.at("payment.canceled_at"))
		})
	}
}

// A tab that shows what the cart was before does not pay it, also where another tab has told the collection already.
func TestAnOldTabDoesNotPayAnOldAmount(t *testing.T) {
	s := newShop(t, nil)
	_, x := s.session("anna", "sandbox")
	s.setPrice("anna", "200.00")
	s.collection("anna") // the other tab
	s.pay("anna", x, "tok_visa").status(409, "cart_changed")
	require.Equal(t, 0, s.gateway.Authorizations(x))
	_, same := s.session("anna", "sandbox")
	require.Equal(t, x, same)
	require.Equal(t, "200", fmt.Sprint(s.pay("anna", x, "tok_visa").status(200).at("payment.authorized_amount")))
}

// A cart may lose a provider as it grows: what was begun with it is not paid.
func TestTheProvidersOfACartChange(t *testing.T) {
	accepted := []string{"sandbox", "manual"}
	s := newShop(t, func(cfg *paymenthttp.Config) {
		cart := cfg.ResolveCart
		cfg.ResolveCart = func(ctx context.Context, r *http.Request, id string) (paymenthttp.Cart, error) {
			c, err := cart(ctx, r, id)
			c.ProviderIDs = accepted
			return c, err
		}
	})
	c, x := s.session("anna", "manual")
	accepted = []string{"sandbox"}
	choose := func(provider string) *reply {
		return s.as("anna", "POST", "/store/payment-collections/"+c+"/payment-sessions", `{"provider_id":"`+provider+`"}`)
	}
	s.pay("anna", x, "").status(409, "cart_changed")
	require.Equal(t, "provider_id", choose("manual").status(400, "invalid").text("field"))
	s.setPrice("anna", "5000.00")
	s.pay("anna", x, "").status(409, "cart_changed")
	require.Equal(t, "provider_id", choose("manual").status(400, "invalid").text("field"))
	a := choose("sandbox").status(200)
	require.Equal(t, "[map[id:sandbox]]", fmt.Sprint(a.at("payment_collection.payment_providers")))
	require.Len(t, a.at("payment_collection.payment_sessions"), 1)
	accepted = nil
	require.Empty(t, choose("sandbox").status(200).at("payment_collection.payment_providers"), "all of them")
}

// While a bank decides nothing can be taken back: a cart that has become cheaper by then is shown what the bank decides about, and nothing else is begun.
func TestACheaperCartWhileTheBankDecides(t *testing.T) {
	for name, change := range map[string]func(*paymenthttp.Config){"whole": nil, "in parts": inParts} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, change)
			c := s.collection("anna")
			if change != nil {
				s.part(c, "browser", "open", "5").status(200)
			}
			x := s.part(c, "sandbox", "k", "90").status(200).chosen()["id"].(string)
			s.pay("anna", x, "tok_delayed").status(202, "pending")
			s.setPrice("anna", "80.00")
			require.Equal(t, c, s.collection("anna"))
			require.Equal(t, x, s.part(c, "sandbox", "k", "90").status(200).chosen()["id"])
			require.Equal(t, x, s.as("anna", "POST", "/store/payment-collections/"+c+"/payment-sessions", `{"provider_id":"sandbox"}`).status(200).chosen()["id"])
			s.part(c, "other", "another", "10").status(400, "not_allowed")
			if change != nil {
				s.part(c, "sandbox", "another", "10").status(400, "not_allowed")
			}
			s.admin("POST", "/payment-collections/"+c+"/mark-as-paid", `{}`).status(400, "not_allowed")
			require.Len(t, s.gateway.Intents(), 1)

			require.NoError(t, s.gateway.ResolveDelayed(s.gateway.Intents()[0].Reference, true))
			s.as("anna", "POST", "/store/payment-sessions/"+x+"/authorize", `{}`).status(200)
			require.Equal(t, c, s.collection("anna"))
		})
	}
}

// Nobody waits longer than Timeout for what others have under way, also where a cart has become cheaper.
func TestACheaperCartWaitsNoLongerThanOthers(t *testing.T) {
	for name, ask := range map[string]call{
		"reload": {"POST", "/store/payment-collections", `{"cart_id":"anna"}`}, "choose": {"POST", "/store/payment-collections/{c}/payment-sessions", `{"provider_id":"other"}`},
		"mark as paid": {"POST", "/admin/payment-collections/{c}/mark-as-paid", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, func(cfg *paymenthttp.Config) { cfg.Timeout = 200 * time.Millisecond })
			c, x := s.session("anna", "sandbox")
			gate, paid := make(chan struct{}), make(chan *reply)
			s.gateway.FailNext(sandboxprovider.MethodConfirm, sandboxprovider.Fault{Before: gate})
			go func() { paid <- s.pay("anna", x, "tok_visa") }()
			require.Eventually(t, func() bool { return s.gateway.Authorizations(x) > 0 || len(s.gateway.Requests()) > 1 }, 5*time.Second, 5*time.Millisecond)
			s.setPrice("anna", "10.00")
			began := time.Now()
			ask.path = strings.ReplaceAll(ask.path, "{c}", c)
			s.ask(ask).status(202, "in_progress")
			require.Less(t, time.Since(began), 5*time.Second)
			close(gate)
			(<-paid).status(200)
		})
	}
}
