package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/build"
	"github.com/fngen/fngen/internal/process"
	"github.com/fngen/fngen/internal/project"
)

func newDB(w World) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "db",
		Short: "Bring the database's schema up to date",
		Long: `Apply the migrations of package db, which fngen add db brings: the SQL files in
api/db/migrations. They are applied to the database that DATABASE_URL names, in the environment or in
.env.defaults, .env or .env.development; without it to the SQLite database dev.db.

It is a program of your module that does so, built for the purpose and written nowhere.`,
		Example: `  fngen db new create_orders
  fngen db migrate
  fngen db status`,
		Args: knownCommand,
		RunE: help,
	}
	cmd.AddCommand(dbCommands(w)...)
	return cmd
}

// dbCommands are those of fngen db. Those besides migrate are understood below it too.
func dbCommands(w World) []*cobra.Command {
	others := func() []*cobra.Command {
		return []*cobra.Command{
			newDBRun(w, "status", "List the migrations, and when each was applied"),
			newDBRun(w, "down", "Undo the last migration"),
			newDBNew(w),
		}
	}
	migrate := newDBRun(w, "migrate", "Apply the migrations that are missing")
	migrate.AddCommand(others()...)
	return append([]*cobra.Command{migrate}, others()...)
}

func newDBRun(w World, name, short string) *cobra.Command {
	return &cobra.Command{
		Use:   name,
		Short: short,
		Args:  arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := openProject(cmd, w, project.Options{})
			if err != nil {
				return err
			}
			defer p.Close()
			return runDB(cmd, w, p, name)
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
}

// A noDatabaseError says that a project has no package db.
type noDatabaseError struct{ dir string }

func (e noDatabaseError) Error() string { return "there is no " + e.dir }
func (noDatabaseError) Hint() string    { return "fngen add db" }

// runDB builds the program that applies migrations, and has it do so.
func runDB(cmd *cobra.Command, w World, p *project.Project, command string) (err error) {
	dir := generator.PackageDir(p.Lib, "db")
	if _, err := p.Root.Stat(filepath.FromSlash(dir)); err != nil {
		return noDatabaseError{dir}
	}
	migrator, err := build.NewMigrator(p, w.Environ())
	if err != nil {
		return err
	}
	binary, remove, err := migrator.BuildTemp(cmd.Context())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	run := process.Command(cmd.Context(), binary, command)
	run.Dir, run.Env = p.Dir, migrator.Environ
	run.Stdout, run.Stderr = w.Stdout, w.Stderr
	err = process.Run(cmd.Context(), run)
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return exitError{exitFailed}
	}
	return err
}

func newDBNew(w World) *cobra.Command {
	return &cobra.Command{
		Use:   "new <name>",
		Short: "Write an empty migration",
		Args:  arguments(1, 1, "a name"),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			name := strings.ToLower(strings.Trim(regexp.MustCompile(`[^0-9A-Za-z]+`).ReplaceAllString(args[0], "_"), "_"))
			if name == "" || len(name) > 100 {
				return usageError{fmt.Sprintf("bad name %q: want letters and digits", args[0]), "fngen db new create_orders"}
			}
			p, err := openProject(cmd, w, project.Options{})
			if err != nil {
				return err
			}
			defer p.Close()
			dir := generator.PackageDir(p.Lib, generator.Migrations)
			if _, err := p.Root.Stat(filepath.FromSlash(dir)); err != nil {
				return noDatabaseError{dir}
			}
			version := time.Now().UTC()
			for range 60 { // of two in one second, the order is that in which they were asked for
				file := path.Join(dir, version.Format("20060102150405")+"_"+name+".sql")
				taken, err := fs.Glob(p.Root.FS(), path.Join(dir, version.Format("20060102150405")+"_*"))
				if err != nil {
					return err
				}
				if len(taken) > 0 {
					version = version.Add(time.Second)
					continue
				}
				f, err := p.Root.OpenFile(filepath.FromSlash(file), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
				if err != nil {
					return err
				}
				_, err = f.WriteString("-- +goose Up\n\n-- +goose Down\n")
				if err := errors.Join(err, f.Close()); err != nil {
					return err
				}
				_, err = fmt.Fprintf(w.Stdout, "create     %s\n", relative(p.Dir, file))
				return err
			}
			return errors.New("too many migrations are dated ahead of time")
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
}
