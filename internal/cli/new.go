package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/artifact"
	"github.com/fngen/fngen/internal/build"
	"github.com/fngen/fngen/internal/changeset"
	"github.com/fngen/fngen/internal/project"
)

// newOptions are the parsed arguments and flags of fngen new.
type newOptions struct {
	dir      string // as typed
	path     string // of dir, absolute
	module   string
	function string
	database bool
	agents   bool
	ci       bool
	changeOptions
}

func newNew(w World) *cobra.Command {
	o := &newOptions{}
	cmd := &cobra.Command{
		Use:   "new DIR",
		Short: "Create a project with a first function",
		Long: `Create a project in a new or empty directory: a Go module with a function, its
test, a README, .gitignore, .env.example and fngen.toml. A git repository may be
there already.

The module path is the name of the directory, unless you pass --module.`,
		Example: `  fngen new shop
  fngen new shop --module=github.com/you/shop --db --ci
  fngen new shop --agents
  fngen new . --function=orders`,
		Args: arguments(1, 1, "a directory"),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if args[0] == "" {
				return usageError{"the directory is empty", cmd.UseLine()}
			}
			o.dir = filepath.Clean(args[0])
			if o.path, err = fromCwd(cmd, o.dir); err != nil {
				return err
			}
			return runNew(cmd, w, o)
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	required(flags, "module", "PATH", "module path (default the name of the directory)", func(value string) error {
		o.module = value
		return generator.CheckModule(value)
	})
	o.function = "hello"
	requiredText(flags, &o.function, "function", "NAME", "name of the first function (default hello)")
	flags.BoolVar(&o.database, "db", false, "add package db, for SQLite and PostgreSQL")
	flags.BoolVar(&o.agents, "agents", false, "also write AGENTS.md, which describes the project to coding agents")
	flags.BoolVar(&o.ci, "ci", false, "add a GitHub Actions workflow, as fngen setup ci does")
	o.changeOptions.flags(flags)
	return cmd
}

func runNew(cmd *cobra.Command, w World, o *newOptions) error {
	name, err := generator.ParseName(o.function)
	if err != nil {
		return err
	}
	if o.module == "" {
		o.module = filepath.Base(o.path)
		var invalid *generator.ValueError
		if errors.As(generator.CheckModule(o.module), &invalid) {
			hint := "choose a module path: --module=example.com/NAME"
			if invalid.Suggestion != "" && o.dir != "." {
				hint = "fngen new " + shellQuote(filepath.ToSlash(filepath.Join(filepath.Dir(o.dir), invalid.Suggestion)))
			}
			return usageError{invalid.Reason, hint}
		}
	}
	config, plan, err := createProject(cmd.Context(), w, o, name)
	if err != nil {
		return err
	}
	for _, n := range plan.Notes {
		w.note(n.Text, n.Hint)
	}
	call := fmt.Sprintf("curl http://localhost:%d%s", config.API.Port, name.Route())
	if o.json {
		return printJSON(w.Stdout, struct {
			Dir      string     `json:"dir"`
			Module   string     `json:"module"`
			Function string     `json:"function"`
			Route    string     `json:"route"`
			DryRun   bool       `json:"dryRun"`
			Files    []fileJSON `json:"files"`
			Notes    []noteJSON `json:"notes"`
		}{filepath.ToSlash(o.dir), o.module, name.String(), name.Route(), o.dryRun, files(plan), notes(plan)})
	}
	if err := printFiles(w, plan, o.dryRun); err != nil {
		return err
	}
	var steps []row
	if dir := relative(o.path, ""); dir != "." {
		steps = append(steps, row{"cd", shellQuote(dir)})
	}
	return printSteps(w, append(steps,
		row{"serve", "fngen dev"},
		row{"call", call},
		row{"test", "go test ./..."},
		row{"edit", path.Join(config.Functions, name.String(), name.Base()+".go")}))
}

// createProject plans a project and, unless it is a dry run, writes it. If that
// fails, a directory that it created is removed.
func createProject(ctx context.Context, w World, o *newOptions, name generator.Name) (
	config project.Config, plan generator.Plan, err error,
) {
	defer func() {
		if errors.Is(err, context.Canceled) {
			err = errUnchanged
		}
	}()
	config, facts, err := project.New(o.path, w.Version, w.Env)
	if err != nil {
		return config, plan, err
	}
	spec := generator.NewProject{Module: o.module, Function: name, Database: o.database, Agents: o.agents, Port: config.API.Port}
	if o.ci {
		pipeline := artifact.Pipeline{Provider: "github", Target: "lambda"}
		file, err := build.PipelineFile(pipeline, []byte("module "+o.module+"\n"), w.Version)
		if err != nil {
			return config, plan, err
		}
		spec.Pipeline = &file
	}
	if plan, err = generator.New(spec, facts); err != nil {
		return config, plan, err
	}
	for _, f := range plan.Files {
		if f.Path != "go.mod" {
			continue
		}
		if missing := project.Uncached(f.Data, w.Env); len(missing) > 0 {
			plan.Notes = append(plan.Notes, generator.Note{
				Text: "the module cache lacks " + strings.Join(missing, ", "),
				Hint: "go -C " + shellQuote(relative(o.path, "")) + " mod download",
			})
		}
	}
	if o.dryRun {
		return config, plan, nil
	}
	mkdirErr := os.Mkdir(o.path, 0o777)
	if mkdirErr != nil && !errors.Is(mkdirErr, os.ErrExist) {
		return config, plan, mkdirErr
	}
	err = writeProject(ctx, o.path, plan)
	if err != nil && mkdirErr == nil {
		_ = os.Remove(o.path) // fails if others have put files in it
	}
	return config, plan, err
}

// writeProject writes the files of a plan into the directory dir.
func writeProject(ctx context.Context, dir string, plan generator.Plan) (err error) {
	unlock, err := changeset.Lock(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if err := project.CheckEmpty(dir); err != nil { // another process may have been faster
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	var changes []changeset.Change
	for _, f := range plan.Files {
		changes = append(changes, changeset.Change{Path: f.Path, Data: f.Data})
	}
	return changeset.Apply(ctx, changeset.Root{Root: root}, ".", changes)
}
