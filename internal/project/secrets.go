package project

import (
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Secrets returns the names of the environment variables that a function's
// support packages read secrets and URLs from, sorted. It finds those that the
// function's source files name: in fields SecretEnv, URLEnv and VerifyTokenEnv,
// in calls of SharedSecret, and by the constants of package auth. If a file
// imports package auth, its user.go counts as a source file too.
func (p *Project) Secrets(f Function) ([]string, error) {
	module, err := p.Module()
	if err != nil {
		return nil, err
	}
	authPackage := path.Join(module, p.Lib, "auth")
	authUser := path.Join(p.Lib, "auth", "user.go")
	files := slices.Clone(f.Files)
	var variables []string
	for i := 0; i < len(files); i++ {
		if strings.HasSuffix(files[i], "_test.go") {
			continue
		}
		file, err := p.parse(files[i])
		if err != nil {
			return nil, err
		}
		if file == nil {
			continue
		}
		variables = append(variables, findSecrets(file.File)...)
		for _, spec := range file.Imports {
			if stringLiteral(spec.Path) == authPackage && !slices.Contains(files, authUser) {
				files = append(files, authUser)
			}
		}
	}
	slices.Sort(variables)
	return slices.Compact(variables), nil
}

// findSecrets returns the names of the variables that one file reads.
func findSecrets(file *ast.File) []string {
	var variables []string
	add := func(e ast.Expr) {
		if name := stringLiteral(e); name != "" {
			variables = append(variables, name)
		}
	}
	// The variables that constants and functions of package auth stand for.
	authVariables := map[string]string{
		"SecretEnv":        "AUTH_JWT_SECRET",
		"SessionSecretEnv": "SESSION_SECRET",
		"DBAuth":           "SESSION_SECRET",
	}
	keys := map[*ast.Ident]bool{} // field names, which are not those constants
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.KeyValueExpr:
			if key, ok := n.Key.(*ast.Ident); ok {
				keys[key] = true
				if key.Name == "SecretEnv" || key.Name == "URLEnv" || key.Name == "VerifyTokenEnv" {
					add(n.Value)
				}
			}
		case *ast.CallExpr:
			if calleeName(n.Fun) == "SharedSecret" && len(n.Args) > 0 {
				add(n.Args[0])
			}
		case *ast.Ident:
			if name := authVariables[n.Name]; name != "" && !keys[n] {
				variables = append(variables, name)
			}
		}
		return true
	})
	return variables
}

// calleeName returns the name of a function or a type without its package: Chain
// for fn.Chain.
func calleeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

// stringLiteral returns the value of a string literal, or "" for any other
// expression.
func stringLiteral(e ast.Expr) string {
	if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
		value, _ := strconv.Unquote(lit.Value) // the parser has checked the syntax
		return value
	}
	return ""
}
