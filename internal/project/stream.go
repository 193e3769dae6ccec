package project

import (
	"errors"
	"fmt"
	"go/ast"

	"github.com/fngen/fngen/internal/hint"
)

const streamingResponse = "APIGatewayProxyStreamingResponse"

// A mode is how a handler sends its response, as far as the source says.
type mode int

const (
	unknown mode = iota
	buffered
	streamed
)

// addStream finds out whether the function streams its response: from the
// result of the handler, or from the type or the call of package fn that a
// variable is initialized with. Anything else is left to the compiler, which
// reports a handler of another type than expected.
func (f *Function) addStream(files []*goFile) error {
	for _, file := range files {
		if file.name != f.Handler.File {
			continue
		}
		d := &declarations{file: file, files: files}
		m := d.named(f.Handler.Name)
		if d.err != nil {
			const advice = "see https://pkg.go.dev/github.com/aws/aws-lambda-go/events#" + streamingResponse
			return &DeclarationError{hint.With(d.err, advice)}
		}
		f.Stream = m == streamed
	}
	return nil
}

// A declarations looks up the declarations of a package.
type declarations struct {
	file  *goFile
	files []*goFile
	err   error // the first contradiction
	depth int   // of variables that refer to others, possibly to themselves
}

func (d *declarations) fail(at ast.Node, text string) mode {
	if d.err == nil {
		d.err = fmt.Errorf("%s:%d: %w", d.file.name, d.file.line(at), errors.New(text))
	}
	return unknown
}

// named returns the mode of a package-level function or variable.
func (d *declarations) named(name string) mode {
	if d.depth++; d.depth > 10 {
		return unknown
	}
	for _, file := range d.files {
		for _, declaration := range file.Decls {
			switch declared := declaration.(type) {
			case *ast.FuncDecl:
				if declared.Recv == nil && declared.Name.Name == name {
					return d.in(file, func() mode { return d.result(declared.Type) })
				}
			case *ast.GenDecl:
				for _, spec := range declared.Specs {
					if spec, ok := spec.(*ast.ValueSpec); ok {
						for i, ident := range spec.Names {
							if ident.Name == name {
								return d.in(file, func() mode { return d.variable(spec, i) })
							}
						}
					}
				}
			}
		}
	}
	return unknown
}

// in calls f for a declaration of another file.
func (d *declarations) in(file *goFile, f func() mode) mode {
	outer := d.file
	d.file = file
	defer func() { d.file = outer }()
	return f()
}

// variable returns the mode of a variable from its type and its value, which
// must not contradict each other.
func (d *declarations) variable(spec *ast.ValueSpec, i int) mode {
	declared, value := unknown, unknown
	switch t := spec.Type.(type) {
	case *ast.FuncType:
		declared = d.result(t)
	case nil:
	default:
		declared = handlerType(calleeName(t))
	}
	if len(spec.Values) == len(spec.Names) {
		value = d.value(spec.Values[i])
	}
	if declared != unknown && value != unknown && declared != value {
		return d.fail(spec, spec.Names[i].Name+" has a type and a value of which only one streams the response")
	}
	return max(declared, value)
}

// value returns the mode of an expression.
func (d *declarations) value(e ast.Expr) mode {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return d.value(e.X)
	case *ast.FuncLit:
		return d.result(e.Type)
	case *ast.Ident:
		return d.named(e.Name)
	case *ast.CallExpr:
		name := calleeName(e.Fun)
		m := handlerType(name)
		if len(e.Args) == 0 || m == unknown {
			return unknown
		}
		switch inner := d.value(e.Args[0]); {
		case m == buffered && inner == streamed:
			return d.fail(e, "the handler streams its response: want fn.ChainStream instead of fn."+name)
		case m == streamed && inner == buffered:
			return d.fail(e, "the handler does not stream its response: want fn.Chain instead of fn."+name)
		}
		return m
	}
	return unknown
}

// result returns the mode of a handler from the type of its first result.
func (d *declarations) result(t *ast.FuncType) mode {
	if t.Results == nil || len(t.Results.List) == 0 {
		return unknown
	}
	first := t.Results.List[0].Type
	pointer, isPointer := first.(*ast.StarExpr)
	if isPointer {
		first = pointer.X
	}
	switch name := calleeName(first); {
	case name == streamingResponse && isPointer:
		return streamed
	case name == streamingResponse, name == "LambdaFunctionURLStreamingResponse":
		return d.fail(t.Results, "a handler that streams its response returns *events."+streamingResponse)
	case name == "APIGatewayProxyResponse":
		return buffered
	}
	return unknown
}

// handlerType returns the mode of the types and functions of package fn.
func handlerType(name string) mode {
	switch name {
	case "StreamHandler", "ChainStream":
		return streamed
	case "Handler", "Chain":
		return buffered
	}
	return unknown
}
