package paymenthttp_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

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
