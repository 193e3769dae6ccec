// Package migrations contains the schema of the database as SQL files, which are
// applied in the order of their names. To add one, run fngen db new NAME. To
// apply the pending ones, run fngen db migrate.
//
// A file that ends in .sqlite.sql or .postgres.sql is for that database only. For
// the format of the files see https://pressly.github.io/goose.
package migrations

import "embed"

// Files contains the migrations. They become part of the program. The pattern
// leaves out hidden files, such as the lock files of editors.
//
//go:embed [^.]*
var Files embed.FS
