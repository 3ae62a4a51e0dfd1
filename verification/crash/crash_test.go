package crash

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment/verification/stores"
)

var (
	kills   = flag.Int("kills", 2, "how often a child is killed, per store")
	flood   = flag.Int("flood", 100, "how many operations are open at once, per store, when a child is killed")
	long    = flag.Duration("load", time.Second, "how long clients load each store")
	outages = flag.Int("outages", 2, "how often the database server is stopped under load")
	table   = flag.Bool("figures", false, "print the figures as a table in the end")
	seed    = flag.Uint64("seed", uint64(time.Now().UnixNano()), "what the moments of the kills and the answers that get lost are drawn from")
)

// childTask is the environment variable that makes this program a child.
const childTask = "PAYMENT_CRASH_CHILD"

func TestMain(m *testing.M) {
	if text := os.Getenv(childTask); text != "" {
		var t task
		err := json.Unmarshal([]byte(text), &t)
		if err == nil {
			err = t.run(stores.Open)
		}
		exit(err)
	}
	flag.Parse()
	code := m.Run()
	if *table && code == 0 {
		figures.print()
	}
	os.Exit(code)
}

// figures are what is printed in the end.
var figures figureTable

type figureTable struct {
	mu   sync.Mutex
	rows []string
}

func (f *figureTable) add(t *testing.T, store, what, format string, args ...any) {
	t.Helper()
	text := fmt.Sprintf(format, args...)
	t.Logf("%s, %s: %s", store, what, text)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rows = append(f.rows, fmt.Sprintf("| %s | %s | %s |", store, what, text))
}

func (f *figureTable) print() {
	slices.Sort(f.rows)
	fmt.Printf("| store | what | figures |\n| --- | --- | --- |\n%s\n", strings.Join(f.rows, "\n"))
}

// harness is a parent, a database, and the children over it.
type harness struct {
	*parent
	t     *testing.T
	store string
	dsn   string
	dice  *rand.Rand

	plant    string
	killed   int
	wereOpen int           // operations that were open after a kill, in all
	slowest  time.Duration // of all recoveries
	v        *verdict
}

func newHarness(t *testing.T, store, dsn string) *harness {
	t.Helper()
	dir, err := os.MkdirTemp("", "crash") //nolint:usetesting // t.TempDir is too long a name for a socket
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	p, err := listen(t.Context(), filepath.Join(dir, "parent"), *seed)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.close()) })
	return &harness{parent: p, t: t, store: store, dsn: dsn, dice: rand.New(rand.NewPCG(*seed, 2))}
}

// process is a child.
type process struct {
	*exec.Cmd
	said strings.Builder
}

// start starts a child and waits until it is ready.
func (h *harness) start(mode string, workers int, silent bool) *process {
	h.t.Helper()
	h.reset()
	text, err := json.Marshal(task{Mode: mode, Store: h.store, DSN: h.dsn, Socket: h.socket, Workers: workers, Flood: *flood, Silent: silent, Plant: h.plant})
	require.NoError(h.t, err)
	program, err := os.Executable()
	require.NoError(h.t, err)
	c := &process{Cmd: exec.Command(program)}
	c.Env = append(os.Environ(), childTask+"="+string(text))
	c.Stdout, c.Stderr = &c.said, &c.said
	require.NoError(h.t, c.Start())
	h.t.Cleanup(func() { _ = c.Process.Kill() })
	select {
	case <-h.ready:
	case <-time.After(30 * time.Second):
		_ = c.Process.Kill()
		_ = c.Wait()
		require.Fail(h.t, "a child does not become ready", c.said.String())
	}
	return c
}

// kill kills a child.
func (h *harness) kill(c *process) {
	h.t.Helper()
	require.NoError(h.t, c.Process.Kill())
	_ = c.Wait() // it says that it was killed
	require.Equal(h.t, -1, c.ProcessState.ExitCode(), "the child ended before it was killed: %s", c.said.String())
	h.killed++
}

// await waits until a child has ended by itself.
func (h *harness) await(c *process) {
	h.t.Helper()
	require.NoError(h.t, c.Wait(), c.said.String())
}

// recoverAll lets a child bring all open operations to their end, and returns how that went.
func (h *harness) recoverAll(silent bool) recovery {
	h.t.Helper()
	h.mu.Lock()
	lossy := h.loses
	h.loses = false
	h.mu.Unlock()
	h.await(h.start(modeRecover, 16, silent))
	h.mu.Lock()
	defer h.mu.Unlock()
	h.loses = lossy
	r := h.results[len(h.results)-1]
	h.wereOpen += r.Open
	for _, text := range r.Slow {
		h.t.Log(text)
	}
	h.slowest = max(h.slowest, r.Took)
	return r
}

// read reads all rows.
func (h *harness) read() *books {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), time.Minute)
	defer cancel()
	store, closeStore, err := stores.Open(ctx, h.store, h.dsn)
	require.NoError(h.t, err)
	defer closeStore()
	b, err := read(ctx, store)
	require.NoError(h.t, err)
	return b
}

// check requires that the books agree.
func (h *harness) check() *books {
	h.t.Helper()
	b := h.read()
	h.v = h.compare(b)
	if wrong := h.v.Wrong; len(wrong) > 0 {
		more := ""
		if len(wrong) > 20 {
			more = fmt.Sprintf("\nand %d more", len(wrong)-20)
		}
		require.Fail(h.t, "after "+fmt.Sprint(h.killed)+" kills", "%s%s\nplay it again, as far as that goes: -seed %d",
			strings.Join(wrong[:min(len(wrong), 20)], "\n"), more, *seed)
	}
	return b
}

// play kills children at random moments, and looks at the books every fifth time; then it brings all to its end.
func (h *harness) play() {
	h.t.Helper()
	for n := 1; n <= *kills; n++ {
		mode := modeWork
		if h.dice.IntN(4) == 0 && n > 1 {
			mode = modeRecover // who recovers is killed as well
		}
		c := h.start(mode, 8, false)
		time.Sleep(time.Duration(10+h.dice.IntN(900)) * time.Millisecond)
		if mode == modeRecover {
			_ = c.Process.Kill()
			_ = c.Wait() // it may have been done before
			h.killed++
		} else {
			h.kill(c)
		}
		if n%5 == 0 || n == *kills {
			h.recoverAll(false)
			h.check()
		}
	}
	h.await(h.start(modeFinish, 8, false))
	h.recoverAll(false)
	b := h.check()
	for n := range h.started {
		require.True(h.t, h.finished[n+1], "flow %d did not come to its end", n+1)
	}
	require.Greater(h.t, h.started, h.killed, "too little happened")
	if *kills >= 10 {
		require.Positive(h.t, h.wereOpen, "no kill ever left an operation open")
		require.Positive(h.t, h.lost)
	}
	require.Eventually(h.t, func() bool { // what a dead child had claimed is delivered when its claim has ended
		if h.undelivered(b) == 0 {
			return true
		}
		h.recoverAll(false)
		return false
	}, 30*time.Second, time.Second)
}

// TestKills kills children of a shop over each store.
func TestKills(t *testing.T) {
	t.Parallel()
	for name, dsn := range databases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, name, dsn)
			h.play()
			figures.add(t, name, fmt.Sprint(h.killed, " kills"),
				"%d flows, %d operations, %d answers lost; %d operations found open, the slowest recovery %s; %d double, %d orphan, %d lost, %d open",
				h.started, h.v.Operations, h.lost, h.wereOpen, h.slowest.Round(time.Millisecond), h.v.Double, h.v.Orphan, h.v.Lost, h.v.Open)
		})
	}
}

// TestPlanted plants a fault in the children, and requires that the books show it.
func TestPlanted(t *testing.T) {
	t.Parallel()
	for _, plant := range []string{plantNewKeys, plantNoBegin} {
		t.Run(plant, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, stores.SQLite, filepath.Join(t.TempDir(), "payments.db"))
			h.plant = plant
			for range 10 {
				c := h.start(modeWork, 8, false)
				time.Sleep(time.Second)
				h.kill(c)
				time.Sleep(3 * time.Second)              // the leases end
				_ = h.start(modeRecover, 4, true).Wait() // it may find that it cannot
				if v := h.compare(h.read()); v.Double+v.Lost+v.Orphan+v.Open > 0 || len(v.Wrong) > 0 {
					t.Logf("after %d kills: %s", h.killed, v.Wrong[0])
					return
				}
			}
			require.Fail(t, "nobody notices "+plant)
		})
	}
}

// TestFlood kills a child that has many operations open, and requires that they are brought to their end soon.
func TestFlood(t *testing.T) {
	for name, dsn := range databases(t) {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t, name, dsn)
			h.loses = false
			h.hangs = make(chan struct{})
			c := h.start(modeFlood, 0, true)
			require.Eventually(t, func() bool {
				h.mu.Lock()
				defer h.mu.Unlock()
				return len(h.hanging) == *flood
			}, time.Minute, 5*time.Millisecond)
			h.kill(c)
			close(h.hangs)
			h.hangs = nil
			r := h.recoverAll(true)
			require.Equal(t, *flood, r.Open)
			h.check()
			require.Less(t, r.Took, 5*time.Second)
			figures.add(t, name, fmt.Sprint(r.Open, " operations open"), "none is %s after the last lease has ended; %d double, %d orphan",
				r.Took.Round(time.Millisecond), h.v.Double, h.v.Orphan)
		})
	}
}

// databases makes an empty database for each store.
func databases(t *testing.T) map[string]string {
	t.Helper()
	return map[string]string{
		stores.SQLite:   filepath.Join(t.TempDir(), "payments.db"),
		stores.Postgres: stores.Database(t, stores.Server(t, true)),
	}
}
