package main

import (
	"context"
	"fmt"
	"io"

	"github.com/seed40c892db/payment"
)

// screen prints. It keeps the first error, to be looked at once.
type screen struct {
	w   io.Writer
	err error
}

func (s *screen) printf(format string, args ...any) {
	if s.err == nil {
		_, s.err = fmt.Fprintf(s.w, format, args...)
	}
}

// session prints why the order's session is where it is, what happens next, and what can be done.
func (s *screen) session(ctx context.Context, svc *payment.Service, collectionID, title string) error {
	t, err := svc.Timeline(ctx, collectionID)
	if err != nil {
		return err
	}
	s.printf("\n%s\n\n", title)
	for i := range t.Sessions {
		s.printf("%s", t.Sessions[i].String())
	}
	return nil
}
