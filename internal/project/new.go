package project

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"

	"github.com/fngen/fngen/generator"
)

// A NotEmptyError reports that a directory for a new project has files.
type NotEmptyError struct {
	Dir   string
	Names []string // the files, sorted
}

func (e *NotEmptyError) Error() string {
	const most = 5
	names := e.Names
	if len(names) > most {
		names = append(slices.Clone(names[:most]), fmt.Sprintf("and %d more", len(names)-most))
	}
	return fmt.Sprintf("%s is not empty: %s", e.Dir, strings.Join(names, ", "))
}

// Hint returns how to add a function instead.
func (e *NotEmptyError) Hint() string {
	if slices.Contains(e.Names, "go.mod") {
		return "choose another directory, or add a function to this module: fngen function NAME"
	}
	return "choose another directory, or make this one a module: go mod init example.com/NAME"
}

// New returns the configuration of a new project in the directory dir, and what the
// generator needs to know to plan its files. The directory need not exist. The
// errors are those of [CheckEmpty].
func New(dir, version string, env func(string) string) (Config, generator.Project, error) {
	if err := CheckEmpty(dir); err != nil {
		return Config{}, generator.Project{}, err
	}
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return Config{}, generator.Project{}, err
	}
	p := &Project{Dir: absolute, env: env}
	config, _, err := p.configure(values{}, "")
	if err != nil {
		return Config{}, generator.Project{}, err
	}
	facts := generator.Project{Version: version, Functions: config.Functions, Lib: config.Lib}
	return config, facts, p.readWorkspace(&facts)
}

// CheckEmpty returns an error if dir exists and is not an empty directory: a
// *NotEmptyError if it has files. A git repository may be there first, as after
// git clone.
func CheckEmpty(dir string) error {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is not a directory", dir)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var names []string
	for _, entry := range entries {
		if entry.Name() != ".git" {
			names = append(names, entry.Name())
		}
	}
	if len(names) > 0 {
		return &NotEmptyError{Dir: dir, Names: names}
	}
	return nil
}

// Uncached returns the modules, as path@version, that goMod requires and the
// module cache lacks.
func Uncached(goMod []byte, env func(string) string) []string {
	cache := moduleCache(env)
	file, err := modfile.ParseLax("go.mod", goMod, nil)
	if cache == "" || err != nil {
		return nil
	}
	var list []string
	for _, r := range file.Require {
		escaped, err := module.EscapePath(r.Mod.Path)
		if err != nil {
			continue
		}
		if _, err := os.Stat(filepath.Join(cache, filepath.FromSlash(escaped)+"@"+r.Mod.Version)); err != nil {
			list = append(list, r.Mod.String())
		}
	}
	return list
}
