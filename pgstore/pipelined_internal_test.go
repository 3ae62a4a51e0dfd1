package pgstore

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/tracelog"
	"github.com/stretchr/testify/require"
)

// TestWhoIsToldWhatIsSent leaves statements to pgx where something of the host's looks at them, or says how they are to be sent.
func TestWhoIsToldWhatIsSent(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*pgxpool.Config)
		plain  bool
	}{
		"none":             {func(*pgxpool.Config) {}, true},
		"a tracer":         {func(c *pgxpool.Config) { c.ConnConfig.Tracer = &tracelog.TraceLog{} }, false},
		"exec":             {func(c *pgxpool.Config) { c.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec }, false},
		"describe":         {func(c *pgxpool.Config) { c.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe }, false},
		"simple protocol":  {func(c *pgxpool.Config) { c.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol }, false},
		"a changed config": {func(c *pgxpool.Config) { c.BeforeConnect = func(context.Context, *pgx.ConnConfig) error { return nil } }, false},
	} {
		cfg, err := pgxpool.ParseConfig("postgres://nobody@127.0.0.1:1/none")
		require.NoError(t, err)
		tc.change(cfg)
		pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
		require.NoError(t, err)
		require.Equal(t, tc.plain, newPooled(pool).plain, name)
		pool.Close()
	}
}

// TestArgumentsBothWays has the arguments as pgx takes them, and as the protocol has them.
func TestArgumentsBothWays(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678_901_000, time.UTC)
	a := &arguments{}
	a.addText("naïve")
	a.addNull()
	a.addNumber(-2)
	a.addFlag(true)
	a.addFlag(false)
	a.addTime(at)
	a.addTime(time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC))
	a.addText("")
	want := []any{"naïve", nil, int64(-2), true, false, at, time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), ""}
	require.Equal(t, want, a.args())
	text, args, err := a.RewriteQuery(t.Context(), nil, "SELECT", nil)
	require.NoError(t, err)
	require.Equal(t, "SELECT", text)
	require.Equal(t, want, args)
	e := &encoding{values: [][]byte{{1}}, formats: []int16{1}} // of an earlier statement
	a.encode(e)
	values := e.values
	require.Equal(t, []int16{0, 1, 1, 1, 1, 1, 1, 0}, e.formats)
	require.Nil(t, values[1])
	require.NotNil(t, values[7], "an empty text is none that is missing")
	require.Equal(t, "naïve", string(values[0]))
	require.Equal(t, []byte{255, 255, 255, 255, 255, 255, 255, 254}, values[2])
	require.Equal(t, []byte{1}, values[3])
	require.Equal(t, []byte{0}, values[4])
	for i, at := range map[int]time.Time{5: at, 6: time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)} {
		encoded, err := pgtype.NewMap().Encode(pgtype.TimestamptzOID, pgtype.BinaryFormatCode, at, nil)
		require.NoError(t, err)
		require.Equal(t, encoded, values[i], at)
	}
}

// TestStatementsThatAreNotKept does not keep what has a shape that is rare, or large.
func TestStatementsThatAreNotKept(t *testing.T) {
	q := newStatements("payment")
	ordinary := q.known.Load()
	require.True(t, q.commit(shape{sessions: 1}).kept)
	require.False(t, q.commit(shape{sessions: 1, captures: 24, events: 24}).kept)
	require.Equal(t, ordinary+1, q.known.Load(), "it takes no room from others")
	q.known.Store(maxKept)
	require.False(t, q.commit(shape{sessions: 2}).kept)
	require.True(t, q.commit(shape{sessions: 1}).kept, "what is known stays so")
	for _, of := range q.commits() {
		require.True(t, of.kept)
	}
}
