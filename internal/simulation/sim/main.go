// Command sim plays seeds of the simulation, and says what it reached and what broke.
//
//	sim -seeds 20000             plays seeds 1 to 20,000 on all cores
//	sim -first 4711 -seeds 1 -trace   plays one seed again, with its trace
//
// It exits with 1 if a seed broke something, or something was never reached.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"strings"
	"time"

	"github.com/seed40c892db/payment/internal/simulation"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil { //nolint:forbidigo // a program talks to whoever started it
		fmt.Fprintln(os.Stderr, err) //nolint:forbidigo // likewise
		os.Exit(1)                   //nolint:forbidigo // likewise
	}
}

// options are the flags.
type options struct {
	seeds, workers, enough int
	first                  uint64
	profile, cpu           string
	trace, brief           bool
	list                   string
	planted, hunt, write   bool
	plants, root, branches string
}

func run(args []string, out io.Writer) error {
	var o options
	flags := flag.NewFlagSet("sim", flag.ContinueOnError)
	flags.IntVar(&o.seeds, "seeds", 1000, "how many seeds to play")
	flags.Uint64Var(&o.first, "first", 1, "the first seed")
	flags.IntVar(&o.workers, "workers", runtime.GOMAXPROCS(0), "goroutines, each with worlds of its own")
	flags.IntVar(&o.enough, "enough", 1, "stop after so many failed seeds; 0: never")
	flags.StringVar(&o.profile, "profile", simulation.ProfileDefault, "default, calm or hostile")
	flags.BoolVar(&o.trace, "trace", false, "print the trace of each seed")
	flags.BoolVar(&o.brief, "brief", false, "print only what broke; a fault that never happened is no failure")
	flags.StringVar(&o.cpu, "cpuprofile", "", "write a CPU profile to this file")
	flags.StringVar(&o.list, "list", "", "play these seeds, separated by commas")
	flags.BoolVar(&o.planted, "planted", false, "plant each fault, and see whether the seeds stored for it find it")
	flags.BoolVar(&o.hunt, "hunt", false, "plant each fault, and look for seeds that find it")
	flags.BoolVar(&o.write, "write", false, "with -hunt: store the seeds")
	flags.StringVar(&o.plants, "plants", "", "with -planted or -hunt: only the planted faults whose name contains this")
	flags.StringVar(&o.branches, "branches", "", "print how often each branch of settle ran, by this coverage profile of so many -seeds")
	flags.StringVar(&o.root, "root", ".", "with -planted, -hunt or -branches: where the module is")
	if err := flags.Parse(args); err != nil {
		return err
	}
	debug.SetGCPercent(400)
	if o.cpu != "" {
		f, err := os.Create(o.cpu)
		if err != nil {
			return err
		}
		defer f.Close() //nolint:errcheck // a profile is not worth an error
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	if o.planted || o.hunt {
		return plant(out, o)
	}
	if o.branches != "" {
		return branches(out, o)
	}
	if o.trace {
		return trace(out, o)
	}
	return play(out, o)
}

// trace plays the seeds one after the other, and prints their traces.
func trace(out io.Writer, o options) error {
	next := o.which()
	for n := 0; ; n++ {
		seed, ok := next(n)
		if !ok {
			return nil
		}
		say(out, "seed %d\n", seed)
		r := simulation.Run(seed, simulation.Options{Profile: o.profile, Trace: true, Line: func(line string) { say(out, "%s\n", line) }})
		if len(r.Broken) > 0 {
			return fmt.Errorf("seed %d broke:\n%s", seed, strings.Join(r.Broken, "\n"))
		}
	}
}

// which are the seeds to be played.
func (o *options) which() func(int) (uint64, bool) {
	if o.list == "" {
		return simulation.From(o.first, o.seeds)
	}
	words := strings.Split(o.list, ",")
	return func(n int) (uint64, bool) {
		if n >= len(words) {
			return 0, false
		}
		seed, err := strconv.ParseUint(words[n], 10, 64)
		return seed, err == nil
	}
}

// failedSeeds is how the line begins that names them.
const failedSeeds = "failed seeds:"

// expectAll is from how many seeds on every kind of fault must have happened.
const expectAll = 10_000

// say prints. Whoever reads it may have gone.
func say(out io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(out, format, args...) }

// play plays the seeds and sums them up.
func play(out io.Writer, o options) error {
	start := time.Now() //nolint:forbidigo // how fast it is
	t := simulation.RunAll(simulation.Plan{
		Seeds: o.which(), Workers: o.workers, Enough: o.enough, Options: simulation.Options{Profile: o.profile},
	})
	took := time.Since(start) //nolint:forbidigo // likewise
	var never []simulation.Fault
	if !o.brief {
		var err error
		if never, err = t.Print(out); err != nil {
			return err
		}
	}
	points, medianPoints, ops, medianOps := t.Spread()
	ms := max(took.Milliseconds(), 1)
	say(out, "%d seeds, %d scheduling points (least %d, median %d a seed), %d operations (least %d, median %d a seed)\n",
		t.Seeds, t.Points, points, medianPoints, t.Operations, ops, medianOps)
	say(out, "%s on %d goroutines: %d seeds/s, %d points/s, %d points/s a goroutine\n",
		took.Round(time.Millisecond), o.workers, int64(t.Seeds)*1000/ms, t.Points*1000/ms, t.Points*1000/ms/int64(o.workers))
	if len(t.Failed) > 0 {
		first := t.Failed[0]
		line := failedSeeds
		for _, r := range t.Failed[:min(len(t.Failed), 20)] {
			line += fmt.Sprint(" ", r.Seed)
		}
		say(out, "%s\n", line)
		return fmt.Errorf("%d seeds broke something:\n%s\n\nseed %d:\n%s\n\nplay it again: sim -profile %s -first %d -seeds 1 -trace",
			len(t.Failed), strings.Join(t.Kinds(), "\n"), first.Seed, strings.Join(first.Broken, "\n"), o.profile, first.Seed)
	}
	if points < simulation.LeastPoints || ops < simulation.LeastOperations || t.Alone > 0 {
		return fmt.Errorf("a seed must have %d scheduling points and %d operations, and both processes must take part: in %d seeds one did not",
			simulation.LeastPoints, simulation.LeastOperations, t.Alone)
	}
	if len(never) > 0 && o.seeds >= expectAll {
		return fmt.Errorf("%d kinds of faults never happened: %v", len(never), never)
	}
	return nil
}
