package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment/internal/pgtest"
)

// TestEveryQuestion asks all questions in small, for the sake of the answers' form: how fast it is, nobody can say of a test.
func TestEveryQuestion(t *testing.T) {
	page := filepath.Join(t.TempDir(), "performance.md")
	require.NoError(t, os.WriteFile(page, []byte("before\n"+beginMark+"old\n"+endMark+"after\n"), 0o600))
	var out bytes.Buffer
	b := &bench{report: &report{out: &out}, rounds: 1, limit: 10 * time.Millisecond, sizes: [3]int{10, 100, 1000}, under: [3]int{5, 10, 100}}
	err := b.run(t.Context(), "postgres,sqlite,memory,cores,slow,growth", page)
	text := out.String()
	if err != nil {
		require.ErrorContains(t, err, "bars were missed", text)
		require.Contains(t, text, "Missed: ")
	}
	for _, title := range []string{
		"PostgreSQL beside the floor", "What a flow costs PostgreSQL", "SQLite beside the floor", "memstore", "What the library itself costs",
		"A gateway that takes 200 ms", "Growth: sessions in the collection", "Growth: collections stored",
	} {
		require.Contains(t, text, "\n### "+title+"\n")
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "|") {
			require.NotContains(t, line, "NaN", line)
			require.NotContains(t, line, "Inf", line)
		}
	}
	written, err := os.ReadFile(page)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(written), "before\n"+beginMark+"\nMeasured on "), string(written))
	require.True(t, strings.HasSuffix(string(written), "\n\n"+endMark+"after\n"), string(written))
	require.NotContains(t, string(written), "\nold\n")
}

// TestFloorsDoTheSameBusiness plays a flow on each of PostgreSQL's floors, and looks at what is stored: a floor that did less would be a lower one.
func TestFloorsDoTheSameBusiness(t *testing.T) {
	server, err := pgtest.Start(pgtest.Options{Own: true})
	require.NoError(t, err)
	defer server.Stop()
	pool, err := postgresPool(t.Context(), server.DSN("postgres"), "", 2)
	require.NoError(t, err)
	defer pool.Close()
	text := func(query string) (s string) {
		require.NoError(t, pool.QueryRow(t.Context(), query).Scan(&s), query)
		return s
	}
	floor, err := postgresFloor(t.Context(), pool)
	require.NoError(t, err)
	promise, err := postgresPromise(t.Context(), pool)
	require.NoError(t, err)
	for name, play := range map[string]flow{"floor": floor, "promise": promise} {
		require.NoError(t, play(t.Context()), name)
		table := func(query string) string { return strings.ReplaceAll(query, "$", name) }
		require.Equal(t, "10.99 10.99 10.99", text(table("SELECT concat_ws(' ', authorized, captured, refunded) FROM $_collections")))
		require.Equal(t, "authorized 10.99", text(table("SELECT concat_ws(' ', s.status, p.amount) FROM $_sessions s JOIN $_payments p ON p.session_id = s.id")))
		require.Equal(t, "10.99 10.99", text(table("SELECT concat_ws(' ', c.amount, r.amount) FROM $_captures c JOIN $_refunds r USING (payment_id)")))
	}
	require.Equal(t, "9 0", text("SELECT concat_ws(' ', version, held) FROM promise_collections"), "two commits for each call of a gateway")
	require.Equal(t, "initialize authorize capture refund", text("SELECT string_agg(kind, ' ' ORDER BY id) FROM promise_operations WHERE state = 'succeeded'"))
	require.Equal(t, "1 2 3 4 5", text("SELECT string_agg(seq::text, ' ' ORDER BY seq) FROM promise_events"))
	require.Equal(t, "events session", text("SELECT string_agg(kind, ' ' ORDER BY kind) FROM promise_due"))

	id := text("SELECT id::text FROM promise_collections")
	for _, step := range promiseSteps() {
		_, err := pool.Exec(t.Context(), step.begin, id, 8, uuid.NewString(), uuid.NewString(), step.kind, "1")
		require.ErrorContains(t, err, "division by zero", "%s on a version that is not the newest", step.kind)
	}
	require.Equal(t, "9 0", text("SELECT concat_ws(' ', version, held) FROM promise_collections"))
}

// TestMissedBars has a bar that is missed fail the run, and one that is reached not.
func TestMissedBars(t *testing.T) {
	r := &report{out: &bytes.Buffer{}}
	require.Equal(t, "**0.61** (≥ 0.60)", r.atLeast("fast", 0.61, 0.6))
	require.Equal(t, "**1.30** (≤ 1.30)", r.atMost("flat", 1.3, 1.3, ""))
	require.Empty(t, r.missed)
	require.Equal(t, "**0.59** (missed: ≥ 0.60)", r.atLeast("slow", 0.59, 0.6))
	require.Equal(t, "**351 ms** (missed: ≤ 350 ms)", r.atMost("late", 351, 350, " ms"))
	require.Equal(t, []string{"slow: 0.59, the bar is ≥ 0.60", "late: 351 ms, the bar is ≤ 350 ms"}, r.missed)
	require.Error(t, r.write(filepath.Join(t.TempDir(), "none.md")))
}

// TestRatiosAreOfOneRound compares a contender with the first of its own round, so that a slow round harms both.
func TestRatiosAreOfOneRound(t *testing.T) {
	pause := time.Millisecond
	flows := 0
	wait := func(factor int) flow {
		return func(context.Context) error {
			if flows++; flows%20 == 0 {
				pause = 4*time.Millisecond - pause // the machine becomes slow, and fast again
			}
			for range factor {
				time.Sleep(pause)
			}
			return nil
		}
	}
	got, err := interleave(t.Context(), 3, 30*time.Millisecond, 1, []contender{{name: "floor", flow: wait(1)}, {name: "twice", flow: wait(2)}})
	require.NoError(t, err)
	require.Equal(t, 1.0, got[0].ratio) //nolint:testifylint // a number divided by itself
	require.InDelta(t, 0.5, got[1].ratio, 0.4)
	require.InDelta(t, 3, median([]float64{9, 1, 3}), 0)
	require.InDelta(t, 2, median([]float64{1, 3}), 0)
}
