package build

import (
	"context"
	"errors"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/hint"
	"github.com/fngen/fngen/internal/process"
	"github.com/fngen/fngen/internal/project"
)

// A DatabaseRunner runs programs that change a project's database.
type DatabaseRunner struct {
	Project        *project.Project
	Environ        []string // environment of the go command and of the programs
	Stdout, Stderr io.Writer
}

// Migrate builds the project's migration program and runs a command of it:
// migrate, down or status. If the program fails, it has printed why, and the
// error is an *exec.ExitError.
func (r DatabaseRunner) Migrate(ctx context.Context, command string) (err error) {
	migrator, err := NewMigrator(r.Project, r.Environ)
	if err != nil {
		return err
	}
	binary, remove, err := migrator.BuildTemp(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	return r.run(ctx, migrator.Environ, binary, command)
}

// Seed runs the project's main package in api/db/seed, next to the migrations. If
// the program fails, it has printed why, and the error is an *exec.ExitError.
func (r DatabaseRunner) Seed(ctx context.Context) error {
	dir := path.Join(path.Dir(generator.PackageDir(r.Project.Lib, generator.Migrations)), "seed")
	if exists, err := r.Project.HasDir(dir); err == nil && !exists {
		advice := "write a main package in " + dir + " that adds records with db.From(context.Background())"
		return hint.New("there is no "+dir, advice)
	} else if err != nil {
		return err
	}
	migrator, err := NewMigrator(r.Project, r.Environ) // for its environment
	if err != nil {
		return err
	}
	environ := append(slices.Clone(migrator.Environ), "FNGEN_RUNTIME=seed")
	return r.run(ctx, environ, "go", "run", "-tags="+strings.Join(r.Project.Tags(), ","), "./"+dir)
}

func (r DatabaseRunner) run(ctx context.Context, environ []string, name string, args ...string) error {
	cmd := process.Command(ctx, name, args...)
	cmd.Dir, cmd.Env = r.Project.Dir, environ
	cmd.Stdout, cmd.Stderr = r.Stdout, r.Stderr
	return process.Run(ctx, cmd)
}
