package generator

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// usedParts returns the parts of support packages whose declarations Go files
// refer to. lib is the import path of the support packages.
func usedParts(files []File, lib string) ([]string, error) {
	table := parts()
	declared := map[string]map[string]string{} // the part by package and name
	used := map[string]bool{}
	for _, f := range files {
		if path.Ext(f.Path) != ".go" {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), f.Path, f.Data, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		packages := map[string]string{} // by name in the file
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return nil, err
			}
			pkg, isLib := strings.CutPrefix(imported, lib+"/")
			if !isLib || len(table.names(pkg)) == 0 {
				continue
			}
			if declared[pkg] == nil {
				if declared[pkg], err = table.declared(pkg); err != nil {
					return nil, err
				}
			}
			name := pkg
			if spec.Name != nil {
				name = spec.Name.Name
			}
			packages[name] = pkg
		}
		ast.Inspect(file, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.SelectorExpr:
				if x, ok := node.X.(*ast.Ident); ok && packages[x.Name] != "" {
					used[declared[packages[x.Name]][node.Sel.Name]] = true
				}
			case *ast.Ident:
				if pkg := packages["."]; pkg != "" {
					used[declared[pkg][node.Name]] = true
				}
			}
			return true
		})
	}
	delete(used, "") // what no part declares
	return slices.Sorted(maps.Keys(used)), nil
}

// declared returns the parts of a package by the names that they declare.
func (t partTable) declared(pkg string) (map[string]string, error) {
	loaded, err := t.load(pkg, func(name string) string { return name })
	if err != nil {
		return nil, err
	}
	declared := map[string]string{}
	for _, f := range loaded.files {
		if f.part == pkg {
			continue // the core comes with the import
		}
		file, err := parser.ParseFile(token.NewFileSet(), f.Path, f.Data, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, decl := range file.Decls {
			for _, name := range declaredNames(decl) {
				declared[name] = f.part
			}
		}
	}
	return declared, nil
}

// declaredNames returns the names that a declaration adds to its package.
func declaredNames(decl ast.Decl) []string {
	if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil {
		return []string{f.Name.Name}
	}
	var names []string
	if group, ok := decl.(*ast.GenDecl); ok {
		for _, spec := range group.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				names = append(names, spec.Name.Name)
			case *ast.ValueSpec:
				for _, name := range spec.Names {
					names = append(names, name.Name)
				}
			}
		}
	}
	return names
}
