package cli

import "github.com/spf13/cobra"

func newSetup(w World) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "setup",
		Short: "Write files that a project can have: templates, deployment, CI, editor settings",
		Long:  "Write files that a project can have.",
		Example: `  fngen setup generator
  fngen setup deploy
  fngen setup ci
  fngen setup editor`,
		Args: knownCommand,
		RunE: help,
	}
	cmd.AddCommand(newSetupGenerator(w), newSetupDeploy(w), newSetupCI(w), newSetupEditor(w))
	return cmd
}
