package cli

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/changeset"
	"github.com/fngen/fngen/internal/project"
)

// changeOptions are the flags of every command that changes files.
type changeOptions struct {
	dryRun, json bool

	project project.Options // to open the project with
}

func (o *changeOptions) flags(flags *pflag.FlagSet) {
	flags.BoolVarP(&o.dryRun, "dry-run", "n", false, "show what would change, and write nothing")
	flags.BoolVar(&o.json, "json", false, "print the report as JSON")
}

// openProject opens the project of the command's working directory, with the
// environment of w.
func openProject(cmd *cobra.Command, w World, o project.Options) (*project.Project, error) {
	dir, err := cmd.Flags().GetString("cwd")
	if err != nil {
		return nil, err
	}
	if dir == "" {
		return nil, flagValueError{flag: "--cwd", err: errEmpty}
	}
	o.Env = w.Env
	return project.Open(dir, o)
}

// fromCwd returns the absolute path of a file that the command line names
// relative to --cwd.
func fromCwd(cmd *cobra.Command, name string) (string, error) {
	cwd, err := cmd.Flags().GetString("cwd")
	if err != nil {
		return "", err
	}
	if filepath.IsAbs(name) {
		return name, nil
	}
	return filepath.Abs(filepath.Join(cwd, name))
}

var errUnchanged = errors.New("interrupted: nothing was changed")

// change applies a plan to the project, unless it is a dry run, and prints the
// notes of the plan. The project is locked while plan reads it and while the
// plan is applied. The returned project is closed, but its paths can be used.
func change(cmd *cobra.Command, w World, o changeOptions,
	plan func(*project.Project) (generator.Plan, error),
) (_ *project.Project, _ generator.Plan, err error) {
	defer func() {
		if errors.Is(err, context.Canceled) {
			err = errUnchanged
		}
	}()
	p, err := openProject(cmd, w, o.project)
	if err != nil {
		return nil, generator.Plan{}, err
	}
	defer p.Close()
	if !o.dryRun {
		unlock, err := changeset.Lock(cmd.Context(), p.Dir)
		if err != nil {
			return nil, generator.Plan{}, err
		}
		defer func() { err = errors.Join(err, unlock()) }()
	}
	planned, err := plan(p)
	if err != nil {
		return nil, generator.Plan{}, err
	}
	if !o.dryRun {
		var changes []changeset.Change
		for _, file := range planned.Written() {
			remove := file.Action == generator.Remove
			changes = append(changes, changeset.Change{Path: file.Path, Data: file.Data, Remove: remove})
		}
		if err := changeset.Apply(cmd.Context(), changeset.Root{Root: p.Root}, p.Functions, changes); err != nil {
			return nil, generator.Plan{}, err
		}
	}
	planned.Notes = append(planned.Notes, p.UnignoredNotes(cmd.Context(), planned.PrivateFiles(p.Lib)...)...)
	for _, n := range planned.Notes {
		w.note(n.Text, n.Hint)
	}
	return p, planned, nil
}

// printChange prints the files and, as JSON, the notes of a plan.
func printChange(w World, o changeOptions, plan generator.Plan) error {
	if o.json {
		return printJSON(w.Stdout, struct {
			DryRun bool       `json:"dryRun"`
			Files  []fileJSON `json:"files"`
			Notes  []noteJSON `json:"notes,omitempty"`
		}{o.dryRun, files(plan), notes(plan)})
	}
	return printFiles(w, plan, o.dryRun)
}
