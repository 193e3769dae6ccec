package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/project"
)

func newAdd(w World) *cobra.Command {
	var list, update, check bool
	o := changeOptions{}
	cmd := &cobra.Command{
		Use:   "add PACKAGE...",
		Short: "Copy support packages into api/src/lib",
		Long: `Copy support packages into api/src/lib, together with the support packages that
they import. Existing files are kept. A name such as auth/dbauth copies one part
of a package and what it requires; --list shows what
each package and part brings.

With --update, update the named packages and those that import them, or all
existing ones, to the version of this fngen. Packages in which you have edited a
file are not updated. A file whose first line you delete is yours: it stays, and
the others are updated.

With --check, write nothing, and fail if a package is of another version.`,
		Example: `  fngen add --list
  fngen add --list webhooks
  fngen add auth/dbauth
  fngen add --update`,
		Args: func(cmd *cobra.Command, args []string) error {
			least := 1
			if list || update || check {
				least = 0
			}
			return arguments(least, -1, "a package name")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if list && update || list && check || update && check {
				return usageError{message: "--list, --update and --check are mutually exclusive"}
			}
			if list {
				return listPackages(w, args, o.json)
			}
			if check {
				return checkPackages(cmd, w, args)
			}
			return addPackages(cmd, w, o, args, update)
		},
	}
	cmd.ValidArgsFunction = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		packages, err := generator.Packages()
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		var names []string
		for _, p := range packages {
			names = append(names, p.Name+"\t"+p.Synopsis)
			for _, part := range p.Parts {
				names = append(names, part.Name+"\t"+part.Provides)
			}
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.BoolVar(&list, "list", false, "list support packages, or those that you name")
	flags.BoolVar(&update, "update", false, "update packages that you have not edited")
	flags.BoolVar(&check, "check", false, "fail if packages are of another version")
	o.flags(flags)
	return cmd
}

// checkPackages fails if the project's copies of packages are not those of this
// fngen. Without names, it checks all existing ones.
func checkPackages(cmd *cobra.Command, w World, names []string) error {
	p, err := openProject(cmd, w, project.Options{})
	if err != nil {
		return err
	}
	defer p.Close()
	facts, err := p.Facts(w.Version, "")
	if err != nil {
		return err
	}
	notes, err := generator.Check(names, facts)
	if err != nil {
		return err
	}
	for _, n := range notes {
		w.note(n.Text, n.Hint)
	}
	return nil
}

// addPackages copies or updates packages. Without names, it updates all
// existing ones.
func addPackages(cmd *cobra.Command, w World, o changeOptions, names []string, update bool) error {
	for _, name := range names {
		if err := generator.CheckPackage(name); err != nil {
			return err
		}
	}
	_, plan, err := change(cmd, w, o, func(p *project.Project) (generator.Plan, error) {
		facts, err := p.Facts(w.Version, "")
		if err != nil {
			return generator.Plan{}, err
		}
		return generator.Add(names, facts, update)
	})
	if err != nil {
		return err
	}
	return printChange(w, o, plan)
}

// listPackages prints what the named packages and parts bring, or all of them.
func listPackages(w World, names []string, asJSON bool) error {
	packages, err := generator.Packages(names...)
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(w.Stdout, struct {
			Packages []generator.Package `json:"packages"`
		}{packages})
	}
	const most = 10 // parts of a package in the list of all packages on a terminal
	s := w.style(w.Stdout)
	var rows []row
	for _, p := range packages {
		_, text, _ := strings.Cut(p.Synopsis, "Package "+p.Name+" ")
		text = strings.TrimSuffix(text, ".") + listed("\nimports ", p.Imports) + listed("\nrequires ", p.Modules)
		rows = append(rows, row{s.paint(bold, p.Name), text})
		if n := len(p.Parts); s.terminal && len(names) == 0 && n > most {
			rows = append(rows, row{"  " + p.Name + "/...", fmt.Sprintf("%d parts: fngen add --list %s", n, p.Name)})
			continue
		}
		for _, part := range p.Parts {
			text := part.Provides + listed("\nrequires ", part.Modules)
			if len(names) > 0 {
				text += listed("\nwith ", part.Requires)
			}
			rows = append(rows, row{"  " + part.Name, text})
		}
	}
	_, err = io.WriteString(w.Stdout, s.table(rows))
	return err
}

// listed returns a line with a list, or "" for an empty one.
func listed(before string, list []string) string {
	if len(list) == 0 {
		return ""
	}
	return before + strings.Join(list, ", ")
}
