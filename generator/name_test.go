package generator_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/module"

	"github.com/fngen/fngen/generator"
)

// Names are those of RedwoodJS: see testdata/vectors.
func TestNamesMatchCamelcase(t *testing.T) {
	file, err := os.Open("../testdata/vectors/camelcase.jsonl")
	require.NoError(t, err)
	defer file.Close()

	rows := 0
	for lines := bufio.NewScanner(file); lines.Scan(); rows++ {
		var row struct{ Name, Camel string }
		require.NoError(t, json.Unmarshal(lines.Bytes(), &row))
		name, err := generator.ParseName(row.Name)
		if strings.ContainsFunc(row.Name, func(r rune) bool { return r > unicode.MaxASCII }) {
			assert.Error(t, err, "%q: no import path has such letters", row.Name)
			continue
		}
		if assert.NoError(t, err) {
			assert.Equal(t, row.Camel, name.String(), "of %q", row.Name)
		}
	}
	assert.Equal(t, 52, rows)
}

func TestParseName(t *testing.T) {
	for typed, want := range map[string]struct{ camel, pkg, env string }{
		"divide":               {"divide", "divide", "DIVIDE"},
		"update-order-status":  {"updateOrderStatus", "updateorderstatus", "UPDATE_ORDER_STATUS"},
		"  spaced out ":        {"spacedOut", "spacedout", "SPACED_OUT"},
		"HTTPServer":           {"httpServer", "httpserver", "HTTP_SERVER"},
		"deploy_windows":       {"deployWindows", "deploywindows", "DEPLOY_WINDOWS"},
		"foo_test":             {"fooTest", "footest", "FOO_TEST"},
		"-foo":                 {"foo", "foo", "FOO"},
		"oauth2Callback":       {"oauth2Callback", "oauth2callback", "OAUTH2_CALLBACK"},
		"MP3Player":            {"mp3Player", "mp3player", "MP3_PLAYER"},
		"B2B":                  {"b2B", "b2b", "B2_B"},
		"x86_64bit":            {"x8664Bit", "x8664bit", "X8664_BIT"},
		"func":                 {"func", "funcfn", "FUNC"},
		"goTo":                 {"goTo", "gotofn", "GO_TO"},
		"main":                 {"main", "mainfn", "MAIN"},
		"Documentation":        {"documentation", "documentationfn", "DOCUMENTATION"},
		"init":                 {"init", "init", "INIT"},
		"string":               {"string", "string", "STRING"},
		"testData":             {"testData", "testdata", "TEST_DATA"},
		"slack/events":         {"slack/events", "events", "SLACK_EVENTS"},
		" slackApp / EventsV2": {"slackApp/eventsV2", "eventsv2", "SLACK_APP_EVENTS_V2"},
		"oauth2/type":          {"oauth2/type", "typefn", "OAUTH2_TYPE"},
		strings.Repeat("a", 64): {
			strings.Repeat("a", 64), strings.Repeat("a", 64), strings.Repeat("A", 64),
		},
	} {
		name, err := generator.ParseName(typed)
		if !assert.NoError(t, err, typed) {
			continue
		}
		assert.Equal(t, want.camel, name.String(), "name of %q", typed)
		assert.Equal(t, "/"+want.camel, name.Route(), "route of %q", typed)
		assert.Equal(t, want.pkg, name.Package(), "package of %q", typed)
		assert.Equal(t, want.env, name.Env(), "variable of %q", typed)
	}
}

func TestInvalidNames(t *testing.T) {
	for typed, want := range map[string]struct{ reason, suggestion string }{
		"":                                 {"no letter", ""},
		"  ":                               {"no letter", ""},
		"-":                                {"no letter", ""},
		"...":                              {"no letter", ""},
		"x/../../../../evil":               {"not a path", ""},
		"/etc/passwd":                      {"one slash", "etc/passwd"},
		`a\b`:                              {"a slash separates", "a/b"},
		`a\b\c`:                            {"a slash separates", ""},
		"/":                                {"one slash", ""},
		"/a":                               {"one slash", "a"},
		"a/":                               {"one slash", "a"},
		"a//b":                             {"one slash", "a/b"},
		"a/b/c":                            {"cannot contain groups", "a/bC"},
		"../a":                             {"not a path", ""},
		"a/..":                             {"not a path", ""},
		"a/.":                              {"not a path", ""},
		"a/ /b":                            {"cannot contain groups", "a/b"},
		"a/-":                              {"no letter", ""},
		"-/a":                              {"no letter", ""},
		"con/events":                       {"Windows", "conFn/events"},
		"slack/aux":                        {"Windows", "slack/auxFn"},
		"internal/a":                       {"specially", "internalFn/a"},
		"a/testdata":                       {"specially", "a/testdataFn"},
		"naïve/events":                     {"import paths cannot contain", "naive/events"},
		"2fa/events":                       {"digit", "fn2Fa/events"},
		"slack/" + strings.Repeat("a", 65): {"65 characters", ""},
		"a${b}":                            {"is not a letter or digit", "aB"},
		"a\x00b":                           {"is not a letter or digit", "aB"},
		"a\nb":                             {"is not a letter or digit", "aB"},
		"hello🚀":                           {"import paths cannot contain", "hello"},
		"naïve":                            {"import paths cannot contain", "naive"},
		"Ångström-unit":                    {"import paths cannot contain", "angstromUnit"},
		"αβγ":                              {"import paths cannot contain", ""},
		"123abc":                           {"digit", "fn123Abc"},
		"1":                                {"digit", "fn1"},
		"internal":                         {"specially", "internalFn"},
		"Vendor":                           {"specially", "vendorFn"},
		"test_data":                        {"", ""}, // testData is an ordinary directory
		"testdata":                         {"specially", "testdataFn"},
		"con":                              {"Windows", "conFn"},
		"LPT1":                             {"Windows", "lpt1Fn"},
		strings.Repeat("a", 65):            {"65 characters", ""},
	} {
		_, err := generator.ParseName(typed)
		if want.reason == "" {
			assert.NoError(t, err, typed)
			continue
		}
		var bad *generator.NameError
		if assert.ErrorAs(t, err, &bad, "%q", typed) {
			assert.Contains(t, bad.Reason, want.reason, "%q", typed)
			assert.Equal(t, want.suggestion, bad.Suggestion, "%q", typed)
			assert.NotContains(t, err.Error(), "\n")
		}
	}
}

// A valid name results in a valid import path and package name, in files that
// every build includes, and in no path outside the functions directory.
func FuzzParseName(f *testing.F) {
	for _, seed := range []string{
		"divide", "update-order-status", "x/../../evil", "a/b", "a/b/c", "a//", `a\b`, "", ".", "..", "con", "COM1.txt", "naïve", "123", "func",
		"deploy_windows", "foo_test", "a\x00", "\xff", "HTTPServer", "Internal", "x-y-z",
		"İ", "ǅ", "a$b", strings.Repeat("aB", 40),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		name, err := generator.ParseName(typed)
		if err != nil {
			var bad *generator.NameError
			if !errors.As(err, &bad) || bad.Reason == "" {
				t.Fatalf("%q: %v", typed, err)
			}
			if bad.Suggestion != "" {
				if again, err := generator.ParseName(bad.Suggestion); err != nil {
					t.Fatalf("%q: the suggestion %q is bad: %v", typed, bad.Suggestion, err)
				} else if again.String() == "" {
					t.Fatalf("%q: empty suggestion", typed)
				}
			}
			return
		}
		camel, pkg := name.String(), name.Package()
		if name.Group() != "" {
			if !isDirectory(name.Group()) || camel != name.Group()+"/"+name.Base() {
				t.Errorf("%q: the group is %q, the name %q", typed, name.Group(), camel)
			}
		} else if camel != name.Base() {
			t.Errorf("%q: the name is %q, without a group %q", typed, camel, name.Base())
		}
		if err := module.CheckImportPath("example.com/m/api/src/functions/" + camel); err != nil {
			t.Errorf("%q: %v", typed, err)
		}
		if !token.IsIdentifier(pkg) || pkg == "main" || pkg == "documentation" {
			t.Errorf("%q: package %q", typed, pkg)
		}
		if !isDirectory(name.Base()) {
			t.Errorf("%q: %q is not the name of one directory", typed, name.Base())
		}
		if !token.IsIdentifier(name.Env()) {
			t.Errorf("%q: variable %q", typed, name.Env())
		}
	})
}

func isDirectory(name string) bool {
	return filepath.IsLocal(name) && path.Clean(name) == name && !strings.ContainsAny(name, `/\_. `) && len(name) <= 64
}
