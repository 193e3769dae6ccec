package project

import (
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/modfile"

	"github.com/fngen/fngen/generator"
)

// A Webhook is how a function verifies who calls it: what its source has, as literals, in a call of webhooks.Require
// or webhooks.VerifyEvent.
type Webhook struct {
	Scheme generator.Scheme

	SignatureHeader, SecretEnv, URLEnv, Issuer string // of webhooks.Options
}

// Webhook finds the first such call in a function's files. It is nil where there is none whose scheme is a constant of
// the project's package webhooks. A file that does not parse is passed over.
func (p *Project) Webhook(f Function) (*Webhook, error) {
	goMod, err := p.read("go.mod")
	if err != nil {
		return nil, err
	}
	pkg := path.Join(modfile.ModulePath(goMod), p.Lib, "webhooks")
	for _, file := range f.Files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := p.parse(file)
		if err != nil || parsed == nil {
			continue
		}
		if webhook := findWebhook(parsed.File, pkg); webhook != nil {
			return webhook, nil
		}
	}
	return nil, nil
}

// VerifiesWebhooks reports whether a function imports the project's package
// webhooks.
func (p *Project) VerifiesWebhooks(f Function) bool {
	module, err := p.Module()
	return err == nil && slices.Contains(f.Imports, path.Join(module, p.Lib, "webhooks"))
}

// findWebhook finds the call in a file that imports the package.
func findWebhook(file *ast.File, pkg string) *Webhook {
	name := ""
	for _, spec := range file.Imports {
		if imported, err := strconv.Unquote(spec.Path.Value); err != nil || imported != pkg {
			continue
		}
		name = path.Base(pkg)
		if spec.Name != nil {
			name = spec.Name.Name
		}
	}
	if name == "" {
		return nil
	}
	var found *Webhook
	ast.Inspect(file, func(node ast.Node) bool {
		call, ok := node.(*ast.CallExpr)
		if !ok || found != nil {
			return found == nil
		}
		args := call.Args
		switch member(call.Fun, name) {
		case "Require":
		case "VerifyEvent": // whose event is between the scheme and the options
			if len(args) == 3 {
				args = []ast.Expr{args[0], args[2]}
			}
		default:
			return true
		}
		if len(args) != 2 {
			return true
		}
		ident := member(args[0], name)
		for _, scheme := range generator.Schemes() {
			if ident == scheme.Ident {
				found = &Webhook{Scheme: scheme}
				found.options(args[1])
			}
		}
		return found == nil
	})
	return found
}

// options takes what an expression has as literals.
func (w *Webhook) options(expression ast.Expr) {
	literal, ok := expression.(*ast.CompositeLit)
	if !ok {
		return
	}
	fields := map[string]*string{
		"SignatureHeader": &w.SignatureHeader, "SecretEnv": &w.SecretEnv, "URLEnv": &w.URLEnv, "Issuer": &w.Issuer,
	}
	for _, element := range literal.Elts {
		pair, ok := element.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		key, isIdent := pair.Key.(*ast.Ident)
		value, isLiteral := pair.Value.(*ast.BasicLit)
		if !isIdent || !isLiteral || value.Kind != token.STRING || fields[key.Name] == nil {
			continue
		}
		if text, err := strconv.Unquote(value.Value); err == nil {
			*fields[key.Name] = text
		}
	}
}

// member is the name after the package's, as in webhooks.Require, or "" for anything else.
func member(expression ast.Expr, pkg string) string {
	selector, ok := expression.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	if ident, ok := selector.X.(*ast.Ident); !ok || ident.Name != pkg {
		return ""
	}
	return selector.Sel.Name
}
