package generator

import (
	"fmt"
	"mime"
	"slices"
	"strconv"
	"strings"
)

// A Spec says which function to write.
type Spec struct {
	Name      Name
	AllowIP   *AllowIP   // let some addresses call it; nil for all
	RateLimit *RateLimit // bound the requests of each address; nil for any number
	Webhook   *Scheme    // verify a signature by this scheme; nil for none
	Auth      *Auth      // require a signed-in user; nil for none
	Binary    string     // answer with binary data of this media type; "" for JSON
	Fixtures  bool       // write a fixtures file
	NoTests   bool       // write the handler alone, whatever Fixtures says
}

// Auth says who may call a function: any user, or one with one of the roles.
type Auth struct {
	Roles []string
}

// A ValueError says why the value of an option will not do, and what would.
type ValueError struct {
	Reason     string
	Suggestion string // the nearest value that would do, or ""
}

func (e *ValueError) Error() string { return e.Reason }

// ParseAuth reads roles that are separated by commas. The error is a *ValueError.
func ParseAuth(roles string) (Auth, error) {
	auth := Auth{}
	for _, role := range strings.Split(roles, ",") {
		role = strings.TrimSpace(role)
		switch {
		case role == "":
			return Auth{}, &ValueError{Reason: "a role is empty"}
		case strconv.Quote(role) != `"`+role+`"`:
			return Auth{}, &ValueError{Reason: fmt.Sprintf("the role %q has characters that are not plain text", role)}
		case slices.Contains(auth.Roles, role):
			return Auth{}, &ValueError{Reason: fmt.Sprintf("the role %q is there twice", role)}
		}
		auth.Roles = append(auth.Roles, role)
	}
	return auth, nil
}

// ParseBinary reads a media type, such as application/pdf (RFC 2045, section 5.1).
// The error is a *ValueError.
func ParseBinary(contentType string) (string, error) {
	mediaType, parameters, err := mime.ParseMediaType(contentType)
	if err != nil {
		return "", &ValueError{Reason: fmt.Sprintf("%q is not a media type: %s", contentType, strings.TrimPrefix(err.Error(), "mime: "))}
	}
	if kind, subtype, ok := strings.Cut(mediaType, "/"); !ok || strings.Contains(kind+subtype, "*") {
		return "", &ValueError{Reason: fmt.Sprintf("%q is not one media type", contentType), Suggestion: DefaultBinary}
	}
	return mime.FormatMediaType(mediaType, parameters), nil
}

// DefaultBinary is the media type of a binary answer where none is given.
const DefaultBinary = "image/png"
