package cli

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/fngen/fngen/internal/devserver"
	"github.com/fngen/fngen/internal/hint"
	"github.com/fngen/fngen/internal/project"
	"github.com/fngen/fngen/internal/watch"
)

// devOptions are the parsed flags of fngen dev. What is nil or "" is left to
// the project's configuration.
type devOptions struct {
	host, tags    string
	port, webPort *int
	apiURL        string
	webTarget     *url.URL
	publicURL     string
	awsLimits     bool
	debugPort     int           // 0 is without a debugger
	poll          time.Duration // 0 is without polling
}

func newDev(w World) *cobra.Command {
	o := devOptions{}
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Serve the functions during development",
		Long: `Serve your functions during development. When you save a file, fngen rebuilds the functions and
answers the next request with the new code. New functions are served as soon as their files exist.

The functions are at http://localhost:8911/<name>. They are also at
http://localhost:8910/.redwood/functions/<name>, on the same origin as your web side: set
--web-target to the URL of its dev server.

The functions' environment includes the variables of .env.defaults, .env and .env.development.
Each request is logged to stdout. The functions' own output goes to stderr.`,
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
	required(flags, "port", "PORT", "serve /<name> on this port (default 8911)", func(value string) error {
		port, err := parsePort(value, 0)
		o.port = &port
		return err
	})
	required(flags, "web-port", "PORT", "serve the web side on this port (default 8910)", func(value string) error {
		port, err := parsePort(value, 0)
		o.webPort = &port
		return err
	})
	required(flags, "api-url", "PATH", "path of the functions on the web port (default /.redwood/functions)", func(value string) (err error) {
		o.apiURL, err = parseURLPath(value)
		return err
	})
	required(flags, "web-target", "URL", "forward other requests on the web port to this server", func(value string) (err error) {
		o.webTarget, err = parseURL(value)
		return hint.With(err, "--web-target=http://localhost:5173")
	})
	o.host = "localhost"
	flags.Var(anyValue{"ADDRESS", func(value string) error {
		if value == "" { // an empty host means all interfaces
			return hint.With(errEmpty, "--host=localhost")
		}
		o.host = value
		return nil
	}}, "host", "listen on this address (default localhost)")
	required(flags, "public-url", "URL", "the functions' public URL, such as a tunnel's", func(value string) error {
		o.publicURL = value
		_, err := parseURL(value)
		return hint.With(err, "--public-url=https://example.ngrok.app")
	})
	flags.BoolVar(&o.awsLimits, "aws-limits", false, "reject what AWS rejects: bodies over 6 MB, responses after 29 s")
	optional(flags, "poll", "MS", "poll for changes every 300 ms, or MS ms, if the filesystem reports none", func(value string) (err error) {
		o.poll, err = parsePoll(value)
		return err
	})
	required(flags, "debug-port", "PORT", "run the functions under the debugger dlv, listening on this port", func(value string) (err error) {
		o.debugPort, err = parsePort(value, 1)
		return err
	})
	flags.StringVar(&o.tags, "tags", "", "build tags, besides those of GOFLAGS: `TAG,...`")
	return cmd
}

func runDev(cmd *cobra.Command, w World, o devOptions) error {
	p, err := openProject(cmd, w, project.Options{Tags: project.ParseTags(o.tags)})
	if err != nil {
		return err
	}
	defer p.Close()
	options, err := o.options(w, p)
	if err != nil {
		return err
	}
	if kind := watch.Remote(p.Dir); kind != "" && o.poll == 0 {
		note(w.Stderr, p.Dir+" is on a filesystem of type "+kind+", which may not report all changes", "fngen dev --poll")
	}
	return devserver.Run(cmd.Context(), options)
}

// options returns the options of the dev server: the project's configuration
// with the flags in its place.
func (o devOptions) options(w World, p *project.Project) (devserver.Options, error) {
	s := serving{command: "dev", use: "development", flags: buildFlags(w, p)}
	if o.debugPort != 0 {
		var err error
		if s.flags, err = debugFlags(p); err != nil {
			return devserver.Options{}, err
		}
	}
	options := devserver.Options{
		Project: p.Dir, Functions: filepath.Join(p.Dir, filepath.FromSlash(p.Functions)), Version: w.Version,
		Host: strings.Trim(o.host, "[]"), Port: p.API.Port, WebPort: p.Web.Port, APIURL: p.Web.APIURL,
		WebTarget: o.webTarget, PublicURL: o.publicURL, AWSLimits: o.awsLimits, DebugPort: o.debugPort,
		Load: func() (devserver.Program, error) { return s.plan(w, p) },
		Poll: o.poll, Stdout: w.Stdout, Stderr: w.Stderr,
		Note: func(message, hint string) { note(w.Stderr, message, hint) },
	}
	if o.port != nil {
		options.Port = *o.port
	}
	if o.webPort != nil {
		options.WebPort = *o.webPort
	}
	if options.Port == options.WebPort && options.Port != 0 {
		return options, flagValueError{"--web-port", fmt.Errorf("%d is the port of the functions", options.Port), "--web-port=0"}
	}
	if o.apiURL != "" {
		options.APIURL = o.apiURL
	}
	if o.webTarget == nil && p.Web.Target != "" {
		var err error
		if options.WebTarget, err = parseURL(p.Web.Target); err != nil {
			return options, hint.Newf("--web-target=http://localhost:5173", "web.target: %w", err)
		}
	}
	return options, nil
}

// parsePort parses the number of a port that is at least lowest.
func parsePort(value string, lowest int) (int, error) {
	port, err := strconv.ParseUint(value, 10, 16)
	if err != nil || int(port) < lowest {
		return 0, fmt.Errorf("%q is not a port, want a number from %d to 65535", value, lowest)
	}
	return int(port), nil
}

// parsePoll parses the interval of polling, in milliseconds.
func parsePoll(value string) (time.Duration, error) {
	if value == "MS" { // a bare --poll
		return 300 * time.Millisecond, nil
	}
	ms, err := strconv.Atoi(value)
	if err != nil || ms < 10 || ms > 60_000 {
		return 0, errors.New("want milliseconds from 10 to 60000")
	}
	return time.Duration(ms) * time.Millisecond, nil
}

// parseURLPath parses the path of the functions, which cannot be the root: that
// is the web side's.
func parseURLPath(value string) (string, error) {
	clean := strings.TrimSuffix(value, "/")
	if !strings.HasPrefix(clean, "/") || clean != path.Clean(clean) || strings.ContainsAny(clean, "?#%\\ ") {
		return "", hint.Newf("--api-url=/.redwood/functions", "%q is not a path below /", value)
	}
	return clean, nil
}

// parseURL parses an http or https URL without user, query and fragment. Errors
// do not quote the value, since it may contain a password.
func parseURL(value string) (*url.URL, error) {
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" ||
		u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("want an http or https URL without user, query and fragment")
	}
	return u, nil
}
