package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/fngen/fngen/internal/project"
)

// skipNote says why a folder or file is not a function.
func skipNote(s project.Skipped) string {
	return "skipping " + s.Path + ": " + s.Err.Error()
}

func newList(w World) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the functions, their routes and files",
		Args:  arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := openProject(cmd, w, project.Options{})
			if err != nil {
				return err
			}
			defer p.Close()
			functions, skipped, err := p.List()
			if err != nil {
				return err
			}
			for _, s := range skipped {
				note(w.Stderr, skipNote(s), "")
			}
			if asJSON {
				return printJSON(w.Stdout, struct {
					Functions []project.Function `json:"functions"`
				}{append([]project.Function{}, functions...)})
			}
			if len(functions) == 0 {
				note(w.Stderr, "no functions in "+p.Functions, "fngen function NAME")
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
