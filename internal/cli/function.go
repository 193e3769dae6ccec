package cli

import (
	"fmt"
	"io"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/project"
)

// functionOptions are the parsed flags of fngen function.
type functionOptions struct {
	spec  generator.Spec
	force bool
	changeOptions
}

func newFunction(w World, aliases ...string) *cobra.Command {
	o := &functionOptions{spec: generator.Spec{Kind: generator.KindHTTP}}
	cmd := &cobra.Command{
		Use:     "function NAME",
		Aliases: aliases,
		Short:   "Generate a function: handler, test, scenarios and fixtures",
		Long: `Generate a function: a handler, its test and scenarios, and with --fixtures its
fixtures. The files go into api/src/functions/NAME/ of the current Go module,
and are yours to edit. The support packages that they import are copied into
api/src/lib if they are not there yet.

A name with a slash puts the function into a group: slack/events goes into
api/src/functions/slack/events/ and serves /slack/events.

--webhook takes the scheme of a provider:
` + wrap(schemeNames(true)) + `

or, for any other sender:
` + wrap(schemeNames(false)) + `

--route takes a method and a path in the pattern syntax of net/http, as in
'GET /users/{id}' or 'GET /files/{path...}'. Without it, the function answers
every method at /NAME and below.

--cors takes the origins of web pages, such as https://app.example.com,
http://localhost:5173 or https://*.example.com. Bare --cors allows any origin,
without cookies.

--rate-limit takes requests per second, minute or hour, as in 10/s, 100/m or
1000/h. To allow more requests at once, add a burst: 10/s,burst=20.

--input takes the fields of a JSON body, as in name:string,age:int?. The types
are string, int, float, bool and time, and lists such as []string. A question
mark makes a field optional.

--stream sends the response while it is written, as server-sent events. On AWS,
the function needs a REST API or a function URL.

` + kindHelp + `

--force replaces an existing function. Files that the function no longer has,
such as its fixtures, are removed. If you edited one of those, nothing is
written.`,
		Example: `  fngen function divide
  fngen function users --route='GET /users/{id}' --route='DELETE /users/{id}'
  fngen function updateOrderStatus --webhook
  fngen function orders --webhook=shopify
  fngen function slack/events --webhook=slack
  fngen function report --auth=admin --binary=application/pdf --fixtures
  fngen function signUp --input='name:string,age:int?,tags:[]string'
  fngen function cart --auth --cors=https://app.example.com,http://localhost:5173
  fngen function chat --stream --input=message:string
  fngen function intern --allow-ip=10.0.0.0/8 --rate-limit=10/s
  fngen function cleanup --schedule='0 3 * * *'
  fngen function orders --queue
  fngen function thumbs --event=s3`,
		Args: arguments(1, 1, "a name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := generator.ParseName(args[0])
			if err != nil {
				return err
			}
			o.spec.Name = name
			if err := checkKind(cmd, o.spec); err != nil {
				return err
			}
			if err := setQueue(&o.spec); err != nil {
				return err
			}
			if err := checkInput(o.spec); err != nil {
				return err
			}
			if o.spec.Stream && o.spec.Binary != "" {
				return usageError{
					"--stream and --binary are mutually exclusive",
					"change the content type of fn.Stream in the generated handler",
				}
			}
			return runFunction(cmd, w, o)
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	optional(flags, "webhook", generator.DefaultScheme, "verify webhook signatures", func(value string) error {
		scheme, err := generator.ParseScheme(value)
		o.spec.Webhook = &scheme
		return err
	})
	optional(flags, "auth", anyUser, "require a signed-in user with one of the roles", once(func(value string) error {
		if value == anyUser {
			o.spec.Auth = &generator.Auth{}
			return nil
		}
		auth, err := generator.ParseAuth(value)
		o.spec.Auth = &auth
		return err
	}))
	optional(flags, "binary", generator.DefaultBinary, "respond with binary data", func(value string) (err error) {
		o.spec.Binary, err = generator.ParseBinary(value)
		return err
	})
	required(flags, "route", "'METHOD /PATH'", "answer only these requests (repeatable)", func(value string) error {
		route, err := generator.ParseRoute(value)
		if err != nil {
			return err
		}
		o.spec.Routes = append(o.spec.Routes, route)
		if i, j, conflict := generator.ConflictingRoutes(o.spec.Routes); conflict {
			return fmt.Errorf("%q and %q match the same requests", o.spec.Routes[i], o.spec.Routes[j])
		}
		return nil
	})
	optional(flags, "cors", anyOrigin, "allow browsers on these origins, or on any", once(func(value string) error {
		if value == anyOrigin {
			value = generator.AnyOrigin
		}
		cors, err := generator.ParseCORS(value)
		o.spec.CORS = &cors
		return err
	}))
	required(flags, "allow-ip", "CIDR,...", "allow only these client IP addresses", once(func(value string) error {
		allowed, err := generator.ParseAllowIP(value)
		o.spec.AllowIP = &allowed
		return err
	}))
	required(flags, "rate-limit", "N/s", "limit requests per client IP address", func(value string) error {
		limit, err := generator.ParseRateLimit(value)
		o.spec.RateLimit = &limit
		return err
	})
	required(flags, "input", "FIELD:TYPE,...", "decode and validate a JSON body", once(func(value string) error {
		input, err := generator.ParseInput(value)
		o.spec.Input = &input
		return err
	}))
	flags.BoolVar(&o.spec.Stream, "stream", false, "send the response while it is written")
	kindFlags(flags, &o.spec)
	flags.BoolVar(&o.spec.Fixtures, "fixtures", false, "write fixtures, and use them in the test")
	flags.BoolVar(&o.spec.NoTests, "no-tests", false, "write only the handler")
	flags.BoolVarP(&o.force, "force", "f", false, "replace the files of an existing function")
	o.changeOptions.flags(flags)
	complete(cmd, "webhook", append(schemeNames(true), schemeNames(false)...))
	complete(cmd, "cors", []string{"https://", "http://localhost:5173"})
	complete(cmd, "rate-limit", []string{"10/s", "100/m", "1000/h"})
	complete(cmd, "schedule", []string{"@hourly", "@daily", "@every 15m", "0 3 * * *"})
	complete(cmd, "event", eventKinds())
	complete(cmd, "binary", []string{
		"image/png", "image/jpeg", "application/pdf", "application/zip", "application/octet-stream",
	})
	return cmd
}

// checkInput returns an error if a function cannot decode a JSON body because of
// the requests that it answers.
func checkInput(spec generator.Spec) error {
	if spec.Input == nil {
		return nil
	}
	if spec.Webhook != nil && spec.Webhook.IsProvider() {
		return usageError{
			fmt.Sprintf("--input and --webhook=%s are mutually exclusive: providers add fields at any time", spec.Webhook.Name),
			"decode the payload with json.Unmarshal, which ignores unknown fields",
		}
	}
	for _, route := range spec.Routes {
		switch route.Method {
		case "", http.MethodPost, http.MethodPut, http.MethodPatch:
		default:
			return usageError{
				fmt.Sprintf("--input and --route='%s' are mutually exclusive: %s requests have no body", route, route.Method),
				"generate a function of its own for the route",
			}
		}
	}
	return nil
}

func runFunction(cmd *cobra.Command, w World, o *functionOptions) error {
	name := o.spec.Name
	p, plan, err := change(cmd, w, o.changeOptions, func(p *project.Project) (generator.Plan, error) {
		facts, err := p.Facts(w.Version, name.String())
		if err != nil {
			return generator.Plan{}, err
		}
		if err := p.AddTemplates(&facts, name.String()); err != nil {
			return generator.Plan{}, err
		}
		if err := p.CheckRoutes(name.String(), o.spec.Routes); err != nil {
			return generator.Plan{}, err
		}
		return generator.Function(o.spec, facts, o.force)
	})
	if err != nil {
		return err
	}
	route := ""
	if o.spec.Kind == generator.KindHTTP {
		route = name.Route()
	}
	if len(o.spec.Routes) > 0 {
		route = o.spec.Routes[0].Path
	}
	variables, call := o.variables(), o.call()
	if o.json {
		noted := notes(plan)
		if len(variables) > 0 {
			noted = append(noted, noteJSON{"set " + strings.Join(variables, ", "), call})
		}
		return printJSON(w.Stdout, struct {
			Function string            `json:"function"`
			Package  string            `json:"package"`
			Kind     generator.Kind    `json:"kind"`
			Route    string            `json:"route,omitempty"`
			Routes   []generator.Route `json:"routes,omitempty"`
			Schedule string            `json:"schedule,omitempty"`
			Queue    string            `json:"queue,omitempty"`
			DryRun   bool              `json:"dryRun"`
			Files    []fileJSON        `json:"files"`
			Notes    []noteJSON        `json:"notes"`
		}{
			name.String(), name.Package(), o.spec.Kind, route, o.spec.Routes, o.spec.Schedule, o.spec.Queue,
			o.dryRun, files(plan), noted,
		})
	}
	if err := printFiles(w, plan, o.dryRun); err != nil {
		return err
	}
	dir := path.Join(p.Functions, name.String())
	label, caller := callerOf(o.spec)
	steps := []row{{label, caller}}
	if o.spec.NoTests {
		steps = append(steps, row{"edit", relative(p.Dir, path.Join(dir, name.Base()+".go"))})
	} else {
		steps = append(steps, row{"test", goTest(p.Dir, dir)})
	}
	if w.style(w.Stdout).terminal {
		if set := o.secretStep(p, plan); set != "" {
			steps = append(steps, row{"set", set})
		}
		steps = append(steps, row{"call", call})
	} else if len(variables) > 0 {
		steps = append(steps, row{"set", strings.Join(variables, ", ")}, row{"call", call})
	} else if o.spec.Kind != generator.KindHTTP {
		steps = append(steps, row{"call", call})
	}
	if err := printSteps(w, steps); err != nil {
		return err
	}
	if o.spec.Kind == generator.KindHTTP && o.spec.Auth == nil && o.spec.AllowIP == nil && len(variables) == 0 {
		_, err = io.WriteString(w.Stdout,
			"\nDeployed, a function is an open endpoint: anyone can call it. Securing it is up to you.\n")
	}
	return err
}

// variables returns the environment variables that a function needs to verify
// webhooks.
func (o *functionOptions) variables() []string {
	if o.spec.Webhook == nil {
		return nil
	}
	return o.spec.Webhook.Variables(o.spec.Name)
}

// call returns the command that calls the function.
func (o *functionOptions) call() string {
	if o.spec.Webhook != nil && o.spec.Webhook.SendCommand() != "" {
		return o.spec.Webhook.SendCommand()
	}
	return command(o.spec.CallArgs()...)
}

// secretStep returns which variables to set in the project's .env, and a
// command that sets a secret. It is empty if the function needs none, or if an
// earlier function needed the same one.
func (o *functionOptions) secretStep(p *project.Project, plan generator.Plan) string {
	variables := o.variables()
	secret, from, generated := "", "", false
	switch {
	case len(variables) > 0:
		secret, from, generated = variables[0], o.spec.Webhook.Sender(), o.spec.Webhook.AnySecret()
	case o.spec.Auth != nil && plan.Creates(generator.PackageDir(p.Lib, "auth")):
		secret, from, generated = "AUTH_JWT_SECRET", "the issuer of your tokens", true
		variables = []string{secret}
	default:
		return ""
	}
	file := shellQuote(relative(p.Dir, ".env"))
	them := "it"
	if len(variables) > 1 {
		them = "them"
	}
	text := fmt.Sprintf("%s in %s, as %s has %s", strings.Join(variables, ", "), file, from, them)
	if generated {
		text += fmt.Sprintf(", or to try it:\necho \"%s=$(fngen secret)\" >> %s", secret, file)
	}
	return text
}

// schemeNames returns the names of the schemes of providers, or of the others.
func schemeNames(providers bool) []string {
	var names []string
	for _, scheme := range generator.Schemes() {
		if scheme.IsProvider() == providers {
			names = append(names, scheme.Name)
		}
	}
	return names
}

// wrap formats a list as lines of a help text.
func wrap(list []string) string {
	const width = 80
	text, line := "", " "
	for i, item := range list {
		if i < len(list)-1 {
			item += ","
		}
		if len(line)+1+len(item) > width {
			text, line = text+line+"\n", " "
		}
		line += " " + item
	}
	return text + line
}

func newDestroyFunction(w World) *cobra.Command {
	var force bool
	o := changeOptions{}
	cmd := &cobra.Command{
		Use:     "function NAME",
		Aliases: []string{"f"},
		Short:   "Remove a function's generated files",
		Long: `Remove the files that were generated for a function. If one of them was edited
since, nothing is removed, unless --force is set. Other files in the directory,
the support packages, go.mod and go.sum stay.`,
		Example: `  fngen destroy function divide
  fngen destroy function slack/events --dry-run`,
		Args:              arguments(1, 1, "a name"),
		ValidArgsFunction: completeFunctions(w, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name := args[0]
			_, plan, err := change(cmd, w, o, func(p *project.Project) (generator.Plan, error) {
				if !p.HasFunction(name) {
					parsed, err := generator.ParseName(name)
					if err != nil {
						return generator.Plan{}, err
					}
					name = parsed.String()
				}
				facts, err := p.Facts(w.Version, name)
				if err != nil {
					return generator.Plan{}, err
				}
				return generator.Destroy(name, facts, force)
			})
			if err != nil {
				return err
			}
			if o.json {
				return printJSON(w.Stdout, struct {
					Function string     `json:"function"`
					DryRun   bool       `json:"dryRun"`
					Files    []fileJSON `json:"files"`
					Notes    []noteJSON `json:"notes,omitempty"`
				}{name, o.dryRun, files(plan), notes(plan)})
			}
			return printFiles(w, plan, o.dryRun)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.BoolVarP(&force, "force", "f", false, "remove edited files too")
	o.flags(flags)
	return cmd
}

// completeFunctions returns a completion of arguments: the names of the
// project's functions that are not among the arguments yet. There is no maximum
// number of arguments if most is -1.
func completeFunctions(w World, most int) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		const directive = cobra.ShellCompDirectiveNoFileComp
		if most >= 0 && len(args) >= most {
			return nil, directive
		}
		p, err := openProject(cmd, w, project.Options{})
		if err != nil {
			return nil, directive
		}
		defer p.Close()
		functions, _, err := p.List()
		if err != nil {
			return nil, directive
		}
		var names []string
		for _, f := range functions {
			if !slices.Contains(args, f.Name) {
				names = append(names, f.Name)
			}
		}
		return names, directive
	}
}
