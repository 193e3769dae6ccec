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

// tokenEnv names the variable that has the word by which a parent knows its child.
const tokenEnv = "FNGEN_REPORT_TOKEN"

// options are what flags and environment say.
type options struct {
	host                              string
	port                              int
	notice                            bool // whether to say that nobody else can reach it
	timeout, readTimeout, idleTimeout time.Duration
	drain                             time.Duration
	bodyLimit, headerLimit            size
	healthz, awsLimits, dev           bool
	proxies                           prefixes
	publicURL                         *url.URL
	report, token                     string
}

// A usageError is one of flags or environment.
type usageError struct {
	error
	help bool // what was asked for is help, which is there
}

func (e usageError) Unwrap() error { return e.error }

// parse reads flags and environment. Flags win. Help goes to stderr.
func parse(args []string, lookup func(string) (string, bool), stderr io.Writer) (options, error) {
	o := options{host: "127.0.0.1", port: 8911, bodyLimit: 10 << 20, headerLimit: 64 << 10}
	host, hosted := lookup("HOST")
	if hosted = hosted && host != ""; hosted {
		o.host = host
	}
	portText, ported := lookup("PORT")
	if ported = ported && portText != ""; ported {
		var err error
		if o.port, err = strconv.Atoi(portText); err != nil || o.port < 0 || o.port > math.MaxUint16 {
			return o, usageError{error: fmt.Errorf("PORT is %q: want a port, 0 to 65535", portText)}
		}
	}

	var public string
	flags := flag.NewFlagSet("server", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // errors are told once, by the caller
	flags.Usage = func() {}
	flags.StringVar(&o.host, "host", o.host, "`address` to listen on, also by HOST; 0.0.0.0 for all")
	flags.IntVar(&o.port, "port", o.port, "`port` to listen on, also by PORT; 0 for any that is free")
	flags.DurationVar(&o.timeout, "timeout", 30*time.Second, "how long a function may take (504); 0 for no limit")
	flags.Var(&o.bodyLimit, "body-limit", "largest body of a request (413), as in 10MB, 512KB or bytes; 0 for no limit")
	flags.Var(&o.headerLimit, "header-limit", "largest header of a request (431)")
	flags.DurationVar(&o.readTimeout, "read-timeout", 30*time.Second, "how long a client may take to send a body (408); 0 for no limit")
	flags.DurationVar(&o.idleTimeout, "idle-timeout", 2*time.Minute, "how long a connection may stay open without a request")
	flags.DurationVar(&o.drain, "drain", 30*time.Second, "how long requests under way may take when the server is told to end")
	flags.BoolVar(&o.healthz, "healthz", false, "answer GET /healthz")
	flags.Var(&o.proxies, "trusted-proxy", "`CIDR,...` of proxies whose X-Forwarded-For and X-Forwarded-Host count")
	flags.StringVar(&public, "public-url", "", "`URL` under which the world reaches the functions")
	flags.BoolVar(&o.awsLimits, "aws-limits", false, "refuse what API Gateway and Lambda refuse: 6 MB (413, 502), 29 s (504)")
	flags.StringVar(&o.report, "report", "", "`address` of the process that this one belongs to, and ends with")
	flags.BoolVar(&o.dev, "dev", false, "tell what failed in answers; only with -report")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(stderr, "flags:")
			shown := flag.NewFlagSet("server", flag.ContinueOnError)
			shown.SetOutput(stderr)
			flags.VisitAll(func(f *flag.Flag) {
				if f.Name != "report" && f.Name != "dev" { // which only fngen gives
					shown.Var(f.Value, f.Name, f.Usage)
				}
			})
			shown.PrintDefaults()
			return o, usageError{error: err, help: true}
		}
		return o, usageError{error: err}
	}

	set := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { set[f.Name] = true })
	o.notice = ported && !hosted && !set["host"]
	o.token, _ = lookup(tokenEnv)
	if err := o.check(flags.Args(), public); err != nil {
		return o, usageError{error: err}
	}
	return o, nil
}

// check finds what cannot be meant.
func (o *options) check(rest []string, public string) error {
	if len(rest) > 0 {
		return fmt.Errorf("surplus argument %q", rest[0])
	}
	if o.host == "" { // which the system takes for all
		return errors.New("-host is empty: want an address, 0.0.0.0 for all")
	}
	if o.port < 0 || o.port > math.MaxUint16 {
		return fmt.Errorf("-port is %d: want 0 to 65535", o.port)
	}
	for name, d := range map[string]time.Duration{"timeout": o.timeout, "read-timeout": o.readTimeout, "idle-timeout": o.idleTimeout, "drain": o.drain} {
		if d < 0 {
			return fmt.Errorf("-%s is negative: %s", name, d)
		}
	}
	if o.headerLimit == 0 || o.headerLimit > math.MaxInt32 {
		return fmt.Errorf("-header-limit is %s: want 1 to 2GB", o.headerLimit.String())
	}
	if o.dev && o.report == "" {
		return errors.New("-dev is for a process with a parent: it needs -report")
	}
	if o.report != "" {
		if addr, err := netip.ParseAddrPort(o.report); err != nil || !addr.Addr().IsLoopback() {
			return fmt.Errorf("-report is %q: want an address of this machine, such as 127.0.0.1:4000", o.report)
		}
		if o.token == "" || strings.ContainsAny(o.token, " \r\n") {
			return fmt.Errorf("-report needs a word in %s", tokenEnv)
		}
	}
	if public != "" {
		var err error
		if o.publicURL, err = parsePublic(public); err != nil {
			return fmt.Errorf("-public-url is %q: %w", public, err)
		}
	}
	return nil
}

// parsePublic reads the public address.
func parsePublic(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return nil, errors.New("it is no URL")
	case u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "":
		return nil, errors.New("want https:// or http:// and a host")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("want a host and a path, and no more")
	}
	return u, nil
}

// gateway is how requests become events.
func (o *options) gateway() *gateway.Gateway {
	g := &gateway.Gateway{
		PublicURL:   o.publicURL,
		Proxies:     o.proxies,
		Timeout:     o.timeout,
		BodyLimit:   int64(o.bodyLimit),
		ReadTimeout: o.readTimeout,
	}
	if o.writeTimeout() == 0 {
		g.WriteTimeout = answerTimeout
	}
	if o.dev {
		g.Stage, g.Detail, g.PeerHeader = "dev", true, peerHeader
	}
	if o.dev || o.awsLimits {
		g.AWS = gateway.AWSLimits(o.awsLimits)
	}
	return g
}

// writeTimeout is how long it may take from a request's header to the end of its answer: what its body, its
// function and its reader are allowed together. Where one of them is without limit it is 0: no limit.
func (o *options) writeTimeout() time.Duration {
	if o.timeout == 0 || o.readTimeout == 0 {
		return 0
	}
	return o.readTimeout + o.timeout + answerTimeout
}

// orForever is a time-out as a bound: 0 is none.
func orForever(d time.Duration) time.Duration {
	if d == 0 {
		return math.MaxInt64
	}
	return d
}

// A size is a number of bytes, as a flag's value.
type size int64

// Units are those of memory: AWS means 1024*1024 bytes by a MB, too.
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
		return errors.New("want a size, such as 10MB, 512KB or 1000")
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

// prefixes are addresses of networks, as a flag's value that adds up.
type prefixes []netip.Prefix

// Set reads a list of CIDRs and addresses. An IPv4 one that is mapped into IPv6 is the IPv4 one, as callers'
// addresses are.
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

// parsePrefix reads one. The error goes on after the entry.
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
		const mapping = 96 // bits that say that it is mapped
		if prefix.Bits() < mapping {
			return prefix, errors.New("takes in more than the IPv4 addresses that are mapped into IPv6")
		}
		prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-mapping)
	}
	if prefix != prefix.Masked() {
		return prefix, fmt.Errorf("has bits after its mask: want %s", prefix.Masked())
	}
	return prefix, nil
}
