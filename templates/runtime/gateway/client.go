package gateway

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// client returns the address of the client and the domain that it requested,
// according to the connection and the request, or to trusted proxies. The
// address is empty if the connection has none, or if a trusted proxy does not
// report one.
func (g *Gateway) client(r *http.Request) (source, domain string) {
	source, domain = hostAddress(r.RemoteAddr), stripPort(r.Host)
	if g.PeerHeader != "" {
		if peer, err := netip.ParseAddr(r.Header.Get(g.PeerHeader)); err == nil {
			source = peer.Unmap().WithZone("").String()
		}
	}
	addr, err := netip.ParseAddr(source)
	if err != nil || !g.trusts(addr) {
		return source, domain
	}
	source = g.forwardedFor(r.Header["X-Forwarded-For"])
	if hosts := reversedList(r.Header["X-Forwarded-Host"]); len(hosts) > 0 && hosts[0] != "" {
		domain = stripPort(hosts[0])
	}
	return source, domain
}

// forwardedFor returns the address of the client according to the header that
// trusted proxies sent. Each proxy appends the address of its peer. The client
// is therefore the last entry that is not a trusted proxy's, or the first entry
// if all are: the client may have sent all entries before it.
//
// If the proxies did not report a valid address, forwardedFor returns "" rather
// than the address of a proxy, which a function may allow.
func (g *Gateway) forwardedFor(values []string) string {
	client := ""
	for _, entry := range reversedList(values) {
		addr, err := forwardedAddr(entry)
		if err != nil {
			return ""
		}
		client = addr.String()
		if !g.trusts(addr) {
			break
		}
	}
	return client
}

// forwardedAddr parses an address, to which some proxies add a port.
func forwardedAddr(entry string) (netip.Addr, error) {
	bare := entry
	if strings.HasPrefix(entry, "[") && strings.HasSuffix(entry, "]") {
		bare = entry[1 : len(entry)-1]
	}
	addr, err := netip.ParseAddr(bare)
	if err != nil {
		var withPort netip.AddrPort
		withPort, err = netip.ParseAddrPort(entry)
		addr = withPort.Addr()
	}
	return addr.Unmap().WithZone(""), err
}

func (g *Gateway) trusts(addr netip.Addr) bool {
	for _, prefix := range g.TrustedProxies {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// reversedList returns the elements of a list-valued header, last element
// first.
func reversedList(values []string) []string {
	if len(values) == 0 {
		return nil
	}
	entries := strings.Split(strings.Join(values, ","), ",")
	slices.Reverse(entries)
	for i, entry := range entries {
		entries[i] = strings.TrimSpace(entry)
	}
	return entries
}

// hostAddress removes the port and the zone from an address, and converts an
// IPv4-mapped IPv6 address to IPv4. It returns anything else unchanged.
func hostAddress(s string) string {
	host := s
	if strings.HasPrefix(s, "[") {
		host, _, _ = strings.Cut(s[1:], "]")
	} else if i := strings.IndexByte(s, ':'); i >= 0 && i == strings.LastIndexByte(s, ':') {
		return s[:i] // one colon: IPv4 and a port
	}
	if !strings.Contains(host, ":") {
		return host
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return s
	}
	return addr.Unmap().WithZone("").String()
}

// stripPort removes the port from a host. It keeps the brackets of an IPv6
// address, as URLs do.
func stripPort(host string) string {
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		return host[:i]
	}
	return host
}

// domainPrefix returns the first label of a domain name, or all of an IP
// address.
func domainPrefix(domain string) string {
	for i := 0; i < len(domain); i++ {
		if c := domain[i]; c != '.' && c != ':' && (c < '0' || c > '9') {
			if c == '[' {
				break
			}
			first, _, _ := strings.Cut(domain, ".")
			return first
		}
	}
	return domain
}
