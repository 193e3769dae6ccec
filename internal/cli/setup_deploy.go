package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/artifact"
	"github.com/fngen/fngen/internal/build"
	"github.com/fngen/fngen/internal/project"
)

func newSetupDeploy(w World) *cobra.Command {
	var force bool
	o := changeOptions{}
	cmd := &cobra.Command{
		Use:   "deploy [file...]",
		Short: "Copy the Dockerfile and the manifests into the project, to be edited",
		Long: `Copy the Dockerfile and the manifests for Kubernetes and Knative, or those that
you name, into the folder deploy. They are yours from then on: builds of a
container copy them to dist in place of generated ones, and never change them.

Run the command again to get a file that is new or that you have deleted. Files
that you have edited are kept, unless you pass --force.`,
		Example: `  fngen setup deploy
  fngen setup deploy Dockerfile
  fngen setup deploy --force ingress.yaml`,
		Args: func(_ *cobra.Command, args []string) error {
			for _, name := range args {
				if known := artifact.ContainerFiles(); !slices.Contains(known, name) {
					return usageError{
						message: fmt.Sprintf("unknown deployment file %q", name),
						hint:    "choose from " + strings.Join(known, ", "),
					}
				}
			}
			return nil
		},
		ValidArgs: artifact.ContainerFiles(),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.project = build.ProjectOptions(build.Container, "", nil)
			_, plan, err := change(cmd, w, o, func(p *project.Project) (generator.Plan, error) {
				return build.SetupDeploy(p, w.note, args, force)
			})
			if err != nil {
				return err
			}
			return printChange(w, o, plan)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.BoolVarP(&force, "force", "f", false, "overwrite files that you have edited")
	o.flags(flags)
	return cmd
}
