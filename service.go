package payment

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"
)

// Config is what a [Service] is made of. Only Providers is required; a zero value means the default.
type Config struct {
	Providers []Provider                                       // the gateways, each ID once
	Logger    *slog.Logger                                     // what an operator should read; default: nothing is logged
	Now       func() time.Time                                 // the clock; default time.Now
	NewID     func() uuid.UUID                                 // where IDs and keys come from; default UUIDv7. Must never repeat
	Wait      func(ctx context.Context, d time.Duration) error // waits d or until ctx ends, whose error it returns then; default a timer
	Namespace string                                           // binds cursors and derived IDs to one merchant; default ""

	CallTimeout   time.Duration // how long a provider may take; default 15 s
	SettleTimeout time.Duration // how long recording its answer may take; default 10 s
	ClockSkew     time.Duration // how far the clocks of processes may differ; default 10 s
	GiveUpAfter   time.Duration // how long an unknown outcome is asked about before a person must decide; default, and least, 24 h

	MaxSessionDeclines    int // declined attempts after which a session takes no more; default 10
	MaxCollectionDeclines int // declined attempts after which a collection takes no more; default 20
}
