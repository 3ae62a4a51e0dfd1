package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
)

// connection is one connection with the statements prepared on it.
type connection struct {
	conn     *sql.Conn
	prepared map[string]*sql.Stmt // nil: it goes back to the host after each use, and nothing is prepared
	wrote    bool                 // whether it may have written anything since this was last set
}

// maxPrepared bounds how many statements a connection keeps: lists have many forms. Those of lists leave some room for what writes.
const (
	maxPrepared = 200
	maxQueries  = 150
)

func (c *connection) statement(ctx context.Context, query string, most int) (*sql.Stmt, error) {
	if s := c.prepared[query]; s != nil {
		return s, nil
	}
	if c.prepared == nil || len(c.prepared) >= most {
		return nil, nil
	}
	s, err := c.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	c.prepared[query] = s
	return s, nil
}

func (c *connection) exec(ctx context.Context, query string, args ...any) (int64, error) {
	before := c.wrote
	c.wrote = true // unless it returns, and says otherwise: after an error, SQLite may have undone what others wrote
	s, err := c.statement(ctx, query, maxPrepared)
	if err != nil {
		return 0, err
	}
	var r sql.Result
	if s != nil {
		r, err = s.ExecContext(ctx, args...)
	} else {
		r, err = c.conn.ExecContext(ctx, query, args...)
	}
	if err != nil {
		return 0, err
	}
	n, err := r.RowsAffected()
	c.wrote = before || n > 0 || err != nil
	return n, err
}

func (c *connection) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	c.wrote = true // it may be an UPDATE that returns rows
	s, err := c.statement(ctx, query, maxQueries)
	if err != nil {
		return nil, err
	}
	if s != nil {
		return s.QueryContext(ctx, args...)
	}
	return c.conn.QueryContext(ctx, query, args...)
}

// close ends the statements, and the connection or its loan.
func (c *connection) close() error {
	var errs []error
	for _, s := range c.prepared {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, c.conn.Close())...)
}

// pool hands out a fixed number of connections, one caller at a time each.
type pool struct {
	db    *sql.DB
	keep  bool             // connections stay ours between calls
	setup string           // what to run on each new one; may be empty
	free  chan *connection // nil stands for one that is not there yet
}

func newPool(db *sql.DB, size int, keep bool, setup string) *pool {
	p := &pool{db: db, keep: keep, setup: setup, free: make(chan *connection, size)}
	for range size {
		p.free <- nil
	}
	return p
}

// take waits for a connection until the context ends.
func (p *pool) take(ctx context.Context) (*connection, error) {
	var c *connection
	select {
	case c = <-p.free:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if c != nil {
		return c, nil
	}
	c, err := p.open(ctx)
	if err != nil {
		p.free <- nil
		return nil, err
	}
	return c, nil
}

// idle takes a connection that is open and that nobody has, or returns nil.
func (p *pool) idle() *connection {
	select {
	case c := <-p.free:
		if c == nil {
			p.free <- nil
		}
		return c
	default:
		return nil
	}
}

func (p *pool) open(ctx context.Context) (*connection, error) {
	conn, err := p.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	c := &connection{conn: conn}
	if p.keep {
		c.prepared = map[string]*sql.Stmt{}
	}
	if p.setup != "" {
		if _, err := conn.ExecContext(ctx, p.setup); err != nil {
			return nil, errors.Join(err, c.close())
		}
	}
	return c, nil
}

// give takes a connection back.
func (p *pool) give(c *connection) {
	if p.keep {
		p.free <- c
		return
	}
	_ = c.close() // it is the host's again
	p.free <- nil
}

// drain waits for all connections, and closes those that are ours. None can be taken afterwards.
func (p *pool) drain() error {
	var errs []error
	for range cap(p.free) {
		if c := <-p.free; c != nil {
			errs = append(errs, c.close())
		}
	}
	return errors.Join(errs...)
}
