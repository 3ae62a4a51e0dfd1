package simulation

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Plant is a fault that is planted into the library, to see whether the simulation finds it: small changes of its source, made for one
// build only.
type Plant struct {
	Name   string   // the file's, without .txt
	Rule   string   // the rule that it breaks, by its number, or secrets
	Breaks string   // what it does
	Seeds  []uint64 // seeds that have found it
	Edits  []Edit   // what is changed
}

// Edit is one change of a file: a text that stands there exactly once, and what takes its place.
type Edit struct {
	File string // in the root of the module
	Old  string
	New  string
}

// ReadPlants reads the planted faults in a directory, by name.
//
// The error says which file is no planted fault.
func ReadPlants(dir fs.FS) ([]Plant, error) {
	names, err := fs.Glob(dir, "*.txt")
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	var plants []Plant
	for _, name := range names {
		text, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, err
		}
		p, err := parsePlant(string(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		p.Name = strings.TrimSuffix(path.Base(name), ".txt")
		plants = append(plants, p)
	}
	return plants, nil
}

// parsePlant reads "rule:", "breaks:", "seeds:", and then, for each edit, "file:", "--- old", the text, "--- new" and the text. A text ends
// before the line break that precedes the next mark.
func parsePlant(text string) (Plant, error) {
	var p Plant
	parts := strings.Split("\n"+strings.TrimSuffix(text, "\n"), "\nfile: ")
	for line := range strings.SplitSeq(strings.TrimSpace(parts[0]), "\n") {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch name {
		case "rule":
			p.Rule = value
		case "breaks":
			p.Breaks = value
		case "seeds":
			for word := range strings.FieldsSeq(value) {
				seed, err := strconv.ParseUint(word, 10, 64)
				if err != nil {
					return p, fmt.Errorf("the seed %q: %w", word, err)
				}
				p.Seeds = append(p.Seeds, seed)
			}
		default:
			return p, fmt.Errorf("the line %q is none of rule, breaks, seeds, file", line)
		}
	}
	for _, part := range parts[1:] {
		file, rest, _ := strings.Cut(part, "\n--- old\n")
		before, after, ok := strings.Cut(rest, "\n--- new\n")
		if !ok {
			return p, errors.New("an edit needs --- old and --- new")
		}
		p.Edits = append(p.Edits, Edit{File: strings.TrimSpace(file), Old: before, New: after})
	}
	if p.Rule == "" || p.Breaks == "" || len(p.Edits) == 0 {
		return p, errors.New("a rule, what it breaks and an edit are needed")
	}
	return p, nil
}

// Apply makes a planted fault's edits on the files of the library, and returns the changed ones by name.
//
// The error says which text is not found exactly once: the library has changed, and the planted fault must follow.
func (p *Plant) Apply(library fs.FS) (map[string]string, error) {
	changed := map[string]string{}
	for _, e := range p.Edits {
		text, ok := changed[e.File]
		if !ok {
			b, err := fs.ReadFile(library, e.File)
			if err != nil {
				return nil, fmt.Errorf("planted fault %s: %w", p.Name, err)
			}
			text = string(b)
		}
		if n := strings.Count(text, e.Old); n != 1 {
			return nil, fmt.Errorf("planted fault %s: in %s the text to be replaced stands %d times, not once:\n%s", p.Name, e.File, n, e.Old)
		}
		changed[e.File] = strings.Replace(text, e.Old, e.New, 1)
	}
	return changed, nil
}

// Overlay returns the changed files, as they are to be written into a directory, and the overlay for go build: a JSON object.
func Overlay(root, dir string, changed map[string]string) (overlay string, files map[string]string) {
	files = map[string]string{}
	var lines []string
	for name, text := range changed {
		at := path.Join(dir, name)
		files[at] = text
		lines = append(lines, fmt.Sprintf("%q: %q", path.Join(root, name), at))
	}
	slices.Sort(lines)
	return `{"Replace": {` + strings.Join(lines, ", ") + `}}`, files
}
