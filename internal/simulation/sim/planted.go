package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed40c892db/payment/internal/simulation"
)

const (
	plantsAt  = "internal/simulation/testdata/planted"
	huntSeeds = 100_000          // among so many a planted fault must be found
	huntTime  = 40 * time.Minute // and within this time
	fallback  = 20_000           // where the seeds stored do not find it any more, because the library has changed
	kept      = 6                // seeds that are stored for a planted fault
)

// plant plants each fault, and says whether it is found.
func plant(out io.Writer, o options) error {
	root, err := filepath.Abs(o.root)
	if err != nil {
		return err
	}
	plants, err := simulation.ReadPlants(os.DirFS(filepath.Join(root, plantsAt)))
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "planted")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory
	plants = slices.DeleteFunc(plants, func(p simulation.Plant) bool { return !strings.Contains(p.Name, o.plants) })
	var survived []string
	var broken error // told in the end: until then somebody builds in dir
	for i, attempt := range attempts(plants, root, dir, o) {
		p, a := &plants[i], <-attempt
		if a.err != nil {
			broken = errors.Join(broken, a.err)
			continue
		}
		say(out, "%-30s rule %-8s %s\n", p.Name, p.Rule, a.found)
		if len(a.seeds) == 0 {
			survived = append(survived, p.Name)
		} else if o.hunt && o.write {
			if err := storeSeeds(filepath.Join(root, plantsAt, p.Name+".txt"), a.seeds); err != nil {
				broken = errors.Join(broken, err)
			}
		}
	}
	if len(survived) > 0 {
		broken = errors.Join(broken, fmt.Errorf("planted faults that were not found: %s", strings.Join(survived, ", ")))
	}
	return broken
}

// attempt is what came of looking for a planted fault.
type attempt struct {
	found string
	seeds []string
	err   error
}

// attempts looks for planted faults, for two at once: a build does not keep two processors busy. A hunt does.
func attempts(plants []simulation.Plant, root, dir string, o options) []chan attempt {
	atOnce := 2
	if o.hunt {
		atOnce = 1
	}
	turns := make(chan bool, atOnce)
	list := make([]chan attempt, len(plants))
	for i := range plants {
		list[i] = make(chan attempt, 1)
	}
	go func() {
		for i := range plants {
			turns <- true
			go func() {
				defer func() { <-turns }()
				var a attempt
				a.found, a.seeds, a.err = tryPlant(&plants[i], root, dir, o)
				list[i] <- a
			}()
		}
	}()
	return list
}

// tryPlant builds the simulation with a planted fault, and runs it.
func tryPlant(p *simulation.Plant, root, dir string, o options) (found string, seeds []string, err error) {
	program, err := buildPlanted(p, root, dir)
	if err != nil {
		return "", nil, err
	}
	if o.hunt {
		seeds, took, err := search(program, o, huntSeeds, kept)
		return fmt.Sprintf("found by seeds %s in %s", strings.Join(seeds, " "), took), seeds, err
	}
	var words []string
	for _, seed := range p.Seeds {
		words = append(words, strconv.FormatUint(seed, 10))
	}
	if len(words) > 0 {
		seeds, took, err := look(program, o, "-list", strings.Join(words, ","), "-enough", "1")
		if seeds = sound(seeds, o); err != nil || len(seeds) > 0 {
			return fmt.Sprintf("found by the stored seed %s in %s", strings.Join(seeds, " "), took), seeds, err
		}
	}
	seeds, took, err := search(program, o, fallback, 1)
	return fmt.Sprintf("NOT found by the stored seeds, but by seed %s in %s: store new ones with -hunt -write", strings.Join(seeds, " "), took), seeds, err
}

// buildPlanted builds this program with a planted fault in the library.
func buildPlanted(p *simulation.Plant, root, dir string) (program string, err error) {
	changed, err := p.Apply(os.DirFS(root))
	if err != nil {
		return "", err
	}
	at := filepath.Join(dir, p.Name)
	if err := os.MkdirAll(at, 0o700); err != nil {
		return "", err
	}
	overlay, files := simulation.Overlay(root, at, changed)
	files[filepath.Join(at, "overlay.json")] = overlay
	for name, text := range files {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	program = filepath.Join(at, "sim")
	const quick = "-gcflags=github.com/seed40c892db/payment/...=-N -l" // not optimized: it takes longer to build than to run
	//nolint:gosec // what is run is go build, on this module
	build := exec.Command("go", "build", quick, "-overlay", filepath.Join(at, "overlay.json"), "-o", program, "./internal/simulation/sim")
	build.Dir = root
	if text, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("planted fault %s does not build: %w\n%s", p.Name, err, text)
	}
	return program, nil
}

// search looks for seeds that find a planted fault, and break nothing without it.
func search(program string, o options, among, enough int) (found []string, took time.Duration, err error) {
	for first := 1; first <= among && len(found) < enough; {
		seeds, more, err := look(program, o, "-first", strconv.Itoa(first), "-seeds", strconv.Itoa(among-first+1), "-enough", strconv.Itoa(2*enough))
		took += more
		if err != nil || len(seeds) == 0 {
			return found, took, err
		}
		last, err := strconv.Atoi(seeds[len(seeds)-1])
		if err != nil {
			return found, took, err
		}
		first = last + 1
		found = append(found, sound(seeds, o)...)
	}
	return found[:min(len(found), enough)], took, nil
}

// look runs a program with a planted fault, and returns the seeds that broke something. A program that dies of it has found it as well.
func look(program string, o options, args ...string) (seeds []string, took time.Duration, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), huntTime)
	defer cancel()
	args = append(args, "-brief", "-profile", o.profile, "-workers", strconv.Itoa(o.workers))
	run := exec.CommandContext(ctx, program, args...) //nolint:gosec // it was built here
	var said bytes.Buffer
	run.Stdout = &said
	start := time.Now() //nolint:forbidigo // how long it took
	err = run.Run()
	took = time.Since(start).Round(100 * time.Millisecond) //nolint:forbidigo // likewise
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return nil, took, err
	}
	for line := range strings.SplitSeq(said.String(), "\n") {
		if rest, ok := strings.CutPrefix(line, failedSeeds); ok {
			seeds = strings.Fields(rest)
		}
	}
	return seeds, took, nil
}

// sound leaves out the seeds that break something without the planted fault as well.
func sound(seeds []string, o options) []string {
	if len(seeds) == 0 {
		return nil
	}
	o.list = strings.Join(seeds, ",")
	t := simulation.RunAll(simulation.Plan{Seeds: o.which(), Workers: o.workers, Options: simulation.Options{Profile: o.profile}})
	for _, r := range t.Failed {
		if i := slices.Index(seeds, strconv.FormatUint(r.Seed, 10)); i >= 0 {
			seeds = slices.Delete(seeds, i, i+1)
		}
	}
	return seeds
}

// storeSeeds writes the seeds that found a planted fault into its file.
func storeSeeds(name string, seeds []string) error {
	text, err := os.ReadFile(name) //nolint:gosec // one of ours
	if err != nil {
		return err
	}
	lines := strings.SplitN(string(text), "\n", 4)
	for i, line := range lines {
		if strings.HasPrefix(line, "seeds:") {
			lines[i] = "seeds: " + strings.Join(seeds, " ")
		}
	}
	return os.WriteFile(name, []byte(strings.Join(lines, "\n")), 0o600) //nolint:gosec // likewise
}
