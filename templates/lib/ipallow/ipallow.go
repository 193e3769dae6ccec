// Package ipallow allows requests only from listed client IP addresses.
//
//	var Handler = fn.Chain(handle, ipallow.Require("203.0.113.7", "10.0.0.0/8", "2001:db8::/32"))
//
// The client's address is the one that API Gateway saw, in the event's
// requestContext. Headers such as X-Forwarded-For are only trusted from listed
// proxies: see [Source].
package ipallow

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/templates/lib/fn"
)

// Require returns middleware that responds with 401 unless the request comes
// from an address on the list, which consists of IPv4 and IPv6 addresses and
// CIDRs. It panics if the list is not valid. For a list that is not known at
// compile time, use Parse and Allow.
//
// The status is 401 because RedwoodJS's documentation recommends it for this
// check and clients may depend on it. Other servers usually respond with 403.
func Require(list ...string) fn.Middleware {
	return Allow(Source{}, MustParse(list...))
}

// Allow is like Require but takes a parsed list and the source of the client's
// address. An empty list allows no request.
func Allow(source Source, list List) fn.Middleware {
	return func(next fn.Handler) fn.Handler {
		return func(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
			addr, err := source.Addr(event)
			if err == nil && !list.Contains(addr) {
				err = fmt.Errorf("ipallow: %s is not on the list", addr)
			}
			if err != nil {
				slog.WarnContext(ctx, "client IP address not allowed", "path", event.Path, "reason", err)
				const status = http.StatusUnauthorized
				return fn.JSON(status, map[string]string{"message": http.StatusText(status)})
			}
			return next(ctx, event)
		}
	}
}

// A List is a set of addresses. The zero List is empty.
type List struct {
	prefixes []netip.Prefix // sorted and disjoint
}

// Parse returns a List of addresses and CIDRs. It fails if the list is empty or
// if a CIDR has host bits set, which is usually a typing error. An IPv4-mapped
// IPv6 address (::ffff:10.0.0.1) is the same as the IPv4 address, both in the
// list and in requests.
func Parse(list ...string) (List, error) {
	if len(list) == 0 {
		return List{}, errors.New("ipallow: the list is empty")
	}
	var prefixes []netip.Prefix
	for _, entry := range list {
		prefix, err := parsePrefix(entry)
		if err != nil {
			return List{}, fmt.Errorf("ipallow: %q %w", entry, err)
		}
		prefixes = append(prefixes, prefix)
	}
	slices.SortFunc(prefixes, func(a, b netip.Prefix) int {
		if order := a.Addr().Compare(b.Addr()); order != 0 {
			return order
		}
		return a.Bits() - b.Bits()
	})
	// Two prefixes overlap only if one contains the other, which then sorts
	// after it. Drop the contained ones.
	disjoint := prefixes[:1]
	for _, prefix := range prefixes[1:] {
		if !disjoint[len(disjoint)-1].Overlaps(prefix) {
			disjoint = append(disjoint, prefix)
		}
	}
	return List{disjoint}, nil
}

// MustParse is like Parse but panics if the list is not valid.
func MustParse(list ...string) List {
	parsed, err := Parse(list...)
	if err != nil {
		panic(err.Error())
	}
	return parsed
}

// parsePrefix parses an address or a CIDR. Its errors, such as "has host bits
// set", continue a sentence that starts with the entry.
func parsePrefix(entry string) (netip.Prefix, error) {
	var prefix netip.Prefix
	if strings.Contains(entry, "/") {
		cidr, err := netip.ParsePrefix(entry)
		if err != nil {
			return cidr, errors.New("is not a CIDR, such as 10.0.0.0/8 or 2001:db8::/32")
		}
		prefix = cidr
	} else {
		addr, err := netip.ParseAddr(entry)
		if err != nil {
			return prefix, errors.New("is not an IP address, such as 203.0.113.7 or 2001:db8::1")
		}
		if addr.Zone() != "" {
			return prefix, errors.New("has a zone, which addresses of requests do not have")
		}
		prefix = netip.PrefixFrom(addr, addr.BitLen())
	}
	if prefix.Addr().Is4In6() {
		const mappedBits = 96 // the length of ::ffff:0:0
		if prefix.Bits() < mappedBits {
			return prefix, errors.New("covers more than the IPv4-mapped addresses")
		}
		prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-mappedBits)
	}
	if prefix != prefix.Masked() {
		return prefix, fmt.Errorf("has host bits set, want %s", prefix.Masked())
	}
	return prefix, nil
}

// Contains reports whether the address is on the list.
func (l List) Contains(addr netip.Addr) bool {
	addr = addr.Unmap()
	i, found := slices.BinarySearchFunc(l.prefixes, addr, func(prefix netip.Prefix, addr netip.Addr) int {
		return prefix.Addr().Compare(addr)
	})
	return found || i > 0 && l.prefixes[i-1].Contains(addr)
}

// A Source determines the client's address of a request. It is the address that
// API Gateway saw or, if that belongs to a proxy, the address that the proxy
// saw. The zero Source has no proxies and ignores all headers.
type Source struct {
	// Proxies lists the proxies in front of API Gateway, such as those of a
	// CDN.
	Proxies List

	// Header is the header to which each proxy appends the address that it saw.
	// It defaults to X-Forwarded-For. Every proxy must set it or append to it
	// in every request. Otherwise clients can forge their address.
	Header string
}

// Addr returns the client's address. It fails if the event has no valid address
// or if a proxy did not send one.
func (s Source) Addr(event events.APIGatewayProxyRequest) (netip.Addr, error) {
	sourceIP := event.RequestContext.Identity.SourceIP
	if sourceIP == "" {
		return netip.Addr{}, errors.New("ipallow: requestContext.identity.sourceIp is empty")
	}
	addr, err := parseAddr(sourceIP)
	if err != nil {
		return addr, fmt.Errorf("ipallow: requestContext.identity.sourceIp %w", err)
	}
	if len(s.Proxies.prefixes) == 0 || !s.Proxies.Contains(addr) {
		return addr, nil
	}
	name := s.Header
	if name == "" {
		name = "X-Forwarded-For"
	}
	lines, err := headerLines(event, name)
	if err != nil {
		return netip.Addr{}, err
	}
	if len(lines) == 0 {
		return netip.Addr{}, fmt.Errorf("ipallow: proxy %s did not send %s", addr, name)
	}
	// Read the header from its end, as long as a listed proxy wrote the entry.
	// The client may have forged everything before that.
	for i := len(lines) - 1; i >= 0; i-- {
		for rest, more := lines[i], true; more && s.Proxies.Contains(addr); {
			last := strings.LastIndexByte(rest, ',')
			more = last >= 0
			addr, err = parseAddr(strings.Trim(rest[last+1:], " \t"))
			if err != nil {
				return addr, fmt.Errorf("ipallow: entry in %s %w", name, err)
			}
			rest = rest[:max(last, 0)]
		}
	}
	return addr, nil
}

// headerLines returns the values of a header in the order in which they were
// sent. It ignores case, but fails if the event has the header in more than one
// spelling, because the order of their values is unknown.
func headerLines(event events.APIGatewayProxyRequest, name string) ([]string, error) {
	var lines []string
	spellings := 0
	for key, values := range event.MultiValueHeaders {
		if strings.EqualFold(key, name) {
			lines = values
			spellings++
		}
	}
	if spellings == 0 {
		for key, value := range event.Headers {
			if strings.EqualFold(key, name) {
				lines = []string{value}
				spellings++
			}
		}
	}
	if spellings > 1 {
		return nil, fmt.Errorf("ipallow: event has %s in more than one spelling", name)
	}
	return lines, nil
}

// parseAddr parses an address, to which some proxies add a port. Its error
// continues a sentence that starts with the origin of the text.
func parseAddr(text string) (netip.Addr, error) {
	bare := text
	if strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") {
		bare = text[1 : len(text)-1]
	}
	addr, err := netip.ParseAddr(bare)
	if err != nil {
		withPort, err := netip.ParseAddrPort(text)
		if err != nil {
			return addr, errors.New("is not an IP address")
		}
		addr = withPort.Addr()
	}
	return addr.WithZone("").Unmap(), nil
}
