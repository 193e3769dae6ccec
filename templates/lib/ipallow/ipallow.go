// Package ipallow lets requests pass that come from addresses which are listed, and no others.
//
//	var Handler = fn.Chain(handle, ipallow.Require("203.0.113.7", "10.0.0.0/8", "2001:db8::/32"))
//
// The address is the one that API Gateway saw, in the event's requestContext. What a header says of it
// counts only where a proxy sent it that is listed too: see [Source].
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

// Require is middleware that answers 401 to requests from any other address than those of the
// list: addresses and CIDRs, of IPv4 and IPv6. It panics where the list will not do, as
// regexp.MustCompile does: Parse and Allow are for a list that comes from elsewhere.
func Require(list ...string) fn.Middleware {
	return Allow(Source{}, MustParse(list...))
}

// Allow is Require of a source and a list. The empty list allows nobody.
func Allow(source Source, list List) fn.Middleware {
	return func(next fn.Handler) fn.Handler {
		return func(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
			addr, err := source.Addr(event)
			if err == nil && !list.Contains(addr) {
				err = fmt.Errorf("ipallow: %s is not on the list", addr)
			}
			if err != nil {
				slog.WarnContext(ctx, "address refused", "path", event.Path, "reason", err)
				return fn.JSON(http.StatusUnauthorized, map[string]string{"message": http.StatusText(http.StatusUnauthorized)})
			}
			return next(ctx, event)
		}
	}
}

// A List is a set of addresses. The zero List is empty.
type List struct {
	prefixes []netip.Prefix // sorted, and none within another
}

// Parse reads a list of addresses and CIDRs: one at least, and none that has bits after its
// mask, which mostly is a slip. An IPv4 address that is mapped into IPv6 (::ffff:10.0.0.1) is the
// IPv4 address, in the list and in requests.
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
	// Two prefixes overlap only where one is within the other, which then stands behind it.
	apart := prefixes[:1]
	for _, prefix := range prefixes[1:] {
		if !apart[len(apart)-1].Overlaps(prefix) {
			apart = append(apart, prefix)
		}
	}
	return List{apart}, nil
}

// MustParse is Parse, and panics where that fails.
func MustParse(list ...string) List {
	parsed, err := Parse(list...)
	if err != nil {
		panic(err.Error())
	}
	return parsed
}

// parsePrefix reads an address or a CIDR. The error goes on after the entry.
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
			return prefix, errors.New("is not an address, such as 203.0.113.7 or 2001:db8::1")
		}
		if addr.Zone() != "" {
			return prefix, errors.New("has a zone, which no request has")
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

// Contains tells whether the address is on the list.
func (l List) Contains(addr netip.Addr) bool {
	addr = addr.Unmap()
	i, found := slices.BinarySearchFunc(l.prefixes, addr, func(p netip.Prefix, a netip.Addr) int { return p.Addr().Compare(a) })
	return found || i > 0 && l.prefixes[i-1].Contains(addr)
}

// A Source tells which address a request comes from: the one that API Gateway saw or, where that is
// a proxy's, the one that the proxy saw. The zero Source has no proxies, so that no header counts.
type Source struct {
	// Proxies are the addresses of proxies in front of API Gateway, such as a CDN's.
	Proxies List

	// Header is where they say for whom they ask, each adding an address at the end:
	// X-Forwarded-For where it is empty. A proxy has to set or extend the header in every
	// request, or callers could write it.
	Header string
}

// Addr is the address that the event comes from. It fails where that is no address, and where a
// proxy's header has none.
func (s Source) Addr(event events.APIGatewayProxyRequest) (netip.Addr, error) {
	addr, err := parseAddr(event.RequestContext.Identity.SourceIP)
	if err != nil {
		return addr, fmt.Errorf("ipallow: the source ip of requestContext %w", err)
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
		return netip.Addr{}, fmt.Errorf("ipallow: the proxy %s sent no %s", addr, name)
	}
	// From the end, as far as proxies of ours wrote it. What stands before is what callers say.
	for i := len(lines) - 1; i >= 0; i-- {
		for rest, more := lines[i], true; more && s.Proxies.Contains(addr); {
			last := strings.LastIndexByte(rest, ',')
			more = last >= 0
			addr, err = parseAddr(strings.Trim(rest[last+1:], " \t"))
			if err != nil {
				return addr, fmt.Errorf("ipallow: an entry of %s %w", name, err)
			}
			rest = rest[:max(last, 0)]
		}
	}
	return addr, nil
}

// headerLines are the values of a header, in any case, in the order in which they arrived. Two
// spellings have no order, and so no meaning.
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
		return nil, fmt.Errorf("ipallow: %s is there in more than one spelling", name)
	}
	return lines, nil
}

// parseAddr reads an address as proxies write it: some add the port. The error goes on after
// what is read, which it does not repeat.
func parseAddr(text string) (netip.Addr, error) {
	bare := text
	if strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") {
		bare = text[1 : len(text)-1]
	}
	addr, err := netip.ParseAddr(bare)
	if err != nil {
		withPort, err := netip.ParseAddrPort(text)
		if err != nil {
			return addr, errors.New("is not an address")
		}
		addr = withPort.Addr()
	}
	return addr.WithZone("").Unmap(), nil
}
