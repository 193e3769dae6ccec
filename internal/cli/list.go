package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fngen/fngen/internal/artifact"
	"github.com/fngen/fngen/internal/project"
)

func newList(w World) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the functions with what calls them, and their files",
		Long: `List the functions of your module with what calls them, a route, a schedule, a
queue or an event, and with their files.

A function is a directory in api/src/functions whose package exports Handler, or
a file there that exports its name and Handler, such as sendEmail.go with
SendEmailHandler. A directory without Go files is a group, whose directories are
functions too: slack/events is api/src/functions/slack/events.

A function without declared routes answers every method at the listed path and
below. A function that is not called over HTTP has a schedule, a queue or the
name of a service instead. A note says why a directory or file that looks like a
function is not one.`,
		Example: "  fngen list\n  fngen list --json",
		Args:    arguments(0, 0),
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
			noted := []noteJSON{}
			for _, s := range skipped {
				w.note(s.String(), "")
				noted = append(noted, noteJSON{Text: s.String()})
			}
			if asJSON {
				listed := []listedJSON{}
				for _, f := range functions {
					listed = append(listed, listedJSON{f, artifact.LogicalID(f.Name)})
				}
				return printJSON(w.Stdout, struct {
					Functions []listedJSON `json:"functions"`
					Notes     []noteJSON   `json:"notes,omitempty"`
				}{listed, noted})
			}
			if len(functions) == 0 {
				none := &project.NoFunctionsError{Dir: p.Functions}
				w.note(none.Error(), none.Hint())
			}
			return printFunctions(w, functions)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// listedJSON is a function with the ID of its resource in the SAM template.
type listedJSON struct {
	project.Function
	LogicalID string `json:"logicalId"`
}

// printFunctions prints functions with what calls them and, below that, their
// files. On a terminal, the names are padded to the same width.
func printFunctions(w World, functions []project.Function) error {
	s := w.style(w.Stdout)
	width := 0
	if s.terminal {
		for _, f := range functions {
			width = max(width, columns(f.Name))
		}
	}
	var b strings.Builder
	for _, f := range functions {
		padding := strings.Repeat(" ", max(0, width-columns(f.Name)))
		fmt.Fprintf(&b, "%s%s  %s", s.paint(bold, f.Name), padding, describeCaller(f))
		if f.Stream {
			b.WriteString("  (streams)")
		}
		b.WriteByte('\n')
		for _, file := range f.Files {
			fmt.Fprintf(&b, "    %s\n", s.paint(dim, file))
		}
	}
	_, err := io.WriteString(w.Stdout, b.String())
	return err
}
