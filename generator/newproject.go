package generator

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"text/template"

	"golang.org/x/mod/module"

	"github.com/fngen/fngen/templates"
)

// A NewProject describes a project to create.
type NewProject struct {
	Module   string // the module path
	Function Name   // the first function
	Database bool   // add package db
	Agents   bool   // describe the project for coding agents, in AGENTS.md
	Port     int    // where the development server serves the functions
	Pipeline *File  // of continuous delivery, or nil
}

// newData is what the templates of a new project's files are executed with.
type newData struct {
	Name            string // last element of the module path
	Functions, Lib  string // directories of the functions and of the support packages
	Migrations      string // directory of the migrations
	Function, Route string
	Port            int
	Database        bool
	Pipeline        string // path of its file, or ""
}

// CheckModule returns a *[ValueError] if a project cannot have the module path.
func CheckModule(modulePath string) error {
	check := module.CheckImportPath
	if first, _, _ := strings.Cut(modulePath, "/"); strings.Contains(first, ".") {
		check = module.CheckPath // of a module that others can require
	}
	err := check(modulePath)
	if err == nil && !slices.Contains([]string{"cmd", "internal", "std", "testdata", "vendor"}, path.Base(modulePath)) {
		return nil
	}
	invalid := &ValueError{Reason: fmt.Sprintf("%q is not a valid module path", modulePath)}
	if err == nil {
		invalid.Reason = fmt.Sprintf("the go command treats modules named %s specially", path.Base(modulePath))
	}
	words := strings.FieldsFunc(ascii(strings.ToLower(path.Base(modulePath))), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
	if suggestion := path.Join(path.Dir(modulePath), strings.Join(words, "-")); suggestion != modulePath && CheckModule(suggestion) == nil {
		invalid.Suggestion = suggestion
	}
	return invalid
}

// newGo is the go directive of new projects: the least with which all support
// packages and the modules that they import compile, so that none of them needs
// a newer one later.
const newGo = "1.25.0"

// New returns the plan that writes the files of a new project. Of p it uses the
// version, the directories and the workspace.
func New(spec NewProject, p Project) (Plan, error) {
	own, err := spec.render(p)
	if err != nil {
		return Plan{}, err
	}
	p.GoMod = []byte("module " + spec.Module + "\n\ngo " + newGo + "\n")
	if spec.Pipeline != nil {
		own = append(own, *spec.Pipeline)
	}
	plan := Plan{Files: own}
	add := func(next Plan, err error) error {
		if err == nil {
			p = p.after(next)
			plan = plan.join(next)
		}
		return err
	}
	// The database comes first, because the function's scenarios use it.
	if spec.Database {
		if err := add(Add([]string{"db"}, p, false)); err != nil {
			return Plan{}, err
		}
	}
	if err := add(Function(Spec{Name: spec.Function}, p, false)); err != nil {
		return Plan{}, err
	}
	for i := range plan.Files {
		plan.Files[i].Action = Create
	}
	return plan, nil
}

// render executes the templates of a project's files.
func (spec NewProject) render(p Project) ([]File, error) {
	data := newData{
		Name: path.Base(spec.Module), Functions: p.Functions, Lib: p.Lib, Migrations: PackageDir(p.Lib, Migrations),
		Function: spec.Function.String(), Route: spec.Function.Route(), Port: spec.Port, Database: spec.Database,
	}
	if spec.Pipeline != nil {
		data.Pipeline = spec.Pipeline.Path
	}
	parsed, err := template.New("new").Option("missingkey=error").ParseFS(templates.New, "new/*.tmpl")
	if err != nil {
		return nil, err
	}
	entries, err := fs.ReadDir(templates.New, "new")
	if err != nil {
		return nil, err
	}
	var files []File
	for _, entry := range entries {
		name := strings.TrimSuffix(entry.Name(), ".tmpl")
		if name == "gitignore" || name == "env.example" { // go:embed leaves out names that start with a dot
			name = "." + name
		}
		if name == "AGENTS.md" && !spec.Agents {
			continue
		}
		var text bytes.Buffer
		if err := parsed.ExecuteTemplate(&text, entry.Name(), data); err != nil {
			return nil, err
		}
		files = append(files, File{Path: name, Data: text.Bytes()})
	}
	return files, nil
}

// after returns the project as it is once a plan that adds packages is applied.
func (p Project) after(plan Plan) Project {
	packages := map[string]map[string][]byte{}
	for _, f := range plan.Files {
		switch dir := path.Dir(f.Path); {
		case f.Path == "go.mod":
			p.GoMod = f.Data
		case f.Path == "go.sum":
			p.GoSum = f.Data
		case f.Path == SumFile:
			p.FngenSum = f.Data
		case f.Path == attributesFile:
			p.GitAttributes = f.Data
		case dir == PackageDir(p.Lib, Migrations), path.Dir(dir) == p.Lib:
			name := path.Base(dir)
			if path.Dir(dir) != p.Lib {
				name = Migrations
			}
			if packages[name] == nil {
				packages[name] = map[string][]byte{}
			}
			packages[name][path.Base(f.Path)] = f.Data
		}
	}
	p.Packages = packages
	return p
}

// join returns the plan that does what p and then next do.
func (p Plan) join(next Plan) Plan {
	files := slices.Clone(p.Files)
	for _, f := range next.Written() {
		i := slices.IndexFunc(files, func(earlier File) bool { return earlier.Path == f.Path })
		if i < 0 {
			files = append(files, f)
		} else {
			files[i].Data = f.Data
		}
	}
	notes := slices.Clone(p.Notes)
	for _, n := range next.Notes {
		if !slices.Contains(notes, n) {
			notes = append(notes, n)
		}
	}
	return Plan{Files: files, Notes: notes}
}
