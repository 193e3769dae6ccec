// Package migrations is the schema of the database, in SQL files that are applied in the order of
// their names: fngen db new NAME writes one, and fngen db migrate applies those that are missing.
// A file that ends in .sqlite.sql or .postgres.sql is for that database alone.
//
// https://pressly.github.io/goose says what else may be in a file.
package migrations

import "embed"

// Files are the migrations, which the program carries with it.
//
//go:embed *
var Files embed.FS
