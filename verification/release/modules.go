package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"golang.org/x/mod/modfile"
	xmodule "golang.org/x/mod/module"
	"golang.org/x/mod/semver"
	"golang.org/x/mod/zip"

	"github.com/seed40c892db/payment/verification/internal/tree"
)

// module is one module of the repository.
type module struct {
	path  string // as its go.mod says
	dir   string // below the repository's root, with slashes; "." is the root
	mod   *modfile.File
	text  []byte // its go.mod
	sum   []byte // its go.sum, if it has one
	files []zip.File
}

// findModules returns every module that git tracks, the root first.
func findModules(ctx context.Context, root string) ([]module, error) {
	tracked, err := tree.Files(ctx, root)
	if err != nil {
		return nil, err
	}
	var modules []module
	for _, dir := range tree.Modules(tracked) {
		m, name := module{dir: dir}, path.Join(dir, "go.mod")
		if m.text, err = os.ReadFile(filepath.Join(root, filepath.FromSlash(name))); err != nil {
			return nil, err
		}
		if m.mod, err = modfile.Parse(name, m.text, nil); err != nil {
			return nil, err
		}
		m.path = m.mod.Module.Mod.Path
		if want := path.Join(tree.Repository, m.dir); m.path != want {
			return nil, fmt.Errorf("%s names the module %s: in this directory it can only be found as %s", name, m.path, want)
		}
		m.sum, err = os.ReadFile(filepath.Join(root, filepath.FromSlash(m.dir), "go.sum"))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		for _, f := range tracked {
			if below, ok := strings.CutPrefix(f, m.dir+"/"); ok {
				m.files = append(m.files, treeFile{name: below, at: filepath.Join(root, filepath.FromSlash(f))})
			} else if m.dir == "." {
				m.files = append(m.files, treeFile{name: f, at: filepath.Join(root, filepath.FromSlash(f))})
			}
		}
		modules = append(modules, m)
	}
	return modules, nil
}

// checkVersions returns the version that the modules are to be released at: the one at which each requires the others. It is newer than what the
// changelog says was released, or is its newest entry.
func checkVersions(root string, modules []module) (string, error) {
	var version string
	var wrong []string
	for _, m := range modules {
		for _, r := range m.mod.Require {
			if r.Mod.Path != tree.Repository && !strings.HasPrefix(r.Mod.Path, tree.Repository+"/") {
				continue
			}
			if version == "" {
				version = r.Mod.Version
			}
			if r.Mod.Version != version {
				wrong = append(wrong, fmt.Sprintf("%s/go.mod requires %s, others require %s", m.dir, r.Mod, version))
			}
		}
		for _, r := range m.mod.Replace {
			if r.New.Version != "" || path.Join(tree.Repository, m.dir, r.New.Path) != r.Old.Path {
				wrong = append(wrong, fmt.Sprintf("%s/go.mod replaces %s, which nobody who requires it will see", m.dir, r.Old.Path))
			}
		}
	}
	if len(wrong) > 0 {
		return "", errors.New(strings.Join(wrong, "\n"))
	}
	if semver.Canonical(version) != version || xmodule.IsPseudoVersion(version) || version == "v0.0.0" {
		return "", fmt.Errorf("%q, which the modules require each other at, is no version that can be released", version)
	}
	changes, err := os.ReadFile(filepath.Join(root, "CHANGELOG.md"))
	if err != nil {
		return "", err
	}
	headings := regexp.MustCompile(`(?m)^## \[(.*?)\]`).FindAllSubmatch(changes, 2)
	switch {
	case len(headings) == 0:
		return "", errors.New("CHANGELOG.md has no heading of a version")
	case string(headings[0][1]) == strings.TrimPrefix(version, "v"):
	case string(headings[0][1]) != "Unreleased":
		return "", fmt.Errorf("CHANGELOG.md begins with %s, the modules require each other at %s", headings[0][1], version)
	case len(headings) > 1 && semver.Compare("v"+string(headings[1][1]), version) >= 0:
		return "", fmt.Errorf("CHANGELOG.md says that %s was released: the modules must require each other at the next version, not at %s", headings[1][1], version)
	}
	return version, nil
}

// publish writes the module at a version into a directory, as the protocol of module proxies has it.
func (m module) publish(proxy, version string) error {
	escaped, err := xmodule.EscapePath(m.path)
	if err != nil {
		return err
	}
	info, err := json.Marshal(struct {
		Version string
		Time    time.Time
	}{version, time.Now().UTC()})
	if err != nil {
		return err
	}
	var archive bytes.Buffer
	if err := zip.Create(&archive, xmodule.Version{Path: m.path, Version: version}, m.files); err != nil {
		return err
	}
	return writeFiles(filepath.Join(proxy, filepath.FromSlash(escaped), "@v"), map[string][]byte{
		"list": []byte(version + "\n"), version + ".info": info, version + ".mod": m.text, version + ".zip": archive.Bytes(),
	})
}

// sums returns what the go.sum files of the modules say about modules of others.
func sums(modules []module) []byte {
	var all []byte
	for _, m := range modules {
		all = append(all, m.sum...)
	}
	return all
}

// treeFile is a file of the work tree, under the name that it has in its module.
type treeFile struct{ name, at string }

func (f treeFile) Path() string                 { return f.name }
func (f treeFile) Lstat() (os.FileInfo, error)  { return os.Lstat(f.at) }
func (f treeFile) Open() (io.ReadCloser, error) { return os.Open(f.at) }
