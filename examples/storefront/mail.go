package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/seed40c892db/payment"
)

// mail takes what the gateways have to tell to the shop, over HTTP, as gateways do: later, in their order, and again until it is taken.
type mail struct {
	base string // where the shop is
	tell func(format string, args ...any)

	mu    sync.Mutex
	queue []letter
	more  chan struct{} // holds one when something has come
}

// letter is one webhook of one provider's gateway.
type letter struct {
	provider string
	request  payment.WebhookRequest
}

// from returns the OnWebhook of a provider's gateway.
func (m *mail) from(provider string) func(payment.WebhookRequest) {
	return func(r payment.WebhookRequest) {
		m.mu.Lock()
		m.queue = append(m.queue, letter{provider, r})
		m.mu.Unlock()
		select {
		case m.more <- struct{}{}:
		default:
		}
	}
}

// deliver delivers until ctx ends.
func (m *mail) deliver(ctx context.Context) {
	for {
		m.mu.Lock()
		queue := m.queue
		m.queue = nil
		m.mu.Unlock()
		for _, l := range queue {
			for pause := 100 * time.Millisecond; ; pause = min(2*pause, 10*time.Second) {
				err := m.post(ctx, l)
				if err == nil || ctx.Err() != nil {
					break
				}
				m.tell("a webhook of %s was not taken, and is sent again: %v", l.provider, err)
				select {
				case <-ctx.Done():
				case <-time.After(pause):
				}
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-m.more:
		}
	}
}

func (m *mail) post(ctx context.Context, l letter) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, m.base+"/hooks/payment/"+l.provider, bytes.NewReader(l.request.Body))
	if err != nil {
		return err
	}
	r.Header = l.request.Header.Clone()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	_ = answer.Body.Close() // only the status counts
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the shop answered %s", answer.Status)
	}
	return nil
}
