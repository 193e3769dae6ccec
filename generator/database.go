package generator

import (
	_ "embed"
	"strings"

	"golang.org/x/mod/module"
)

// databaseSums has the lines of go.sum for everything that package db needs.
//
//go:embed database.sum
var databaseSums string

// database returns the requirements of package db. They share their needs and
// sums, because most of those are common to several of them.
func database() []requirement {
	needs := []module.Version{
		{Path: "github.com/dustin/go-humanize", Version: "v1.0.1"},
		{Path: "github.com/google/uuid", Version: "v1.6.0"},
		{Path: "github.com/jackc/pgpassfile", Version: "v1.0.0"},
		{Path: "github.com/jackc/pgservicefile", Version: "v0.0.0-20240606120523-5a60cdf6a761"},
		{Path: "github.com/jackc/puddle/v2", Version: "v2.2.3"},
		{Path: "github.com/jinzhu/inflection", Version: "v1.0.0"},
		{Path: "github.com/mattn/go-isatty", Version: "v0.0.24"},
		{Path: "github.com/mfridman/interpolate", Version: "v0.0.2"},
		{Path: "github.com/ncruces/go-strftime", Version: "v1.0.0"},
		{Path: "github.com/puzpuzpuz/xsync/v3", Version: "v3.5.1"},
		{Path: "github.com/remyoudompheng/bigfft", Version: "v0.0.0-20230129092748-24d4a6f8daec"},
		{Path: "github.com/sethvargo/go-retry", Version: "v0.3.0"},
		{Path: "github.com/tmthrgd/go-hex", Version: "v0.0.0-20190904060850-447a3041c3bc"},
		{Path: "github.com/vmihailenco/msgpack/v5", Version: "v5.4.1"},
		{Path: "github.com/vmihailenco/tagparser/v2", Version: "v2.0.0"},
		{Path: "go.uber.org/multierr", Version: "v1.11.0"},
		{Path: "golang.org/x/sync", Version: "v0.22.0"},
		{Path: "golang.org/x/sys", Version: "v0.47.0"},
		{Path: "golang.org/x/text", Version: "v0.41.0"},
		{Path: "modernc.org/libc", Version: "v1.75.7"},
		{Path: "modernc.org/mathutil", Version: "v1.7.1"},
		{Path: "modernc.org/memory", Version: "v1.12.1"},
	}
	sums := strings.Split(strings.TrimSpace(databaseSums), "\n")
	var list []requirement
	for _, version := range []module.Version{
		{Path: "github.com/jackc/pgx/v5", Version: "v5.12.0"},
		{Path: "github.com/pressly/goose/v3", Version: "v3.27.0"},
		{Path: "github.com/uptrace/bun", Version: "v1.3.0"},
		{Path: "github.com/uptrace/bun/dialect/pgdialect", Version: "v1.3.0"},
		{Path: "github.com/uptrace/bun/dialect/sqlitedialect", Version: "v1.3.0"},
		{Path: "modernc.org/sqlite", Version: "v1.59.0"},
	} {
		list = append(list, requirement{Version: version, needs: needs, sums: sums, goMin: "1.25.0"})
	}
	return list
}
