package schemes_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/schemes"
	"github.com/fngen/fngen/templates/lib/webhooks"
)

func TestNamed(t *testing.T) {
	var names []string
	for _, scheme := range schemes.All() {
		assert.Equal(t, scheme, schemes.Named(scheme.String()))
		names = append(names, scheme.String())
	}
	assert.Len(t, slices.Compact(slices.Sorted(slices.Values(names))), len(names), "two schemes have the same name")
	for _, name := range []string{"", "GitHub", "github ", "md5Verifier"} {
		assert.Nil(t, schemes.Named(name))
	}
}

// tables returns the cells of the rows of all tables in a page of the
// documentation whose first cell has names of schemes.
func tables(t *testing.T, page string) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	name := regexp.MustCompile("`([^`]+)`")
	rows := map[string][]string{}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(line, "|\n "), " | ")
		for _, match := range name.FindAllStringSubmatch(cells[0], -1) {
			if strings.HasPrefix(line, "| `") && schemes.Named(match[1]) != nil {
				assert.NotContains(t, rows, match[1], "in two rows")
				rows[match[1]] = cells
			}
		}
	}
	return rows
}

// docs/webhooks.md has a row for each scheme, with the variable of its secret
// and the header of its signature, and rows of providers are sorted.
func TestDocumentation(t *testing.T) {
	const page = "../../docs/webhooks.md"
	rows := tables(t, page)
	var providers []string
	for _, scheme := range generator.Schemes() {
		cells := rows[scheme.Name]
		require.NotEmpty(t, cells, "%s has no row", scheme.Name)
		delete(rows, scheme.Name)
		if !scheme.IsProvider() {
			assert.Len(t, cells, 2, scheme.Name)
			continue
		}
		providers = append(providers, scheme.Name)
		require.Len(t, cells, 4, scheme.Name)
		assert.Contains(t, cells[1], "`"+scheme.SecretEnv(generator.Name{})+"`", scheme.Name)
		if header := signatureHeader(t, scheme.Name); header != "" {
			assert.Contains(t, strings.ToLower(cells[2]), "`"+header, scheme.Name)
		}
	}
	assert.Empty(t, rows, "rows without a scheme")

	text, err := os.ReadFile(page)
	require.NoError(t, err)
	last := -1
	for _, provider := range providers {
		i := strings.Index(string(text), "\n| `"+provider+"` |")
		assert.Greater(t, i, last, "the row of %s is not in its place", provider)
		last = i
	}
}

// signatureHeader returns the header in which SignEvent puts the signature, in
// lower case, or "" if there is none or a key of another kind is needed.
func signatureHeader(t *testing.T, name string) string {
	t.Helper()
	for _, secret := range []string{"whsec_TVktVk9JQ0UtSVMtTVktUEFTU1BPUlQ=", strings.Repeat("0f", 32)} {
		event, err := webhooks.SignEvent(schemes.Named(name), events.APIGatewayProxyRequest{Body: `{"value":[{}]}`},
			webhooks.Options{Secret: secret, URL: "https://example.com/"})
		if err != nil {
			continue
		}
		for header := range event.Headers {
			switch header[strings.LastIndexByte(header, '-')+1:] {
			case "id", "timestamp":
			default:
				return header
			}
		}
	}
	return ""
}
