package generator

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// AllowIP says from which addresses a function may be called: some, and not all.
type AllowIP struct {
	list []netip.Prefix // none within another
}

// ParseAllowIP reads addresses and CIDRs that are separated by commas. The error is a *ValueError.
func ParseAllowIP(list string) (AllowIP, error) {
	entries := strings.Split(list, ",")
	var allowed AllowIP
	// refuse suggests the list with others in place of an entry.
	refuse := func(i int, instead []string, format string, args ...any) (AllowIP, error) {
		suggestion := strings.Join(slices.Replace(slices.Clone(entries), i, i+1, instead...), ",")
		return AllowIP{}, &ValueError{Reason: fmt.Sprintf(format, args...), Suggestion: suggestion}
	}
	for i, entry := range entries {
		entry = strings.TrimSpace(entry)
		if entry == "" {
			return AllowIP{}, &ValueError{Reason: "an address is empty"}
		}
		prefix, err := parsePrefix(entry)
		switch {
		case err != nil:
			return AllowIP{}, err
		case prefix.Bits() == 0:
			return AllowIP{}, &ValueError{Reason: entry + " allows every address"}
		case prefix != prefix.Masked():
			return refuse(i, []string{prefix.Masked().String()}, "%s has bits after its mask", entry)
		}
		for j, other := range allowed.list { // the entries before, each in its place
			switch {
			case other == prefix:
				return refuse(i, nil, "%s is there twice", entry)
			case other.Overlaps(prefix) && other.Bits() < prefix.Bits():
				return refuse(i, nil, "%s takes in %s", text(other), text(prefix))
			case other.Overlaps(prefix):
				return refuse(j, nil, "%s takes in %s", text(prefix), text(other))
			}
		}
		allowed.list = append(allowed.list, prefix)
	}
	return allowed, nil
}

// parsePrefix reads an address or a CIDR. An IPv4 address that is mapped into IPv6 is the IPv4 address.
func parsePrefix(entry string) (netip.Prefix, error) {
	prefix, err := netip.ParsePrefix(entry)
	if !strings.Contains(entry, "/") {
		var addr netip.Addr
		addr, err = netip.ParseAddr(entry)
		if addr.Zone() != "" {
			return prefix, &ValueError{Reason: fmt.Sprintf("%s has a zone, which no request has", entry)}
		}
		prefix = netip.PrefixFrom(addr, addr.BitLen())
	}
	if err != nil {
		return prefix, &ValueError{
			Reason:     fmt.Sprintf("%q is neither an address nor a CIDR", entry),
			Suggestion: "203.0.113.7,10.0.0.0/8",
		}
	}
	if !prefix.Addr().Is4In6() {
		return prefix, nil
	}
	const mapping = 96 // bits that say that it is mapped
	if prefix.Bits() < mapping {
		return prefix, &ValueError{Reason: fmt.Sprintf("%s takes in more than mapped IPv4 addresses", entry)}
	}
	return netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-mapping), nil
}

// text is a prefix as people write it: one of a single address as that.
func text(prefix netip.Prefix) string {
	if prefix.IsSingleIP() {
		return prefix.Addr().String()
	}
	return prefix.String()
}

func (a AllowIP) contains(addr netip.Addr) bool {
	return slices.ContainsFunc(a.list, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// caller is an address that is allowed.
func (a AllowIP) caller() netip.Addr {
	first := a.list[0].Addr()
	if a.list[0].IsSingleIP() {
		return first
	}
	return first.Next() // hosts mostly start there
}

// edges are the addresses just within the list's entries and just without.
func (a AllowIP) edges() (in, out []netip.Addr) {
	for _, prefix := range a.list {
		first, last := prefix.Addr(), lastOf(prefix)
		in = append(in, first)
		if first != last {
			in = append(in, last)
		}
		for _, addr := range []netip.Addr{first.Prev(), last.Next()} {
			if addr.IsValid() && !a.contains(addr) && !slices.Contains(out, addr) {
				out = append(out, addr)
			}
		}
	}
	return in, out
}

// lastOf is the last address of a prefix.
func lastOf(prefix netip.Prefix) netip.Addr {
	bytes := prefix.Addr().AsSlice()
	for bit := prefix.Bits(); bit < len(bytes)*8; bit++ {
		bytes[bit/8] |= 1 << (7 - bit%8)
	}
	last, _ := netip.AddrFromSlice(bytes)
	return last
}

// A RateLimit says how many requests a function takes of each address.
type RateLimit struct {
	Requests int
	Burst    int // that there may be at once
	unit     rateUnit
}

// A rateUnit is the time that a rate is about.
type rateUnit struct {
	name   string // as in 10/s
	ident  string // the function in package ratelimit
	goName string
	words  string
	per    time.Duration
}

func rateUnits() []rateUnit {
	return []rateUnit{
		{"s", "PerSecond", "time.Second", "a second", time.Second},
		{"m", "PerMinute", "time.Minute", "a minute", time.Minute},
		{"h", "PerHour", "time.Hour", "an hour", time.Hour},
	}
}

// maxRequests and maxFill are what package ratelimit takes: the most requests, and the
// longest time in which an empty bucket may fill.
const (
	maxRequests = 1_000_000
	maxFill     = 366 * 24 * time.Hour
)

// ParseRateLimit reads a rate, such as 10/s, 100/m or 1000/h, and with a burst of its own 10/s,burst=20.
// The error is a *ValueError.
func ParseRateLimit(rate string) (RateLimit, error) {
	amount, burst, hasBurst := strings.Cut(rate, ",burst=")
	requests, unit, _ := strings.Cut(amount, "/")
	units := rateUnits()
	i := slices.IndexFunc(units, func(u rateUnit) bool { return u.name == unit })
	limit := RateLimit{Requests: whole(requests)}
	limit.Burst = limit.Requests
	if hasBurst {
		limit.Burst = whole(burst)
	}
	if i < 0 || limit.Requests == 0 || limit.Burst == 0 {
		return RateLimit{}, &ValueError{Reason: fmt.Sprintf("%q is not a rate", rate), Suggestion: likeRate(amount)}
	}
	limit.unit = units[i]
	if max(limit.Requests, limit.Burst) > maxRequests {
		return RateLimit{}, &ValueError{Reason: fmt.Sprintf("%q is more than %d requests", rate, maxRequests)}
	}
	if limit.Burst > int(maxFill/limit.interval()) {
		return RateLimit{}, &ValueError{Reason: fmt.Sprintf("%q has a burst that takes more than a year to come back", rate)}
	}
	return limit, nil
}

// whole reads a positive number as people write it, or is zero.
func whole(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || strconv.Itoa(n) != text {
		return 0
	}
	return n
}

// likeRate is a rate like what was written: 10/s for 10, 10/sec or 10r/s.
func likeRate(text string) string {
	digits := len(text) - len(strings.TrimLeft(text, "0123456789"))
	requests, rest := whole(text[:digits]), strings.ToLower(text[digits:])
	if requests == 0 || requests > maxRequests {
		requests = 10
	}
	if _, after, ok := strings.Cut(rest, "/"); ok {
		rest = after
	}
	for _, unit := range rateUnits() {
		if strings.HasPrefix(rest, unit.name) {
			return fmt.Sprintf("%d/%s", requests, unit.name)
		}
	}
	return fmt.Sprintf("%d/s", requests)
}

// interval is the time in which the function takes one request more.
func (r RateLimit) interval() time.Duration { return r.unit.per / time.Duration(r.Requests) }

// middleware is the guard.
func (r RateLimit) middleware() string {
	rate := fmt.Sprintf("ratelimit.%s(%d)", r.unit.ident, r.Requests)
	if r.Burst != r.Requests {
		rate += fmt.Sprintf(".WithBurst(%d)", r.Burst)
	}
	return "ratelimit.Require(" + rate + ", ratelimit.Options{})"
}

// doc is what the guard does.
func (r RateLimit) doc() []string {
	requests := "requests"
	if r.Requests == 1 {
		requests = "request"
	}
	more := fmt.Sprintf("%s.", r.unit.words)
	if r.Burst != r.Requests {
		more = fmt.Sprintf("%s, or %d at once.", r.unit.words, r.Burst)
	}
	return []string{
		fmt.Sprintf("ratelimit.Require answers 429 to addresses that send more than %d %s", r.Requests, requests),
		more + " Each instance of the function counts for itself.",
	}
}

// ago is interval as a Go expression.
func (r RateLimit) ago() string {
	if r.Requests == 1 {
		return r.unit.goName
	}
	return fmt.Sprintf("%s/%d", r.unit.goName, r.Requests)
}

// retryAfter is when a caller who sent all requests that there may be at once may send one more, in seconds.
func (r RateLimit) retryAfter() string {
	return strconv.FormatInt(int64((r.interval()+time.Second-1)/time.Second), 10)
}

func allowIP(a AllowIP, lib func(string) string) feature {
	var quoted []string
	for _, prefix := range a.list {
		quoted = append(quoted, strconv.Quote(text(prefix)))
	}
	list := strings.Join(quoted, ", ")
	if len(quoted) > 3 {
		list = "\n" + strings.Join(quoted, ",\n") + ",\n"
	}
	return feature{
		guard: &guard{
			Middleware: "ipallow.Require(" + list + ")",
			Doc:        []string{"ipallow.Require answers 401 to addresses that are not on its list."},
		},
		handlerImports: []string{lib("ipallow")},
		testImports:    []string{eventsPackage},
		declarations: []string{fmt.Sprintf(`// caller is at an address that may call the function.
var caller = events.APIGatewayProxyRequestContext{
	Identity: events.APIGatewayRequestIdentity{SourceIP: %q},
}`, a.caller())},
		request: []field{{"RequestContext", "caller"}},
		tests: func(p *page, _ contexts) []block {
			type ipCase struct{ IP, Status string }
			var cases []ipCase
			in, out := a.edges()
			for _, addr := range in {
				cases = append(cases, ipCase{addr.String(), "http.StatusOK"})
			}
			for _, addr := range out {
				cases = append(cases, ipCase{addr.String(), "http.StatusUnauthorized"})
			}
			return []block{{"test_ipallow.tmpl", struct {
				*page
				Cases []ipCase
			}{p, cases}}}
		},
	}
}

func rateLimit(r RateLimit, lib func(string) string) feature {
	return feature{
		guard:          &guard{Middleware: r.middleware(), Doc: r.doc()},
		handlerImports: []string{lib("ratelimit")},
		testImports:    []string{lib("ratelimit"), "time"},
		context:        func(ctx string) string { return "ratelimit.WithSent(" + ctx + ", 0, 0)" },
		tests: func(p *page, c contexts) []block {
			type rateCase struct {
				Name        string
				Sent        int
				Ago, Status string
				RetryAfter  string
			}
			return []block{{"test_ratelimit.tmpl", struct {
				*page
				Context string
				Cases   []rateCase
			}{p, c.after("ratelimit.WithSent(" + c.before + ", test.sent, test.ago)"), []rateCase{
				{"the last", r.Burst - 1, "0", "http.StatusOK", ""},
				{"one more", r.Burst, "0", "http.StatusTooManyRequests", r.retryAfter()},
				{"one more, too soon", r.Burst, r.ago() + " - 1", "http.StatusTooManyRequests", "1"},
				{"one more, in time", r.Burst, r.ago(), "http.StatusOK", ""},
			}}}}
		},
	}
}
