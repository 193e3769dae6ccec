package cli

import (
	"errors"
	"fmt"
	"os/exec"
	"time"

	"github.com/spf13/cobra"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/build"
	"github.com/fngen/fngen/internal/hint"
	"github.com/fngen/fngen/internal/migration"
	"github.com/fngen/fngen/internal/project"
)

func newDB(w World) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "db",
		Short: "Apply, undo and create database migrations",
		Long: `Apply the SQL files in api/db/migrations to the project's database. The project
needs package db: run fngen add db.

DATABASE_URL names the database. Set it in the environment or in .env.defaults,
.env or .env.development. The default is the SQLite file dev.db.

The migrations run in a program that is built from your module and then removed.`,
		Example: `  fngen db new create_orders
  fngen db migrate
  fngen db status`,
		Args: knownCommand,
		RunE: help,
	}
	cmd.AddCommand(dbCommands(w)...)
	return cmd
}

// dbCommands returns the subcommands of fngen db. The others are also available
// as subcommands of migrate, so that fngen db migrate status works too.
func dbCommands(w World) []*cobra.Command {
	others := func() []*cobra.Command {
		return []*cobra.Command{
			newDBRun(w, "status", "List the migrations, and when each was applied"),
			newDBRun(w, "down", "Undo the last migration"),
			newDBNew(w),
			newDBSeed(w),
		}
	}
	migrate := newDBRun(w, "migrate", "Apply the pending migrations")
	migrate.AddCommand(others()...)
	return append([]*cobra.Command{migrate}, others()...)
}

func newDBRun(w World, name, short string) *cobra.Command {
	return &cobra.Command{
		Use:     name,
		Short:   short,
		Example: "  fngen db " + name + "\n  DATABASE_URL=postgres://localhost/shop fngen db " + name,
		Args:    arguments(0, 0),
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

// checkDatabase returns an error if the project lacks a package that fngen add
// db copies.
func checkDatabase(p *project.Project, pkg string) error {
	dir := generator.PackageDir(p.Lib, pkg)
	exists, err := p.HasDir(dir)
	if err == nil && !exists {
		return hint.New("the project has no "+dir, "fngen add db")
	}
	return err
}

// runDB runs a command of the project's migration program.
func runDB(cmd *cobra.Command, w World, p *project.Project, command string) error {
	if err := checkDatabase(p, "db"); err != nil {
		return err
	}
	return databaseError(databaseRunner(w, p).Migrate(cmd.Context(), command))
}

func databaseRunner(w World, p *project.Project) build.DatabaseRunner {
	return build.DatabaseRunner{Project: p, Environ: w.Environ(), Stdout: w.Stdout, Stderr: w.Stderr}
}

// databaseError returns the error of a program that changes the database. If the
// program itself failed, it has printed why.
func databaseError(err error) error {
	if errors.As(err, new(*exec.ExitError)) {
		return exitError{exitFailed}
	}
	return err
}

func newDBSeed(w World) *cobra.Command {
	return &cobra.Command{
		Use:   "seed",
		Short: "Run the program in api/db/seed",
		Long: `Run the main package in api/db/seed, which fills the project's database. In that
program, db.From returns the database of DATABASE_URL.`,
		Example: `  fngen db seed
  DATABASE_URL=postgres://localhost/shop fngen db seed`,
		Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := openProject(cmd, w, project.Options{})
			if err != nil {
				return err
			}
			defer p.Close()
			return databaseError(databaseRunner(w, p).Seed(cmd.Context()))
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
}

func newDBNew(w World) *cobra.Command {
	return &cobra.Command{
		Use:   "new NAME",
		Short: "Create an empty migration",
		Long: `Create an SQL file in api/db/migrations, with a section that applies the
migration and one that undoes it. Its name starts with the time.`,
		Example: `  fngen db new create_orders
  fngen db new "add email to users"`,
		Args: arguments(1, 1, "a name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := migration.ParseName(args[0])
			if err != nil {
				return usageError{err.Error(), "fngen db new create_orders"}
			}
			p, err := openProject(cmd, w, project.Options{})
			if err != nil {
				return err
			}
			defer p.Close()
			if err := checkDatabase(p, generator.Migrations); err != nil {
				return err
			}
			file, err := migration.Create(p.Root, generator.PackageDir(p.Lib, generator.Migrations), name, time.Now())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(w.Stdout, "create     %s\n", relative(p.Dir, file))
			return err
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
}
