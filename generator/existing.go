package generator

import (
	"bytes"
	"maps"
	"path"
	"slices"
	"strings"

	"golang.org/x/mod/semver"
)

// planPackages returns what happens to the files of support packages. New
// packages are created. Existing ones stay, and have to be what new code needs,
// or are updated.
func (p Project) planPackages(packages []supportPackage, records *sums, update bool) (Plan, error) {
	var plan Plan
	outdated := &OutdatedError{Have: p.Version}
	for _, pkg := range packages {
		existing := p.Packages[pkg.name]
		dir := PackageDir(p.Lib, pkg.name)
		if existing != nil && p.isOwn(pkg, records) {
			return Plan{}, &OwnPackageError{Dir: dir, Package: pkg.name, NeededBy: pkg.neededBy}
		}
		var files []File
		var note *Note
		switch {
		case existing == nil:
			files = pkg.create(p)
		case update:
			files, note = pkg.update(p, existing, records)
		default:
			var versions []string
			files, versions, note = pkg.keep(p, existing, records)
			if len(versions) > 0 {
				outdated.Versions = append(outdated.Versions, versions...)
				outdated.Dirs = append(outdated.Dirs, dir)
				outdated.Packages = append(outdated.Packages, pkg.name)
			}
		}
		plan.Files = append(plan.Files, files...)
		if note != nil {
			plan.Notes = append(plan.Notes, *note)
		}
	}
	if len(outdated.Packages) > 0 {
		slices.Sort(outdated.Versions)
		outdated.Versions = slices.Compact(outdated.Versions)
		return Plan{}, outdated
	}
	return plan, nil
}

// copied returns the names of the project's support packages that fngen wrote.
func (p Project) copied(records *sums) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(p.Packages)), func(name string) bool {
		return name == Migrations || !p.wrote(name, records)
	})
}

// wrote reports whether fngen wrote a file of a support package, even if the
// file belongs to the user now.
func (p Project) wrote(name string, records *sums) bool {
	for file, data := range p.Packages[name] {
		if hasMarker(data) || records.version(path.Join(PackageDir(p.Lib, name), file)) != "" {
			return true
		}
	}
	return false
}

// isOwn reports whether the project has a package of its own by the name of a
// support package. One that has all its files replaces it.
func (p Project) isOwn(pkg supportPackage, records *sums) bool {
	if pkg.name == Migrations || p.wrote(pkg.name, records) {
		return false
	}
	return slices.ContainsFunc(pkg.files, func(f supportFile) bool { return f.selected && !p.has(pkg.name, f.Path) })
}

// file returns a file of the package as the project has it.
func (pkg supportPackage) file(p Project, f File) File {
	owner, data := User, f.Data
	if !projectOwned(pkg.name, f.Path) {
		owner = Fngen
		data = append([]byte(marker+"\n\n"), f.Data...)
	}
	return File{Path: path.Join(PackageDir(p.Lib, pkg.name), f.Path), Action: Create, Owner: owner, Data: data}
}

// create plans a new package.
func (pkg supportPackage) create(p Project) []File {
	var files []File
	for _, f := range pkg.files {
		if f.selected {
			files = append(files, pkg.file(p, f.File))
		}
	}
	for _, f := range pkg.migrations {
		file := path.Join(PackageDir(p.Lib, Migrations), f.Path)
		migration := File{Path: file, Action: Create, Owner: User, Data: f.Data}
		if _, ok := p.Packages[Migrations][f.Path]; ok {
			migration.Action, migration.Data = Keep, nil
		}
		files = append(files, migration)
	}
	return files
}

// keep plans to leave the existing files of a package as they are, and to add
// parts. It returns the versions of fngen that wrote files with other contents than
// those that new code needs.
// Edited files and those without the marker belong to the user, who knows: a note
// names those that were edited before this version.
func (pkg supportPackage) keep(p Project, existing map[string][]byte, records *sums) (
	files []File, outdated []string, note *Note,
) {
	var edited []string
	for _, file := range pkg.files {
		f := pkg.file(p, file.File)
		old, ok := existing[file.Path]
		if !ok {
			// A part is new, and so is a file of the core that the version that
			// wrote the others did not have. The user removed any other.
			isPart := file.part != pkg.name
			if file.selected && f.Owner == Fngen && (isPart || records.version(f.Path) == "") {
				files = append(files, f)
			}
			continue
		}
		records.complete(f, p.Version, old)
		version := records.version(f.Path)
		kept := File{Path: f.Path, Action: Keep, Owner: f.Owner}
		switch {
		case f.Owner == User || !hasMarker(old) || sameCode(old, f.Data):
		case !records.matches(f.Path, old):
			if version != p.Version {
				edited = append(edited, f.Path)
			}
		case isNewer(version, p.Version):
			kept.Action = Overwrite // which checkNewer refuses
		default:
			outdated = append(outdated, version)
		}
		files = append(files, kept)
	}
	for _, file := range pkg.leftovers(p, existing, records) {
		if records.matches(file, existing[path.Base(file)]) {
			outdated = append(outdated, records.version(file))
		}
	}
	switch {
	case !p.wrote(pkg.name, records) && pkg.name != Migrations:
		note = &Note{Text: PackageDir(p.Lib, pkg.name) +
			" was not written by fngen: generated code expects fngen's package " + pkg.name}
	case len(edited) > 0:
		note = &Note{
			Text: "generated code expects the contents that fngen " + p.Version + " has for these edited files: " +
				strings.Join(edited, ", "),
			Hint: "delete the first line of a file to keep it as it is",
		}
	}
	return files, outdated, note
}

// update plans to replace the files of an existing package that belong to
// fngen, unless one of them was edited: half of another version may not compile.
func (pkg supportPackage) update(p Project, existing map[string][]byte, records *sums) ([]File, *Note) {
	var files []File
	var edited []string
	for _, file := range pkg.files {
		old, exists := existing[file.Path]
		if !file.selected {
			continue
		}
		f := pkg.file(p, file.File)
		if exists {
			records.complete(f, p.Version, old)
		}
		switch {
		case !exists && f.Owner == User && records.version(f.Path) != "":
			continue // the project moved or removed its own file
		case !exists:
		case f.Owner == User || !hasMarker(old):
			f = File{Path: f.Path, Action: Keep, Owner: User}
		case hash(old) == hash(f.Data):
			f.Action = Unchanged
		case !records.matches(f.Path, old):
			edited = append(edited, f.Path)
			f.Action = Overwrite
		default:
			f.Action = Overwrite
		}
		files = append(files, f)
	}

	for _, file := range pkg.leftovers(p, existing, records) {
		if !records.matches(file, existing[path.Base(file)]) {
			edited = append(edited, file)
		}
		files = append(files, File{Path: file, Action: Remove})
	}
	if len(edited) == 0 {
		return files, nil
	}

	var kept []File
	for _, f := range files {
		if _, ok := existing[path.Base(f.Path)]; ok {
			kept = append(kept, File{Path: f.Path, Action: Keep, Owner: f.Owner})
		}
	}
	slices.Sort(edited)
	return kept, &Note{
		Text: "not updated, because these files were edited: " + strings.Join(edited, ", "),
		Hint: "to keep a file as it is, delete its first line; to get fngen's, delete the file",
	}
}

// leftovers returns the paths of the files that another version of fngen wrote,
// and that this version does not have.
func (pkg supportPackage) leftovers(p Project, existing map[string][]byte, records *sums) []string {
	var paths []string
	for _, name := range slices.Sorted(maps.Keys(existing)) {
		file := path.Join(PackageDir(p.Lib, pkg.name), name)
		isCurrent := slices.ContainsFunc(pkg.files, func(f supportFile) bool { return f.Path == name })
		if !isCurrent && hasMarker(existing[name]) && records.version(file) != "" {
			paths = append(paths, file)
		}
	}
	return paths
}

// isNewer reports whether a version is newer than that of this fngen. A
// development build has no version to compare.
func isNewer(version, have string) bool {
	return semver.IsValid(have) && semver.Compare(version, have) > 0
}

// sameCode reports whether two Go files differ at most in their markers and in
// line endings.
func sameCode(a, b []byte) bool {
	a, _ = cutMarker(a)
	b, _ = cutMarker(b)
	return bytes.Equal(a, b) || hash(a) == hash(b)
}
