package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/build"
	"github.com/fngen/fngen/internal/delivery"
	"github.com/fngen/fngen/internal/instance"
	"github.com/fngen/fngen/internal/project"
)

// ofFunction is what pflag hands over for a bare --webhook.
const ofFunction = "SCHEME"

// invokeOptions are fngen invoke's command line, as values.
type invokeOptions struct {
	name string

	method, path string
	query        []string // NAME=VALUE, encoded
	header       [][2]string
	data         *string // TEXT, @FILE or -
	event        string  // FILE or -

	bearer, authProvider string // the token as data is

	webhook           *generator.Scheme // to sign by; nil is the function's own
	sign              bool
	secret, publicURL string // the secret as data is

	sample     string
	set        []string // PATH=VALUE
	replay     int      // 0 is none
	deliveries bool

	include, json bool
	output        string
	port          int // 0 is the configuration's
}

func newInvoke(w World) *cobra.Command {
	o := invokeOptions{}
	cmd := &cobra.Command{
		Use:   "invoke <name>",
		Short: "Call a function, signed as a webhook if you like",
		Long: `Send a request to a function of the running fngen dev, and print what it answers. Without
one, the function is built and run for this one request. The exit code is 0 for a status
below 400, else 1.

With --webhook the request is signed as the function's source says that it verifies: by
the scheme, the header and the variable of the secret of its webhooks.Require. The secret
is what that variable has, in the environment or in .env.defaults, .env or
.env.development. With --sample, the body is an event as the provider sends it.

The values of --data, --secret and --bearer may be @FILE, or - for standard input. On the
command line, everybody on the machine can read a secret.`,
		Example: `  fngen invoke divide --query dividend=20 --query divisor=5
  fngen invoke orders --data '{"id":1}' --webhook
  fngen invoke billing --sample invoice.paid --set data.object.amount_paid=4200
  fngen invoke billing --replay 3
  fngen invoke report --bearer @token --auth-provider supabase -i
  fngen invoke chart -o chart.png`,
		Args: arguments(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.name = args[0]
			}
			if err := o.check(cmd); err != nil {
				return err
			}
			return runInvoke(cmd, w, o)
		},
	}
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		return functionNames(cmd, w, args), cobra.ShellCompDirectiveNoFileComp
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	text := func(into *string, name, form, usage string) {
		required(flags, name, form, usage, func(value string) error {
			*into = value
			return nil
		})
	}
	flags.VarP(anyValue{"TEXT", func(value string) error { o.data = &value; return nil }}, "data", "d", "send TEXT, @FILE or - as the body")
	required(flags, "method", "METHOD", "request by this method: POST with a body, else GET", func(value string) error {
		o.method = strings.ToUpper(value)
		return checkToken(o.method)
	})
	required(flags, "path", "/PATH", "request this below the function", func(value string) error {
		o.path = value
		return checkPath(value)
	})
	required(flags, "query", "NAME=VALUE", "add to the query (repeatable)", func(value string) error {
		name, value, ok := strings.Cut(value, "=")
		if !ok || name == "" {
			return errors.New("want name=value")
		}
		o.query = append(o.query, url.QueryEscape(name)+"="+url.QueryEscape(value))
		return nil
	})
	required(flags, "header", "NAME:VALUE", "set a header (repeatable)", func(value string) error {
		name, value, ok := strings.Cut(value, ":")
		if !ok {
			return errors.New("want name:value")
		}
		o.header = append(o.header, [2]string{name, strings.TrimSpace(value)})
		return errors.Join(checkToken(name), checkValue(value))
	})
	text(&o.event, "event", "FILE", "send an event as Lambda gets it, of a FILE or -")
	optional(flags, "webhook", ofFunction, "sign it as the function verifies, or by a scheme", func(value string) error {
		o.sign = true
		if value == ofFunction {
			return nil
		}
		scheme, err := generator.ParseScheme(value)
		o.webhook = &scheme
		return err
	})
	text(&o.secret, "secret", "TEXT", "sign with this: TEXT, @FILE or -")
	required(flags, "public-url", "URL", "sign this address, where the scheme signs one", func(value string) error {
		o.publicURL = value
		return checkURL(value)
	})
	text(&o.sample, "sample", "EVENT", "send this event of the provider")
	required(flags, "set", "PATH=VALUE", "change a field of the body (repeatable)", func(value string) error {
		o.set = append(o.set, value)
		return nil
	})
	required(flags, "replay", "N", "send a delivery again, signed afresh", func(value string) error {
		n, err := strconv.ParseUint(value, 10, 31)
		if err != nil || n == 0 {
			return errors.New("want the number of a delivery, which --deliveries lists")
		}
		o.replay = int(n)
		return nil
	})
	flags.BoolVar(&o.deliveries, "deliveries", false, "list the webhook deliveries that fngen dev got")
	text(&o.bearer, "bearer", "TOKEN", "send a token: TOKEN, @FILE or -")
	text(&o.authProvider, "auth-provider", "NAME", "say whose token it is")
	flags.BoolVarP(&o.include, "include", "i", false, "print the status and the headers too")
	flags.VarP(requiredValue{"FILE", func(value string) error { o.output = value; return nil }}, "output", "o", "write the body to a FILE")
	required(flags, "port", "N", "that fngen dev has the functions at", func(value string) error {
		n, err := strconv.ParseUint(value, 10, 16)
		if err != nil || n == 0 {
			return errors.New("want a number from 1 to 65535")
		}
		o.port = int(n)
		return nil
	})
	flags.BoolVar(&o.json, "json", false, "print the answer, or the deliveries, as JSON")
	complete(cmd, "webhook", append(schemeNames(true), schemeNames(false)...))
	complete(cmd, "method", []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
	complete(cmd, "auth-provider", []string{"supabase", "netlify", "custom", "dbAuth"})
	// It fails for a flag that is not there or is completed already: neither can be.
	_ = cmd.MarkFlagFilename("event", "json")
	_ = cmd.MarkFlagFilename("output")
	_ = cmd.RegisterFlagCompletionFunc("sample", func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		return sampleNames(cmd, w, o, args), cobra.ShellCompDirectiveNoFileComp
	})
	return cmd
}

// check finds flags that do not go together.
func (o *invokeOptions) check(cmd *cobra.Command) error {
	wrong := func(format string, args ...any) error {
		return usageError{fmt.Sprintf(format, args...), cmd.CommandPath() + " --help"}
	}
	flags := cmd.Flags()
	for _, pair := range [][]string{ // the first goes with none of the others
		{"deliveries", "replay", "event", "sample", "data", "method", "path", "query", "header", "webhook", "secret", "public-url", "set", "bearer", "include", "output"},
		{"event", "replay", "sample", "data", "method", "path", "query", "header", "webhook", "secret", "public-url", "set", "bearer"},
		{"replay", "sample", "data", "method", "path", "query"},
		{"sample", "data"},
		{"json", "include", "output"},
	} {
		if !flags.Changed(pair[0]) {
			continue
		}
		for _, other := range pair[1:] {
			if flags.Changed(other) {
				return wrong("--%s and --%s do not go together", pair[0], other)
			}
		}
	}
	stdin := 0
	for _, value := range []string{o.event, o.secret, o.bearer, *cmp.Or(o.data, new(string))} {
		if value == "-" {
			stdin++
		}
	}
	switch {
	case o.name == "" && !o.deliveries && o.replay == 0:
		return usageError{cmd.CommandPath() + " needs a name", cmd.UseLine()}
	case len(o.set) > 0 && o.data == nil && o.sample == "" && o.replay == 0:
		return wrong("--set needs a body to change: --data, --sample or --replay")
	case o.authProvider != "" && o.bearer == "":
		return wrong("--auth-provider needs --bearer")
	case stdin > 1:
		return wrong("standard input is one thing only, and - stands in %d places", stdin)
	}
	return nil
}

// sampleNames are the samples that a command line could name.
func sampleNames(cmd *cobra.Command, w World, o invokeOptions, args []string) []string {
	if o.webhook != nil {
		return delivery.Samples(o.webhook.Name)
	}
	if len(args) != 1 {
		return nil
	}
	p, err := openProject(cmd, w, project.Options{})
	if err != nil {
		return nil
	}
	defer p.Close()
	f, err := findFunction(p, args[0])
	if err != nil {
		return nil
	}
	own, err := p.Webhook(f)
	if err != nil || own == nil {
		return nil
	}
	return delivery.Samples(own.Scheme.Name)
}

// A noFunctionError says that there is no function of that name.
type noFunctionError struct{ command, name, nearest string }

func (e noFunctionError) Error() string { return "no function " + quote(e.name) }

func (e noFunctionError) Hint() string {
	if e.nearest != "" {
		return "fngen " + e.command + " " + e.nearest
	}
	return "fngen list"
}

// findFunction is the function of that name, in any of the usual spellings. One whose source does not parse counts: the
// compiler is to say what is wrong. Errors: noFunctionError, noFunctionsError.
func findFunction(p *project.Project, name string) (project.Function, error) {
	functions, skipped, err := p.List()
	if err != nil {
		return project.Function{}, err
	}
	for _, s := range skipped {
		if s.Kind == project.SkipUnparsable {
			functions = append(functions, project.Function{Name: s.Name, Route: "/" + s.Name})
		}
	}
	parsed, err := generator.ParseName(name)
	spellings := []string{name}
	if err == nil {
		spellings = append(spellings, parsed.String())
	}
	var names []string
	for _, f := range functions {
		names = append(names, f.Name)
	}
	for _, spelling := range spellings {
		if i := slices.Index(names, spelling); i >= 0 {
			return functions[i], nil
		}
	}
	if len(functions) == 0 {
		return project.Function{}, noFunctionsError{p.Functions}
	}
	return project.Function{}, noFunctionError{"invoke", name, generator.Nearest(name, names)}
}

func runInvoke(cmd *cobra.Command, w World, o invokeOptions) error {
	p, err := openProject(cmd, w, project.Options{})
	if err != nil {
		return err
	}
	defer p.Close()
	if o.port == 0 {
		o.port = p.API.Port
	}
	v := invoker{w: w, o: o, project: p}
	err = v.run(cmd.Context())
	if cmd.Context().Err() != nil {
		return errInterrupted
	}
	return err
}

// An invoker calls functions of a project.
type invoker struct {
	w       World
	o       invokeOptions
	project *project.Project
}

func (v invoker) run(ctx context.Context) (err error) {
	dev, err := v.dev(ctx)
	if err != nil {
		return err
	}
	if v.o.deliveries {
		return v.list(ctx, dev)
	}
	var r request
	switch {
	case v.o.replay > 0:
		r, err = v.replayed(ctx, dev)
	case v.o.event != "":
		r, err = v.event()
	default:
		r, err = v.fresh(dev)
	}
	if err != nil {
		return err
	}
	base, stop := dev.base(), func() error { return nil }
	if !dev.running() {
		if base, stop, err = v.once(ctx, dev); err != nil {
			return err
		}
	}
	defer func() { err = errors.Join(err, stop()) }()
	a, err := v.send(ctx, base, r)
	if err != nil {
		return err
	}
	if err := v.print(a, isTerminal(v.w.Stdout)); err != nil {
		return err
	}
	if a.code >= http.StatusBadRequest {
		return exitError{exitFailed}
	}
	return nil
}

// once runs a program of the function for one request, where no fngen dev runs, and gives the address at which it is, and
// what ends it.
func (v invoker) once(ctx context.Context, dev devServer) (base string, stop func() error, err error) {
	if v.o.name == "" {
		return "", nil, noServerError{dev}
	}
	f, err := findFunction(v.project, v.o.name)
	if err != nil {
		return "", nil, err
	}
	server, err := build.NewServer(v.project, build.ServerOptions{
		Command: "invoke", Mode: "development", Function: f.Name, Environ: v.w.Environ(),
	})
	if err != nil {
		return "", nil, err
	}
	binary, clean, err := server.BuildTemp(ctx)
	if err != nil {
		return "", nil, err
	}
	args := []string{"-host", "127.0.0.1", "-port", "0", "-dev"}
	if v.o.publicURL != "" {
		args = append(args, "-public-url", v.o.publicURL)
	}
	i, err := instance.Start(ctx, instance.Command{
		Argv: []string{binary}, Args: args, Dir: v.project.Dir, Environ: server.Environ,
		Stdout: v.w.Stderr, Stderr: v.w.Stderr, // the answer is alone on stdout
	})
	if err != nil {
		return "", nil, errors.Join(err, clean())
	}
	return "http://" + i.Addr, func() error {
		ending, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		return errors.Join(i.Stop(ending), clean())
	}, nil
}
