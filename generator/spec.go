package generator

import (
	"fmt"
	"mime"
	"slices"
	"strconv"
	"strings"
)

// A Spec describes the function to generate.
type Spec struct {
	Name     Name
	Kind     Kind   // what calls it; "" for KindHTTP
	Schedule string // when it runs, for KindSchedule: a cron expression
	Queue    string // whose messages it receives, for KindQueue: see [ParseQueue]
	Fixtures bool   // also write a fixtures file
	NoTests  bool   // write only the handler, even if Fixtures is set

	// For KindHTTP only.
	Routes    []Route    // requests that it answers; empty for every method at its name and below
	CORS      *CORS      // origins whose pages may call it; nil if browsers only allow its own
	AllowIP   *AllowIP   // client IP addresses that may call it; nil for all
	RateLimit *RateLimit // requests per client IP address; nil for any number
	Webhook   *Scheme    // scheme of the signatures that it verifies; nil for none
	Auth      *Auth      // users that may call it; nil for everyone
	Input     *Input     // JSON body that it decodes; nil for none
	Binary    string     // media type of a binary response; "" for JSON
	Stream    bool       // send the response while it is written
}

// Auth describes the users that may call a function.
type Auth struct {
	Roles []string // one of which is required; any user may call if empty
}

// ParseAuth parses roles that are separated by commas. The error is a
// *[ValueError].
func ParseAuth(roles string) (Auth, error) {
	auth := Auth{}
	for _, role := range strings.Split(roles, ",") {
		role = strings.TrimSpace(role)
		switch {
		case role == "":
			return Auth{}, &ValueError{Reason: "a role is empty"}
		case strconv.Quote(role) != `"`+role+`"`:
			return Auth{}, &ValueError{Reason: fmt.Sprintf("the role %q contains characters that need an escape", role)}
		case slices.Contains(auth.Roles, role):
			return Auth{}, &ValueError{Reason: fmt.Sprintf("the role %q is listed twice", role)}
		}
		auth.Roles = append(auth.Roles, role)
	}
	return auth, nil
}

// DefaultBinary is the media type of a binary response whose type is not given.
const DefaultBinary = "image/png"

// ParseBinary parses a media type such as application/pdf (RFC 2045, section
// 5.1). The error is a *[ValueError].
func ParseBinary(contentType string) (string, error) {
	mediaType, parameters, err := mime.ParseMediaType(contentType)
	if err != nil {
		return "", &ValueError{
			Reason: fmt.Sprintf("%q is not a media type: %s", contentType, strings.TrimPrefix(err.Error(), "mime: ")),
		}
	}
	if kind, subtype, ok := strings.Cut(mediaType, "/"); !ok || strings.Contains(kind+subtype, "*") {
		return "", &ValueError{
			Reason:     fmt.Sprintf("%q is not a single media type", contentType),
			Suggestion: DefaultBinary,
		}
	}
	return mime.FormatMediaType(mediaType, parameters), nil
}
