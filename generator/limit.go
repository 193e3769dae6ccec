package generator

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// AllowIP is a list of client IP addresses that may call a function.
// [ParseAllowIP] returns one.
type AllowIP struct {
	list []netip.Prefix // in the order given; no entry contains another
}

// ParseAllowIP parses IP addresses and CIDR blocks that are separated by
// commas. The error is a *[ValueError].
func ParseAllowIP(list string) (AllowIP, error) {
	entries := strings.Split(list, ",")
	var allowed AllowIP
	// invalid returns an error that suggests the list with entry i replaced.
	invalid := func(i int, replacement []string, format string, args ...any) (AllowIP, error) {
		suggestion := strings.Join(slices.Replace(slices.Clone(entries), i, i+1, replacement...), ",")
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
			return invalid(i, []string{prefix.Masked().String()}, "%s has host bits set", entry)
		}
		for j, other := range allowed.list { // allowed.list[j] is entries[j]
			switch {
			case other == prefix:
				return invalid(i, nil, "%s is listed twice", entry)
			case other.Overlaps(prefix) && other.Bits() < prefix.Bits():
				return invalid(i, nil, "%s contains %s", text(other), text(prefix))
			case other.Overlaps(prefix):
				return invalid(j, nil, "%s contains %s", text(prefix), text(other))
			}
		}
		allowed.list = append(allowed.list, prefix)
	}
	return allowed, nil
}

// parsePrefix parses an IP address or a CIDR block. It returns an IPv4-mapped
// IPv6 address as the IPv4 address.
func parsePrefix(entry string) (netip.Prefix, error) {
	prefix, err := netip.ParsePrefix(entry)
	if !strings.Contains(entry, "/") {
		var addr netip.Addr
		addr, err = netip.ParseAddr(entry)
		if addr.Zone() != "" {
			return prefix, &ValueError{Reason: entry + " has a zone, which client IP addresses do not have"}
		}
		prefix = netip.PrefixFrom(addr, addr.BitLen())
	}
	if err != nil {
		return prefix, &ValueError{
			Reason:     fmt.Sprintf("%q is not an IP address or CIDR block", entry),
			Suggestion: "203.0.113.7,10.0.0.0/8",
		}
	}
	if !prefix.Addr().Is4In6() {
		return prefix, nil
	}
	const mappedBits = 96 // length of ::ffff:0:0/96
	if prefix.Bits() < mappedBits {
		return prefix, &ValueError{Reason: entry + " contains more than the IPv4-mapped addresses"}
	}
	return netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-mappedBits), nil
}

// text returns a prefix in its usual notation: a single address has no length.
func text(prefix netip.Prefix) string {
	if prefix.IsSingleIP() {
		return prefix.Addr().String()
	}
	return prefix.String()
}

func (a AllowIP) contains(addr netip.Addr) bool {
	return slices.ContainsFunc(a.list, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// client returns an address that is allowed.
func (a AllowIP) client() netip.Addr {
	first := a.list[0].Addr()
	if a.list[0].IsSingleIP() {
		return first
	}
	return first.Next() // the first address of a network is rarely a host
}

// samples returns addresses that tell a from lists that differ in one entry.
// The last address of each entry is allowed. The address after each CIDR block
// is rejected: a block of twice the size would contain it.
func (a AllowIP) samples() (allowed, rejected []netip.Addr) {
	for _, prefix := range a.list {
		last := lastOf(prefix)
		allowed = append(allowed, last)
		if next := last.Next(); !prefix.IsSingleIP() && next.IsValid() && !a.contains(next) {
			rejected = append(rejected, next)
		}
	}
	for _, prefix := range a.list {
		for _, addr := range []netip.Addr{lastOf(prefix).Next(), prefix.Addr().Prev()} {
			if len(rejected) == 0 && addr.IsValid() && !a.contains(addr) {
				rejected = append(rejected, addr)
			}
		}
	}
	return allowed, rejected
}

func (a AllowIP) templateData() *AllowIPData {
	allowed, rejected := a.samples()
	d := &AllowIPData{Client: a.client().String(), Allowed: texts(allowed), Rejected: texts(rejected)}
	for _, prefix := range a.list {
		d.List = append(d.List, text(prefix))
	}
	return d
}

func texts(addrs []netip.Addr) []string {
	list := make([]string, len(addrs))
	for i, addr := range addrs {
		list[i] = addr.String()
	}
	return list
}

// lastOf returns the last address of a prefix.
func lastOf(prefix netip.Prefix) netip.Addr {
	bytes := prefix.Addr().AsSlice()
	for bit := prefix.Bits(); bit < len(bytes)*8; bit++ {
		bytes[bit/8] |= 1 << (7 - bit%8)
	}
	last, _ := netip.AddrFromSlice(bytes)
	return last
}

// A RateLimit describes how many requests a function accepts from one client IP
// address.
type RateLimit struct {
	Requests int // in one unit of time
	Burst    int // at once
	unit     rateUnit
}

// A rateUnit is the unit of time of a rate.
type rateUnit struct {
	name     string // as in 10/s
	ident    string // function of package ratelimit
	duration time.Duration
}

func rateUnits() []rateUnit {
	return []rateUnit{
		{"s", "PerSecond", time.Second},
		{"m", "PerMinute", time.Minute},
		{"h", "PerHour", time.Hour},
	}
}

// maxRequests and maxFill are the limits of package ratelimit: the largest
// number of requests, and the longest time in which an empty bucket may refill.
const (
	maxRequests = 1_000_000
	maxFill     = 366 * 24 * time.Hour
)

// ParseRateLimit parses a rate such as 10/s, 100/m or 1000/h, with an optional
// burst as in 10/s,burst=20. The error is a *[ValueError].
func ParseRateLimit(rate string) (RateLimit, error) {
	amount, burst, hasBurst := strings.Cut(rate, ",burst=")
	requests, unit, _ := strings.Cut(amount, "/")
	units := rateUnits()
	i := slices.IndexFunc(units, func(u rateUnit) bool { return u.name == unit })
	limit := RateLimit{Requests: positive(requests)}
	limit.Burst = limit.Requests
	if hasBurst {
		limit.Burst = positive(burst)
	}
	if i < 0 || limit.Requests == 0 || limit.Burst == 0 {
		return RateLimit{}, &ValueError{Reason: fmt.Sprintf("%q is not a rate", rate), Suggestion: suggestRate(amount)}
	}
	limit.unit = units[i]
	if max(limit.Requests, limit.Burst) > maxRequests {
		return RateLimit{}, &ValueError{Reason: fmt.Sprintf("%q exceeds %d requests", rate, maxRequests)}
	}
	if limit.Burst > int(maxFill/limit.interval()) {
		return RateLimit{}, &ValueError{Reason: fmt.Sprintf("%q has a burst that takes over a year to refill", rate)}
	}
	return limit, nil
}

// positive parses a positive number without a sign or leading zeros. It returns
// 0 if text is anything else.
func positive(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || strconv.Itoa(n) != text {
		return 0
	}
	return n
}

// suggestRate returns a valid rate that resembles text: 10/s for 10, 10/sec or
// 10r/s.
func suggestRate(text string) string {
	digits := len(text) - len(strings.TrimLeft(text, "0123456789"))
	requests, rest := positive(text[:digits]), strings.ToLower(text[digits:])
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

// interval returns the time after which a client may send one more request.
func (r RateLimit) interval() time.Duration { return r.unit.duration / time.Duration(r.Requests) }

func (r RateLimit) templateData() *RateLimitData {
	window := r.interval() * time.Duration(r.Burst)
	return &RateLimitData{
		Unit:     r.unit.ident,
		Requests: r.Requests,
		Burst:    r.Burst,
		Below:    r.Burst - 1,
		Window:   int((window + time.Second - 1) / time.Second),
	}
}
