package generator

import (
	"bytes"
	"path"
	"slices"
	"strings"
)

// A Project is what a plan has to know of the project it is for. Paths are
// relative to the project's root and have forward slashes.
type Project struct {
	Version   string // of fngen, as it stands in what it writes
	Functions string // the functions directory
	Lib       string // the directory of the support packages

	GoMod    []byte // go.mod
	GoSum    []byte // go.sum, nil where there is none
	FngenSum []byte // fngen.sum, nil where there is none

	// Entries are the names in the functions directory.
	Entries []string

	// Files are the contents of the function's own files that exist, and of an
	// IndexFile beside them, by path.
	Files map[string][]byte

	// Packages are the support packages that stand, with the files of each by name.
	Packages map[string]map[string][]byte

	// VendorModules is vendor/modules.txt, nil where nothing is vendored.
	VendorModules []byte

	// Workspace is the go.work that the project is under, nil where there is none.
	Workspace *Workspace
}

// A Workspace is a go.work above a project.
type Workspace struct {
	Uses   bool // it uses the project's module
	Vendor bool // it has a vendor folder, whose modules.txt is VendorModules
}

// An Action is what happens to a file.
type Action string

// The actions.
const (
	Create    Action = "create"
	Overwrite Action = "overwrite"
	Unchanged Action = "unchanged" // it has these contents already
	Keep      Action = "keep"      // it belongs to a support package that stands already
	Modify    Action = "modify"    // go.mod, go.sum and fngen.sum
	Remove    Action = "remove"
)

// An Owner is who changes a file from now on.
type Owner int

// The owners.
const (
	User  Owner = iota // edits it; fngen never touches it again unasked
	Fngen              // the file says so in its first line, and fngen add --update renews it
)

// A File is a file of a plan.
type File struct {
	Path   string // relative to the project's root, with forward slashes
	Action Action
	Owner  Owner
	Data   []byte // the new contents, of Create, Overwrite and Modify
}

// A Note is something that the user should know of a plan, and what to do about it.
type Note struct{ Text, Hint string }

// A Plan is what is to happen, file by file, in the order in which it must
// happen: what others need comes first.
type Plan struct {
	Files []File
	Notes []Note
}

// Written are the files that a plan changes or removes.
func (p Plan) Written() []File {
	return slices.DeleteFunc(slices.Clone(p.Files), func(f File) bool {
		return f.Action == Keep || f.Action == Unchanged
	})
}

// Function plans a function. With force it overwrites files that stand in the
// way, else they are a *ConflictError. Other errors: *TwinError, *GoVersionError, *SumError.
func Function(spec Spec, p Project, force bool) (Plan, error) {
	if err := p.collision(spec.Name); err != nil {
		return Plan{}, err
	}
	module, err := parseGoMod(p.GoMod)
	if err != nil {
		return Plan{}, err
	}
	lib := func(name string) string { return path.Join(module.path(), p.Lib, name) }
	files, err := render(spec, module.path(), lib, p.hasDatabase())
	if err != nil {
		return Plan{}, err
	}

	var own []File
	var conflicts, needed []string
	for _, file := range files {
		f := File{Path: path.Join(p.Functions, file.path), Action: Create, Owner: User, Data: file.data}
		if standing, ok := p.Files[f.Path]; ok {
			conflicts = append(conflicts, f.Path)
			f.Action = Overwrite
			if bytes.Equal(standing, f.Data) {
				f.Action = Unchanged
			}
		}
		own = append(own, f)
		needed = append(needed, importsOf(file.data)...)
	}
	if len(conflicts) > 0 && !force {
		return Plan{}, &ConflictError{Paths: conflicts}
	}
	return p.plan(module, needed, own, false)
}

// Add plans support packages, and those that they import. With update it renews the ones that
// stand, save files that belong to the project; a package of which a file was
// edited is left alone, and the plan's notes say so. Names that are not of [Packages] are a *ValueError.
func Add(names []string, p Project, update bool) (Plan, error) {
	module, err := parseGoMod(p.GoMod)
	if err != nil {
		return Plan{}, err
	}
	var needed []string
	for _, name := range names {
		if err := CheckPackage(name); err != nil {
			return Plan{}, err
		}
		needed = append(needed, path.Join(module.path(), p.Lib, name))
	}
	return p.plan(module, needed, nil, update)
}

// plan is the plan of the function's own files and of the support packages
// among the imports, in the order in which they have to reach the disk:
// whenever it stops, what is there compiles.
func (p Project) plan(module *goMod, imports []string, own []File, update bool) (Plan, error) {
	sums, err := parseSums(p.FngenSum)
	if err != nil {
		return Plan{}, err
	}
	support, err := p.support(module.path(), imports)
	if err != nil {
		return Plan{}, err
	}

	var plan Plan
	var thirdParty []string
	for _, pkg := range support {
		files, note := pkg.plan(p, sums, update)
		plan.Files = append(plan.Files, files...)
		if note != nil {
			plan.Notes = append(plan.Notes, *note)
		}
		thirdParty = append(thirdParty, pkg.imports...)
	}
	for _, path := range imports {
		if !strings.HasPrefix(path, module.path()+"/") {
			thirdParty = append(thirdParty, path)
		}
	}

	if err := module.require(thirdParty); err != nil {
		return Plan{}, err
	}
	goSum := addGoSums(p.GoSum, module.added)
	for _, f := range slices.Concat(plan.Files, own) {
		switch f.Action {
		case Create, Overwrite, Unchanged:
			sums.set(f.Path, p.Version, f.Data)
		case Remove:
			sums.remove(f.Path)
		}
	}
	goModData, err := module.format()
	if err != nil {
		return Plan{}, err
	}
	// go.mod first: a package whose imports it does not require would not compile.
	var before []File
	for _, f := range []struct {
		path     string
		old, new []byte
		files    *[]File
	}{
		{"go.sum", p.GoSum, goSum, &before},
		{"go.mod", p.GoMod, goModData, &before},
		{SumFile, p.FngenSum, sums.format(), &plan.Files},
	} {
		if bytes.Equal(f.old, f.new) {
			continue
		}
		action := Modify
		if f.old == nil {
			action = Create
		}
		*f.files = append(*f.files, File{Path: f.path, Action: action, Data: f.new})
	}
	plan.Files = append(before, plan.Files...)
	plan.Files = append(plan.Files, own...)
	plan.Notes = append(plan.Notes, p.surroundings(module, thirdParty)...)
	return plan, nil
}

// Destroy plans the removal of what was generated for a function: its own
// files, and their records. Where one was edited since, or has no record, that is
// an *EditedError, unless force is set. A function without files is a *MissingError.
func Destroy(name string, p Project, force bool) (Plan, error) {
	sums, err := parseSums(p.FngenSum)
	if err != nil {
		return Plan{}, err
	}
	var plan Plan
	var edited []string
	for _, file := range OwnFiles(name) {
		file = path.Join(p.Functions, file)
		data, ok := p.Files[file]
		if !ok {
			sums.remove(file)
			continue
		}
		if !sums.matches(file, data) {
			edited = append(edited, file)
		}
		sums.remove(file)
		plan.Files = append(plan.Files, File{Path: file, Action: Remove})
	}
	switch {
	case len(plan.Files) == 0:
		functions := slices.DeleteFunc(slices.Clone(p.Entries), func(entry string) bool { return strings.Contains(entry, ".") })
		return Plan{}, &MissingError{Name: name, Nearest: Nearest(name, functions)}
	case len(edited) > 0 && !force:
		return Plan{}, &EditedError{Paths: edited}
	}
	if data := sums.format(); !bytes.Equal(data, p.FngenSum) {
		plan.Files = append(plan.Files, File{Path: SumFile, Action: Modify, Data: data})
	}
	return plan, nil
}

// OwnFiles are the files that a function of that name can have of fngen's,
// below the functions directory.
func OwnFiles(name string) []string {
	files := []string{}
	for _, suffix := range []string{".go", "_fixtures_test.go", "_scenarios_test.go", "_test.go"} {
		files = append(files, path.Join(name, name+suffix))
	}
	return files
}

// IndexFile is another name that the handler's file may have.
const IndexFile = "index.go"

// collision looks for functions that the name cannot stand beside.
func (p Project) collision(name Name) error {
	index := path.Join(p.Functions, name.String(), IndexFile)
	if _, ok := p.Files[index]; ok && name.String() != "index" {
		return &TwinError{Name: name.String(), Twin: index, Flat: true}
	}
	for _, entry := range p.Entries {
		flat := strings.EqualFold(entry, name.String()+".go")
		if flat || entry != name.String() && strings.EqualFold(entry, name.String()) {
			return &TwinError{Name: name.String(), Twin: path.Join(p.Functions, entry), Flat: flat}
		}
	}
	return nil
}

// surroundings notes what around the project keeps the go command from
// building what is planned.
func (p Project) surroundings(module *goMod, imports []string) []Note {
	var notes []Note
	if p.Workspace != nil && !p.Workspace.Uses {
		notes = append(notes, Note{"the go.work above does not use this module, so the go command does not find it", "go work use ."})
	}
	if p.VendorModules != nil && (len(module.added) > 0 || !vendored(p.VendorModules, imports)) {
		hint := "go mod vendor"
		if p.Workspace != nil && p.Workspace.Vendor {
			hint = "go work vendor"
		}
		notes = append(notes, Note{"the vendor folder lacks what go.mod requires now", hint})
	}
	for _, dir := range []string{p.Functions, p.Lib} {
		if ignored := module.ignores(dir); ignored != "" {
			notes = append(notes, Note{"go.mod ignores " + ignored + ", so ./... leaves out " + dir, "remove the ignore directive, or name the packages"})
		}
	}
	return notes
}

// vendored tells whether vendor/modules.txt lists each of the packages.
func vendored(modules []byte, packages []string) bool {
	lines := strings.Split(strings.ReplaceAll(string(modules), "\r\n", "\n"), "\n")
	for _, p := range packages {
		if isThirdParty(p) && !slices.Contains(lines, p) {
			return false
		}
	}
	return true
}
