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
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A mutant is a handler with one guard broken. It still compiles.
type mutant struct {
	function string // whose handler it is
	what     string // what was broken
	source   string
}

var allMutants = flag.Bool("all-mutants", false, "break the guards of every golden function, as make mutants does")

// mutated are the functions whose guards are broken in every run: one for each kind of guard, and for each way in which
// several go together. The others differ from one of them by names alone.
var mutated = []string{
	"allowIps", "allowIpRateLimitWebhookAuthBinaryFixtures", "authRoles", "rateLimitBurst", "webhookAuthRole",
	"webhookDiscord", "webhookSha1Verifier", "webhookStripe", "webhookTwilioAuthFixtures",
}

// Generated tests have to test: whoever breaks a guard of the handler, or changes
// what it asks for, sees a red test whose message names a status, or the time after which to come again.
func TestGeneratedTestsCatchBrokenGuards(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(goldenDir)))
	functions := filepath.Join(dir, "api", "src", "functions")
	originals, err := os.ReadDir(functions)
	require.NoError(t, err)

	mutants := map[string]mutant{} // by import path
	for _, entry := range originals {
		name := entry.Name()
		if !*allMutants && !slices.Contains(mutated, name) {
			require.NoError(t, os.RemoveAll(filepath.Join(functions, name)))
			continue
		}
		source, err := os.ReadFile(filepath.Join(functions, name, name+".go"))
		require.NoError(t, err)
		for i, m := range mutate(t, name, string(source)) {
			copied := fmt.Sprintf("%sMutant%d", name, i)
			require.NoError(t, os.CopyFS(filepath.Join(functions, copied), os.DirFS(filepath.Join(functions, name))))
			require.NoError(t, os.WriteFile(filepath.Join(functions, copied, name+".go"), []byte(m.source), 0o666))
			mutants["example.com/golden/api/src/functions/"+copied] = m
		}
		require.NoError(t, os.RemoveAll(filepath.Join(functions, name)))
	}
	require.GreaterOrEqual(t, len(mutants), map[bool]int{false: 40, true: 200}[*allMutants])

	cmd := exec.Command("go", "test", "-json", "-vet=off", "-ldflags=-s -w", "./api/src/functions/...")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOWORK=off", "GOTOOLCHAIN=local")
	out, err := cmd.Output()
	require.Error(t, err, "every package of it has to fail")

	output, failed := map[string]string{}, map[string]bool{}
	for _, line := range bytes.Split(bytes.TrimSpace(out), []byte("\n")) {
		var event struct{ Action, Package, Output string }
		require.NoError(t, json.Unmarshal(line, &event), "%s", line)
		output[event.Package] += event.Output
		if event.Action == "fail" {
			failed[event.Package] = true
		}
	}
	for pkg, m := range mutants {
		assert.True(t, failed[pkg], "the test of %s does not notice: %s", m.function, m.what)
		assert.Regexp(t, "(status|Retry-After) = ", output[pkg], "the test of %s is red for another reason: %s", m.function, m.what)
	}
}

// mutate breaks each guard of a handler in turn, and changes each thing that it asks for.
func mutate(t *testing.T, function, source string) []mutant {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, function, source, 0)
	require.NoError(t, err)
	splice := func(n ast.Node, with string) string {
		return source[:fset.Position(n.Pos()).Offset] + with + source[fset.Position(n.End()).Offset:]
	}
	var mutants []mutant
	add := func(what, source string) {
		mutants = append(mutants, mutant{function, what, source})
	}
	for _, guard := range guards(file) {
		text := source[fset.Position(guard.Pos()).Offset:fset.Position(guard.End()).Offset]
		if !strings.Contains(text, "webhooks.Skip") { // which lets everything pass as it is
			add("a pass-through instead of "+text, splice(guard, "passThrough("+text+")")+
				"\n\nfunc passThrough(fn.Middleware) fn.Middleware {\n\treturn func(next fn.Handler) fn.Handler { return next }\n}\n")
		}
		ast.Inspect(guard, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BasicLit:
				for _, other := range otherLiterals(t, n) {
					add(n.Value+" changed to "+other, splice(n, other))
				}
			case *ast.SelectorExpr:
				var others []string
				switch n.Sel.Name {
				case "Require", "Options", "WithBurst":
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
	return mutants
}

// otherLiterals are what could stand for a literal by mistake: for a number the next ones, for an
// address its neighbours, for a CIDR one of another size, for other text some other.
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
	return []string{strconv.Quote(value + "Mutated")} // a header, a variable or a role
}

// guards are the middleware of the handler's chain, in order.
func guards(file *ast.File) []*ast.CallExpr {
	var list []*ast.CallExpr
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if selector, ok := call.Fun.(*ast.SelectorExpr); ok && selector.Sel.Name == "Chain" {
			for _, argument := range call.Args[1:] {
				list = append(list, argument.(*ast.CallExpr))
			}
		}
		return true
	})
	return list
}

// Order is meaning: what costs less refuses first, and the signature is verified before anybody is told
// who may call.
func TestGuardsRunInOrder(t *testing.T) {
	for function, want := range map[string][]string{
		"webhookAuth":                               {"webhooks", "auth"},
		"webhookAuthRole":                           {"webhooks", "auth"},
		"webhookAuthBinaryFixtures":                 {"webhooks", "auth"},
		"allowIpAuth":                               {"ipallow", "auth"},
		"allowIpRateLimit":                          {"ipallow", "ratelimit"},
		"rateLimitAuth":                             {"ratelimit", "auth"},
		"rateLimitWebhookSlack":                     {"ratelimit", "webhooks"},
		"allowIpRateLimitWebhookAuthBinaryFixtures": {"ipallow", "ratelimit", "webhooks", "auth"},
	} {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(goldenDir, "api/src/functions", function, function+".go"), nil, 0)
		require.NoError(t, err)
		var names []string
		for _, guard := range guards(file) {
			names = append(names, guard.Fun.(*ast.SelectorExpr).X.(*ast.Ident).Name)
		}
		assert.Equal(t, want, names, function)
	}
}
