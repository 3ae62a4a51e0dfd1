// Package tree finds what this repository has: its root, its files, its modules.
package tree

import (
	"context"
	"fmt"
	"os/exec"
	"path"
	"slices"
	"strings"
)

// Repository is the path of the root module, which the paths of the others begin with.
const Repository = "github.com/seed40c892db/payment"

// anyOwner lets git read a clone that belongs to somebody else, as one in CI may.
const anyOwner = "safe.directory=*"

// Root returns the directory of the repository that the working directory is in.
func Root(ctx context.Context) (string, error) {
	out, err := Command(ctx, "", nil, "git", "-c", anyOwner, "rev-parse", "--show-toplevel")
	return strings.TrimSpace(out), err
}

// Files returns what git tracks, below the root and with slashes.
func Files(ctx context.Context, root string) ([]string, error) {
	out, err := Command(ctx, root, nil, "git", "-c", anyOwner, "ls-files", "-z")
	return strings.Split(strings.TrimSuffix(out, "\x00"), "\x00"), err
}

// Modules returns the directories of the modules among files, "." for the root.
func Modules(files []string) (dirs []string) {
	for _, name := range files {
		if path.Base(name) == "go.mod" && !strings.Contains("/"+name, "/testdata/") {
			dirs = append(dirs, path.Dir(name))
		}
	}
	slices.Sort(dirs)
	return dirs
}

// Published reports whether others are to use the module in a directory. Examples, and what only tests this repository, are not.
func Published(dir string) bool {
	top, _, _ := strings.Cut(dir, "/")
	return !slices.Contains([]string{"examples", "verification", "bench"}, top)
}

// Importable reports whether a package, by its path, is for others: neither internal nor in an example.
func Importable(pkgPath string) bool {
	return !strings.Contains(pkgPath+"/", "/internal/") && !strings.HasPrefix(pkgPath, Repository+"/examples/")
}

// Command runs a program in a directory, with an environment of its own if env is not nil, and returns what it prints. Its error has what it complained of.
func Command(ctx context.Context, dir string, env []string, name string, args ...string) (string, error) {
	c := exec.CommandContext(ctx, name, args...)
	c.Dir, c.Env = dir, env
	var complaint strings.Builder
	c.Stderr = &complaint
	out, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, complaint.String())
	}
	return string(out), nil
}
