package generator

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/lib/cors"
	"github.com/fngen/fngen/templates/lib/fn"
	"github.com/fngen/fngen/templates/lib/fntest"
)

func TestParseCORS(t *testing.T) {
	for list, origins := range map[string]string{
		"*":                       "*",
		"https://app.example.com": "https://app.example.com",
		"http://localhost:5173, https://*.example.com:8443": "http://localhost:5173,https://*.example.com:8443",
		"http://[::1]:3000,http://127.0.0.1":                "http://[::1]:3000,http://127.0.0.1",
		"capacitor://localhost":                             "capacitor://localhost",
		"https://xn--bcher-kva.example":                     "https://xn--bcher-kva.example",
		"https://*.example.com,https://example.com":         "https://*.example.com,https://example.com",
		"https://*.example.com,https://*.app.example.com":   "https://*.example.com,https://*.app.example.com",
		"https://a.example.com,http://a.example.com":        "https://a.example.com,http://a.example.com",
	} {
		parsed, err := ParseCORS(list)
		require.NoError(t, err, list)
		assert.Equal(t, origins, strings.Join(parsed.origins, ","))
	}
}

func TestParseCORSErrors(t *testing.T) {
	const (
		path     = "has a path or a query, which origins do not have"
		port     = "has the default port, which browsers omit"
		wildcard = "has a wildcard elsewhere than in place of the first label"
		ascii    = "is not in ASCII: write the xn-- form of the domain"
	)
	for list, want := range map[string]struct{ reason, suggestion string }{
		"":                        {"an origin is empty", ""},
		"https://a.example,":      {"an origin is empty", ""},
		"null":                    {"null is the origin of local files and sandboxed pages, whoever wrote them", "https://app.example.com"},
		"https://a.example:65536": {"\"https://a.example:65536\" has a port above 65535", "https://app.example.com"},
		"https://a.example,*":     {"* allows any origin, and makes the others redundant", "https://a.example"},
		"app.example.com":         {`"app.example.com" has no scheme`, "https://app.example.com"},
		"localhost:5173":          {`"localhost:5173" has no scheme`, "http://localhost:5173"},
		"https://a.example/":      {`"https://a.example/" ` + path, "https://a.example"},
		"https://a.example/b":     {`"https://a.example/b" ` + path, "https://a.example"},
		"https://a.example?b":     {`"https://a.example?b" ` + path, "https://a.example"},
		"https://a.example#b":     {`"https://a.example#b" ` + path, "https://a.example"},
		"https://u:p@a.example":   {`"https://u:p@a.example" has a user name, which origins do not have`, "https://a.example"},
		"https://A.example":       {`"https://A.example" is not in lower case`, "https://a.example"},
		"HTTPS://a.example/":      {`"HTTPS://a.example/" ` + path, "https://a.example"},
		"https://a.example:443":   {`"https://a.example:443" ` + port, "https://a.example"},
		"http://[::1]:80":         {`"http://[::1]:80" ` + port, "http://[::1]"},
		"http://[0:0::1]:3000": {
			`"http://[0:0::1]:3000" has an IP address that browsers send as [::1]`, "http://[::1]:3000",
		},
		"file:///app":            {`"file:///app" is not an origin: browsers send null for local files`, exampleOrigin},
		"https://*.com":          {`"https://*.com" allows more than the subdomains of one domain`, exampleOrigin},
		"https://*":              {`"https://*" allows more than the subdomains of one domain`, exampleOrigin},
		"https://a.*.example":    {`"https://a.*.example" ` + wildcard, exampleOrigin},
		"https://a*.b.example":   {`"https://a*.b.example" ` + wildcard, exampleOrigin},
		"https://*.*.example":    {`"https://*.*.example" ` + wildcard, exampleOrigin},
		"*://a.example":          {`"*://a.example" is not an origin`, exampleOrigin},
		"https://a.example:*":    {`"https://a.example:*" is not an origin`, exampleOrigin},
		"https://a.example:0":    {`"https://a.example:0" is not an origin`, exampleOrigin},
		"https://a.example:":     {`"https://a.example:" is not an origin`, exampleOrigin},
		"https://a.example:8o":   {`"https://a.example:8o" is not an origin`, exampleOrigin},
		"https://a example":      {`"https://a example" is not an origin`, exampleOrigin},
		"https://":               {`"https://" is not an origin`, exampleOrigin},
		"https://a..example":     {`"https://a..example" is not an origin`, exampleOrigin},
		"http://1.2.3":           {`"http://1.2.3" is not an origin`, exampleOrigin},
		"http://*.168.0.1":       {`"http://*.168.0.1" is not an origin`, exampleOrigin},
		"https://bücher.example": {`"https://bücher.example" ` + ascii, exampleOrigin},
		"https://b.example,https://a.example,https://b.example": {
			"https://b.example is listed twice", "https://b.example,https://a.example",
		},
		"https://*.a.example,https://b.a.example": {
			"https://*.a.example includes https://b.a.example", "https://*.a.example",
		},
		"https://b.a.example,https://*.a.example": {
			"https://*.a.example includes https://b.a.example", "https://*.a.example",
		},
		"http://c.example,a.example": {`"a.example" has no scheme`, "http://c.example,https://a.example"},
	} {
		_, err := ParseCORS(list)
		assert.Equal(t, &ValueError{Reason: want.reason, Suggestion: want.suggestion}, err, list)
	}
}

// Package cors accepts what ParseCORS accepts, with the same meaning: a
// generated handler does not panic, and its test passes.
func FuzzParseCORS(f *testing.F) {
	for _, seed := range []string{
		"*", "https://app.example.com", "http://localhost:5173,https://*.example.com", "https://A.example/",
		"http://[::1]:3000", "http://127.0.0.1", "null", "https://*.com", "file:///a", "https://a.example:443",
		"https://*.b.example.com,https://*.example.com,https://example.com", "https://other-a.example,https://a.example",
		"http://[::ffff:1.2.3.4]", "http://[fe80::1%a]", "https://a.1", "x://*.a.1",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, list string) {
		parsed, err := ParseCORS(list)
		if err != nil {
			var value *ValueError
			require.ErrorAs(t, err, &value)
			return
		}
		handler := fn.Chain(nil, cors.Allow(cors.Options{Origins: parsed.origins}))
		status := func(origin string) int {
			return fntest.Call(t, handler, fntest.HTTPEvent(fntest.Event{
				HTTPMethod: "OPTIONS",
				Headers:    map[string]string{"Origin": origin, "Access-Control-Request-Method": "PUT"},
			})).StatusCode
		}
		allowed, rejected := parsed.samples()
		for _, origin := range allowed {
			require.Equal(t, 204, status(origin), origin)
		}
		for _, origin := range rejected {
			require.Equal(t, 403, status(origin), origin)
		}

		// Parsing the result again changes nothing.
		again, err := ParseCORS(strings.Join(parsed.origins, ","))
		require.NoError(t, err)
		require.Equal(t, parsed, again)
	})
}
