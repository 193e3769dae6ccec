package generator

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
)

// SetupTemplates returns the plan that copies fngen's templates of a function's
// files into [TemplatesDir]. Existing ones are updated, but those that were edited
// stay unless force is set. Errors are *[SumError] and *[NewerError].
func SetupTemplates(p Project, force bool) (Plan, error) {
	sums, err := parseSums(p.FngenSum)
	if err != nil {
		return Plan{}, err
	}
	builtin, err := builtinTemplates()
	if err != nil {
		return Plan{}, err
	}
	var plan Plan
	var edited []string
	for _, name := range slices.Sorted(maps.Keys(builtin)) {
		f := File{
			Path:   path.Join(TemplatesDir(p.Functions), name),
			Action: Create,
			Data:   []byte(versionLine(TemplateVersion) + builtin[name]),
		}
		existing, exists := p.Templates[name]
		switch {
		case !exists:
		case normalize(existing) == string(f.Data):
			f.Action = Unchanged
		case force || sums.matches(f.Path, existing):
			f.Action = Overwrite
		default:
			f.Action = Keep
			edited = append(edited, name)
		}
		plan.Files = append(plan.Files, f)
	}
	if err := p.checkNewer(sums, plan.Files); err != nil {
		return Plan{}, err
	}
	for _, f := range plan.Files {
		if f.Action != Keep {
			sums.set(f.Path, p.Version, f.Data)
		}
	}
	plan.Files = slices.Concat(p.attributes(sums), modify(SumFile, p.FngenSum, sums.format()), plan.Files)
	if len(edited) > 0 {
		plan.Notes = append(plan.Notes, Note{
			Text: "kept templates that you edited: " + strings.Join(edited, ", "),
			Hint: "fngen setup generator --check shows how they differ from those of fngen " + p.Version,
		})
	}
	return plan, nil
}

// A TemplateDiff describes how a project's own template differs from the one of
// this version of fngen.
type TemplateDiff struct {
	Path string `json:"path"` // relative to the project's root
	Diff string `json:"diff"` // in the unified format, from fngen's to the project's
}

// CheckTemplates compares a project's own templates with those of this version
// of fngen. It returns the differences even if there is an error, which is a
// *[TemplateError] for a template that cannot be used.
func CheckTemplates(p Project) ([]TemplateDiff, error) {
	builtin, err := builtinTemplates()
	if err != nil {
		return nil, err
	}
	var diffs []TemplateDiff
	for _, name := range slices.Sorted(maps.Keys(builtin)) {
		own, ok := p.Templates[name]
		if !ok {
			continue
		}
		file := path.Join(TemplatesDir(p.Functions), name)
		text := versionLine(TemplateVersion) + builtin[name]
		if d := diff.Diff(builtinPrefix+name, []byte(text), file, []byte(normalize(own))); d != nil {
			diffs = append(diffs, TemplateDiff{Path: file, Diff: string(d)})
		}
	}
	if len(p.Templates) == 0 {
		return nil, nil
	}
	if _, err := p.extraFiles("example"); err != nil {
		return diffs, err
	}
	_, err = p.newTemplateSet()
	return diffs, err
}
