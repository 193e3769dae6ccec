package generator

import (
	"fmt"
	"math"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// CORS is a list of origins whose pages may call a function. [ParseCORS]
// returns one.
type CORS struct {
	origins []string // in the order given, or only "*"
}

// AnyOrigin is the value of [ParseCORS] that allows pages on any origin.
const AnyOrigin = "*"

// exampleOrigin is suggested for a value that does not resemble an origin.
const exampleOrigin = "https://app.example.com"

// ParseCORS parses origins that are separated by commas, such as
// https://app.example.com, http://localhost:5173 and https://*.example.com. The
// error is a *[ValueError].
func ParseCORS(list string) (CORS, error) {
	if list == AnyOrigin {
		return CORS{origins: []string{AnyOrigin}}, nil
	}
	entries := strings.Split(list, ",")
	var cors CORS
	// invalid returns an error that suggests the list with entry i replaced.
	invalid := func(i int, replacement []string, format string, args ...any) (CORS, error) {
		suggestion := strings.Join(slices.Replace(slices.Clone(entries), i, i+1, replacement...), ",")
		return CORS{}, &ValueError{Reason: fmt.Sprintf(format, args...), Suggestion: suggestion}
	}
	for i, entry := range entries {
		entry = strings.TrimSpace(entry)
		switch entry {
		case "":
			return CORS{}, &ValueError{Reason: "an origin is empty"}
		case AnyOrigin:
			return invalid(i, nil, "%s allows any origin, and makes the others redundant", entry)
		case "null":
			return invalid(i, []string{exampleOrigin},
				"null is the origin of local files and sandboxed pages, whoever wrote them")
		}
		origin, problem := normalizeOrigin(entry)
		switch {
		case origin == "":
			return invalid(i, []string{exampleOrigin}, "%q %s", entry, problem)
		case problem != "":
			return invalid(i, []string{origin}, "%q %s", entry, problem)
		}
		for j, other := range cors.origins { // cors.origins[j] is entries[j]
			switch {
			case other == origin:
				return invalid(i, nil, "%s is listed twice", origin)
			case covers(other, origin):
				return invalid(i, nil, "%s includes %s", other, origin)
			case covers(origin, other):
				return invalid(j, nil, "%s includes %s", origin, other)
			}
		}
		cors.origins = append(cors.origins, origin)
	}
	return cors, nil
}

// originPattern matches origins as browsers send them, with the host in the
// first group. [normalizeOrigin] checks the host.
var originPattern = regexp.MustCompile(`^[a-z][a-z0-9+.-]*://([^:]+|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?$`)

// domainPattern matches the hosts of origins that are not IP addresses: their
// last label does not start with a digit. A wildcard is the first of at least
// three labels.
var domainPattern = regexp.MustCompile(`^(\*\.([a-z0-9_-]+\.)+|([a-z0-9_-]+\.)*)[a-z_-][a-z0-9_-]*$`)

// normalizeOrigin returns an origin in the form in which browsers send it (RFC
// 6454, section 6.2), or "" if there is none. If entry has another form, it also
// returns what is wrong, which continues a sentence that starts with entry.
func normalizeOrigin(entry string) (origin, problem string) {
	scheme, rest, ok := strings.Cut(entry, "://")
	if !ok {
		scheme, rest, problem = "https", entry, "has no scheme"
		if strings.HasPrefix(entry, "localhost") || strings.HasPrefix(entry, "127.") {
			scheme = "http"
		}
	}
	// report sets the problem. The first one counts.
	report := func(text string) {
		if problem == "" {
			problem = text
		}
	}
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		report("has a path or a query, which origins do not have")
		rest = rest[:end]
	}
	if at := strings.LastIndex(rest, "@"); at >= 0 {
		report("has a user name, which origins do not have")
		rest = rest[at+1:]
	}
	if lower := strings.ToLower(scheme + "://" + rest); lower != scheme+"://"+rest {
		report("is not in lower case")
		scheme, rest = strings.ToLower(scheme), strings.ToLower(rest)
	}
	if port := map[string]string{"http": ":80", "https": ":443"}[scheme]; port != "" && strings.HasSuffix(rest, port) {
		report("has the default port, which browsers omit")
		rest = strings.TrimSuffix(rest, port)
	}

	match := originPattern.FindStringSubmatch(scheme + "://" + rest)
	switch {
	case scheme == "file":
		return "", "is not an origin: browsers send null for local files"
	case match == nil:
		return "", "is not an origin"
	}
	if port, err := strconv.Atoi(strings.TrimPrefix(match[2], ":")); err == nil && port > math.MaxUint16 {
		return "", "has a port above 65535"
	}
	host, problemOfHost := normalizeHost(match[1])
	if problemOfHost != "" {
		report(problemOfHost)
	}
	if host == "" {
		return "", problem
	}
	return scheme + "://" + host + match[2], problem
}

// normalizeHost is normalizeOrigin for a host.
func normalizeHost(host string) (normal, problem string) {
	if addr, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		normal = addr.String()
		if addr.Is6() {
			normal = "[" + normal + "]"
		}
		if normal != host {
			problem = "has an IP address that browsers send as " + normal
		}
		return normal, problem
	}
	above, hasWildcard := strings.CutPrefix(host, "*.")
	switch {
	case domainPattern.MatchString(host):
		return host, ""
	case host == "*", hasWildcard && !strings.ContainsAny(above, "*."):
		return "", "allows more than the subdomains of one domain"
	case strings.Contains(above, "*"):
		return "", "has a wildcard elsewhere than in place of the first label"
	case strings.ContainsFunc(host, func(r rune) bool { return r > unicode.MaxASCII }):
		return "", "is not in ASCII: write the xn-- form of the domain"
	}
	return "", "is not an origin"
}

// covers reports whether a wildcard matches an origin.
func covers(pattern, origin string) bool {
	before, after, ok := strings.Cut(pattern, "*")
	if !ok || !strings.HasPrefix(origin, before) || !strings.HasSuffix(origin, after) ||
		len(origin) <= len(before)+len(after) {
		return false
	}
	return !strings.ContainsAny(origin[len(before):len(origin)-len(after)], ".*")
}

// allows reports whether a page on origin may call the function.
func (c CORS) allows(origin string) bool {
	return slices.ContainsFunc(c.origins, func(o string) bool { return o == origin || covers(o, origin) })
}

// samples returns origins for tests. They tell c from lists in which an entry
// is missing, or is more or less general.
func (c CORS) samples() (allowed, rejected []string) {
	if c.origins[0] == AnyOrigin {
		return []string{exampleOrigin}, nil
	}
	reject := func(origin string) {
		if !c.allows(origin) && !slices.Contains(rejected, origin) {
			rejected = append(rejected, origin)
		}
	}
	for _, origin := range c.origins {
		allowed = append(allowed, strings.Replace(origin, "*", "app", 1))
		scheme, host, _ := strings.Cut(origin, "://")
		if domain, ok := strings.CutPrefix(host, "*."); ok {
			reject(scheme + "://" + domain)
			reject(scheme + "://one.app." + domain)
		} else if strings.Contains(host, ".") && !strings.ContainsAny(host[:1], "0123456789") {
			reject(scheme + "://other-" + host)
		}
	}
	reject("null")
	return allowed, rejected
}

func (c CORS) templateData() *CORSData {
	allowed, rejected := c.samples()
	return &CORSData{
		Any:      c.origins[0] == AnyOrigin,
		Origins:  c.origins,
		Allowed:  allowed,
		Rejected: rejected,
	}
}
