package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/project"
)

func newSetupEditor(w World) *cobra.Command {
	const defaultPort = 2345 // of delve's documentation
	port := defaultPort
	o := changeOptions{}
	cmd := &cobra.Command{
		Use:   "editor",
		Short: "Write tasks and launch settings for VS Code",
		Long: `Write .vscode/tasks.json, with tasks for fngen dev, test and build, and
.vscode/launch.json, which starts fngen dev under a debugger and attaches to it:
set a breakpoint, press F5 and call the function.

Existing files are not changed. What they lack is printed, for you to copy. The
debugger is dlv: go install github.com/go-delve/delve/cmd/dlv@latest`,
		Example: `  fngen setup editor
  fngen setup editor --debug-port 4000`,
		Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var add []generator.File
			_, plan, err := change(cmd, w, o, func(p *project.Project) (plan generator.Plan, err error) {
				existing, err := p.EditorFiles()
				if err != nil {
					return plan, err
				}
				plan, add, err = generator.Editor(port, existing)
				return plan, err
			})
			if err != nil {
				return err
			}
			if o.json {
				noted := []noteJSON{}
				for _, f := range add {
					noted = append(noted, noteJSON{"add to " + f.Path, string(f.Data)})
				}
				return printJSON(w.Stdout, struct {
					DryRun bool       `json:"dryRun"`
					Files  []fileJSON `json:"files"`
					Notes  []noteJSON `json:"notes"`
				}{o.dryRun, files(plan), noted})
			}
			if err := printFiles(w, plan, o.dryRun); err != nil {
				return err
			}
			var b strings.Builder
			for _, f := range add {
				fmt.Fprintf(&b, "\nAdd these settings to %s:\n\n%s", f.Path, f.Data)
			}
			_, err = io.WriteString(w.Stdout, b.String())
			return err
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	parsed(flags, &port, "debug-port", "PORT", "port of the debugger (default 2345)", parseFixedPort)
	o.flags(flags)
	return cmd
}
