//go:build unix

package e2e

import (
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestLinks checks that every relative link on a Markdown page leads to an
// existing file and, with an anchor, to a heading. It only parses external
// links, because tests do not use the network.
func TestLinks(t *testing.T) {
	pages := map[string]markdownPage{}
	require.NoError(t, filepath.WalkDir("../..", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(name) != ".md" {
			return err
		}
		text, err := os.ReadFile(name)
		pages[filepath.Clean(name)] = parseMarkdown(string(text))
		return err
	}))
	require.Contains(t, pages, filepath.Clean("../../README.md"))
	for name, page := range pages {
		for _, link := range page.links {
			assert.NoError(t, checkLink(pages, name, link), "%s: %s", name, link)
		}
	}
}

// TestCheckLink checks that TestLinks detects broken links.
func TestCheckLink(t *testing.T) {
	pages := map[string]markdownPage{"a.md": parseMarkdown(
		"# Use `--db` first\n## Twice\n## Twice\n```\n# Not a heading [x](no.md)\n```\n`[x](no.md)` [b](<a b.md>) [c]\n\n[c]: c.md\n",
	)}
	assert.Equal(t, []string{"a b.md", "c.md"}, pages["a.md"].links)
	for link, want := range map[string]string{
		"links_test.go":          "",
		"#use---db-first":        "",
		"a.md#use---db-first":    "",
		"https://go.dev/doc#x":   "",
		"no.md":                  "no such file or directory",
		"#not-a-heading-xnomd":   "there is no heading for the anchor",
		"#twice":                 "2 headings",
		"links_test.go#L1":       "the anchor is not on a Markdown page",
		"/README.md":             "write a relative link",
		"http://go.dev":          "write https",
		"https:///doc":           "has no host",
		"javascript:alert(1)":    "write https",
		"a.md?x=1":               "a query",
		"../../../../etc/passwd": "outside the repository",
	} {
		err := checkLink(pages, "a.md", link)
		if want == "" {
			assert.NoError(t, err, link)
		} else {
			assert.ErrorContains(t, err, want, link)
		}
	}
}

// A markdownPage has the links of a page, and the number of headings for each
// anchor.
type markdownPage struct {
	links   []string
	anchors map[string]int
}

var (
	codeSpan      = regexp.MustCompile("(`+)[^`]+(`+)")
	heading       = regexp.MustCompile(`^#{1,6} +(.+?)(?: +#+)?$`)
	inlineLink    = regexp.MustCompile(`\]\((?:<([^>]+)>|([^()\s]+(?:\([^()]*\))?))(?:\s+"[^"]*")?\)`)
	referenceLink = regexp.MustCompile(`^ {0,3}\[[^\]]+\]: +<?([^\s>]+)>?`)
	htmlLink      = regexp.MustCompile(`(?:src|href)="([^"]+)"`)
)

func parseMarkdown(text string) markdownPage {
	page := markdownPage{anchors: map[string]int{}}
	fenced := ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		switch trimmed := strings.TrimLeft(line, " "); {
		case fenced != "":
			if strings.TrimSpace(trimmed) == fenced {
				fenced = ""
			}
			continue
		case strings.HasPrefix(trimmed, "```"), strings.HasPrefix(trimmed, "~~~"):
			fenced = trimmed[:3]
			continue
		}
		if match := heading.FindStringSubmatch(line); match != nil {
			page.anchors[anchor(match[1])]++
		}
		line = codeSpan.ReplaceAllString(line, "")
		for _, links := range []*regexp.Regexp{inlineLink, referenceLink, htmlLink} {
			for _, match := range links.FindAllStringSubmatch(line, -1) {
				page.links = append(page.links, strings.Join(match[1:], ""))
			}
		}
	}
	return page
}

// anchor returns the anchor that GitHub generates for a heading.
func anchor(heading string) string {
	heading = inlineLink.ReplaceAllString(heading, "")
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-', r == '_', unicode.IsLetter(r), unicode.IsNumber(r):
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
}

// checkLink returns an error if a link on a page is broken or in the wrong
// form.
func checkLink(pages map[string]markdownPage, page, link string) error {
	to, err := url.Parse(link)
	switch {
	case err != nil:
		return err
	case to.Scheme == "mailto":
		return nil
	case to.Scheme == "https" && to.Host == "":
		return fmt.Errorf("the link has no host")
	case to.Scheme == "https":
		return nil
	case to.Scheme != "" || to.Host != "":
		return fmt.Errorf("write https or a relative link")
	case to.RawQuery != "":
		return fmt.Errorf("a relative link cannot have a query")
	case strings.HasPrefix(to.Path, "/"):
		return fmt.Errorf("write a relative link")
	}
	target := page
	if to.Path != "" {
		target = filepath.Join(filepath.Dir(page), to.Path)
		if strings.HasPrefix(target, filepath.Join("..", "..", "..")) {
			return fmt.Errorf("the file is outside the repository")
		}
	}
	linked, isPage := pages[target]
	if !isPage {
		if _, err := os.Stat(target); err != nil {
			return err
		}
	}
	switch headings := linked.anchors[to.Fragment]; {
	case to.Fragment == "":
		return nil
	case !isPage:
		return fmt.Errorf("the anchor is not on a Markdown page")
	case headings == 0:
		return fmt.Errorf("there is no heading for the anchor")
	case headings > 1:
		return fmt.Errorf("%d headings have the anchor", headings)
	}
	return nil
}
