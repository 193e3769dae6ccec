package cli

import (
	"github.com/spf13/cobra"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/artifact"
	"github.com/fngen/fngen/internal/build"
	"github.com/fngen/fngen/internal/project"
)

func newSetupCI(w World) *cobra.Command {
	var force bool
	o := changeOptions{}
	pipeline := artifact.Pipeline{Provider: "github", Target: "lambda"}
	cmd := &cobra.Command{
		Use:   "ci",
		Short: "Write a workflow that tests, builds and deploys each push",
		Long: `Write .github/workflows/ci.yml, or .gitlab-ci.yml for GitLab. The workflow tests
and builds each push and pull request. It deploys the main branch with sam
deploy, or with --target=container pushes an image to the provider's registry.

On AWS the workflow assumes a role with a token of the provider (OpenID
Connect), so that no key is stored. The file is yours from then on.`,
		Example: `  fngen setup ci
  fngen setup ci --target=container
  fngen setup ci --target=container --ecr
  fngen setup ci --provider=gitlab`,
		Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if pipeline.ECR && pipeline.Target != "container" {
				return usageError{message: "--ecr needs --target=container", hint: cmd.CommandPath() + " --target=container --ecr"}
			}
			_, plan, err := change(cmd, w, o, func(p *project.Project) (generator.Plan, error) {
				return build.SetupCI(p, pipeline, w.Version, force)
			})
			if err != nil {
				return err
			}
			return printChange(w, o, plan)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	oneOf(cmd, "provider", "NAME", "github or gitlab (default github)",
		func(v string) { pipeline.Provider = v }, "github", "gitlab")
	oneOf(cmd, "target", "TARGET", "what to deploy: lambda or container (default lambda)",
		func(v string) { pipeline.Target = v }, "lambda", "container")
	flags.BoolVar(&pipeline.ECR, "ecr", false, "push the image to Amazon ECR instead of the provider's registry")
	flags.BoolVarP(&force, "force", "f", false, "overwrite an existing file")
	o.flags(flags)
	return cmd
}
