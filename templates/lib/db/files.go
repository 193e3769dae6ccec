package db

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"github.com/pressly/goose/v3"
)

// Migration files with one of these suffixes are for one database only. All
// others are for both.
const (
	sqliteSuffix   = ".sqlite.sql"
	postgresSuffix = ".postgres.sql"
)

// migrationFiles returns the migrations in the root of files by their numbers,
// without those that end in excludedSuffix. goose passes over files whose names
// it does not understand, so migrationFiles refuses them.
func migrationFiles(files fs.FS, excludedSuffix string) (map[int64]string, error) {
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		return nil, fmt.Errorf("db: migrations: %w", err)
	}
	found := map[int64]string{}
	for _, entry := range entries {
		name := entry.Name()
		if entry.IsDir() || strings.HasPrefix(name, ".") || !strings.EqualFold(path.Ext(name), ".sql") {
			continue
		}
		if path.Ext(name) != ".sql" {
			return nil, fmt.Errorf("db: migration %s: the name must end in .sql, in lower case", name)
		}
		if strings.HasSuffix(name, excludedSuffix) {
			continue
		}
		number, err := goose.NumericComponent(name)
		if err != nil {
			return nil, fmt.Errorf("db: migration %s: the name must start with a number and _, as in 20260102150405_%[1]s", name)
		}
		if other, ok := found[number]; ok {
			return nil, fmt.Errorf("db: migrations %s and %s have the same number: rename one of them", other, name)
		}
		if err := checkMigration(files, name); err != nil {
			return nil, fmt.Errorf("db: migration %s: %w", name, err)
		}
		found[number] = name
	}
	return found, nil
}

// checkMigration returns an error if a migration does not start with the Up
// section.
func checkMigration(files fs.FS, name string) error {
	text, err := fs.ReadFile(files, name)
	if err != nil {
		return err
	}
	before, _, ok := cutSection(string(text), "Up")
	if !ok || hasStatements(before) {
		return errors.New("the line -- +goose Up is missing above the first statement")
	}
	return nil
}

// checkDown returns an error if undoing a migration would do nothing.
func checkDown(files fs.FS, name string) error {
	text, err := fs.ReadFile(files, name)
	if err != nil {
		return err
	}
	up, down, ok := cutSection(string(text), "Down")
	if !ok {
		return errors.New("cannot be undone: it has no section -- +goose Down")
	}
	if hasStatements(up) && !hasStatements(down) {
		return errors.New("cannot be undone: write the statements below -- +goose Down")
	}
	return nil
}

// cutSection splits a migration at the line that starts a section.
func cutSection(text, section string) (before, after string, found bool) {
	line := regexp.MustCompile(`(?m)^--[ \t]*\+goose[ \t]+` + section + `[ \t]*\r?$`)
	at := line.FindStringIndex(strings.TrimPrefix(text, byteOrderMark))
	if at == nil {
		return text, "", false
	}
	text = strings.TrimPrefix(text, byteOrderMark)
	return text[:at[0]], text[at[1]:], true
}

// hasStatements reports whether SQL has a line that is not a comment.
func hasStatements(text string) bool {
	for line := range strings.Lines(strings.TrimPrefix(text, byteOrderMark)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "--") {
			return true
		}
	}
	return false
}

// needsStatementBegin reports whether a migration has statements that contain
// semicolons, which goose takes for the ends of statements.
func needsStatementBegin(files fs.FS, name string) bool {
	text, err := fs.ReadFile(files, name)
	return err == nil && !strings.Contains(string(text), "+goose StatementBegin") && compound.Match(text)
}

// compound matches dollar-quoted text in PostgreSQL and triggers in SQLite.
var compound = regexp.MustCompile(`\$\w*\$|(?i)\bcreate\s+(temp\s+|temporary\s+)?trigger\b`)

const byteOrderMark = "\ufeff"

// textFS removes byte order marks, which some editors write, from SQL files.
type textFS struct{ fs.FS }

func (f textFS) Open(name string) (fs.File, error) {
	file, err := f.FS.Open(name)
	if err != nil || path.Ext(name) != ".sql" {
		return file, err
	}
	reader := bufio.NewReader(file)
	if start, _ := reader.Peek(len(byteOrderMark)); string(start) == byteOrderMark {
		_, _ = reader.Discard(len(start))
	}
	return textFile{file, reader}, nil
}

type textFile struct {
	fs.File
	reader *bufio.Reader
}

func (f textFile) Read(p []byte) (int, error) { return f.reader.Read(p) }
