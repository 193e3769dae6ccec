package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/hint"
	"github.com/fngen/fngen/internal/project"
)

func newSetupGenerator(w World) *cobra.Command {
	var check, force bool
	o := changeOptions{}
	cmd := &cobra.Command{
		Use:   "generator [function]",
		Short: "Copy the templates of functions into the project, to be edited",
		Long: `Copy the templates of a function's files into api/generators/function. From then
on fngen function uses the copies. It uses its own templates in place of those
that you delete.

Run the command again after an upgrade: it updates the templates that you have
not edited. With --force, it overwrites the others too.

With --check, print how the project's templates differ from those of this
version, and fail if they do.`,
		Example: "  fngen setup generator\n  fngen setup generator --check",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && args[0] != "function" {
				return usageError{
					message: "unknown generator " + quote(args[0]),
					hint:    cmd.CommandPath() + " function",
				}
			}
			return arguments(0, 1)(cmd, args)
		},
		ValidArgs: []string{"function"},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !check {
				return setupTemplates(cmd, w, o, force)
			}
			if force || o.dryRun {
				return usageError{message: "--check writes nothing: it excludes --force and --dry-run"}
			}
			return checkTemplates(cmd, w, o.json)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.BoolVar(&check, "check", false, "show differences from this version's templates, and fail if there are any")
	flags.BoolVarP(&force, "force", "f", false, "overwrite templates that you have edited")
	o.flags(flags)
	return cmd
}

// setupTemplates copies the templates of functions into the project.
func setupTemplates(cmd *cobra.Command, w World, o changeOptions, force bool) error {
	_, plan, err := change(cmd, w, o, func(p *project.Project) (generator.Plan, error) {
		facts, err := templateFacts(w, p)
		if err != nil {
			return generator.Plan{}, err
		}
		return generator.SetupTemplates(facts, force)
	})
	if err != nil {
		return err
	}
	return printChange(w, o, plan)
}

// checkTemplates prints how the project's own templates differ from those of
// this version.
func checkTemplates(cmd *cobra.Command, w World, asJSON bool) error {
	p, err := openProject(cmd, w, project.Options{})
	if err != nil {
		return err
	}
	defer p.Close()
	facts, err := templateFacts(w, p)
	if err != nil {
		return err
	}
	if len(facts.Templates) == 0 {
		w.note("no templates in "+generator.TemplatesDir(p.Functions)+": functions are generated from fngen's", "")
	}
	diffs, invalid := generator.CheckTemplates(facts)
	if err := printDiffs(w.Stdout, diffs, asJSON); err != nil {
		return err
	}
	switch {
	case invalid != nil:
		return invalid
	case len(diffs) > 0:
		return hint.Newf("delete a template to use fngen's, or keep your changes",
			"templates that differ from those of fngen %s: %d", w.Version, len(diffs))
	}
	return nil
}

func printDiffs(out io.Writer, diffs []generator.TemplateDiff, asJSON bool) error {
	if asJSON {
		return printJSON(out, struct {
			Templates []generator.TemplateDiff `json:"templates"`
		}{append([]generator.TemplateDiff{}, diffs...)})
	}
	for _, d := range diffs {
		if _, err := fmt.Fprint(out, d.Diff); err != nil {
			return err
		}
	}
	return nil
}

// templateFacts returns the facts about a project with its own templates.
func templateFacts(w World, p *project.Project) (generator.Project, error) {
	facts, err := p.Facts(w.Version, "")
	if err == nil {
		err = p.AddTemplates(&facts, "")
	}
	return facts, err
}
