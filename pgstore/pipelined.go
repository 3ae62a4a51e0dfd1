package pgstore

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// pipelined is the result of a batch whose arguments are written already, and whose statements, but for the rare ones, are prepared on the connection:
// it goes to the server as it is. What pgx does besides for statements that it does not know costs as much again.
type pipelined struct {
	pipeline *pgconn.Pipeline
	err      error // of sending
}

// pipeline sends a batch of statements of commits, and prepares first those that are kept and that this connection does not know. It returns nil for any
// other batch.
func (p pooled) pipeline(ctx context.Context, c *pgx.Conn, b *pgx.Batch) *pipelined {
	if !p.plain {
		return nil
	}
	all, needed := make([]*arguments, b.Len()), room(0)
	for i, q := range b.QueuedQueries {
		if all[i] = argumentsOf(q); all[i] == nil {
			return nil
		}
		if needed += all[i].room(); !all[i].statement.kept {
			needed += room(len(q.SQL))
		}
	}
	prepared := make([]*pgconn.StatementDescription, b.Len())
	for i, q := range b.QueuedQueries {
		if !all[i].statement.kept {
			continue
		}
		var err error
		if prepared[i], err = c.Prepare(ctx, q.SQL, q.SQL); err != nil {
			return &pipelined{err: err}
		}
	}
	s := &pipelined{pipeline: c.PgConn().StartPipeline(ctx)}
	c.PgConn().Frontend().Send(needed)
	e := p.encodings.Get().(*encoding)
	for i, a := range all {
		a.encode(e)
		if a.statement.kept {
			s.pipeline.SendQueryStatement(prepared[i], e.values, e.formats, nil) // copies them
		} else {
			s.pipeline.SendQueryParams(a.statement.text, e.values, nil, e.formats, nil) // likewise
		}
	}
	clear(e.values[:cap(e.values)])
	p.encodings.Put(e)
	s.err = s.pipeline.Sync()
	return s
}

// room is a message of no bytes, which makes the buffer large enough for those that follow it: pgx would let it grow from a kilobyte each time.
type room int

// Encode grows the buffer.
func (n room) Encode(buffer []byte) ([]byte, error) { return slices.Grow(buffer, int(n)), nil }

// Decode is for the other direction.
func (room) Decode([]byte) error { return nil }

// Frontend says that it is a client's message.
func (room) Frontend() {}

var _ pgproto3.FrontendMessage = room(0)

// argumentsOf returns the arguments of a statement of a commit, nil of any other.
func argumentsOf(q *pgx.QueuedQuery) *arguments {
	if len(q.Arguments) != 1 {
		return nil
	}
	a, ok := q.Arguments[0].(*arguments)
	if !ok || a.statement == nil {
		return nil
	}
	return a
}

// Exec reads the result of the next statement.
func (s *pipelined) Exec() (pgconn.CommandTag, error) {
	if s.err != nil {
		return pgconn.CommandTag{}, s.err
	}
	result, err := s.pipeline.GetResults()
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	if reader, ok := result.(*pgconn.ResultReader); ok {
		return reader.Close()
	}
	return pgconn.CommandTag{}, errors.New("pgstore: the server answered something else than the result of a statement")
}

// Query is for statements that return something, as no commit does.
func (s *pipelined) Query() (pgx.Rows, error) {
	return nil, errors.New("pgstore: a commit returns no rows")
}

// close reads what is left, to the end of the transaction, and returns what went wrong.
func (s *pipelined) close() error {
	if s.pipeline == nil {
		return s.err
	}
	return s.pipeline.Close()
}
