// Package generator plans what fngen writes. Its functions are pure: they take
// facts about a project and return a [Plan], a list of files with their
// contents. They do not use the disk, the environment or any output.
//
// [Function] plans a function, [Add] plans support packages, and [Destroy]
// plans the removal of a function. Dry runs and tests use the same plans as
// real runs, and internal/changeset writes them.
//
// A function goes through these steps: a [Spec] becomes [TemplateData], on
// which the templates in templates/function are executed. The imports of the
// result determine the support packages and the modules that the plan adds.
package generator
