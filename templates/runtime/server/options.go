package server

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/fngen/fngen/templates/runtime/gateway"
)

// tokenEnv is the environment variable with the token by which a parent process
// recognizes its child.
const tokenEnv = "FNGEN_REPORT_TOKEN"

// options holds the settings from flags and environment variables.
type options struct {
	host                              string
	port                              int
	loopbackByDefault                 bool // PORT is set, but no host
	timeout, readTimeout, idleTimeout time.Duration
	streamTimeout                     time.Duration
	drain                             time.Duration
	bodyLimit, bodiesLimit            size
	headerLimit                       size
	healthz, awsLimits, dev           bool
	trustedProxies                    prefixes
	publicURL                         *url.URL
	report, token                     string // parent's address, and this process's token
	jobs                              Jobs
}

// A usageError is an error in the flags or the environment.
type usageError struct {
	error
	help bool // help was requested, and has been printed
}

func (e usageError) Unwrap() error { return e.error }

// parse reads options from the environment and from flags, which take
// precedence. jobs may add flags. It prints help to stderr if a flag asks for it.
// Its errors are usageErrors.
func parse(args []string, lookup func(string) (string, bool), stderr io.Writer, jobs Jobs) (options, error) {
	if jobs == nil {
		jobs = noJobs{}
	}
	o := options{
		host: "127.0.0.1", port: 8911, bodyLimit: 10 << 20, bodiesLimit: 32 << 20, headerLimit: 64 << 10, jobs: jobs,
	}
	host, _ := lookup("HOST")
	if host != "" {
		o.host = host
	}
	portText, _ := lookup("PORT")
	if portText != "" {
		var err error
		if o.port, err = strconv.Atoi(portText); err != nil || o.port < 0 || o.port > math.MaxUint16 {
			return o, usageError{error: fmt.Errorf("invalid value %q for PORT: must be between 0 and 65535", portText)}
		}
	}

	var public string
	flags := flag.NewFlagSet("server", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // the caller prints errors
	flags.Usage = func() {}
	flags.StringVar(&o.host, "host", o.host, "`address` to listen on, or set HOST; 0.0.0.0 for all interfaces")
	flags.IntVar(&o.port, "port", o.port, "`port` to listen on, or set PORT; 0 for any free port")
	flags.DurationVar(&o.timeout, "timeout", 30*time.Second, "time limit for a function (504); 0 for no limit")
	flags.DurationVar(&o.streamTimeout, "stream-timeout", 15*time.Minute,
		"time limit for a streamed response, whose first byte is subject to -timeout; 0 for no limit")
	flags.Var(&o.bodyLimit, "body-limit", "largest request body (413), such as 10MB, 512KB or 1000; 0 for no limit")
	flags.Var(&o.bodiesLimit, "bodies-limit",
		"largest total of request bodies that are processed at once (503); 0 for no limit")
	flags.Var(&o.headerLimit, "header-limit", "largest request header (431)")
	flags.DurationVar(&o.readTimeout, "read-timeout", 30*time.Second,
		"time limit for reading a request body (408); 0 for no limit")
	flags.DurationVar(&o.idleTimeout, "idle-timeout", 2*time.Minute, "time after which an idle connection is closed")
	flags.DurationVar(&o.drain, "drain", 30*time.Second, "time limit for active requests when the server shuts down")
	flags.BoolVar(&o.healthz, "healthz", false, "serve health checks at /healthz")
	flags.Var(&o.trustedProxies, "trusted-proxy",
		"`CIDR,...` of proxies whose X-Forwarded-For and X-Forwarded-Host are trusted")
	flags.StringVar(&public, "public-url", "", "`URL` at which clients reach the functions")
	flags.BoolVar(&o.awsLimits, "aws-limits", false,
		"enforce the limits of API Gateway and Lambda: 6 MB (413, 502), 29 s (504)")
	flags.StringVar(&o.report, "report", "", "`address` of the parent process, with which this process ends")
	flags.BoolVar(&o.dev, "dev", false, "include error messages in responses; requires -report")
	jobs.Flags(flags)
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		printHelp(stderr, flags)
		return o, usageError{error: err, help: true}
	}
	if err != nil {
		return o, usageError{error: err}
	}

	set := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { set[f.Name] = true })
	o.loopbackByDefault = portText != "" && host == "" && !set["host"]
	o.token, _ = lookup(tokenEnv)
	if err := o.validate(flags.Args(), public); err != nil {
		return o, usageError{error: err}
	}
	if err := jobs.Check(); err != nil {
		return o, usageError{error: err}
	}
	return o, nil
}

// printHelp prints the flags, except those that only fngen passes.
func printHelp(w io.Writer, flags *flag.FlagSet) {
	fmt.Fprintln(w, "flags:")
	public := flag.NewFlagSet("server", flag.ContinueOnError)
	public.SetOutput(w)
	flags.VisitAll(func(f *flag.Flag) {
		if f.Name != "report" && f.Name != "dev" {
			public.Var(f.Value, f.Name, f.Usage)
		}
	})
	public.PrintDefaults()
}

// validate checks the options and parses the public URL.
func (o *options) validate(args []string, public string) error {
	if len(args) > 0 {
		return fmt.Errorf("unexpected argument %q", args[0])
	}
	if o.host == "" { // net.Listen would listen on all interfaces
		return errors.New("-host must not be empty; use 0.0.0.0 for all interfaces")
	}
	if o.port < 0 || o.port > math.MaxUint16 {
		return fmt.Errorf("invalid value %d for -port: must be between 0 and 65535", o.port)
	}
	for _, d := range []struct {
		flag  string
		value time.Duration
	}{
		{"timeout", o.timeout},
		{"stream-timeout", o.streamTimeout},
		{"read-timeout", o.readTimeout},
		{"idle-timeout", o.idleTimeout},
		{"drain", o.drain},
	} {
		if d.value < 0 {
			return fmt.Errorf("invalid value %s for -%s: must not be negative", d.value, d.flag)
		}
	}
	if o.headerLimit == 0 || o.headerLimit > math.MaxInt32 {
		return fmt.Errorf("invalid value %s for -header-limit: must be between 1 and 2GB", o.headerLimit.String())
	}
	if o.dev && o.report == "" {
		return errors.New("-dev requires -report")
	}
	if o.report != "" {
		if addr, err := netip.ParseAddrPort(o.report); err != nil || !addr.Addr().IsLoopback() {
			const want = "must be a loopback address and a port, such as 127.0.0.1:4000"
			return fmt.Errorf("invalid value %q for -report: %s", o.report, want)
		}
		if o.token == "" || strings.ContainsAny(o.token, " \r\n") {
			return fmt.Errorf("-report requires a token without spaces in %s", tokenEnv)
		}
	}
	if public != "" {
		var err error
		if o.publicURL, err = parsePublicURL(public); err != nil {
			return fmt.Errorf("invalid value %q for -public-url: %w", displayURL(public), err)
		}
	}
	return nil
}

// parsePublicURL parses the value of -public-url.
func parsePublicURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return nil, errors.New("not a URL")
	case u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "":
		return nil, errors.New("must start with https:// or http:// and a host")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("must not have a user, a query or a fragment")
	}
	return u, nil
}

// displayURL returns the text of a URL for error messages, without the user and
// the query, which may contain secrets.
func displayURL(s string) string {
	s, _, _ = strings.Cut(s, "?")
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		scheme, rest = "", s
	}
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		rest = rest[at+1:]
	}
	if ok {
		return scheme + "://" + rest
	}
	return rest
}

// gateway returns a Gateway with these options.
func (o *options) gateway() *gateway.Gateway {
	g := &gateway.Gateway{
		PublicURL:      o.publicURL,
		TrustedProxies: o.trustedProxies,
		Timeout:        o.timeout,
		StreamTimeout:  o.streamTimeout,
		BodyLimit:      int64(o.bodyLimit),
		InFlight:       int64(o.bodiesLimit),
		ReadTimeout:    o.readTimeout,
	}
	if o.writeTimeout() == 0 {
		g.WriteTimeout = responseTimeout
	}
	if o.dev {
		g.InFlight = 0
		g.Stage, g.ExposeErrors, g.PeerHeader, g.PublicHeader = "dev", true, peerHeader, publicHeader
	}
	if o.dev || o.awsLimits {
		g.AWS = gateway.AWSLimits(o.awsLimits)
	}
	return g
}

// writeTimeout returns the time limit from the end of a request's header to the
// end of its response: the sum of the limits for reading the body, for the
// function, and for sending the response. If one of them is unlimited, it
// returns 0, which means no limit.
func (o *options) writeTimeout() time.Duration {
	if o.timeout == 0 || o.readTimeout == 0 {
		return 0
	}
	return o.readTimeout + o.timeout + responseTimeout
}

// orForever converts a limit to a duration that can be compared: 0, which means
// no limit, becomes the longest duration.
func orForever(d time.Duration) time.Duration {
	if d == 0 {
		return math.MaxInt64
	}
	return d
}

// A size is a flag value that holds a number of bytes.
type size int64

// Set parses a size. Units are powers of 1024, as in the documentation of AWS:
// a MB has 1024*1024 bytes.
func (s *size) Set(text string) error {
	number, unit := strings.ToUpper(text), int64(1)
	number = strings.TrimSuffix(number, "B")
	for _, u := range []struct {
		suffix string
		bytes  int64
	}{{"KI", 1 << 10}, {"K", 1 << 10}, {"MI", 1 << 20}, {"M", 1 << 20}, {"GI", 1 << 30}, {"G", 1 << 30}} {
		if before, ok := strings.CutSuffix(number, u.suffix); ok {
			number, unit = before, u.bytes
			break
		}
	}
	n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64/unit {
		return errors.New("must be a size such as 10MB, 512KB or 1000")
	}
	*s = size(n * unit)
	return nil
}

func (s *size) String() string {
	switch n := int64(*s); {
	case n != 0 && n%(1<<20) == 0:
		return strconv.FormatInt(n>>20, 10) + "MB"
	case n != 0 && n%(1<<10) == 0:
		return strconv.FormatInt(n>>10, 10) + "KB"
	default:
		return strconv.FormatInt(n, 10)
	}
}

// prefixes is a flag value that holds networks. Repeated flags add to it.
type prefixes []netip.Prefix

// Set adds a comma-separated list of CIDRs and addresses. An IPv4-mapped IPv6
// prefix becomes an IPv4 prefix, because the addresses of clients are converted
// likewise.
func (p *prefixes) Set(text string) error {
	for _, entry := range strings.Split(text, ",") {
		prefix, err := parsePrefix(strings.TrimSpace(entry))
		if err != nil {
			return fmt.Errorf("%q %w", strings.TrimSpace(entry), err)
		}
		*p = append(*p, prefix)
	}
	return nil
}

func (p *prefixes) String() string {
	texts := make([]string, len(*p))
	for i, prefix := range *p {
		texts[i] = prefix.String()
	}
	return strings.Join(texts, ",")
}

// parsePrefix parses a CIDR or an address. The text of its errors continues a
// sentence that starts with the entry.
func parsePrefix(entry string) (netip.Prefix, error) {
	prefix, err := netip.ParsePrefix(entry)
	if err != nil {
		addr, err := netip.ParseAddr(entry)
		if err != nil || addr.Zone() != "" {
			return prefix, errors.New("is not a CIDR, such as 10.0.0.0/8 or 2001:db8::/32")
		}
		prefix = netip.PrefixFrom(addr, addr.BitLen())
	}
	if prefix.Addr().Is4In6() {
		const mapping = 96 // bits before the IPv4 address
		if prefix.Bits() < mapping {
			return prefix, errors.New("covers more than the IPv4-mapped IPv6 addresses")
		}
		prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-mapping)
	}
	if prefix != prefix.Masked() {
		return prefix, fmt.Errorf("has host bits set: use %s", prefix.Masked())
	}
	return prefix, nil
}
