package cli

import "github.com/spf13/cobra"

func newSetup(w World) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "setup",
		Short: "Write files that a project can have: templates, settings of your editor",
		Long:  "Write files that a project can have.",
		Example: `  fngen setup generator
  fngen setup editor`,
		Args: knownCommand,
		RunE: help,
	}
	cmd.AddCommand(newSetupEditor(w), newSetupGenerator(w))
	return cmd
}
