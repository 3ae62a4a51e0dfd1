package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/seed40c892db/payment"
)

// screen prints lines. It keeps the first error, to be looked at once.
type screen struct {
	w   io.Writer
	err error
}

func (s *screen) line(format string, args ...any) {
	if s.err == nil {
		_, s.err = fmt.Fprintf(s.w, format+"\n", args...)
	}
}

// post sends a message as the gateway does.
func post(ctx context.Context, url string, m payment.WebhookRequest) (status int, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(m.Body))
	if err != nil {
		return 0, err
	}
	r.Header = m.Header.Clone()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	return answer.StatusCode, answer.Body.Close()
}
