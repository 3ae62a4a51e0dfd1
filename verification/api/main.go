// Api writes down what the modules of this repository export: api/*.txt, a file for each package, a line for each constant, variable, function, type,
// field and method. Without -write it fails if that differs from what is written there, so that nothing is added or broken unseen.
//
//	go run ./api [-write]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"

	"github.com/seed40c892db/payment/verification/internal/tree"
)

func main() {
	write := flag.Bool("write", false, "write the listing, instead of comparing with it")
	flag.Parse()
	if err := run(context.Background(), *write); err != nil {
		fmt.Fprintln(os.Stderr, "api:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, write bool) error {
	root, err := tree.Root(ctx)
	if err != nil {
		return err
	}
	exported, err := listings(ctx, root)
	if err != nil {
		return err
	}
	dir := filepath.Join(root, "api")
	written, err := read(dir)
	if err != nil {
		return err
	}
	if write {
		return replace(dir, written, exported)
	}
	if d := diff(written, exported); d != "" {
		return errors.New("what is exported is not what api/*.txt says. If it is meant to be so, run make api, and tell of it in CHANGELOG.md:\n" + d)
	}
	lines := 0
	for _, l := range exported {
		lines += len(l)
	}
	fmt.Printf("%d packages export %d things, as api/*.txt says\n", len(exported), lines)
	return nil
}

// listings returns the listing of every package that others can import, by the name of its file.
func listings(ctx context.Context, root string) (map[string][]string, error) {
	files, err := tree.Files(ctx, root)
	if err != nil {
		return nil, err
	}
	all := map[string][]string{}
	for _, dir := range tree.Modules(files) {
		if !tree.Published(dir) {
			continue
		}
		loaded, err := packages.Load(&packages.Config{
			Context: ctx, Dir: filepath.Join(root, filepath.FromSlash(dir)), Env: append(os.Environ(), "GOWORK=off"),
			Mode: packages.NeedName | packages.NeedTypes | packages.NeedImports,
		}, "./...")
		if err != nil {
			return nil, err
		}
		for _, p := range loaded {
			if len(p.Errors) > 0 {
				return nil, fmt.Errorf("%s: %w", p.PkgPath, p.Errors[0])
			}
			if p.Name != "main" && tree.Importable(p.PkgPath) {
				all[fileOf(p.PkgPath)] = listing(p.Types)
			}
		}
	}
	return all, nil
}

// fileOf returns the name of a package's listing: payment.txt for the root, stripeprovider.stripetest.txt for a package in another's directory.
func fileOf(pkgPath string) string {
	below := strings.TrimPrefix(strings.TrimPrefix(pkgPath, tree.Repository), "/")
	if below == "" {
		below = "payment"
	}
	return strings.ReplaceAll(below, "/", ".") + ".txt"
}

// read returns what is written, by the name of the file.
func read(dir string) (map[string][]string, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil {
		return nil, err
	}
	written := map[string][]string{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		written[filepath.Base(name)] = strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	}
	return written, nil
}

// replace writes the listings, and removes those of packages that are gone.
func replace(dir string, written, exported map[string][]string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, lines := range exported {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
			return err
		}
	}
	for name := range written {
		if _, ok := exported[name]; !ok {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// diff returns what is gone, with -, and what is new, with +, in the order of the listings.
func diff(written, exported map[string][]string) string {
	var names []string
	for name := range written {
		names = append(names, name)
	}
	for name := range exported {
		names = append(names, name)
	}
	slices.Sort(names)
	var b strings.Builder
	for _, name := range slices.Compact(names) {
		var changes []string
		for _, l := range written[name] {
			if !slices.Contains(exported[name], l) {
				changes = append(changes, l+"\x00-")
			}
		}
		for _, l := range exported[name] {
			if !slices.Contains(written[name], l) {
				changes = append(changes, l+"\x00+")
			}
		}
		slices.Sort(changes) // a line that has changed stands beside what it was
		for _, c := range changes {
			line, sign, _ := strings.Cut(c, "\x00")
			fmt.Fprintf(&b, "%s %s: %s\n", sign, strings.TrimSuffix(name, ".txt"), line)
		}
	}
	return b.String()
}
