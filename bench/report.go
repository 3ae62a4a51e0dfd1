package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"
)

// report collects what was measured, as the tables of docs/performance.md.
type report struct {
	out    io.Writer
	lines  []string
	missed []string
}

// section begins a table.
func (r *report) section(title, about string, columns ...string) {
	r.line("")
	r.line("### " + title)
	r.line("")
	r.line(about)
	r.line("")
	r.row(columns...)
	r.row(strings.Split(strings.Repeat("---,", len(columns)-1)+"---", ",")...)
}

func (r *report) row(cells ...string) { r.line("| " + strings.Join(cells, " | ") + " |") }

func (r *report) line(s string) {
	_, _ = fmt.Fprintln(r.out, s)
	r.lines = append(r.lines, s)
}

// atLeast says whether a figure has reached its bar, and remembers one that has not.
func (r *report) atLeast(what string, got, bar float64) string {
	return r.judge(what, got >= bar, fmt.Sprintf("%.2f", got), fmt.Sprintf("≥ %.2f", bar))
}

// atMost is the same the other way round.
func (r *report) atMost(what string, got, bar float64, unit string) string {
	digits := "%.2f%s"
	if unit != "" {
		digits = "%.0f%s"
	}
	return r.judge(what, got <= bar, fmt.Sprintf(digits, got, unit), fmt.Sprintf("≤ "+digits, bar, unit))
}

func (r *report) judge(what string, ok bool, got, bar string) string {
	if ok {
		return fmt.Sprintf("**%s** (%s)", got, bar)
	}
	r.missed = append(r.missed, fmt.Sprintf("%s: %s, the bar is %s", what, got, bar))
	return fmt.Sprintf("**%s** (missed: %s)", got, bar)
}

const (
	beginMark = "<!-- what make bench has printed -->\n"
	endMark   = "<!-- end of what make bench has printed -->\n"
)

// write puts the tables into a page, between its marks.
func (r *report) write(path string) error {
	b, err := os.ReadFile(path) //nolint:gosec // the page that was named
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(b), beginMark)
	_, after, ended := strings.Cut(rest, endMark)
	if !ok || !ended {
		return fmt.Errorf("%s has no place for the tables: %q and %q", path, beginMark, endMark)
	}
	text := strings.Trim(strings.Join(r.lines, "\n"), "\n")
	return os.WriteFile(path, []byte(before+beginMark+"\n"+text+"\n\n"+endMark+after), 0o644) //nolint:gosec // a page for everybody
}

// machine says where it was measured.
func machine() string {
	model := "unknown processor"
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(b)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	return fmt.Sprintf("%s, %d cores (clients and database share them), %s/%s, %s, %s", model, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH,
		runtime.Version(), time.Now().UTC().Format(time.DateOnly))
}

// short writes a duration with three digits or so.
func short(d time.Duration) string {
	switch {
	case d < 10*time.Microsecond:
		return d.Round(10 * time.Nanosecond).String()
	case d < time.Millisecond:
		return d.Round(time.Microsecond).String()
	case d < 100*time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(time.Millisecond).String()
}
