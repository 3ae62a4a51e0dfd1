package paymenthttp_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/paymenthttp"
	"github.com/seed40c892db/payment/sandboxprovider"
)

func TestWebhooksAreTaken(t *testing.T) {
	s := newShop(t, nil)
	_, x := s.session("anna", "sandbox")
	s.pay("anna", x, "tok_delayed").status(202)
	require.NoError(t, s.gateway.ResolveDelayed(s.gateway.Intents()[0].Reference, true))
	hooks := s.gateway.Webhooks()
	send := func(provider string, body []byte, i int) *reply {
		r := httptest.NewRequest(http.MethodPost, "/hooks/payment/"+provider, bytes.NewReader(body))
		r.Header = hooks[i].Header
		return s.do(r)
	}
	for i := range hooks {
		for range 2 {
			require.Equal(t, true, send("sandbox", hooks[i].Body, i).status(200).at("received"))
		}
	}
	s.as("anna", "GET", "/store/payment-sessions/"+x, "").status(200)
	require.Equal(t, "authorized", s.as("anna", "GET", "/store/payment-sessions/"+x, "").text("payment_session.status"))

	a := send("sandbox", append(hooks[0].Body, ' '), 0).status(400, "refused")
	require.NotContains(t, a.Body.String(), "signature", "whoever forges learns nothing")
	send("manual", hooks[0].Body, 0).status(404)
	send("nobody", hooks[0].Body, 0).status(404)
	send("sandbox", []byte(strings.Repeat("x", 256<<10+1)), 0).status(413, "too_large")
	require.Equal(t, "POST", s.as("", "GET", "/hooks/payment/sandbox", "").status(405).Header().Get("Allow"))
	s.as("", "POST", "/hooks/payment", "").status(404)
}

// picky is a provider that refuses every message, for a reason of its own.
type picky struct {
	payment.Provider
	why error
}

func (p *picky) VerifyWebhook(context.Context, payment.WebhookRequest) (payment.WebhookMessage, error) {
	return payment.WebhookMessage{}, p.why
}

// A refused message is refused, whatever the reason looks like.
func TestWhyAWebhookIsRefused(t *testing.T) {
	p := &picky{Provider: sandboxprovider.New(sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{}), sandboxprovider.Config{})}
	s := newShop(t, func(cfg *paymenthttp.Config) {
		var err error
		cfg.Service, err = payment.NewService(memstore.New(), payment.Config{Providers: []payment.Provider{p}, Logger: cfg.Logger})
		require.NoError(t, err)
	})
	for _, why := range []error{
		errors.New("forged"), payment.ErrInvalid, &payment.InvalidError{Field: "Signature", Rule: "is not ours"}, payment.ErrUnsupported, payment.ErrNotFound,
		&payment.NotFoundError{ID: "x"}, &payment.StateError{}, &payment.SessionError{Outcome: payment.ErrPending}, paymenthttp.ErrForbidden,
		paymenthttp.ErrUnauthenticated, payment.ErrConflict, context.Canceled,
	} {
		p.why = why
		a := s.as("", "POST", "/hooks/payment/sandbox", "{}").status(400, "refused")
		require.NotContains(t, a.Body.String(), "ours")
	}
}
