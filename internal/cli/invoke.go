package cli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/build"
	"github.com/fngen/fngen/internal/hint"
	"github.com/fngen/fngen/internal/invoke"
	"github.com/fngen/fngen/internal/project"
)

// schemeFallback is the value that pflag passes on for a bare --webhook.
const schemeFallback = "SCHEME"

// invokeOptions are the flags of fngen invoke. Those of call that may name a
// file are in the fields below it until they are read.
type invokeOptions struct {
	call invoke.Options

	data           []string // each TEXT, @FILE or -
	event          string   // FILE or -
	secret, bearer string   // TEXT, @FILE or -

	deliveries    bool
	include, json bool
	output        string
	port          int // 0 selects the configured port
}

func newInvoke(w World) *cobra.Command {
	o := invokeOptions{}
	cmd := &cobra.Command{
		Use:   "invoke NAME",
		Short: "Call a function, or send it a signed webhook",
		Long: `Send a request to a function and print the response. The request goes to the
running fngen dev. If none is running, fngen builds the function and runs it for
this one request. The exit code is 0 if the response's status is below 400, and
1 otherwise.

If the function declares routes, --path and --method must match one of them.
Without --path, the request goes to the first that the method matches and that
has no path parameters.

--webhook signs the request as the function verifies it: with the scheme, the
header and the secret that its source passes to webhooks.Require. The secret is
the value of an environment variable, which can be set in .env.defaults, .env or
.env.development. --sample sends an event with the body and headers that the
provider would send.

A function that is not called over HTTP gets an event as AWS would send it: a
schedule the time that it is due (--at), a queue a message for each --data,
other functions the event of --sample, such as s3/put. If messages fail, their
IDs are printed and the exit code is 1.

--data, --secret and --bearer accept @FILE to read a file, and - to read
standard input. Prefer these for secrets: other users of the machine can see
your command line.`,
		Example: `  fngen invoke divide --query dividend=20 --query divisor=5
  fngen invoke users --path /users/7 --method DELETE
  fngen invoke orders --data '{"id":1}' --webhook
  fngen invoke billing --sample invoice.paid --set data.object.amount_paid=4200
  fngen invoke billing --replay 3
  fngen invoke cleanup --at 2026-01-31T03:00:00Z
  fngen invoke fulfil --data @order.json --data '{"id":2}'
  fngen invoke thumbs --sample s3/put --set Records.0.s3.object.key=cat.jpg
  fngen invoke report --bearer @token --auth-provider supabase -i
  fngen invoke chart -o chart.png`,
		Args:              arguments(0, 1),
		ValidArgsFunction: completeFunctions(w, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.call.Function = args[0]
			}
			if err := o.check(cmd); err != nil {
				return err
			}
			return runInvoke(cmd, w, o)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	o.requestFlags(flags)
	o.webhookFlags(flags)
	o.otherFlags(flags)
	o.completions(cmd, w)
	return cmd
}

// requestFlags adds the flags that describe a plain request.
func (o *invokeOptions) requestFlags(flags *pflag.FlagSet) {
	flags.VarP(anyValue{"TEXT", func(value string) error { o.data = append(o.data, value); return nil }}, "data", "d",
		"send TEXT, @FILE or - as the body, or as a message (repeatable)")
	const methodUsage = "use this method (default POST with a body, else GET)"
	required(flags, "method", "METHOD", methodUsage, func(value string) (err error) {
		o.call.Method, err = invoke.ParseMethod(value)
		return err
	})
	required(flags, "path", "/PATH", "request this path, complete or below /NAME", func(value string) error {
		o.call.Path = value
		return invoke.CheckPath(value)
	})
	required(flags, "query", "NAME=VALUE", "add a query parameter (repeatable)", func(value string) error {
		parameter, err := invoke.ParseQuery(value)
		if o.call.Query != "" {
			o.call.Query += "&"
		}
		o.call.Query += parameter
		return err
	})
	required(flags, "header", "NAME:VALUE", "set a header (repeatable)", func(value string) error {
		field, err := invoke.ParseHeader(value)
		o.call.Header = append(o.call.Header, field)
		return err
	})
	requiredText(flags, &o.event, "event", "FILE", "send a Lambda event from FILE or -")
	parsed(flags, &o.call.At, "at", "TIME", "run a schedule's function for TIME, such as 2026-01-31T03:00:00Z", parseTime)
}

// webhookFlags adds the flags for signatures, samples and deliveries.
func (o *invokeOptions) webhookFlags(flags *pflag.FlagSet) {
	const usage = "sign as the function verifies, or by this scheme"
	optional(flags, "webhook", schemeFallback, usage, func(value string) error {
		o.call.Sign = true
		if value == schemeFallback {
			return nil
		}
		scheme, err := generator.ParseScheme(value)
		o.call.Scheme = &scheme
		return err
	})
	requiredText(flags, &o.secret, "secret", "TEXT", "sign with this secret: TEXT, @FILE or -")
	required(flags, "public-url", "URL", "sign this URL, if the scheme signs one", func(value string) error {
		o.call.PublicURL = value
		return invoke.CheckURL(value)
	})
	requiredText(flags, &o.call.Sample, "sample", "EVENT", "send this sample event of the provider")
	required(flags, "set", "PATH=VALUE", "set a field of the body (repeatable)", func(value string) error {
		o.call.Set = append(o.call.Set, value)
		return nil
	})
	required(flags, "replay", "N", "send delivery N again, with a new signature", func(value string) error {
		n, err := strconv.ParseUint(value, 10, 31)
		if err != nil || n == 0 {
			return errors.New("want the number of a delivery, as listed by --deliveries")
		}
		o.call.Replay = int(n)
		return nil
	})
	flags.BoolVar(&o.deliveries, "deliveries", false, "list the webhook deliveries that fngen dev received")
}

// otherFlags adds the flags for authentication, output and the server.
func (o *invokeOptions) otherFlags(flags *pflag.FlagSet) {
	requiredText(flags, &o.bearer, "bearer", "TOKEN", "send a bearer token: TOKEN, @FILE or -")
	requiredText(flags, &o.call.AuthProvider, "auth-provider", "NAME", "name the provider of the token")
	flags.BoolVarP(&o.include, "include", "i", false, "print the status and headers too")
	flags.VarP(requiredValue{"FILE", func(value string) error { o.output = value; return nil }}, "output", "o",
		"write the body to FILE")
	parsed(flags, &o.port, "port", "PORT", "the functions' port of fngen dev (default 8911)", parseFixedPort)
	flags.BoolVar(&o.json, "json", false, "print the response, or the deliveries, as JSON")
}

// completions sets how shells complete the flags' values.
func (o *invokeOptions) completions(cmd *cobra.Command, w World) {
	complete(cmd, "webhook", append(schemeNames(true), schemeNames(false)...))
	complete(cmd, "method", []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
	complete(cmd, "auth-provider", []string{"supabase", "netlify", "custom", "dbAuth"})
	// These fail only for an unknown flag or a second completion.
	_ = cmd.MarkFlagFilename("event", "json")
	_ = cmd.MarkFlagFilename("output")
	samples := func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		const directive = cobra.ShellCompDirectiveNoFileComp
		p, err := openProject(cmd, w, project.Options{})
		if err != nil {
			return nil, directive
		}
		defer p.Close()
		function := ""
		if len(args) > 0 {
			function = args[0]
		}
		return invoke.SampleNames(p, function, o.call.Scheme), directive
	}
	_ = cmd.RegisterFlagCompletionFunc("sample", samples)
}

// exclusiveFlags lists flags that are mutually exclusive: the first of each
// list with all the others.
var exclusiveFlags = [][]string{
	{
		"deliveries", "replay", "event", "sample", "data", "method", "path", "query", "header", "webhook", "secret",
		"public-url", "set", "bearer", "include", "output", "at",
	},
	{
		"event", "replay", "sample", "data", "method", "path", "query", "header", "webhook", "secret",
		"public-url", "set", "bearer", "at",
	},
	{"replay", "sample", "data", "method", "path", "query", "at"},
	{"sample", "data"},
	{"json", "include", "output"},
}

// check reports combinations of flags that are not valid.
func (o *invokeOptions) check(cmd *cobra.Command) error {
	wrong := func(format string, args ...any) error {
		return usageError{fmt.Sprintf(format, args...), cmd.CommandPath() + " --help"}
	}
	flags := cmd.Flags()
	for _, list := range exclusiveFlags {
		for _, other := range list[1:] {
			if flags.Changed(list[0]) && flags.Changed(other) {
				return wrong("--%s and --%s are mutually exclusive", list[0], other)
			}
		}
	}
	fromStdin := 0
	for _, value := range append(slices.Clone(o.data), o.event, o.secret, o.bearer) {
		if value == "-" {
			fromStdin++
		}
	}
	switch {
	case o.call.Function == "" && !o.deliveries && o.call.Replay == 0:
		return usageError{cmd.CommandPath() + " needs the name of a function", cmd.UseLine()}
	case len(o.call.Set) > 0 && o.data == nil && o.call.Sample == "" && o.call.Replay == 0:
		return wrong("--set needs a body to change: --data, --sample or --replay")
	case o.call.AuthProvider != "" && o.bearer == "":
		return wrong("--auth-provider needs --bearer")
	case fromStdin > 1:
		return wrong("only one flag can read from standard input")
	}
	return nil
}

func runInvoke(cmd *cobra.Command, w World, o invokeOptions) error {
	p, err := openProject(cmd, w, project.Options{GOOS: runtime.GOOS, GOARCH: runtime.GOARCH})
	if err != nil {
		return err
	}
	defer p.Close()
	if o.port == 0 {
		o.port = p.API.Port
	}
	launcher := invoke.Launcher{Dir: p.Dir, Output: w.Stderr, Build: functionBuilder(w, p)} // stdout is for the response
	client := &invoke.Client{
		Project: p, Port: o.port, Environ: w.Environ(), Version: w.Version, StartServer: launcher.Start,
	}
	if o.deliveries {
		err = listDeliveries(cmd.Context(), w, client, o)
	} else {
		err = call(cmd, w, client, o)
	}
	if cause := cmd.Context().Err(); cause != nil {
		return cause // err can be of any kind, such as that of a request that was cut off
	}
	return err
}

// functionBuilder returns the function that builds a server of one function.
func functionBuilder(w World, p *project.Project) func(context.Context, string, string) ([]string, error) {
	return func(ctx context.Context, function, binary string) ([]string, error) {
		environ, _ := thisPlatform(w.Environ())
		server, err := build.NewServer(p, build.ServerOptions{
			Command: "invoke", Mode: "development", Function: function, Environ: environ,
		})
		if err != nil {
			return nil, err
		}
		return server.Environ, server.Build(ctx, binary)
	}
}

// call sends the request and prints the response.
func call(cmd *cobra.Command, w World, client *invoke.Client, o invokeOptions) error {
	if err := o.read(cmd, w); err != nil {
		return err
	}
	terminal := isTerminal(w.Stdout)
	if !o.json && o.output == "" {
		o.call.Stream = func(r *invoke.Response) io.Writer { return printStream(w, o, r, terminal) }
	}
	response, err := client.Call(cmd.Context(), o.call)
	var option *invoke.OptionError
	if errors.As(err, &option) {
		return usageError{"--" + option.Option + ": " + err.Error(), cmp.Or(hint.Of(err), "fngen invoke --help")}
	}
	if response == nil {
		return err
	}
	if response.Kind != "" {
		return errors.Join(printEvent(w, o, response), err)
	}
	if !response.Streamed {
		err = errors.Join(printResponse(w, o, response, terminal), err)
	}
	if err != nil {
		return err
	}
	if response.Code >= http.StatusBadRequest {
		return exitError{exitFailed}
	}
	return nil
}

// read reads the files and the standard input that the flags name, and makes
// the output file relative to --cwd.
func (o *invokeOptions) read(cmd *cobra.Command, w World) (err error) {
	for _, value := range o.data {
		data, err := readValue(cmd, w, value)
		if err != nil {
			return err
		}
		o.call.Data = append(o.call.Data, data)
	}
	if o.event != "" {
		value := o.event
		if value != "-" {
			value = "@" + value
		}
		if o.call.Event, err = readValue(cmd, w, value); err != nil {
			return err
		}
	}
	if o.call.Secret, err = readSecret(cmd, w, "--secret", o.secret); err != nil {
		return err
	}
	if o.call.Bearer, err = readSecret(cmd, w, "--bearer", o.bearer); err != nil {
		return err
	}
	if o.output != "" {
		o.output, err = fromCwd(cmd, o.output)
	}
	return err
}

// readValue returns the value of a flag that may name a source: the contents of
// FILE for @FILE, those of standard input for -, and else the value itself. The
// result is not nil.
func readValue(cmd *cobra.Command, w World, value string) ([]byte, error) {
	if value == "-" {
		return io.ReadAll(w.Stdin)
	}
	if name, ok := strings.CutPrefix(value, "@"); ok {
		file, err := fromCwd(cmd, name)
		if err != nil {
			return nil, err
		}
		return os.ReadFile(file)
	}
	return []byte(value), nil
}

// parseTime parses a time in the format of RFC 3339.
func parseTime(value string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, value)
	if err != nil {
		return at, fmt.Errorf("%q is not a time, want one such as 2026-01-31T03:00:00Z", value)
	}
	return at, nil
}

// readSecret is readValue for values that go into headers. It removes the
// newline that editors put at the end of a file. Its error does not contain the
// value.
func readSecret(cmd *cobra.Command, w World, flag, value string) (string, error) {
	data, err := readValue(cmd, w, value)
	if err != nil {
		return "", err
	}
	secret := string(bytes.TrimRight(data, "\r\n"))
	if err := invoke.CheckHeaderValue(secret); err != nil {
		return "", fmt.Errorf("%s: %w", flag, err)
	}
	return secret, nil
}
