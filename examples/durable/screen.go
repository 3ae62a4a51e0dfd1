package main

import (
	"fmt"
	"io"
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
