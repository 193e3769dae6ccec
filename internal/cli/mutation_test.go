package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
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

// Generated tests have to test: whoever breaks a guard of the handler, or changes
// what it asks for, sees a red test whose message names a status.
func TestGeneratedTestsCatchBrokenGuards(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(goldenDir)))
	functions := filepath.Join(dir, "api", "src", "functions")
	originals, err := os.ReadDir(functions)
	require.NoError(t, err)

	mutants := map[string]mutant{} // by import path
	for _, entry := range originals {
		name := entry.Name()
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
	require.GreaterOrEqual(t, len(mutants), 130)

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
		assert.Contains(t, output[pkg], "status = ", "the test of %s is red for another reason: %s", m.function, m.what)
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
			case *ast.BasicLit: // a header, a variable or a role
				value, err := strconv.Unquote(n.Value)
				require.NoError(t, err)
				add(n.Value+" changed", splice(n, strconv.Quote(value+"Mutated")))
			case *ast.SelectorExpr:
				if n.Sel.Name != "Require" && n.Sel.Name != "Options" {
					other := "webhooks.SHA1"
					if n.Sel.Name == "SHA1" {
						other = "webhooks.SHA256"
					}
					add(n.Sel.Name+" changed", splice(n, other))
				}
			}
			return true
		})
	}
	return mutants
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

// The signature is verified before anybody is told who may call: order is meaning.
func TestGuardsRunInOrder(t *testing.T) {
	for _, function := range []string{"webhookAuth", "webhookAuthRole", "webhookAuthBinaryFixtures"} {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(goldenDir, "api/src/functions", function, function+".go"), nil, 0)
		require.NoError(t, err)
		var names []string
		for _, guard := range guards(file) {
			names = append(names, guard.Fun.(*ast.SelectorExpr).X.(*ast.Ident).Name)
		}
		assert.Equal(t, []string{"webhooks", "auth"}, names, function)
	}
}
