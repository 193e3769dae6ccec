package cli

import "github.com/spf13/cobra"

func newSetup(w World) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "setup",
		Short: "Set up a project: templates of its own",
		Args:  knownCommand,
		RunE:  help,
	}
	cmd.AddCommand(newSetupGenerator(w))
	return cmd
}
