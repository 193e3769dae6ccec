package db

import (
	"net/url"
	"slices"
	"strings"
)

// Redact returns the URL of a database for logs and error messages, without its
// password. Of the parameters in the query, which may contain a password as
// well, it keeps only those that say which database it is.
//
// Redact returns "[database URL]" for a URL that is not valid, and for
// connection strings such as "host=localhost password=secret", because their
// password cannot be found reliably.
func Redact(databaseURL string) string {
	const hidden = "[database URL]"
	if databaseURL == ":memory:" {
		return databaseURL
	}
	switch scheme, _, _ := strings.Cut(databaseURL, ":"); scheme {
	case "file", "sqlite", "sqlite3":
		name, _, _ := strings.Cut(databaseURL, "?")
		return name
	case "postgres", "postgresql":
	default:
		return hidden
	}
	u, err := url.Parse(databaseURL)
	if err != nil {
		return hidden
	}
	// A password with an unescaped / or ? ends in the path or in the query.
	if u.Opaque != "" || strings.Contains(u.Path+u.RawQuery+u.Fragment, "@") {
		return hidden
	}
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}
	if u.User != nil {
		shown.User = url.User(u.User.Username())
		if _, ok := u.User.Password(); ok {
			shown.User = url.UserPassword(u.User.Username(), "xxxxx") // as url.URL.Redacted
		}
	}
	query := u.Query()
	for name := range query {
		if !slices.Contains([]string{"dbname", "host", "port", "sslmode", "user"}, name) {
			query.Del(name)
		}
	}
	shown.RawQuery = query.Encode()
	return shown.String()
}
