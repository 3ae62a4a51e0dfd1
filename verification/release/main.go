// Release proves that the modules of this repository can be published, and used by a stranger: it lays them out as a module proxy would serve them, at
// the version that their go.mod files name, and builds programs with them in an empty module, with an empty module cache and no replace line.
//
//	go run ./release [-tags]
//
// With -tags it only prints the tags that such a release has.
//
// What it publishes are the files that git tracks, as they are in the work tree. Modules of others come from this machine's module cache if they are
// there, else from GOPROXY; the sums that the modules' own go.sum files have are what they are checked against.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/seed40c892db/payment/verification/internal/tree"
)

// timeout is how long all of it may take, downloads included.
const timeout = 8 * time.Minute

func main() {
	tags := flag.Bool("tags", false, "print the tags of the release, the root's first, and do nothing")
	flag.Parse()
	if err := run(context.Background(), *tags); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, tags bool) (err error) {
	ctx, stop := context.WithTimeout(ctx, timeout)
	defer stop()
	root, err := tree.Root(ctx)
	if err != nil {
		return err
	}
	modules, err := findModules(ctx, root)
	if err != nil {
		return err
	}
	version, err := checkVersions(root, modules)
	if err != nil {
		return err
	}
	if tags {
		for _, m := range modules {
			if tree.Published(m.dir) {
				fmt.Println(path.Join(m.dir, version)) // "." is nothing here: the root's tag is the version
			}
		}
		return nil
	}
	work, err := os.MkdirTemp("", "release-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	proxy := filepath.Join(work, "proxy")
	var published []module
	for _, m := range modules {
		if !tree.Published(m.dir) {
			continue
		}
		published = append(published, m)
		if err := m.publish(proxy, version); err != nil {
			return fmt.Errorf("%s: %w", m.path, err)
		}
		fmt.Printf("%s %s\n", m.path, version)
	}
	return use(ctx, root, work, proxy, version, published)
}

// use does what a stranger does: an empty module, go get, the README's program, and one that imports every package there is.
func use(ctx context.Context, root, work, proxy, version string, modules []module) error {
	env, err := environment(ctx, work, proxy)
	if err != nil {
		return err
	}
	shop := filepath.Join(work, "shop")
	if err := writeFiles(shop, map[string][]byte{"go.sum": sums(modules)}); err != nil {
		return err
	}
	in := func(args ...string) (string, error) { return tree.Command(ctx, shop, env, "go", args...) }
	if _, err := in("mod", "init", "example.com/shop"); err != nil {
		return err
	}
	get := []string{"get"}
	for _, m := range modules {
		get = append(get, m.path+"@"+version)
	}
	if _, err := in(get...); err != nil {
		return err
	}
	program, want, err := firstProgram(root)
	if err != nil {
		return err
	}
	listed := []string{"list"}
	for _, m := range modules {
		listed = append(listed, m.path+"/...")
	}
	packages, err := in(listed...)
	if err != nil {
		return err
	}
	every, count := importing(strings.Fields(packages))
	if err := writeFiles(shop, map[string][]byte{"main.go": []byte(program), "every/main.go": []byte(every)}); err != nil {
		return err
	}
	printed, err := in("run", ".")
	if err != nil {
		return err
	}
	if printed != want {
		return fmt.Errorf("the README's program printed %q, and should print %q", printed, want)
	}
	fmt.Printf("the README's program: %s", printed)
	if _, err := in("build", "-o", os.DevNull, "./every"); err != nil {
		return err
	}
	fmt.Printf("%d modules with %d packages build in an empty module\n", len(modules), count)
	return nil
}

// environment is what go is run with: a module cache of its own, and our modules from the tree that was laid out, and from nowhere else.
func environment(ctx context.Context, work, proxy string) ([]string, error) {
	known, err := tree.Command(ctx, "", nil, "go", "env", "GOMODCACHE", "GOPROXY")
	if err != nil {
		return nil, err
	}
	cache, upstream, _ := strings.Cut(strings.TrimSpace(known), "\n")
	proxies := fileURL(proxy) + "," + fileURL(filepath.Join(cache, "cache", "download"))
	if upstream != "" {
		proxies += "," + upstream
	}
	return append(os.Environ(),
		"GOWORK=off", "GOFLAGS=-modcacherw -trimpath", "GOMODCACHE="+filepath.Join(work, "modules"), "GOPROXY="+proxies,
		"GONOSUMDB="+tree.Repository, "GONOPROXY=none", "GOPRIVATE=", // our modules are in no checksum database yet
	), nil
}

// fileURL returns a directory as go wants a proxy to be named.
func fileURL(dir string) string {
	dir = filepath.ToSlash(dir)
	if !strings.HasPrefix(dir, "/") {
		dir = "/" + dir // C:/…
	}
	return "file://" + dir
}

// firstProgram returns the program of the README, and what it prints: the output of the example that it is.
func firstProgram(root string) (program, output string, err error) {
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		return "", "", err
	}
	_, rest, ok := strings.Cut(string(readme), "```go\npackage main\n")
	body, _, closed := strings.Cut(rest, "```")
	if !ok || !closed {
		return "", "", errors.New("README.md has no block of Go that is package main")
	}
	const file = "example_service_test.go"
	example, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		return "", "", err
	}
	_, rest, ok = strings.Cut(string(example), "\t// Output:")
	output, _, closed = strings.Cut(rest, "\n")
	if !ok || !closed {
		return "", "", errors.New(file + " has no Output")
	}
	return "package main\n" + body, strings.TrimSpace(output) + "\n", nil
}

// importing returns a program that imports every package that can be imported, and how many these are.
func importing(packages []string) (source string, count int) {
	var b strings.Builder
	b.WriteString("package main\n\nimport (\n")
	for _, p := range packages {
		if !tree.Importable(p) {
			continue
		}
		fmt.Fprintf(&b, "\t_ %q\n", p)
		count++
	}
	b.WriteString(")\n\nfunc main() {}\n")
	return b.String(), count
}

// writeFiles writes files by their names in a directory.
func writeFiles(dir string, files map[string][]byte) error {
	for name, content := range files {
		name = filepath.Join(dir, filepath.FromSlash(path.Clean(name)))
		if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
			return err
		}
		if err := os.WriteFile(name, content, 0o600); err != nil {
			return err
		}
	}
	return nil
}
