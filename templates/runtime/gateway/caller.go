package gateway

import (
	"net/http"
	"net/netip"
	"strings"
)

// caller is who asks, and which domain: what the connection and the request say, or what a trusted proxy says.
// The address is "" where the connection has none.
func (g *Gateway) caller(r *http.Request) (source, domain string) {
	source, domain = address(r.RemoteAddr), withoutPort(r.Host)
	if g.PeerHeader != "" {
		if peer, err := netip.ParseAddr(r.Header.Get(g.PeerHeader)); err == nil {
			source = peer.Unmap().WithZone("").String()
		}
	}
	if len(g.Proxies) == 0 {
		return source, domain
	}
	addr, err := netip.ParseAddr(source)
	if err != nil || !g.trusts(addr) {
		return source, domain
	}
	// Each proxy adds the address that asked it at the end. So what counts is the last one that is not a
	// proxy's: all before it is what that caller wrote.
	for _, entry := range backwards(r.Header["X-Forwarded-For"]) {
		addr, err := netip.ParseAddr(address(entry))
		if err != nil {
			break // No proxy says that of anybody. The one that did is all that is known.
		}
		source = addr.String()
		if !g.trusts(addr) {
			break
		}
	}
	if hosts := backwards(r.Header["X-Forwarded-Host"]); len(hosts) > 0 && hosts[0] != "" {
		domain = withoutPort(hosts[0])
	}
	return source, domain
}

func (g *Gateway) trusts(addr netip.Addr) bool {
	for _, prefix := range g.Proxies {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// backwards are the entries of a header that is a list, the last first.
func backwards(values []string) []string {
	entries := strings.Split(strings.Join(values, ","), ",")
	if len(values) == 0 {
		return nil
	}
	for i, j := 0, len(entries)-1; i < j; i, j = i+1, j-1 {
		entries[i], entries[j] = entries[j], entries[i]
	}
	for i := range entries {
		entries[i] = strings.TrimSpace(entries[i])
	}
	return entries
}

// address is an address without its port, if it has one, and without a zone. An IPv4 address that is mapped into
// IPv6 is the IPv4 address. What is no address stays as it is.
func address(s string) string {
	host := s
	if strings.HasPrefix(s, "[") {
		host, _, _ = strings.Cut(s[1:], "]")
	} else if i := strings.IndexByte(s, ':'); i >= 0 && i == strings.LastIndexByte(s, ':') {
		return s[:i] // IPv4, and nothing to make equal
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

// withoutPort is a host without its port. The brackets of an IPv6 address stay, as an address of the web needs them.
func withoutPort(host string) string {
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		return host[:i]
	}
	return host
}

// domainPrefix is the first label of a domain; of an address, all of it.
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
