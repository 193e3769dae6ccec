package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/project"
)

func newAdd(w World) *cobra.Command {
	var list, update bool
	o := changeOptions{}
	cmd := &cobra.Command{
		Use:   "add <lib>...",
		Short: "Copy support packages into api/src/lib",
		Long: `Copy support packages, and those that they import, into api/src/lib. What stands
there is kept. With --update the packages that stand are renewed, those named or, where none
is named, all of them; a package of which a file was edited is left alone.`,
		Example: "  fngen add webhooks auth\n  fngen add --list\n  fngen add --update",
		Args: func(cmd *cobra.Command, args []string) error {
			least := 1
			if list || update {
				least = 0
			}
			return arguments(least, -1, "the name of a package")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if list {
				return listPackages(w, o.json)
			}
			for _, name := range args {
				if err := generator.CheckPackage(name); err != nil {
					return err
				}
			}
			_, plan, err := change(cmd, w, o, func(p *project.Project) (generator.Plan, error) {
				facts, err := p.Facts(w.Version, "")
				if err != nil {
					return generator.Plan{}, err
				}
				names := args
				if len(names) == 0 {
					for name := range facts.Packages {
						names = append(names, name)
					}
					slices.Sort(names)
				}
				return generator.Add(names, facts, update)
			})
			if err != nil {
				return err
			}
			if o.json {
				return printJSON(w.Stdout, struct {
					DryRun bool       `json:"dryRun"`
					Files  []fileJSON `json:"files"`
				}{o.dryRun, files(plan)})
			}
			return printFiles(w.Stdout, plan, o.dryRun)
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
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.BoolVar(&list, "list", false, "list the packages there are")
	flags.BoolVar(&update, "update", false, "renew packages that nobody edited")
	o.flags(flags)
	return cmd
}

func listPackages(w World, asJSON bool) error {
	packages, err := generator.Packages()
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(w.Stdout, struct {
			Packages []generator.Package `json:"packages"`
		}{packages})
	}
	for _, p := range packages {
		fmt.Fprintf(w.Stdout, "%-10s  %s\n", p.Name, p.Synopsis)
		if len(p.Imports) > 0 {
			fmt.Fprintf(w.Stdout, "%-10s  imports %s\n", "", strings.Join(p.Imports, ", "))
		}
	}
	return nil
}
