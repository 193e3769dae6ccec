package gateway

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// client returns the address of the client and the domain that it requested,
// according to the connection and the request, or to trusted proxies. The
// address is empty if the connection has none.
func (g *Gateway) client(r *http.Request) (source, domain string) {
	source, domain = hostAddress(r.RemoteAddr), stripPort(r.Host)
	if g.PeerHeader != "" {
		if peer, err := netip.ParseAddr(r.Header.Get(g.PeerHeader)); err == nil {
			source = peer.Unmap().WithZone("").String()
		}
	}
	if len(g.TrustedProxies) == 0 {
		return source, domain
	}
	addr, err := netip.ParseAddr(source)
	if err != nil || !g.trusts(addr) {
		return source, domain
	}
	// Each proxy appends the address of its peer. The client is therefore
	// the last address that is not a trusted proxy's: the client may have
	// sent all entries before it.
	for _, entry := range reversedList(r.Header["X-Forwarded-For"]) {
		addr, err := netip.ParseAddr(hostAddress(entry))
		if err != nil {
			break // not written by a proxy
		}
		source = addr.String()
		if !g.trusts(addr) {
			break
		}
	}
	if hosts := reversedList(r.Header["X-Forwarded-Host"]); len(hosts) > 0 && hosts[0] != "" {
		domain = stripPort(hosts[0])
	}
	return source, domain
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
