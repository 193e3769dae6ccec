package project

import (
	"go/ast"
	"path"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"

	"github.com/fngen/fngen/generator"
)

// A Webhook describes how a function verifies the signatures of its requests.
type Webhook struct {
	Scheme generator.Scheme

	// Fields of webhooks.Options, "" unless the source sets them to literals.
	SignatureHeader, SecretEnv, URLEnv, Issuer string
}

// Webhook returns how a function verifies its requests, or nil if it does not.
// It uses the first call of webhooks.Require or webhooks.VerifyEvent whose
// scheme is a constant of package webhooks. It ignores files that cannot be
// parsed.
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

// findWebhook returns the arguments of the first call in a file that
// [Project.Webhook] can use, or nil. pkg is the import path of package webhooks.
func findWebhook(file *ast.File, pkg string) *Webhook {
	name := importName(file, pkg)
	if name == "" {
		return nil
	}
	var webhook *Webhook
	ast.Inspect(file, func(node ast.Node) bool {
		if call, ok := node.(*ast.CallExpr); ok && webhook == nil {
			webhook = parseCall(call, name)
		}
		return webhook == nil
	})
	return webhook
}

// importName returns the name by which a file refers to an imported package,
// or "" if it does not import the package.
func importName(file *ast.File, pkg string) string {
	name := ""
	for _, spec := range file.Imports {
		if stringLiteral(spec.Path) != pkg {
			continue
		}
		name = path.Base(pkg)
		if spec.Name != nil {
			name = spec.Name.Name
		}
	}
	return name
}

// parseCall returns the arguments of a call of Require or VerifyEvent in the
// package of that name, or nil for any other call.
func parseCall(call *ast.CallExpr, pkg string) *Webhook {
	var scheme, options ast.Expr
	args, callee := call.Args, selected(call.Fun, pkg)
	switch {
	case callee == "Require" && len(args) == 2:
		scheme, options = args[0], args[1]
	case callee == "VerifyEvent" && len(args) == 3: // the event is in between
		scheme, options = args[0], args[2]
	default:
		return nil
	}
	name := selected(scheme, pkg)
	for _, s := range generator.Schemes() {
		if s.Ident == name {
			w := &Webhook{Scheme: s}
			w.setOptions(options)
			return w
		}
	}
	return nil
}

// setOptions sets the fields that a composite literal sets to string literals.
func (w *Webhook) setOptions(options ast.Expr) {
	literal, ok := options.(*ast.CompositeLit)
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
		if key, ok := pair.Key.(*ast.Ident); ok && fields[key.Name] != nil {
			*fields[key.Name] = stringLiteral(pair.Value)
		}
	}
}

// selected returns the identifier that an expression selects from a package,
// such as Require in webhooks.Require, or "" for any other expression.
func selected(expression ast.Expr, pkg string) string {
	selector, ok := expression.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	if ident, ok := selector.X.(*ast.Ident); !ok || ident.Name != pkg {
		return ""
	}
	return selector.Sel.Name
}
