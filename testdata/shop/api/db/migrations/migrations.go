// Package migrations contains the schema of the database as SQL files, which
// are applied in the order of their names. To add a file, run "fngen db new
// NAME". To apply the pending files, run "fngen db migrate".
//
// A file whose name ends in .sqlite.sql or .postgres.sql is only for that
// database. For the format of the files, see https://pressly.github.io/goose.
package migrations

import "embed"

// Files contains the migrations. They become part of the program. The pattern
// leaves out hidden files, such as the lock files of editors.
//
//go:embed [^.]*
var Files embed.FS
