package project

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strings"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/hint"
)

const (
	lambdaEvents = "github.com/aws/aws-lambda-go/events"

	scheduleHint = `declare it as in const Schedule = "0 3 * * *"`
	queueHint    = `declare it as in const Queue = "orders"`
)

// addKind adds what calls the function, and its schedule or queue. The type of
// the handler says it, as far as it can be seen without types. If it cannot, the
// constants Schedule and Queue do; in an HTTP function, they have no meaning.
// Their names and that of the handler start with prefix.
func (p *Project) addKind(f *Function, prefix string, files []*goFile) error {
	file, signature, value := findHandler(prefix+"Handler", files)
	kind := p.handlerKind(file, signature, value)
	schedule, scheduleFile := findDeclaration(prefix+"Schedule", files)
	queue, queueFile := findDeclaration(prefix+"Queue", files)
	if kind == "" {
		switch {
		case schedule != nil && queue != nil:
			err := fmt.Errorf("%s: a function has a Schedule or a Queue, not both", queueFile.position(queue))
			return &DeclarationError{hint.With(err, "remove one of them")}
		case schedule != nil:
			kind = generator.KindSchedule
		case queue != nil:
			kind = generator.KindQueue
		default:
			kind = generator.KindHTTP
		}
	}
	f.Kind, f.Responds = kind, responds(kind, signature)

	var err error
	switch kind {
	case generator.KindSchedule:
		f.Schedule, err = p.constant(f, prefix+"Schedule", schedule, scheduleFile, files, scheduleHint)
		if err == nil {
			_, err = ParseSchedule(f.Schedule)
			err = declarationError(prefix+"Schedule", schedule, scheduleFile, err, scheduleHint)
		}
	case generator.KindQueue:
		f.Queue, err = p.constant(f, prefix+"Queue", queue, queueFile, files, queueHint)
		if err == nil {
			_, err = generator.ParseQueue(f.Queue)
			err = declarationError(prefix+"Queue", queue, queueFile, err, queueHint)
		}
	}
	if kind != generator.KindHTTP {
		f.Route = ""
	}
	return err
}

// constant returns the value of a string constant that a function must declare.
// value and file are what findDeclaration returned for its name.
func (p *Project) constant(
	f *Function, name string, value ast.Expr, file *goFile, files []*goFile, advice string,
) (string, error) {
	if value == nil {
		err := fmt.Errorf("%s:%d: %s needs the constant %s", f.Handler.File, f.Handler.Line, f.Handler.Name, name)
		return "", &DeclarationError{hint.With(err, advice)}
	}
	if f.Dir() == p.Functions { // a flat file, which shares its package with others
		var err error
		if files, err = p.packageFiles(p.Functions); err != nil {
			return "", err
		}
	}
	text, ok := constantString(value, files, 0)
	if !ok || file.constant(name) == nil {
		err := fmt.Errorf("%s: %s: want a constant string", file.position(value), name)
		return "", &DeclarationError{hint.With(err, advice)}
	}
	return text, nil
}

// declarationError returns a *DeclarationError about the value of a constant, or
// nil if err is nil. The hint is advice if err has none.
func declarationError(name string, value ast.Expr, file *goFile, err error, advice string) error {
	if err == nil {
		return nil
	}
	advice = cmp.Or(hint.Of(err), advice)
	return &DeclarationError{hint.Newf(advice, "%s: %s: %v", file.position(value), name, err)} // not a usage error
}

// findDeclaration returns the value of a package-level constant or variable, or
// its identifier if it has no value of its own, and the file that declares it.
func findDeclaration(name string, files []*goFile) (ast.Expr, *goFile) {
	for _, file := range files {
		if value, found := file.declared(name); found {
			return value, file
		}
	}
	return nil, nil
}

// findHandler returns the type of a handler, or its value if the source does not
// show its type, and the file that declares it.
func findHandler(name string, files []*goFile) (file *goFile, signature *ast.FuncType, value ast.Expr) {
	for _, file := range files {
		for _, declaration := range file.Decls {
			switch d := declaration.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil && d.Name.Name == name {
					return file, d.Type, nil
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					s, ok := spec.(*ast.ValueSpec)
					if !ok || d.Tok != token.VAR {
						continue
					}
					i := slices.IndexFunc(s.Names, func(n *ast.Ident) bool { return n.Name == name })
					if i < 0 {
						continue
					}
					if signature, ok := s.Type.(*ast.FuncType); ok {
						return file, signature, nil
					}
					if len(s.Values) != len(s.Names) {
						continue
					}
					if literal, ok := s.Values[i].(*ast.FuncLit); ok {
						return file, literal.Type, nil
					}
					return file, nil, s.Values[i]
				}
			}
		}
	}
	return nil, nil, nil
}

// handlerKind returns the kind of the events that a handler takes, or "" if the
// source does not show it.
func (p *Project) handlerKind(file *goFile, signature *ast.FuncType, value ast.Expr) generator.Kind {
	switch {
	case signature != nil:
		return p.eventKind(file, signature)
	case value != nil:
		return p.valueKind(file, value)
	}
	return ""
}

// responds reports whether a handler has a result besides its error. If the
// source does not show it, the handlers of batches have one.
func responds(kind generator.Kind, signature *ast.FuncType) bool {
	if signature != nil {
		return signature.Results.NumFields() == 2
	}
	batches := []generator.Kind{generator.KindQueue, generator.KindDynamoDB, generator.KindKinesis}
	return slices.Contains(batches, kind)
}

// eventKind returns the kind of the event that a function of the given type
// takes as its second parameter.
func (p *Project) eventKind(file *goFile, signature *ast.FuncType) generator.Kind {
	var types []ast.Expr
	for _, field := range signature.Params.List {
		for range max(len(field.Names), 1) {
			types = append(types, field.Type)
		}
	}
	if len(types) != 2 {
		return ""
	}
	imported, name := file.qualified(types[1])
	if strings.HasSuffix(imported, p.libSuffix("schedule")) && name == "Tick" {
		return generator.KindSchedule
	}
	if imported != lambdaEvents {
		return ""
	}
	return map[string]generator.Kind{
		"APIGatewayProxyRequest": generator.KindHTTP,
		"SQSEvent":               generator.KindQueue,
		"S3Event":                generator.KindS3,
		"SNSEvent":               generator.KindSNS,
		"EventBridgeEvent":       generator.KindEventBridge,
		"CloudWatchEvent":        generator.KindEventBridge,
		"DynamoDBEvent":          generator.KindDynamoDB,
		"KinesisEvent":           generator.KindKinesis,
	}[name]
}

// valueKind returns the kind of a handler that an expression returns.
func (p *Project) valueKind(file *goFile, value ast.Expr) (kind generator.Kind) {
	ast.Inspect(value, func(n ast.Node) bool {
		e, ok := n.(ast.Expr)
		if !ok || kind != "" {
			return kind == ""
		}
		switch imported, name := file.qualified(e); {
		case imported == "":
		case strings.HasSuffix(imported, p.libSuffix("fn")) && (name == "Chain" || name == "ChainStream"):
			kind = generator.KindHTTP
		case strings.HasSuffix(imported, p.libSuffix("queue")) && name == "Each":
			kind = generator.KindQueue
		case strings.HasSuffix(imported, p.libSuffix("stream")) && name == "DynamoDB":
			kind = generator.KindDynamoDB
		case strings.HasSuffix(imported, p.libSuffix("stream")) && name == "Kinesis":
			kind = generator.KindKinesis
		}
		return true
	})
	return kind
}

// libSuffix returns the end of a support package's import path.
func (p *Project) libSuffix(name string) string { return path.Join("/", p.Lib, name) }

// qualified returns the import path and the name that a qualified identifier
// refers to, or empty strings for any other expression.
func (file *goFile) qualified(e ast.Expr) (imported, name string) {
	selector, ok := e.(*ast.SelectorExpr)
	if !ok {
		return "", ""
	}
	pkg, ok := selector.X.(*ast.Ident)
	if !ok {
		return "", ""
	}
	for _, spec := range file.Imports {
		imported := stringLiteral(spec.Path)
		if spec.Name != nil && spec.Name.Name == pkg.Name || spec.Name == nil && path.Base(imported) == pkg.Name {
			return imported, selector.Sel.Name
		}
	}
	return "", ""
}

// position returns the position of a node in the form of the go command.
func (file *goFile) position(n ast.Node) string { return fmt.Sprintf("%s:%d", file.name, file.line(n)) }

// Event says what calls the function, such as "queue orders", or "" if that is
// HTTP.
func (f Function) Event() string {
	switch f.Kind {
	case generator.KindHTTP:
		return ""
	case generator.KindSchedule:
		return "schedule " + f.Schedule
	case generator.KindQueue:
		return "queue " + f.Queue
	}
	return string(f.Kind)
}
