package cli_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A mutant is the source of a handler with one guard broken. It compiles.
type mutant struct {
	function string
	change   string
	source   string
}

var allMutants = flag.Bool("all-mutants", false, "break the guards of every golden function, as make mutants does")

// mutated lists the functions whose guards are broken in every run: one for
// each kind of guard and of combination. The others differ from one of them
// only in names.
var mutated = []string{
	"allowIps", "allowIpRateLimitWebhookAuthBinaryFixtures", "authRoles", "cors", "corsAuth", "corsOrigins",
	"input", "inputAuth", "inputBinary", "inputOptional", "rateLimitBurst", "streamGuards", "streamInput",
	"streamWebhookFixtures", "webhookAuthRole",
	"webhookDiscord", "webhookMeta", "webhookSha1Verifier", "webhookSns", "webhookStripe", "webhookTwilioAuthFixtures",
	"slack/events",
}

// TestGeneratedTestsCatchBrokenGuards checks that the test of a function fails,
// because of the response, if a guard of its handler is broken or changed.
func TestGeneratedTestsCatchBrokenGuards(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(goldenDir)))
	functions := filepath.Join(dir, "api", "src", "functions")
	originals := filepath.Join(dir, "originals")
	require.NoError(t, os.Rename(functions, originals))
	var handlers []string
	for _, pattern := range []string{"*/*.go", "*/*/*.go"} { // the second one is for groups
		found, err := filepath.Glob(filepath.Join(originals, filepath.FromSlash(pattern)))
		require.NoError(t, err)
		handlers = append(handlers, found...)
	}

	mutants := map[string]mutant{} // by import path
	for _, handler := range handlers {
		original := filepath.Dir(handler)
		name, err := filepath.Rel(originals, original)
		require.NoError(t, err)
		isTest := strings.HasSuffix(handler, "_test.go")
		if isTest || !*allMutants && !slices.Contains(mutated, filepath.ToSlash(name)) {
			continue
		}
		source, err := os.ReadFile(handler)
		require.NoError(t, err)
		for i, m := range mutate(t, name, string(source)) {
			copied := fmt.Sprintf("%sMutant%d", strings.ReplaceAll(name, string(filepath.Separator), ""), i)
			require.NoError(t, os.CopyFS(filepath.Join(functions, copied), os.DirFS(original)))
			target := filepath.Join(functions, copied, filepath.Base(handler))
			require.NoError(t, os.WriteFile(target, []byte(m.source), 0o666))
			mutants["example.com/golden/api/src/functions/"+copied] = m
		}
	}
	require.NoError(t, os.RemoveAll(originals))
	require.GreaterOrEqual(t, len(mutants), map[bool]int{false: 40, true: 200}[*allMutants])

	output, failed := testMutants(t, dir)
	for pkg, m := range mutants {
		assert.True(t, failed[pkg], "the test of %s passes with %s", m.function, m.change)
		assert.Regexp(t, "(status|body|RateLimit-Policy|Access-Control-Allow-Origin) = ", output[pkg],
			"the test of %s fails for another reason with %s", m.function, m.change)
	}
}

// testMutants runs the tests of all functions of a project. It returns their
// output, and which of them failed, by import path.
func testMutants(t *testing.T, dir string) (output map[string]string, failed map[string]bool) {
	t.Helper()
	cmd := exec.Command("go", "test", "-json", "-trimpath", "-vet=off", "-ldflags=-s -w", "./api/src/functions/...")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOWORK=off", "GOTOOLCHAIN=local")
	out, err := cmd.Output()
	require.Error(t, err, "every package must fail")

	output, failed = map[string]string{}, map[string]bool{}
	for _, line := range bytes.Split(bytes.TrimSpace(out), []byte("\n")) {
		var event struct{ Action, Package, Output string }
		require.NoError(t, json.Unmarshal(line, &event), "%s", line)
		output[event.Package] += event.Output
		if event.Action == "fail" {
			failed[event.Package] = true
		}
	}
	return output, failed
}

// mutate returns the mutants of a handler: each guard replaced by one that
// accepts everything, and each of its literals and constants changed.
func mutate(t *testing.T, function, source string) []mutant {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, function, source, 0)
	require.NoError(t, err)
	splice := func(n ast.Node, with string) string {
		return source[:fset.Position(n.Pos()).Offset] + with + source[fset.Position(n.End()).Offset:]
	}
	var mutants []mutant
	add := func(change, source string) {
		mutants = append(mutants, mutant{function, change, source})
	}
	for _, guard := range guards(file) {
		text := source[fset.Position(guard.Pos()).Offset:fset.Position(guard.End()).Offset]
		if !strings.Contains(text, "webhooks.Skip") { // which accepts everything anyway
			add("no "+text, splice(guard, "passThrough("+text+")")+
				"\n\nfunc passThrough(fn.Middleware) fn.Middleware {\n"+
				"\treturn func(next fn.Handler) fn.Handler { return next }\n}\n")
		}
		ast.Inspect(guard, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CompositeLit: // a list, without each of its values
				for i, value := range n.Elts {
					if _, ok := n.Type.(*ast.ArrayType); ok && len(n.Elts) > 1 {
						from, to := value.Pos(), n.Rbrace
						if i+1 < len(n.Elts) {
							to = n.Elts[i+1].Pos()
						}
						add("an element removed", source[:fset.Position(from).Offset]+source[fset.Position(to).Offset:])
					}
				}
			case *ast.BasicLit:
				if strings.Contains(text, ".WithBurst(") && ratePer(guard) == n {
					// The response has the rate in whole seconds only.
					add(n.Value+" doubled", splice(n, n.Value+"*2"))
					add(n.Value+" halved", splice(n, n.Value+"/2"))
					return true
				}
				for _, other := range otherLiterals(t, n) {
					add(n.Value+" changed to "+other, splice(n, other))
				}
			case *ast.SelectorExpr:
				var others []string
				switch n.Sel.Name {
				case "Require", "Allow", "Options", "WithBurst":
				case "PerSecond", "PerMinute", "PerHour":
					others = []string{"ratelimit.PerSecond", "ratelimit.PerMinute", "ratelimit.PerHour"}
				case "SHA1":
					others = []string{"webhooks.SHA256"}
				default:
					others = []string{"webhooks.SHA1"}
				}
				for _, other := range others {
					if !strings.HasSuffix(other, "."+n.Sel.Name) {
						add(n.Sel.Name+" changed to "+other, splice(n, other))
					}
				}
			}
			return true
		})
	}
	for _, m := range mutateInput(source) {
		add(m.change, m.source)
	}
	return mutants
}

// mutateInput returns the mutants of a handler that decodes its input: without
// the error handling and the validation, with another limit, and with other
// fields.
func mutateInput(source string) []mutant {
	if !strings.Contains(source, "fn.Decode[input]") {
		return nil
	}
	var mutants []mutant
	for _, m := range []struct{ expression, replacement string }{
		{`err != nil (\{\s+return fn\.(?:Buffered\(fn\.)?Problem)`, `err != nil && false $1`},
		{`fn\.Problem\(err\)`, `fn.JSON(http.StatusBadRequest, err.Error())`},
		{`fn\.Decode\[input\]\(event\)`, `fn.DecodeLimit[input](event, 1<<30)`},
		{`== "" \{`, `== "\x00" {`},
		{`fn\.Invalid\("`, `fn.Invalid("x`},
		{`json:"`, `json:"x`},
		{`(\[\]\S+ +.json:"\w+),omitempty`, `$1`},
		{`( (?:int|float64|bool|time\.Time|\[\]\S+) +.json:"\w+)"`, `$1,omitempty"`},
	} {
		pattern := regexp.MustCompile(m.expression)
		for _, at := range pattern.FindAllStringIndex(source, -1) {
			text := source[at[0]:at[1]]
			with := pattern.ReplaceAllString(text, m.replacement)
			if strings.Contains(with, "http.") && !strings.Contains(source, `"net/http"`) {
				continue
			}
			mutants = append(mutants, mutant{
				change: text + " changed to " + with,
				source: source[:at[0]] + with + source[at[1]:],
			})
		}
	}
	return mutants
}

// ratePer returns the number of a rate with a burst: 100 in
// ratelimit.Require(ratelimit.PerMinute(100).WithBurst(20), options).
func ratePer(guard *ast.CallExpr) ast.Expr {
	burst := guard.Args[0].(*ast.CallExpr).Fun.(*ast.SelectorExpr)
	return burst.X.(*ast.CallExpr).Args[0]
}

// otherLiterals returns wrong values for a literal: the next numbers, the
// neighbors of an address, a CIDR block of another size, or some other text.
func otherLiterals(t *testing.T, literal *ast.BasicLit) []string {
	if literal.Kind == token.INT {
		n, err := strconv.Atoi(literal.Value)
		require.NoError(t, err)
		others := []string{strconv.Itoa(n + 1)}
		if n > 1 {
			others = append(others, strconv.Itoa(n-1))
		}
		return others
	}
	value, err := strconv.Unquote(literal.Value)
	require.NoError(t, err)
	if addr, err := netip.ParseAddr(value); err == nil {
		return []string{strconv.Quote(addr.Next().String()), strconv.Quote(addr.Prev().String())}
	}
	if prefix, err := netip.ParsePrefix(value); err == nil {
		others := []string{strconv.Quote(netip.PrefixFrom(prefix.Addr(), prefix.Bits()+1).String())}
		if wider := netip.PrefixFrom(prefix.Addr(), prefix.Bits()-1); wider == wider.Masked() {
			others = append(others, strconv.Quote(wider.String()))
		}
		return others
	}
	if scheme, host, ok := strings.Cut(value, "://"); ok { // an origin
		others := []string{scheme + "s://" + host, scheme + "://mutated." + host, value + "1"}
		domain, isWildcard := strings.CutPrefix(host, "*.")
		_, parent, hasParent := strings.Cut(host, ".")
		switch {
		case isWildcard:
			others = []string{scheme + "://" + domain, scheme + "://*.mutated." + domain, value + "1"}
		case hasParent:
			others = append(others, scheme+"://*."+parent)
		}
		if !strings.Contains(host, ":") {
			others = slices.DeleteFunc(others, func(o string) bool { return o == value+"1" })
			others = append(others, value+":8443")
		}
		for i, other := range others {
			others[i] = strconv.Quote(other)
		}
		return append(others, `"*"`)
	}
	if value == "*" {
		return []string{`"https://mutated.example"`}
	}
	return []string{strconv.Quote(value + "Mutated")} // a header, a variable or a role
}

// guards returns the middleware of the handler's chain, in order.
func guards(file *ast.File) []*ast.CallExpr {
	var list []*ast.CallExpr
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if selector, ok := call.Fun.(*ast.SelectorExpr); ok && strings.HasPrefix(selector.Sel.Name, "Chain") {
			for _, argument := range call.Args[1:] {
				list = append(list, argument.(*ast.CallExpr))
			}
		}
		return true
	})
	return list
}

// TestGuardsRunInOrder checks that cheaper guards run first, and that only
// signed requests reach the check of the user.
func TestGuardsRunInOrder(t *testing.T) {
	for function, want := range map[string][]string{
		"webhookAuth":               {"webhooks", "auth"},
		"webhookAuthRole":           {"webhooks", "auth"},
		"webhookAuthBinaryFixtures": {"webhooks", "auth"},
		"corsAuth":                  {"cors", "auth"},
		"corsAllowIpRateLimitWebhookAuthBinaryFixtures": {"cors", "ipallow", "ratelimit", "webhooks", "auth"},
		"allowIpAuth":           {"ipallow", "auth"},
		"allowIpRateLimit":      {"ipallow", "ratelimit"},
		"rateLimitAuth":         {"ratelimit", "auth"},
		"rateLimitWebhookSlack": {"ratelimit", "webhooks"},
		"allowIpRateLimitWebhookAuthBinaryFixtures": {"ipallow", "ratelimit", "webhooks", "auth"},
	} {
		name := filepath.Join(goldenDir, "api/src/functions", function, function+".go")
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		var names []string
		for _, guard := range guards(file) {
			names = append(names, guard.Fun.(*ast.SelectorExpr).X.(*ast.Ident).Name)
		}
		assert.Equal(t, want, names, function)
	}
}
