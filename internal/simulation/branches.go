package simulation

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Branch is a block of the library's code, and how often it ran.
type Branch struct {
	File  string // in the root of the module
	Line  int    // where it begins
	Text  string // that line, and which of several with this text
	Count int64
}

// SettleFiles are the files whose branches must all be reached: those of settle, and what it is made of.
func SettleFiles() []string { return []string{"settle.go", "conclude.go", "movement.go", "release.go"} }

// ReadBranches reads a coverage profile, in the text form of go tool covdata, and returns the blocks of some files in their order.
//
// The error says which line cannot be read.
func ReadBranches(profile io.Reader, library fs.FS, files []string) ([]Branch, error) {
	type place struct {
		file       string
		line, from int
	}
	counts := map[place]int64{}
	lines := bufio.NewScanner(profile)
	for lines.Scan() {
		text := lines.Text()
		if strings.HasPrefix(text, "mode:") {
			continue
		}
		name, rest, ok := strings.Cut(text, ":")
		fields := strings.Fields(rest)
		if !ok || len(fields) != 3 {
			return nil, fmt.Errorf("the line %q is not one of a coverage profile", text)
		}
		if !slices.Contains(files, path.Base(name)) || path.Base(path.Dir(name)) != "payment" {
			continue
		}
		from, _, _ := strings.Cut(fields[0], ",")
		line, column, _ := strings.Cut(from, ".")
		at := place{file: path.Base(name)}
		var err error
		if at.line, err = strconv.Atoi(line); err != nil {
			return nil, fmt.Errorf("the line %q: %w", text, err)
		}
		if at.from, err = strconv.Atoi(column); err != nil {
			return nil, fmt.Errorf("the line %q: %w", text, err)
		}
		n, err := strconv.ParseInt(fields[2], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("the line %q: %w", text, err)
		}
		counts[at] += n
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	places := make([]place, 0, len(counts))
	for at := range counts {
		places = append(places, at)
	}
	slices.SortFunc(places, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.line, b.line), cmp.Compare(a.from, b.from))
	})
	sources, seen := map[string][]string{}, map[string]int{}
	var branches []Branch
	for _, at := range places {
		if sources[at.file] == nil {
			source, err := fs.ReadFile(library, at.file)
			if err != nil {
				return nil, err
			}
			sources[at.file] = strings.Split(string(source), "\n")
		}
		if at.line > len(sources[at.file]) {
			return nil, fmt.Errorf("%s has no line %d: the profile is of another version", at.file, at.line)
		}
		text := strings.TrimSpace(sources[at.file][at.line-1])
		key := at.file + " " + text
		if seen[key]++; seen[key] > 1 {
			text += fmt.Sprintf(" #%d", seen[key])
		}
		branches = append(branches, Branch{File: at.file, Line: at.line, Text: text, Count: counts[at]})
	}
	return branches, nil
}

// Unreachable is a branch that no world can reach, and why.
type Unreachable struct{ File, Text, Reason string }

// ReadUnreachable reads lines of a file, a text and a reason, separated by " | ".
//
// The error says which line lacks one of them.
func ReadUnreachable(text string) ([]Unreachable, error) {
	var list []Unreachable
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		parts := strings.Split(line, " | ")
		if len(parts) != 3 {
			return nil, fmt.Errorf("the line %q needs a file, a text and a reason", line)
		}
		list = append(list, Unreachable{parts[0], parts[1], parts[2]})
	}
	return list, nil
}

// AllBranches is from how many seeds on every branch must have been reached: fewer miss the rare ones.
const AllBranches = 20_000

// CheckBranches says what is wrong with the branches that so many seeds reached: one that never was and is not listed, one that was
// although it is listed, and one that is listed and not there. Of fewer seeds than [AllBranches] the first is not wrong.
func CheckBranches(branches []Branch, list []Unreachable, seeds int) []string {
	var wrong []string
	listed := map[string]bool{}
	for _, u := range list {
		listed[u.File+" "+u.Text] = true
	}
	for _, b := range branches {
		key := b.File + " " + b.Text
		switch {
		case b.Count == 0 && !listed[key] && seeds >= AllBranches:
			wrong = append(wrong, fmt.Sprintf("%s:%d was never reached: %s", b.File, b.Line, b.Text))
		case b.Count > 0 && listed[key]:
			wrong = append(wrong, fmt.Sprintf("%s:%d is listed as unreachable, and was reached %d times: %s", b.File, b.Line, b.Count, b.Text))
		}
		delete(listed, key)
	}
	for key := range listed {
		wrong = append(wrong, "listed as unreachable, and not there: "+key)
	}
	slices.Sort(wrong)
	return wrong
}
