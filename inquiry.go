package payment

import (
	"context"
	"errors"
	"time"
)

// inquiry is a question to a gateway that no operation of ours stands behind: because of a webhook, by age, or on behalf of a shopper.
type inquiry struct {
	limit time.Duration // how long the gateway may take
	hint  *Snapshot     // what a verified message says, where the gateway cannot be asked
	about string        // the operation's key that the message names
}

// heard is what came of an inquiry.
type heard int

const (
	heardNothing     heard = iota // the gateway did not answer
	heardUnsupported              // it cannot be asked
	heardStale                    // the rows changed meanwhile: the answer may be older than they are
	heardHint                     // it cannot be asked, and the rows agree with what a verified message says
	heardAnswer                   // the rows agree with its answer
)

// inquire asks the gateway about a session, and settles what it says if nothing else has changed the session since b was loaded: an
// answer that was on its way while others wrote may be older than the rows. An operation that needs a person may end by it; one that is
// open is its executor's matter.
func (s *Service) inquire(ctx context.Context, b *book, q inquiry) (*book, heard, error) {
	g, err := s.gateway(b.session.ProviderID)
	if err == nil {
		err = s.reach(g)
	}
	if err != nil {
		return b, heardNothing, err
	}
	asked, op, revision := b, b.openOperation(), b.session.Revision
	a := s.call(ctx, q.limit, func(ctx context.Context) answer { return g.ask(ctx, asked, op, q) })
	switch {
	case a.unsupported:
		return b, heardUnsupported, nil
	case a.kind == answerUnknown:
		return b, heardNothing, nil // what we know still stands
	}
	came := heardAnswer
	if a.hinted {
		came = heardHint
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.SettleTimeout)
	defer cancel()
	by := Key{CollectionID: b.collection.ID, SessionID: b.session.ID}
	for {
		stale := false
		b, err = s.change(ctx, by, b, func(b *book) error {
			b.now, b.more = s.now(), false
			open := b.openOperation()
			if stale = b.session.Revision != revision || open != nil && open.State == OperationOpen; !stale {
				b.settle(g, open, a)
			}
			return nil
		})
		if errors.Is(err, ErrDuplicate) || errors.Is(err, ErrInvalid) {
			// The store will never take this answer: a person must see it.
			if b, err = s.change(ctx, by, nil, func(b *book) error {
				if open := b.openOperation(); open == nil || open.State == OperationNeedsAttention {
					b.attention(open, "answer")
					b.watch(g)
				}
				return nil
			}); err == nil {
				b.more = false
			}
		}
		switch {
		case err != nil:
			return b, heardNothing, err
		case stale:
			return b, heardStale, nil
		case !b.more:
			s.report(ctx, b.openOperation())
			return b, came, nil
		}
		revision = b.session.Revision
	}
}
