package cli

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/changeset"
	"github.com/fngen/fngen/internal/project"
)

// changeOptions are the flags of every command that changes files.
type changeOptions struct{ dryRun, json bool }

func (o *changeOptions) flags(flags *pflag.FlagSet) {
	flags.BoolVarP(&o.dryRun, "dry-run", "n", false, "say what would happen, write nothing")
	flags.BoolVar(&o.json, "json", false, "print the report as JSON")
}

// find opens the project that the command is for.
func find(cmd *cobra.Command, w World) (*project.Project, error) {
	dir, err := cmd.Flags().GetString("cwd")
	if err != nil {
		return nil, err
	}
	if dir == "" {
		return nil, flagValueError{flag: "--cwd", err: errEmpty}
	}
	return project.Find(dir, w.Env)
}

// fromCwd is a path as it is where the command runs.
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

// change plans something for the project and puts it on disk. What plan reads
// of the project, and the disk that the plan is put on, are under one lock.
func change(cmd *cobra.Command, w World, o changeOptions,
	plan func(*project.Project) (generator.Plan, error),
) (_ *project.Project, _ generator.Plan, err error) {
	p, err := find(cmd, w)
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
			changes = append(changes, changeset.Change{
				Path: file.Path, Data: file.Data, Remove: file.Action == generator.Remove,
			})
		}
		if err := changeset.Apply(cmd.Context(), p.Root, p.Functions, changes); err != nil {
			return nil, generator.Plan{}, err
		}
	}
	for _, note := range planned.Notes {
		fmt.Fprintf(w.Stderr, "fngen: note: %s\n", note.Text)
		if note.Hint != "" {
			fmt.Fprintf(w.Stderr, "hint: %s\n", note.Hint)
		}
	}
	return p, planned, nil
}
