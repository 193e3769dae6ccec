package project

import (
	"go/ast"
	"path"
	"reflect"
	"slices"

	"golang.org/x/mod/modfile"
)

// A Contract describes what clients of a function need to know, as far as the
// source says it.
type Contract struct {
	Input   *Input   // nil if the function decodes no JSON body
	Webhook *Webhook // nil if it does not verify signatures

	Auth      bool // it requires a signed-in user,
	Roles     bool // who has one of the roles that it lists
	AllowIP   bool // it allows only some client IP addresses
	RateLimit bool // it limits requests per client IP address

	Binary string // media type of a binary or streamed response, "" for JSON
}

// Contract returns what the source of a function says about it. It ignores files
// that cannot be parsed.
func (p *Project) Contract(f Function) (Contract, error) {
	goMod, err := p.read("go.mod")
	if err != nil {
		return Contract{}, err
	}
	lib := path.Join(modfile.ModulePath(goMod), p.Lib)
	files, err := p.packageFiles(f.Dir())
	if err != nil {
		return Contract{}, err
	}
	var contract Contract
	var decoded []typeExpr
	reader := typeReader{types: map[string]typeSpec{}}
	for _, file := range files {
		reader.addFile(file.File)
		if slices.Contains(f.Files, file.name) { // a flat file shares its package with other functions
			contract.addCalls(file.File, lib)
			if contract.Webhook == nil {
				contract.Webhook = findWebhook(file.File, path.Join(lib, "webhooks"))
			}
			decoded = append(decoded, decodedTypes(file.File, importName(file.File, path.Join(lib, "fn")))...)
		}
	}
	for _, expr := range decoded {
		t := reader.resolve(expr, 0)
		if !slices.ContainsFunc(reader.input.Types, func(other Type) bool { return reflect.DeepEqual(t, other) }) {
			reader.input.Types = append(reader.input.Types, t)
		}
	}
	if decoded != nil {
		contract.Input = &reader.input
	}
	return contract, nil
}

// addCalls records the guards that a file calls, and its binary response. lib is
// the import path of the support packages.
func (c *Contract) addCalls(file *ast.File, lib string) {
	names := map[string]string{}
	for _, pkg := range []string{"auth", "fn", "ipallow", "ratelimit"} {
		names[pkg] = importName(file, path.Join(lib, pkg))
	}
	calls := func(call *ast.CallExpr, pkg, name string) bool {
		return names[pkg] != "" && selected(call.Fun, names[pkg]) == name
	}
	ast.Inspect(file, func(node ast.Node) bool {
		call, ok := node.(*ast.CallExpr)
		switch {
		case !ok:
		case calls(call, "auth", "Require"):
			c.Auth, c.Roles = true, c.Roles || len(call.Args) > 0
		case calls(call, "auth", "RequireAuth"): // its first argument is the context
			c.Auth, c.Roles = true, c.Roles || len(call.Args) > 1
		case calls(call, "ipallow", "Require"):
			c.AllowIP = true
		case calls(call, "ratelimit", "Require"):
			c.RateLimit = true
		case (calls(call, "fn", "Binary") || calls(call, "fn", "Stream")) && len(call.Args) > 0:
			c.Binary = stringLiteral(call.Args[0])
		}
		return true
	})
}
