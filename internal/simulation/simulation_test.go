package simulation

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Some hundred worlds; make sim plays more.
func TestWorlds(t *testing.T) {
	seeds := 200
	if testing.Short() {
		seeds = 50
	}
	var s Simulator
	defer s.Close()
	for seed := range seeds {
		r := s.Run(uint64(seed+1), Options{})
		require.Empty(t, r.Broken, "play it again: go run ./internal/simulation/sim -first %d -seeds 1 -trace", r.Seed)
		require.GreaterOrEqual(t, r.Points, 150, "seed %d has too few scheduling points", r.Seed)
		require.GreaterOrEqual(t, r.Operations, 3, "seed %d has too few operations", r.Seed)
		require.Positive(t, r.Processes[0], "seed %d", r.Seed)
		require.Positive(t, r.Processes[1], "seed %d", r.Seed)
	}
}

// The same seed is the same world, down to every line of its trace, whatever was played before it.
func TestSameSeedSameTrace(t *testing.T) {
	var warm Simulator
	defer warm.Close()
	for seed := range uint64(12) {
		first := Run(seed, Options{Trace: true})
		second := warm.Run(seed, Options{Trace: true})
		require.NotEmpty(t, first.Trace)
		require.Equal(t, first.Trace, second.Trace, "seed %d", seed)
		require.Equal(t, first.Points, warm.Run(seed, Options{}).Points, "seed %d without its trace", seed)
	}
}

// Nothing breaks where nothing goes wrong, nor where the gateway says anything at all.
func TestProfiles(t *testing.T) {
	for _, profile := range []string{ProfileCalm, ProfileHostile} {
		t.Run(profile, func(t *testing.T) {
			for seed := range uint64(40) {
				require.Empty(t, Run(seed, Options{Profile: profile}).Broken, "seed %d", seed)
			}
		})
	}
}

// Seeds that found something once find nothing any more. Each line of the file says what it taught.
func TestKeptSeeds(t *testing.T) {
	f, err := os.Open("testdata/seeds.txt")
	require.NoError(t, err)
	defer f.Close() //nolint:errcheck // it was only read
	count := 0
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		number, lesson, ok := strings.Cut(line, " ")
		require.True(t, ok && lesson != "", "%q says not what it taught", line)
		seed, err := strconv.ParseUint(number, 10, 64)
		require.NoError(t, err)
		count++
		t.Run(fmt.Sprint(seed), func(t *testing.T) { require.Empty(t, Run(seed, Options{}).Broken, lesson) })
	}
	require.NoError(t, lines.Err())
	require.Positive(t, count)
}
