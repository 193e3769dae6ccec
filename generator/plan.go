package generator

import (
	"bytes"
	"cmp"
	"path"
	"slices"
	"strings"

	"golang.org/x/mod/semver"
)

// A Project describes the state of a project that plans depend on. Paths are
// relative to the project's root and have forward slashes.
type Project struct {
	Version   string // of fngen, which generated files mention
	Functions string // directory of the functions
	Lib       string // directory of the support packages

	// Contents of files, nil for those that do not exist.
	GoMod    []byte
	GoSum    []byte
	FngenSum []byte

	GitAttributes []byte // .gitattributes

	// Modules are the go.mod files of required modules, as far as the module cache
	// has them.
	Modules [][]byte

	// Entries are the names in the functions directory. Those of directories that
	// are [Related] to the function are followed by the paths in them, two levels
	// deep: slack, slack/events, slack/events/events.go.
	Entries []string

	// Files are the contents of the function's existing files, of those that
	// FunctionFiles lists and of IndexFile, by path.
	Files map[string][]byte

	// Packages are the contents of existing support packages, by package and
	// file name.
	Packages map[string]map[string][]byte

	// Templates are the project's own templates, those in [TemplatesDir], by name.
	Templates map[string][]byte

	// VendorModules is vendor/modules.txt, or nil if the project vendors
	// nothing.
	VendorModules []byte

	// Workspace describes the go.work file that applies, or is nil without one.
	Workspace *Workspace
}

// A Workspace describes a go.work file.
type Workspace struct {
	Uses   bool // it has a use directive for the project's module
	Vendor bool // it has a vendor directory; VendorModules is from there
}

// An Action is what a plan does with a file.
type Action string

// The actions.
const (
	Create    Action = "create"
	Overwrite Action = "overwrite"
	Unchanged Action = "unchanged" // the file has these contents already
	Keep      Action = "keep"      // the file exists in a support package
	Modify    Action = "modify"    // go.mod, go.sum, fngen.sum or .gitattributes
	Remove    Action = "remove"
)

// An Owner is who edits a file from now on.
type Owner int

// The owners.
const (
	User  Owner = iota // fngen changes the file only if the user asks for it
	Fngen              // the file says so at its top, and fngen add --update updates it
)

// A File is a file of a plan.
type File struct {
	Path   string // relative to the project's root, with forward slashes
	Action Action
	Owner  Owner
	Data   []byte // the new contents, if Action is Create, Overwrite or Modify
}

// A Note tells the user something about a plan, and what to do about it.
type Note struct{ Text, Hint string }

// A Plan lists what happens to files, in an order in which the project compiles
// after each step: a file comes after the files that it depends on.
type Plan struct {
	Files []File
	Notes []Note
}

// Written returns the files that a plan writes or removes.
func (p Plan) Written() []File {
	return slices.DeleteFunc(slices.Clone(p.Files), func(f File) bool {
		return f.Action == Keep || f.Action == Unchanged
	})
}

// Creates reports whether the plan creates a file below the directory dir.
func (p Plan) Creates(dir string) bool {
	return slices.ContainsFunc(p.Files, func(f File) bool {
		return f.Action == Create && strings.HasPrefix(f.Path, dir+"/")
	})
}

// PrivateFiles returns the files that a project must keep out of git because of
// the support packages that the plan creates in the directory lib: those with
// secrets, and the default database.
func (p Plan) PrivateFiles(lib string) []string {
	creates := func(pkg string) bool { return p.Creates(PackageDir(lib, pkg)) }
	var names []string
	if creates("auth") || creates("db") || creates("webhooks") {
		names = append(names, ".env")
	}
	if creates("db") {
		names = append(names, "dev.db")
	}
	return names
}

// Function returns the plan that writes a function.
//
// Existing files of the function are a *[ConflictError] unless force is set,
// which overwrites them. Files that fngen wrote for an earlier version of the
// function, and that this version does not have, are removed with force if
// nobody edited them; edited ones are a *[LeftoverError]. Other errors are
// *[TwinError], *[GroupError], *[CollisionError], *[GoVersionError],
// *[RequireError], *[OwnPackageError], *[OutdatedError], *[NewerError],
// *[ModError] and *[SumError], and for a project with templates of its own
// *[TemplateError] and *[OutputError].
func Function(spec Spec, p Project, force bool) (Plan, error) {
	for _, check := range []func(Name) error{p.checkGroup, p.checkTwins, p.checkCollisions} {
		if err := check(spec.Name); err != nil {
			return Plan{}, err
		}
	}
	module, err := parseGoMod(p.GoMod)
	if err != nil {
		return Plan{}, err
	}
	sums, err := parseSums(p.FngenSum)
	if err != nil {
		return Plan{}, err
	}
	files, err := p.render(spec, spec.templateData(p, module.path()))
	if err != nil {
		return Plan{}, err
	}
	lib, parts := path.Join(module.path(), p.Lib), spec.parts()
	if len(p.Templates) > 0 {
		if parts, err = usedParts(files, lib); err != nil {
			return Plan{}, err
		}
	}
	if spec.Kind == KindSchedule {
		parts = append(parts, "schedule/cron") // which servers use
	}
	var imports []string
	for _, file := range files {
		if path.Ext(file.Path) == ".go" {
			imports = append(imports, importsOf(file.Data)...)
		}
	}
	if files, err = p.replace(spec.Name, files, sums, force); err != nil {
		return Plan{}, err
	}
	selection := p.newSelection(module.path(), false)
	for _, imported := range imports {
		// A template of the project's own can import other packages of the project.
		if pkg, ok := strings.CutPrefix(imported, lib+"/"); ok && IsPackage(pkg) {
			if err := selection.add(pkg, "the function "+spec.Name.String()); err != nil {
				return Plan{}, err
			}
		}
	}
	for _, part := range parts {
		if err := selection.add(part, ""); err != nil {
			return Plan{}, err
		}
	}
	plan, err := p.plan(module, sums, selection, imports, files, false)
	if len(p.Templates) > 0 {
		plan.Notes = append(plan.Notes, p.missingModules(module, imports)...)
	}
	return plan, err
}

// missingModules returns a note for each import that no required module can
// provide. Only templates of the project's own import packages that fngen does
// not know.
func (p Project) missingModules(module *goMod, imports []string) []Note {
	if p.Workspace != nil { // another module of the workspace may have it
		return nil
	}
	var notes []Note
	for _, imported := range slices.Compact(slices.Sorted(slices.Values(imports))) {
		isProvided := !isExternal(imported)
		for dir := imported; dir != "." && !isProvided; dir = path.Dir(dir) {
			isProvided = dir == module.path() || module.versions[dir] != ""
		}
		if !isProvided {
			notes = append(notes, Note{
				Text: "the function imports " + imported + ", which no module in go.mod provides",
				Hint: "go get " + imported,
			})
		}
	}
	return notes
}

// replace compares the files of a function with the existing ones. It sets the
// actions and the paths of files, and adds those of an earlier version that
// must go. A file that fngen did not write does not count as one of an earlier
// version.
func (p Project) replace(name Name, files []File, sums *sums, force bool) ([]File, error) {
	var conflicts, edited []string
	written := map[string]bool{}
	for i := range files {
		f := &files[i]
		f.Path = path.Join(p.Functions, f.Path)
		f.Action = Create
		written[f.Path] = true
		if existing, ok := p.Files[f.Path]; ok {
			conflicts = append(conflicts, f.Path)
			f.Action = Overwrite
			if bytes.Equal(existing, f.Data) {
				f.Action = Unchanged
			}
		}
	}
	for _, file := range p.FunctionFiles(name.String()) {
		existing, ok := p.Files[file]
		if written[file] || sums.version(file) == "" {
			continue
		}
		switch {
		case !ok:
			sums.remove(file)
		case sums.matches(file, existing):
			conflicts = append(conflicts, file)
			files = append(files, File{Path: file, Action: Remove})
		default:
			conflicts = append(conflicts, file)
			edited = append(edited, file)
		}
	}
	switch {
	case len(conflicts) > 0 && !force:
		return nil, &ConflictError{Paths: conflicts}
	case len(edited) > 0:
		return nil, &LeftoverError{Paths: edited}
	}
	return files, nil
}

// Add returns the plan that copies support packages, or parts of them such as
// webhooks/github, and those that they need. A package comes with all its parts.
// Existing files stay, unless update is set: then what the project has of the
// packages, and of those that import them, is updated, except in packages of
// which a file was edited. The plan has a note for each of those. Without names,
// all packages are updated that fngen wrote. A name that is not of [Packages] is a
// *[PackageError] or a *[PartError]. Other errors are those of [Function].
func Add(names []string, p Project, update bool) (Plan, error) {
	return p.add(names, update, update)
}

// Check returns the notes of a plan that copies support packages again, which for
// packages of this version changes nothing. Otherwise the error is an
// *[OutdatedError], an *[IncompleteError], or another one of [Add]. Without
// names, all packages are checked that fngen wrote.
func Check(names []string, p Project) ([]Note, error) {
	plan, err := p.add(names, true, false)
	if err != nil {
		return nil, err
	}
	lacks := &IncompleteError{Have: p.Version, names: names}
	for _, f := range plan.Files {
		if f.Action == Create && f.Owner == Fngen {
			lacks.Paths = append(lacks.Paths, f.Path)
		}
	}
	if len(lacks.Paths) > 0 {
		return nil, lacks
	}
	return plan.Notes, nil
}

// add returns the plan for packages and parts. With existing, it is about the parts
// that the project has of a package, if it has the package.
func (p Project) add(names []string, existing, update bool) (Plan, error) {
	module, err := parseGoMod(p.GoMod)
	if err != nil {
		return Plan{}, err
	}
	sums, err := parseSums(p.FngenSum)
	if err != nil {
		return Plan{}, err
	}
	if len(names) == 0 {
		names = p.copied(sums)
	}
	selection := p.newSelection(module.path(), existing)
	for _, name := range names {
		if err := CheckPackage(name); err != nil {
			return Plan{}, err
		}
		add := func(name string) error { return selection.add(name, "") }
		if !existing || p.Packages[name] == nil {
			add = selection.addAll
		}
		if err := add(name); err != nil {
			return Plan{}, err
		}
	}
	if update {
		if err := selection.addImporters(p.copied(sums)); err != nil {
			return Plan{}, err
		}
	}
	return p.plan(module, sums, selection, nil, nil, update)
}

// plan returns the plan for the function's own files, for support packages and
// for the modules among imports.
func (p Project) plan(
	module *goMod, sums *sums, selection *selection, imports []string, own []File, update bool,
) (Plan, error) {
	packages := selection.list()
	plan, err := p.planPackages(packages, sums, update)
	if err != nil {
		return Plan{}, err
	}
	var external []string // imported packages of other modules
	for _, pkg := range packages {
		external = append(external, pkg.imports()...)
	}
	for _, path := range imports {
		if !strings.HasPrefix(path, module.path()+"/") {
			external = append(external, path)
		}
	}
	if err := p.checkNewer(sums, slices.Concat(plan.Files, own)); err != nil {
		return Plan{}, err
	}
	for _, f := range slices.Concat(plan.Files, own) {
		switch f.Action {
		case Unchanged:
			if semver.Compare(sums.version(f.Path), p.Version) <= 0 || !sums.matches(f.Path, f.Data) {
				sums.set(f.Path, p.Version, f.Data)
			}
		case Create, Overwrite:
			sums.set(f.Path, p.Version, f.Data)
		case Remove:
			sums.remove(f.Path)
		}
	}

	if err := module.require(external, p.Modules...); err != nil {
		return Plan{}, err
	}
	goMod, err := module.format()
	if err != nil {
		return Plan{}, err
	}
	// A package does not compile before go.mod requires what it imports.
	plan.Files = slices.Concat(
		modify("go.sum", p.GoSum, module.goSum(p.GoSum)),
		modify("go.mod", p.GoMod, goMod),
		plan.Files,
		p.attributes(sums),
		modify(SumFile, p.FngenSum, sums.format()),
		own,
	)
	plan.Notes = append(plan.Notes, p.notes(module, external)...)
	return plan, nil
}

// checkNewer returns a *NewerError if a plan replaces or removes files that a newer
// version of fngen wrote.
func (p Project) checkNewer(sums *sums, files []File) error {
	e := &NewerError{Have: p.Version}
	for _, f := range files {
		version := sums.version(f.Path)
		replaces := f.Action == Overwrite || f.Action == Remove
		if !replaces || !isNewer(version, p.Version) {
			continue
		}
		e.Paths = append(e.Paths, f.Path)
		if semver.Compare(version, e.Version) > 0 {
			e.Version = version
		}
	}
	if len(e.Paths) > 0 {
		return e
	}
	return nil
}

// attributes returns .gitattributes if fngen.sum is new and needs a line there.
func (p Project) attributes(sums *sums) []File {
	if p.FngenSum != nil || sums.format() == nil {
		return nil
	}
	return modify(attributesFile, p.GitAttributes, addMergeAttribute(p.GitAttributes))
}

// modify returns the file if its contents change.
func modify(path string, before, after []byte) []File {
	switch {
	case bytes.Equal(before, after):
		return nil
	case before == nil:
		return []File{{Path: path, Action: Create, Data: after}}
	}
	return []File{{Path: path, Action: Modify, Data: after}}
}

// Destroy returns the plan that removes the files generated for the function
// name. Files that were edited, or that fngen.sum does not list, are an
// *[EditedError] unless force is set. A function without files is a
// *[MissingError].
func Destroy(name string, p Project, force bool) (Plan, error) {
	sums, err := parseSums(p.FngenSum)
	if err != nil {
		return Plan{}, err
	}
	var plan Plan
	var edited []string
	for _, file := range p.FunctionFiles(name) {
		if data, ok := p.Files[file]; ok {
			if !sums.matches(file, data) {
				edited = append(edited, file)
			}
			plan.Files = append(plan.Files, File{Path: file, Action: Remove})
		}
		sums.remove(file)
	}
	switch {
	case len(plan.Files) == 0 && len(p.members(name)) > 0:
		return Plan{}, &MissingError{Name: name, Nearest: p.members(name)[0]}
	case len(plan.Files) == 0:
		functions := slices.DeleteFunc(slices.Clone(p.Entries), func(entry string) bool {
			return strings.Contains(entry, ".")
		})
		return Plan{}, &MissingError{Name: name, Nearest: Nearest(name, functions)}
	case len(edited) > 0 && !force:
		return Plan{}, &EditedError{Paths: edited}
	}
	plan.Files = append(plan.Files, modify(SumFile, p.FngenSum, sums.format())...)
	return plan, nil
}

// IndexFile is another name that the file of a function's handler can have.
const IndexFile = "index.go"

// Related reports whether a name in the functions directory can be that of the
// function, of its group, or of a group with a function that has the same
// environment variables: slackEvents has those of slack/events.
func Related(entry, function string) bool {
	return strings.HasPrefix(envPrefix(function)+"_", envPrefix(entry)+"_")
}

// checkTwins returns a *TwinError if a function or a group exists that the
// function cannot exist next to.
func (p Project) checkTwins(name Name) error {
	index := path.Join(p.Functions, name.String(), IndexFile)
	if _, ok := p.Files[index]; ok && name.Base() != "index" {
		return &TwinError{Name: name.String(), Twin: index, SameRoute: true}
	}
	for _, entry := range p.Entries {
		for _, own := range []string{cmp.Or(name.Group(), name.String()), name.String()} {
			sameRoute := strings.EqualFold(entry, own+".go")
			if sameRoute || entry != own && strings.EqualFold(entry, own) {
				return &TwinError{Name: own, Twin: path.Join(p.Functions, entry), SameRoute: sameRoute}
			}
		}
	}
	return nil
}

// checkCollisions returns a *CollisionError if one of two functions is in a
// group, and their joined names are the same, as those of slack/events and
// slackEvents.
func (p Project) checkCollisions(name Name) error {
	for _, entry := range p.Entries {
		file, isGo := strings.CutSuffix(entry, ".go")
		if !isGo {
			continue
		}
		other := path.Dir(file)
		if other == "." {
			other = file
		}
		inGroup := strings.Contains(name.String()+other, "/")
		if inGroup && other != name.String() && envPrefix(other) == name.Env() {
			return &CollisionError{Name: name.String(), Existing: other}
		}
	}
	return nil
}

// checkGroup returns a *GroupError if the group of a function has a handler or
// other Go files of its own, or if the function has the name of a group.
func (p Project) checkGroup(name Name) error {
	if name.Group() == "" {
		if members := p.members(name.String()); len(members) > 0 {
			return &GroupError{Group: name.String(), Member: members[0]}
		}
		return nil
	}
	if file := p.goFile(name.Group()); file != "" {
		return &GroupError{Group: name.Group(), File: path.Join(p.Functions, file)}
	}
	return nil
}

// members returns the functions of a group: the directories with Go files in one
// without.
func (p Project) members(group string) []string {
	if p.goFile(group) != "" {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(p.Entries), func(entry string) bool {
		return path.Dir(entry) != group || p.goFile(entry) == ""
	})
}

// goFile returns the first Go file in a directory of the functions directory, or
// "" if it has none.
func (p Project) goFile(dir string) string {
	for _, entry := range p.Entries {
		if path.Dir(entry) == dir && path.Ext(entry) == ".go" {
			return entry
		}
	}
	return ""
}

// notes returns which requirements were upgraded, and a note for each reason why
// the go command cannot build the planned files.
func (p Project) notes(module *goMod, imports []string) []Note {
	var notes []Note
	if raised := module.raised(); len(raised) > 0 {
		notes = append(notes, Note{Text: "go.mod: upgraded " + strings.Join(raised, ", ")})
	}
	if p.Workspace != nil && !p.Workspace.Uses {
		notes = append(notes, Note{
			Text: "go.work does not use this module, so the go command does not find it",
			Hint: "go work use .",
		})
	}
	if p.VendorModules != nil && (len(module.brought) > 0 || !vendored(p.VendorModules, imports)) {
		hint := "go mod vendor"
		if p.Workspace != nil && p.Workspace.Vendor {
			hint = "go work vendor"
		}
		notes = append(notes, Note{Text: "the vendor directory lacks modules that go.mod now requires", Hint: hint})
	}
	for _, dir := range []string{p.Functions, p.Lib} {
		if ignored := module.ignores(dir); ignored != "" {
			notes = append(notes, Note{
				Text: "go.mod ignores " + ignored + ", so ./... does not include " + dir,
				Hint: "remove the ignore directive, or name the packages",
			})
		}
	}
	return notes
}

// vendored reports whether vendor/modules.txt lists each of the packages.
func vendored(modules []byte, packages []string) bool {
	lines := strings.Split(strings.ReplaceAll(string(modules), "\r\n", "\n"), "\n")
	for _, p := range packages {
		if isExternal(p) && !slices.Contains(lines, p) {
			return false
		}
	}
	return true
}
