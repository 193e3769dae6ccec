package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/fngen/fngen/internal/project"
)

func newList(w World) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the functions, their routes and files",
		Args:  arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := find(cmd, w)
			if err != nil {
				return err
			}
			defer p.Close()
			functions, skipped, err := p.List()
			if err != nil {
				return err
			}
			for _, s := range skipped {
				fmt.Fprintf(w.Stderr, "fngen: note: %s is skipped: %s\n", s.Path, oneLine(s.Reason))
			}
			if asJSON {
				return printJSON(w.Stdout, struct {
					Functions []project.Function `json:"functions"`
				}{append([]project.Function{}, functions...)})
			}
			if len(functions) == 0 {
				fmt.Fprintf(w.Stderr, "fngen: note: no functions in %s\nhint: fngen function NAME\n", p.Functions)
			}
			for _, f := range functions {
				fmt.Fprintf(w.Stdout, "%s  %s\n", f.Name, f.Route)
				for _, file := range f.Files {
					fmt.Fprintf(w.Stdout, "    %s\n", file)
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
