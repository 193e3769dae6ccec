package cli

import "github.com/spf13/cobra"

func newSetup(w World) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "setup",
		Short: "Set up a project: deployment files, continuous delivery",
		Args:  knownCommand,
		RunE:  help,
	}
	cmd.AddCommand(newSetupDeploy(w))
	cmd.AddCommand(newSetupCI(w))
	return cmd
}
