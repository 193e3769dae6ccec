package cli

import (
	"errors"
	"io/fs"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fngen/fngen/internal/artifact"
	"github.com/fngen/fngen/internal/dotenv"
	"github.com/fngen/fngen/internal/hint"
	"github.com/fngen/fngen/internal/project"
)

func newEnv(w World) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "env --format=FORMAT [mode]",
		Short: "Print the variables of the .env files for a container",
		Long: `Print the values of .env.defaults, .env and .env.MODE as fngen serve reads them,
in a format that gives a container the same values. The mode is production,
unless you name another one. The output contains secrets.

  docker      lines for docker run --env-file. They cannot hold a value of
              several lines, which is an error
  kubernetes  the manifest of a Secret for kubectl apply
  json        an object

docker and kubernetes leave out HOST and PORT, which the image sets.`,
		Example: `  fngen env --format=kubernetes | kubectl apply -f -
  fngen env --format=docker > .env.docker
  fngen env --format=json staging`,
		Args:      arguments(0, 1),
		ValidArgs: []string{"production", "development", "test"},
		RunE: func(cmd *cobra.Command, args []string) error {
			if format == "" {
				return usageError{cmd.CommandPath() + " needs a format", cmd.CommandPath() + " --format=docker"}
			}
			return runEnv(cmd, w, format, args)
		},
	}
	oneOf(cmd, "format", "FORMAT", "docker, kubernetes or json",
		func(v string) { format = v }, "docker", "kubernetes", "json")
	return cmd
}

func runEnv(cmd *cobra.Command, w World, format string, args []string) error {
	p, err := openProject(cmd, w, project.Options{})
	if err != nil {
		return err
	}
	defer p.Close()
	mode := "production"
	if len(args) > 0 {
		mode = args[0]
		if _, err := p.Root.Stat(".env." + mode); errors.Is(err, fs.ErrNotExist) {
			w.note("there is no .env."+mode, "")
		}
	}
	variables, err := dotenv.Read(p.Root.FS(), dotenv.For(mode), nil)
	if err != nil {
		return err
	}
	if format == "json" {
		values, err := dotenv.Values(variables)
		if err != nil {
			return err
		}
		return printJSON(w.Stdout, values)
	}
	variables = slices.DeleteFunc(variables, func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		set := name == "HOST" || name == "PORT"
		if set {
			w.note(name+" is left out, because the image sets it", "")
		}
		return set
	})
	text, err := dotenv.Docker(variables)
	if format == "kubernetes" {
		module, moduleErr := p.Module()
		if moduleErr != nil {
			return moduleErr
		}
		text, err = dotenv.Kubernetes(artifact.AppName(module), variables)
	} else if err != nil {
		err = hint.With(err, "encode the value, for example with base64, and decode it in the function")
	}
	if err != nil {
		return err
	}
	_, err = w.Stdout.Write(text)
	return err
}
