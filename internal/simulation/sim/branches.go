package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed40c892db/payment/internal/simulation"
)

// unreachableAt is the list of branches that no world can reach.
const unreachableAt = "internal/simulation/testdata/unreachable.txt"

// branches prints how often each branch of settle ran, and fails if one never did.
func branches(out io.Writer, o options) error {
	profile, err := os.Open(o.branches)
	if err != nil {
		return err
	}
	defer profile.Close() //nolint:errcheck // it was only read
	all, err := simulation.ReadBranches(profile, os.DirFS(o.root), simulation.SettleFiles())
	if err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(o.root, unreachableAt))
	if err != nil {
		return err
	}
	list, err := simulation.ReadUnreachable(string(text))
	if err != nil {
		return err
	}
	reached := 0
	for _, b := range all {
		say(out, "%10d  %s:%d  %s\n", b.Count, b.File, b.Line, b.Text)
		if b.Count > 0 {
			reached++
		}
	}
	say(out, "%d of %d branches of settle were reached, %d are listed as unreachable\n", reached, len(all), len(list))
	if o.seeds < simulation.AllBranches {
		say(out, "one that was never reached is no failure of fewer than %d seeds\n", simulation.AllBranches)
	}
	if wrong := simulation.CheckBranches(all, list, o.seeds); len(wrong) > 0 {
		return fmt.Errorf("branches of settle:\n%s", strings.Join(wrong, "\n"))
	}
	return nil
}
