package generator

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"golang.org/x/tools/imports"

	"github.com/fngen/fngen/templates"
)

const eventsPackage = "github.com/aws/aws-lambda-go/events"

// A fileTemplate is a file of a function: its template, and what its name has
// after the function's.
type fileTemplate struct{ template, suffix string }

// A page is what the templates print: all is decided before they run.
type page struct {
	Function, Package, Route string
	ContentType              string // quoted, of a binary answer
	HandlerImports           [][]string
	TestImports              [][]string
	ScenarioImports          string // the declaration
	Store                    string // where a scenario's records go
	Guards                   []guard
	Declarations, Setup      []string
	Context, Event           string // expressions, as every guard lets them pass
	RequestFields            []field
	Tests                    []string

	requestCall string
	lib         func(name string) string
}

// Request is the expression of the request that the tests send.
func (p *page) Request() string {
	if p.requestCall != "" {
		return p.requestCall
	}
	return p.literal()
}

// literal is a request with those fields instead of its own.
func (p *page) literal(instead ...field) string {
	var fields []string
	for _, f := range override(slices.Clone(p.RequestFields), instead) {
		fields = append(fields, f.Name+": "+f.Value)
	}
	return "fntest.Event{" + strings.Join(fields, ", ") + "}"
}

// Import is the quoted import path of a support package.
func (p *page) Import(lib string) string { return strconv.Quote(p.lib(lib)) }

// A rendered file of a function.
type rendered struct {
	path string // below the functions directory
	data []byte
}

// render prints the files of a function. lib is the import path of a support package, and database tells whether the
// project has one.
func render(spec Spec, module string, lib func(name string) string, database bool) ([]rendered, error) {
	features, variant := spec.features(lib), spec.variant()

	p := &page{
		Function:    spec.Name.String(),
		Package:     spec.Name.Package(),
		Route:       spec.Name.Route(),
		ContentType: strconv.Quote(spec.Binary),
		Context:     inContext(plainContext, features),
		RequestFields: []field{
			{"HTTPMethod", "http.MethodGet"},
			{"Path", strconv.Quote(spec.Name.Route())},
		},
		lib: lib,
	}
	files := []fileTemplate{{"handler.go.tmpl", ".go"}}
	if !spec.NoTests {
		files = append(files, fileTemplate{"test.go.tmpl", "_test.go"}, fileTemplate{"scenarios_test.go.tmpl", "_scenarios_test.go"})
	}
	handlerImports := append([]string{"context", "log/slog", eventsPackage, lib("fn")}, variant.handlerImports...)
	testImports := append([]string{"net/http", "testing", lib("fntest"), lib("scenario")}, variant.testImports...)
	declaration := "declaration_open.tmpl"
	scenarioImports := []string{lib("scenario")}
	p.Store = "scenario.None"
	if database {
		scenarioImports = append(scenarioImports, lib("dbtest"))
		p.Store = "dbtest.Tests"
	}
	p.ScenarioImports = declare(groups(module, scenarioImports))

	for _, f := range features {
		if f.guard != nil {
			p.Guards = append(p.Guards, *f.guard)
			declaration = "declaration_guarded.tmpl"
		}
		handlerImports = append(handlerImports, f.handlerImports...)
		testImports = append(testImports, f.testImports...)
		p.Setup = append(p.Setup, f.setup...)
		p.Declarations = append(p.Declarations, f.declarations...)
		p.RequestFields = override(p.RequestFields, f.request)
		if f.requestCall != "" {
			p.requestCall = f.requestCall
		}
		if f.file != nil && !spec.NoTests {
			files = append(files, *f.file)
		}
	}
	p.Event = "fntest.HTTPEvent(" + p.Request() + ")"
	for _, f := range features {
		if f.event != "" {
			p.Event = f.event
		}
	}
	p.HandlerImports = groups(module, handlerImports)
	p.TestImports = groups(module, testImports)

	before := plainContext
	for i, f := range features {
		after := func(ctx string) string { return inContext(ctx, features[i+1:]) }
		c := contexts{before, after}
		before = inContext(before, features[i:i+1])
		if f.tests == nil || spec.NoTests {
			continue
		}
		for _, test := range f.tests(p, c) {
			text, err := execute(test.template, nil, test.data)
			if err != nil {
				return nil, err
			}
			p.Tests = append(p.Tests, text)
		}
	}

	blocks := map[string]map[string]string{
		"handler.go.tmpl": {"declaration": declaration, "answer": variant.answer},
		"test.go.tmpl":    {"check": variant.check},
	}
	var out []rendered
	for _, file := range files {
		text, err := execute(file.template, blocks[file.template], p)
		if err != nil {
			return nil, err
		}
		name := spec.Name.file(file.suffix)
		data, err := format(name, file.template, text)
		if err != nil {
			return nil, err
		}
		out = append(out, rendered{name, data})
	}
	return out, nil
}

const plainContext = "fntest.Context(t)"

// inContext is the context in which the guards of those features let a request pass.
func inContext(ctx string, features []feature) string {
	for _, f := range features {
		if f.context != nil {
			ctx = f.context(ctx)
		}
	}
	return ctx
}

// override is the fields with those of more set, in the order of a reader:
// what was there keeps its place.
func override(fields, more []field) []field {
	for _, f := range more {
		i := slices.IndexFunc(fields, func(old field) bool { return old.Name == f.Name })
		if i < 0 {
			fields = append(fields, f)
			continue
		}
		fields[i] = f
	}
	return fields
}

// groups sorts imports, quoted, into the standard library's, other modules' and the
// module's own.
func groups(module string, paths []string) [][]string {
	var standard, other, own []string
	slices.Sort(paths)
	for _, p := range slices.Compact(paths) {
		quoted := strconv.Quote(p)
		first, _, _ := strings.Cut(p, "/")
		switch {
		case p == module || strings.HasPrefix(p, module+"/"):
			own = append(own, quoted)
		case !strings.Contains(first, "."):
			standard = append(standard, quoted)
		default:
			other = append(other, quoted)
		}
	}
	return slices.DeleteFunc([][]string{standard, other, own}, func(g []string) bool { return len(g) == 0 })
}

// declare is an import declaration, of one without parentheses.
func declare(groups [][]string) string {
	if len(groups) == 1 && len(groups[0]) == 1 {
		return "import " + groups[0][0]
	}
	blocks := make([]string, len(groups))
	for i, group := range groups {
		blocks[i] = strings.Join(group, "\n")
	}
	return "import (\n" + strings.Join(blocks, "\n\n") + "\n)"
}

// execute prints a template, whose blocks are other templates by name.
func execute(name string, blocks map[string]string, data any) (string, error) {
	t := template.New(name).Option("missingkey=error")
	if err := parse(t, name); err != nil {
		return "", err
	}
	for block, file := range blocks {
		if err := parse(t.New(block), file); err != nil {
			return "", err
		}
	}
	var text strings.Builder
	if err := t.Execute(&text, data); err != nil {
		return "", fmt.Errorf("template: %w", err)
	}
	return text.String(), nil
}

// parse gives a template the text of a file.
func parse(t *template.Template, file string) error {
	source, err := templates.Function.ReadFile(path.Join("function", file))
	if err != nil {
		return fmt.Errorf("template %s: %w", file, err)
	}
	if _, err := t.Parse(string(source)); err != nil {
		return fmt.Errorf("template: %w", err)
	}
	return nil
}

// format is the text as goimports leaves it. It only formats: a template names
// its imports itself, and what is missing is a mistake that must show.
func format(name, template, text string) ([]byte, error) {
	data, err := imports.Process(name, []byte(text), &imports.Options{
		FormatOnly: true, Comments: true, TabIndent: true, TabWidth: 8,
	})
	if err != nil {
		return nil, fmt.Errorf("template %s prints what is not Go: %w\n%s", template, err, numbered(text))
	}
	return data, nil
}

// numbered is the text with its lines numbered.
func numbered(text string) string {
	var b strings.Builder
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		fmt.Fprintf(&b, "%4d  %s\n", i+1, line)
	}
	return b.String()
}
