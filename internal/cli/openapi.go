package cli

import (
	"path"

	"github.com/spf13/cobra"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/openapi"
	"github.com/fngen/fngen/internal/project"
)

func newOpenAPI(w World) *cobra.Command {
	options := openapi.Options{Version: "0.0.0"}
	asYAML := false
	cmd := &cobra.Command{
		Use:   "openapi",
		Short: "Print an OpenAPI document of the functions",
		Long: `Print an OpenAPI ` + openapi.Version + ` document of your functions: their paths and methods, the
bodies that they decode with fn.Decode, the signatures and users that they
require, and how they reject requests.

The document is derived from the source. It does not describe what a function
returns, except for its media type. A function that declares no Routes has one
operation: POST if it decodes a body or verifies a signature, and GET otherwise.`,
		Example: `  fngen openapi >openapi.json
  fngen openapi --yaml --title='Orders' --server=https://api.example.com`,
		Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := openProject(cmd, w, project.Options{})
			if err != nil {
				return err
			}
			defer p.Close()
			document, err := openAPI(w, p, options)
			if err != nil {
				return err
			}
			if asYAML {
				if document, err = openapi.YAML(document); err != nil {
					return err
				}
			}
			_, err = w.Stdout.Write(document)
			return err
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.BoolVar(&asYAML, "yaml", false, "print YAML instead of JSON")
	requiredText(flags, &options.Title, "title", "TEXT", "title of the API (default: the last part of the module's path)")
	requiredText(flags, &options.Version, "api-version", "VERSION", "version of the API (default: 0.0.0)")
	required(flags, "server", "URL", "base URL of the API; repeatable", func(url string) error {
		options.Servers = append(options.Servers, url)
		return nil
	})
	return cmd
}

// openAPI returns the document of a project's functions.
func openAPI(w World, p *project.Project, options openapi.Options) ([]byte, error) {
	if options.Title == "" {
		module, err := p.Module()
		if err != nil {
			return nil, err
		}
		options.Title = path.Base(module)
	}
	list, skipped, err := p.List()
	if err != nil {
		return nil, err
	}
	for _, s := range skipped {
		w.note(s.String(), "")
	}
	if len(list) == 0 {
		none := &project.NoFunctionsError{Dir: p.Functions}
		w.note(none.Error(), none.Hint())
	}
	var functions []openapi.Function
	for _, f := range list {
		if f.Kind != generator.KindHTTP {
			continue
		}
		contract, err := p.Contract(f)
		if err != nil {
			return nil, err
		}
		routes := []openapi.Route{{Path: f.Route}}
		if len(f.Routes) > 0 {
			routes = nil
		}
		for _, route := range f.Routes {
			routes = append(routes, openapi.Route{Method: route.Method, Path: route.Path})
		}
		functions = append(functions, openapi.Function{Name: f.Name, Routes: routes, Contract: contract})
	}
	return openapi.Document(options, functions)
}
