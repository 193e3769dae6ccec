package devserver

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/fngen/fngen/internal/devpage"
)

// isLocal reports whether a command on this machine sent the request. It rules
// out pages in a browser, which can reach this machine under a host name of
// their own (DNS rebinding), and tunnels and proxies that end on this machine.
func isLocal(r *http.Request) bool {
	for _, name := range []string{"Origin", "Sec-Fetch-Site"} {
		if len(r.Header[name]) > 0 {
			return false
		}
	}
	return isLoopback(r)
}

// isLoopback reports whether a request is from this machine, and for it under a
// name that cannot mean another one.
func isLoopback(r *http.Request) bool {
	host := hostname(r)
	ip, _ := netip.ParseAddr(host)
	return !isForwarded(r) && clientIP(r).IsLoopback() && (isLocalhost(host) || ip.IsLoopback())
}

// isDeveloper reports whether the developer's own browser, or a command on this
// machine, sent the request. Requests of pages of other origins, which a browser
// marks, are ruled out, and so are host names that another page can resolve to
// this machine.
func isDeveloper(r *http.Request) bool {
	if origin := r.Header.Values("Origin"); len(origin) > 1 || len(origin) == 1 && origin[0] != "http://"+r.Host {
		return false
	}
	for _, site := range r.Header.Values("Sec-Fetch-Site") {
		isVisit := site == "none" && r.Header.Get("Sec-Fetch-Mode") == "navigate"
		if site != "same-origin" && !isVisit {
			return false
		}
	}
	return isLoopback(r)
}

// isForwarded reports whether a proxy or a tunnel forwarded the request.
func isForwarded(r *http.Request) bool {
	for _, name := range []string{
		"Via", "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip",
	} {
		if len(r.Header[name]) > 0 {
			return true
		}
	}
	return false
}

// knowsHost reports whether a request is for a host that this server has. A
// page of another host could resolve its own name to this machine's address,
// and then read the responses (DNS rebinding). That does not work with an IP
// address.
func (s *server) knowsHost(r *http.Request) bool {
	host := hostname(r)
	if _, err := netip.ParseAddr(host); err == nil || host == "" || isLocalhost(host) {
		return true
	}
	if strings.EqualFold(host, s.Host) {
		return true
	}
	for _, allowed := range s.AllowedHosts {
		parent, isParent := strings.CutPrefix(allowed, ".")
		if strings.EqualFold(host, parent) || isParent && hasSuffixFold(host, allowed) {
			return true
		}
	}
	return false
}

// isTrusted reports whether a request may get the details of an error: it comes
// from a developer, and not from outside through a tunnel.
func (s *server) isTrusted(r *http.Request) bool {
	host := hostname(r)
	_, err := netip.ParseAddr(host)
	return !isForwarded(r) && (err == nil || host == "" || isLocalhost(host) || strings.EqualFold(host, s.Host))
}

// refuseHost responds to a request for an unknown host.
func refuseHost(w http.ResponseWriter, r *http.Request) {
	host := hostname(r)
	refuse(w, r, fmt.Sprintf("unknown host %q", host), fmt.Sprintf(
		"To allow it, run fngen dev with --public-url=https://%[1]s, or set\n"+
			"allowedHosts = [%[1]q] in the section [api] of fngen.toml.", host))
}

// refuse responds with status 403, in the media type that the client prefers.
func refuse(w http.ResponseWriter, r *http.Request, title, detail string) {
	writePreferred(w, r, http.StatusForbidden, &devpage.Problem{Title: title, Text: detail}, devpage.Never, 0)
}

// hostname returns the host that a request is for, without its port and the
// brackets of an IPv6 address.
func hostname(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	return strings.TrimSuffix(strings.Trim(host, "[]"), ".")
}

// isLocalhost reports whether a host name always resolves to this machine. See
// RFC 6761, section 6.3.
func isLocalhost(host string) bool {
	return strings.EqualFold(host, "localhost") || hasSuffixFold(host, ".localhost")
}

func hasSuffixFold(s, suffix string) bool {
	return len(s) >= len(suffix) && strings.EqualFold(s[len(s)-len(suffix):], suffix)
}

// clientIP returns the address of the client that opened the connection.
func clientIP(r *http.Request) netip.Addr {
	addr, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return addr.Addr().Unmap()
}
