package main

import (
	"errors"
	"io"
	"net/http"

	"github.com/seed40c892db/payment"
)

// webhooks hands the messages of every gateway to the Service. The answer says whether the gateway must send a message again.
func webhooks(svc *payment.Service) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 256<<10)) // as it is: a signature counts every byte
		if err != nil {
			http.Error(w, "the body cannot be read", http.StatusBadRequest)
			return
		}
		_, err = svc.HandleWebhook(r.Context(), r.PathValue("provider"), payment.WebhookRequest{
			Header: r.Header, Body: body, RemoteAddr: r.RemoteAddr,
		})
		switch {
		case err == nil: // stored, or known: whatever is left to do is ours
			w.WriteHeader(http.StatusOK)
		case errors.Is(err, payment.ErrWebhookRefused):
			http.Error(w, "refused", http.StatusBadRequest)
		case errors.Is(err, payment.ErrInvalid), errors.Is(err, payment.ErrUnsupported):
			http.NotFound(w, r)
		default: // not stored: send it again
			http.Error(w, "try again", http.StatusInternalServerError)
		}
	})
}
