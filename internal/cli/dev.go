package cli

import (
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/fngen/fngen/internal/devserver"
	"github.com/fngen/fngen/internal/project"
	"github.com/fngen/fngen/internal/watch"
)

// devOptions are fngen dev's command line, as values.
type devOptions struct {
	host, tags, publicURL    string
	port, webPort, debugPort int
	apiURL, webTarget        string
	awsLimits                bool
	poll                     time.Duration // 0 is never
}

func newDev(w World) *cobra.Command {
	o := devOptions{}
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Serve the functions, and each save at once",
		Long: `Serve the functions on this machine: at localhost:8911/<name>, and at localhost:8910 below
/.redwood/functions, beside the web side. What you save is built and answers the next request; a
function's folder that appears is served, and nothing is registered anywhere.

The functions find in their environment what .env.defaults, .env and .env.development set. A line
for each request goes to stdout, and what the functions print to stderr.`,
		Example: `  fngen dev
  curl localhost:8911/divide
  fngen dev --port 9000 --public-url https://example.ngrok.app
  fngen dev --debug-port 2345`,
		Args:              arguments(0, 0),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runDev(cmd, w, o)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.IntVar(&o.port, "port", 0, "where to serve /<name> (default 8911)")
	flags.IntVar(&o.webPort, "web-port", 0, "where to serve the web side (default 8910)")
	flags.StringVar(&o.apiURL, "api-url", "", "the `PATH` of the functions on the web side (default /.redwood/functions)")
	flags.StringVar(&o.webTarget, "web-target", "", "the `URL` of the web side's own server")
	flags.StringVar(&o.host, "host", "localhost", "the `ADDRESS` to listen on")
	flags.StringVar(&o.publicURL, "public-url", "", "the `URL` by which the functions are known outside, as through a tunnel")
	flags.BoolVar(&o.awsLimits, "aws-limits", false, "refuse what AWS Lambda refuses: bodies over 6 MB, and answers after 29 s")
	optional(flags, "poll", "MS", "look for changes every 300 ms, or MS, where the system does not report them", func(value string) error {
		if o.poll = defaultPoll; value == "MS" {
			return nil
		}
		ms, err := strconv.Atoi(value)
		if err != nil || ms < 10 || ms > 60_000 {
			return errors.New("want milliseconds from 10 to 60000")
		}
		o.poll = time.Duration(ms) * time.Millisecond
		return nil
	})
	flags.IntVar(&o.debugPort, "debug-port", 0, "run the functions under the debugger dlv, which listens at this port")
	flags.StringVar(&o.tags, "tags", "", "build tags, separated by commas")
	return cmd
}

// defaultPoll is how often to look for changes.
const defaultPoll = 300 * time.Millisecond

func runDev(cmd *cobra.Command, w World, o devOptions) error {
	p, err := openProject(cmd, w, project.Options{Tags: project.ParseTags(o.tags)})
	if err != nil {
		return err
	}
	defer p.Close()
	options, err := o.options(cmd, w, p)
	if err != nil {
		return err
	}
	if kind := watch.Remote(p.Dir); kind != "" && o.poll == 0 {
		fmt.Fprintf(w.Stderr, "fngen: note: %s is on a disk of kind %s, which may not report what is saved elsewhere\nhint: fngen dev --poll\n", p.Dir, kind)
	}
	return devserver.Run(cmd.Context(), options)
}

// options are what the command line, the environment and the configuration come to.
func (o devOptions) options(cmd *cobra.Command, w World, p *project.Project) (devserver.Options, error) {
	options := devserver.Options{
		Project: p.Dir, Functions: filepath.Join(p.Dir, filepath.FromSlash(p.Functions)), Version: w.Version,
		Host: strings.Trim(o.host, "[]"), Port: p.API.Port, WebPort: p.Web.Port, APIURL: p.Web.APIURL,
		Poll: o.poll, Stdout: w.Stdout, Stderr: w.Stderr,
		Args: []string{"-host", "127.0.0.1", "-port", "0"},
	}
	for _, port := range []struct {
		flag       string
		value      int
		into       *int
		isRequired bool
	}{{"port", o.port, &options.Port, true}, {"web-port", o.webPort, &options.WebPort, true}, {"debug-port", o.debugPort, new(int), false}} {
		if !cmd.Flags().Changed(port.flag) {
			continue
		}
		if port.value < 0 || port.value > 65535 || !port.isRequired && port.value == 0 {
			return options, flagValueError{"--" + port.flag, fmt.Errorf("%d is no port", port.value), "fngen dev --help"}
		}
		*port.into = port.value
	}
	if options.Port == options.WebPort && options.Port != 0 {
		return options, flagValueError{"--web-port", fmt.Errorf("%d is the port of the functions", options.Port), "--web-port=0"}
	}
	if o.host == "" { // which would be all the world
		return options, flagValueError{"--host", errors.New("it is empty"), "--host=localhost"}
	}
	if cmd.Flags().Changed("api-url") {
		options.APIURL = strings.TrimSuffix(o.apiURL, "/")
		if !strings.HasPrefix(options.APIURL, "/") || options.APIURL != path.Clean(options.APIURL) || strings.ContainsAny(options.APIURL, "?#%\\ ") {
			return options, flagValueError{"--api-url", fmt.Errorf("%q is no path", o.apiURL), "--api-url=/.redwood/functions"}
		}
	}
	target := p.Web.Target
	if cmd.Flags().Changed("web-target") {
		target = o.webTarget
	}
	if target != "" {
		address, err := webAddress(target)
		if err != nil {
			return options, flagValueError{"--web-target", err, "--web-target=http://localhost:5173"}
		}
		options.WebTarget = address
	}
	if o.publicURL != "" {
		if _, err := webAddress(o.publicURL); err != nil {
			return options, flagValueError{"--public-url", err, "--public-url=https://example.ngrok.app"}
		}
		options.PublicURL = o.publicURL
	}
	limit := "15m" // which is Lambda's: API Gateway's is noted
	switch {
	case o.debugPort != 0:
		limit = "0" // a breakpoint is no hang
	case o.awsLimits:
		options.Args = append(options.Args, "-aws-limits")
	}
	options.Args = append(options.Args, "-timeout", limit)

	flags := buildFlags(w, p)
	if o.debugPort != 0 {
		dlv, err := exec.LookPath("dlv")
		if err != nil {
			return options, noDebuggerError{}
		}
		address := "127.0.0.1:" + strconv.Itoa(o.debugPort)
		module, err := p.Module()
		if err != nil {
			return options, err
		}
		flags = []string{"-gcflags=" + module + "/...=-N -l"} // what is debugged is not optimized
		if tags := p.Tags(); len(tags) > 0 {
			flags = append(flags, "-tags="+strings.Join(tags, ","))
		}
		options.Under = func(binary string) []string {
			return []string{dlv, "exec", "--headless", "--listen=" + address, "--api-version=2", "--accept-multiclient", "--continue", binary, "--"}
		}
		fmt.Fprintf(w.Stdout, `debugger   %s
  VS Code, in launch.json: {"name": "fngen dev", "type": "go", "request": "attach", "mode": "remote", "host": "127.0.0.1", "port": %d}
  GoLand: Run, Edit Configurations, Go Remote: host 127.0.0.1, port %d
`, address, o.debugPort, o.debugPort)
	}
	s := serving{command: "dev", use: "development", flags: flags}
	options.Plan = func() (devserver.Plan, error) { return s.plan(w, p) }
	return options, nil
}

// A noDebuggerError says that dlv is not installed.
type noDebuggerError struct{}

func (noDebuggerError) Error() string { return "cannot find the debugger dlv" }
func (noDebuggerError) Hint() string  { return "go install github.com/go-delve/delve/cmd/dlv@latest" }

// webAddress is an address of the web.
func webAddress(text string) (*url.URL, error) {
	address, err := url.Parse(text)
	if err != nil || address.Scheme != "http" && address.Scheme != "https" || address.Host == "" || address.User != nil || address.RawQuery != "" || address.Fragment != "" {
		return nil, errors.New("want an http or https address") // which may have a password in it: it is not quoted
	}
	return address, nil
}
