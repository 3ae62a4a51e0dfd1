package paymenthttp

import (
	"errors"
	"io"
	"net/http"

	"github.com/seed40c892db/payment"
)

// webhookLimit is how large a message may be.
const webhookLimit = 256 << 10

// Webhooks returns the handler for gateways: POST /hooks/payment/{provider} takes a message as it comes. Only [Config].Service and Logger count.
// The error names the field of Config that is wrong, or is the store's.
//
// 200 says that the message is stored, or came before; 400 that it is refused, 404 that no such provider takes any, 413 that it is too large;
// 503 that it could not be stored: the gateway sends it again.
func Webhooks(cfg Config) (http.Handler, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	h := &webhooks{server{cfg: cfg, svc: cfg.Service}}
	return h.mux(webhookLimit, []route{
		{"/hooks/payment/{provider}", methods{http.MethodPost: h.take}}, // gateways are no pages: their signature is their credential
	}), nil
}

type webhooks struct{ server }

func (h *webhooks) take(r *http.Request) (answer, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return answer{}, bodyError(err)
	}
	_, err = h.svc.HandleWebhook(r.Context(), r.PathValue("provider"), payment.WebhookRequest{Header: r.Header, Body: body, RemoteAddr: r.RemoteAddr})
	if !errors.Is(err, payment.ErrWebhookRefused) && (errors.Is(err, payment.ErrInvalid) || errors.Is(err, payment.ErrUnsupported)) {
		return answer{}, errNotThere()
	}
	return answer{body: map[string]any{"received": true}}, err
}
