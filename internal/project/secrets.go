package project

import (
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Secrets are the environment variables that a function's support packages take secrets and addresses from, as far as its
// files name them: as the SecretEnv or URLEnv of what it requires, and in package auth's user.go where they import that. Sorted.
func (p *Project) Secrets(f Function) ([]string, error) {
	module, err := p.Module()
	if err != nil {
		return nil, err
	}
	files, users := slices.Clone(f.Files), path.Join(p.Lib, "auth", "user.go")
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
		variables = append(variables, secretsIn(file.File)...)
		for _, spec := range file.Imports {
			if literal(spec.Path) == path.Join(module, p.Lib, "auth") && !slices.Contains(files, users) {
				files = append(files, users)
			}
		}
	}
	slices.Sort(variables)
	return slices.Compact(variables), nil
}

// secretsIn are the variables that a file names.
func secretsIn(file *ast.File) []string {
	var variables []string
	add := func(e ast.Expr) {
		if name := literal(e); name != "" {
			variables = append(variables, name)
		}
	}
	// The constants of package auth, and what reads them.
	known := map[string]string{"SecretEnv": "AUTH_JWT_SECRET", "SessionSecretEnv": "SESSION_SECRET", "DBAuth": "SESSION_SECRET"}
	keys := map[*ast.Ident]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.KeyValueExpr:
			if key, ok := n.Key.(*ast.Ident); ok {
				keys[key] = true
				if key.Name == "SecretEnv" || key.Name == "URLEnv" {
					add(n.Value)
				}
			}
		case *ast.CallExpr:
			if called(n.Fun) == "SharedSecret" && len(n.Args) == 1 {
				add(n.Args[0])
			}
		case *ast.Ident:
			if name := known[n.Name]; name != "" && !keys[n] {
				variables = append(variables, name)
			}
		}
		return true
	})
	return variables
}

// called is the name of the function that is called, without its package.
func called(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

// literal is the text of a string literal, "" of anything else.
func literal(e ast.Expr) string {
	if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
		text, _ := strconv.Unquote(lit.Value) // the parser has read it
		return text
	}
	return ""
}
