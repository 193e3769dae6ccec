package generator

import (
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"text/template/parse"

	"golang.org/x/mod/module"

	"github.com/fngen/fngen/templates"
)

// MaxTemplate is the size limit, in bytes, of a project's own template and of
// what a template prints.
const MaxTemplate = 1 << 20

// TemplatesDir returns the directory of a project's own templates, relative to
// the project's root. It is next to the parent of functions, the directory of the
// functions: api/generators/function for api/src/functions.
func TemplatesDir(functions string) string {
	return path.Join(grandparent(functions), "generators/function")
}

// IsTemplate reports whether a file of that name in [TemplatesDir] is a template.
// Names that start with a dot are those of editors and of systems.
func IsTemplate(name string) bool {
	return strings.HasSuffix(name, templateExt) && !strings.HasPrefix(name, ".")
}

const (
	templateExt = ".tmpl"

	// placeholder stands for the function's name in the name of a template.
	placeholder = "NAME"

	// builtinPrefix starts the names by which own templates execute fngen's.
	builtinPrefix = "fngen/"
)

// versionLine returns the first line of a project's own template. It says which
// version of [TemplateData] the template was written for.
func versionLine(version int) string {
	return fmt.Sprintf("{{- /* fngen templates, version %d */ -}}\n", version)
}

// builtinTemplates returns fngen's templates of a function's files by name.
func builtinTemplates() (map[string]string, error) {
	entries, err := fs.ReadDir(templates.Function, "function")
	if err != nil {
		return nil, err
	}
	texts := map[string]string{}
	for _, entry := range entries {
		text, err := templates.Function.ReadFile("function/" + entry.Name())
		if err != nil {
			return nil, err
		}
		texts[entry.Name()] = string(text)
	}
	return texts, nil
}

// normalize returns the text of a project's own template without a byte order
// mark, and with the line endings that fngen writes.
func normalize(text []byte) string {
	return strings.ReplaceAll(strings.TrimPrefix(string(text), "\ufeff"), "\r\n", "\n")
}

// extraFiles returns the files that a function whose name ends with base has
// because the project has templates for them, such as README.md.tmpl. The error is
// a *[TemplateError] if it cannot have one of the files.
func (p Project) extraFiles(base string) ([]functionFile, error) {
	files := functionFiles()
	own := len(files)
	for _, name := range slices.Sorted(maps.Keys(p.Templates)) {
		isOwn := func(f functionFile) bool { return f.template == name }
		if !printsFile(name) || slices.ContainsFunc(files[:own], isOwn) {
			continue
		}
		file := functionFile{template: name, test: strings.HasSuffix(name, "_test.go"+templateExt), extra: true}
		invalid := &TemplateError{Path: path.Join(TemplatesDir(p.Functions), name)}
		if !isFileName(file.name(base)) {
			invalid.Reason = fmt.Sprintf("a function cannot have a file named %q", file.name(base))
			invalid.hint = "use letters, digits, dots, dashes and underscores, as in NAME.http.tmpl"
			return nil, invalid
		}
		same := func(other functionFile) bool { return strings.EqualFold(file.name(base), other.name(base)) }
		if i := slices.IndexFunc(files, same); i >= 0 {
			invalid.Reason = fmt.Sprintf("it would write the same file as %s", files[i].template)
			invalid.hint = "delete one of the two, or choose another name"
			return nil, invalid
		}
		files = append(files, file)
	}
	return files[own:], nil
}

// isFileName reports whether every system allows a file of that name, and
// fngen.sum, whose fields are separated by spaces.
func isFileName(name string) bool {
	return module.CheckFilePath(name) == nil && !strings.ContainsAny(name, `/\ `)
}

// A templateSet has the templates of a function's files: the project's own, and
// fngen's in place of those that the project does not have.
type templateSet struct {
	files  map[string]*template.Template // by file name
	shared *template.Template            // what all files can execute
	owners map[string]string             // the file that defines each template of shared
}

// newTemplateSet parses the templates of a project that has some of its own. The
// error is a *[TemplateError] if one of them is invalid.
func (p Project) newTemplateSet() (*templateSet, error) {
	builtin, err := builtinTemplates()
	if err != nil {
		return nil, err
	}
	s := &templateSet{
		files:  map[string]*template.Template{},
		shared: newTemplate("shared"),
		owners: map[string]string{},
	}
	for _, name := range slices.Sorted(maps.Keys(builtin)) {
		_, replaced := p.Templates[name]
		if err := s.addBuiltin(name, builtin[name], replaced); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Templates)) {
		_, replaces := builtin[name]
		if err := s.addOwn(path.Join(TemplatesDir(p.Functions), name), name, p.Templates[name], replaces); err != nil {
			return nil, err
		}
	}
	return s, s.checkFiles()
}

// printsFile reports whether what a template prints is a file of the function.
// Other templates contain blocks. Go files have names with the placeholder, so
// that a misspelled handler.go.tmpl is not one more file.
func printsFile(name string) bool {
	extension := path.Ext(strings.TrimSuffix(name, templateExt))
	return strings.Contains(name, placeholder) || extension != "" && extension != ".go" ||
		slices.ContainsFunc(functionFiles(), func(f functionFile) bool { return f.template == name })
}

// addBuiltin adds a template of fngen's. A template of the project's own that
// replaces one that prints a file can execute it.
func (s *templateSet) addBuiltin(name, text string, replaced bool) error {
	if replaced && !printsFile(name) {
		return nil
	}
	parsed, err := newTemplate(builtinPrefix + name).Parse(text)
	if err != nil {
		return err
	}
	if printsFile(name) && !replaced {
		s.files[name] = parsed
	}
	return s.share(parsed)
}

// addOwn adds a template of the project's own.
func (s *templateSet) addOwn(label, name string, data []byte, replaces bool) error {
	text := normalize(data)
	if err := checkVersion(label, text); err != nil {
		return err
	}
	parsed, err := newTemplate(label).Parse(text)
	switch {
	case err != nil:
		return newTemplateError(err)
	case printsFile(name):
		s.files[name] = parsed
		return nil
	case !replaces && parsed.Tree != nil && !parse.IsEmptyTree(parsed.Root):
		return &TemplateError{
			Path:   label,
			Line:   line(parsed.Tree, firstOutput(parsed.Root)),
			Reason: "the text outside of {{define}} is not part of any file",
			hint: "name the template NAME.EXT.tmpl, README.md.tmpl, or like one of fngen's: " +
				"fngen setup generator --dry-run lists them",
		}
	}
	return s.share(parsed)
}

// checkFiles returns a *[TemplateError] if a file defines a template that is also
// one of those that all share.
func (s *templateSet) checkFiles() error {
	for _, name := range slices.Sorted(maps.Keys(s.files)) {
		for _, t := range s.files[name].Templates() {
			if owner := s.owners[t.Name()]; owner != "" && owner != s.files[name].Name() {
				return duplicate(t, owner)
			}
		}
	}
	return nil
}

func newTemplate(name string) *template.Template {
	return template.New(name).Option("missingkey=error")
}

// share adds the templates of a parsed file to those that all files can execute.
func (s *templateSet) share(parsed *template.Template) error {
	for _, t := range parsed.Templates() {
		if owner := s.owners[t.Name()]; owner != "" {
			return duplicate(t, owner)
		}
		s.owners[t.Name()] = parsed.Name()
		if _, err := s.shared.AddParseTree(t.Name(), t.Tree); err != nil {
			return err
		}
	}
	return nil
}

// duplicate returns the error for a template that another file defines.
func duplicate(t *template.Template, owner string) error {
	return &TemplateError{
		Path:   t.ParseName,
		Line:   line(t.Tree, t.Root),
		Reason: fmt.Sprintf("%s defines a template named %q too", owner, t.Name()),
		hint:   "choose another name; to change a template of fngen's, edit the file that defines it",
	}
}

// line returns the line of a node.
func line(tree *parse.Tree, node parse.Node) int {
	location, _ := tree.ErrorContext(node)
	fields := strings.Split(strings.TrimPrefix(location, tree.ParseName+":"), ":")
	number, err := strconv.Atoi(fields[0])
	if err != nil {
		return 0
	}
	return number
}

// firstOutput returns the first node that is more than white space.
func firstOutput(list *parse.ListNode) parse.Node {
	for _, node := range list.Nodes {
		if !parse.IsEmptyTree(node) {
			return node
		}
	}
	return list
}

// checkVersion returns a *[TemplateError] if a template was not written for
// this version of [TemplateData].
func checkVersion(label, text string) error {
	e := &TemplateError{Path: label, Line: 1}
	first, _, _ := strings.Cut(text, "\n")
	match := regexp.MustCompile(`^\{\{-? ?/\* fngen templates, version (\d+) \*/ ?-?\}\}`).FindStringSubmatch(first)
	if match == nil {
		e.Reason = "the first line does not say which version of the data the template is for"
		e.hint = "start the file with " + strings.TrimSpace(versionLine(TemplateVersion))
		return e
	}
	version, err := strconv.Atoi(match[1])
	switch {
	case err == nil && version == TemplateVersion:
		return nil
	case err == nil && version < TemplateVersion:
		e.hint = fmt.Sprintf("adapt the template to what fngen setup generator --check shows, then set version %d",
			TemplateVersion)
	default:
		e.hint = "go install github.com/fngen/fngen/cmd/fngen@latest"
	}
	e.Reason = fmt.Sprintf("the template is for version %s of the data, and this fngen has version %d",
		match[1], TemplateVersion)
	return e
}

var errOutputTooLarge = fmt.Errorf("the output is larger than %d bytes", MaxTemplate)

// A limitedText is the output of a template.
type limitedText struct{ strings.Builder }

func (t *limitedText) Write(p []byte) (int, error) {
	if t.Len()+len(p) > MaxTemplate {
		return 0, errOutputTooLarge
	}
	return t.Builder.Write(p)
}

// render executes the template of a file. The result is empty if the template
// prints nothing but white space.
func (s *templateSet) render(name string, data TemplateData) ([]byte, error) {
	file := s.files[name]
	label := file.Name()
	set, err := s.shared.Clone()
	if err != nil {
		return nil, err
	}
	for _, t := range file.Templates() {
		if _, err := set.AddParseTree(t.Name(), t.Tree); err != nil {
			return nil, err
		}
	}
	var text limitedText
	switch err := set.ExecuteTemplate(&text, label, data); {
	case errors.Is(err, errOutputTooLarge):
		return nil, &TemplateError{Path: label, Reason: err.Error(), hint: "print less"}
	case err != nil:
		return nil, newTemplateError(err)
	case strings.TrimSpace(text.String()) == "":
		return nil, nil
	case !strings.HasSuffix(name, ".go"+templateExt):
		return []byte(text.String()), nil
	}
	formatted, err := format(label, text.String())
	if err != nil {
		return nil, err
	}
	return formatted, checkPackageName(label, name, formatted, data.Package)
}

// checkPackageName returns a *[TemplateError] if a Go file is not one of the
// function's package or, for a test, of its external test package.
func checkPackageName(label, name string, source []byte, want string) error {
	file, err := parser.ParseFile(token.NewFileSet(), "", source, parser.PackageClauseOnly)
	if err != nil {
		return err
	}
	have := file.Name.Name
	if strings.HasSuffix(name, "test.go"+templateExt) {
		have = strings.TrimSuffix(have, "_test")
	}
	if have == want {
		return nil
	}
	return &TemplateError{
		Path:   label,
		Reason: fmt.Sprintf("the output is of package %s, want %s", file.Name.Name, want),
		hint:   "start the Go file with package {{.Package}}",
	}
}
