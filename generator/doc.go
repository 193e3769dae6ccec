// Package generator decides what fngen writes. It is pure: it is given facts
// and returns a [Plan], a list of files with their contents. It reads no disk, no
// arguments and no environment, and prints nothing.
//
// [Function] plans a function, [Add] support packages, [Destroy] the removal of a function.
// Dry runs, tests and real runs share them; internal/changeset puts a plan on disk.
package generator
