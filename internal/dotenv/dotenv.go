// Package dotenv reads .env files: what a project's programs find in their environment
// while it is worked on. What the environment has already, it keeps.
package dotenv

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/joho/godotenv"
)

// For names the files for a kind of use, such as test. Later ones beat earlier ones.
func For(use string) []string { return []string{".env.defaults", ".env", ".env." + use} }

// An Error is a mistake in a file. It quotes nothing of the file, which has secrets.
type Error struct {
	File string
	Line int
	Err  error
}

func (e *Error) Error() string { return fmt.Sprintf("%s: line %d: %v", e.File, e.Line, e.Err) }
func (e *Error) Unwrap() error { return e.Err }

// Read is what the files of a directory add to an environment, NAME=value sorted by name. Of
// several files that set a name the last counts, and none where environ has the name, be it
// empty. Files that are not there are passed over. ${NAME} stands for a value further up in
// the same file or in an earlier one. Errors: *Error, and those of reading.
func Read(dir fs.FS, names []string, environ []string) ([]string, error) {
	var all []byte
	for _, name := range names {
		data, err := fs.ReadFile(dir, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		data = bytes.TrimPrefix(data, []byte("\ufeff"))
		if _, err := parse(data); err != nil {
			return nil, &Error{name, line(data), err}
		}
		all = append(append(all, data...), '\n')
	}
	values, err := parse(all) // in one go, so that later files can use what earlier ones set
	if err != nil {
		return nil, err
	}
	for _, variable := range environ {
		name, _, _ := strings.Cut(variable, "=")
		delete(values, name)
	}
	added := make([]string, 0, len(values))
	for name, value := range values {
		added = append(added, name+"="+value)
	}
	slices.Sort(added)
	return added, nil
}

var (
	errName  = errors.New("want NAME=value")
	errQuote = errors.New("the quotes of a value are not closed")
	errNUL   = errors.New("a NUL character")
)

// parse is godotenv's, but it takes no line that has no name, and its errors quote nothing.
func parse(data []byte) (map[string]string, error) {
	if bytes.IndexByte(data, 0) >= 0 {
		return nil, errNUL
	}
	values, err := godotenv.UnmarshalBytes(data)
	if err != nil {
		if strings.HasPrefix(err.Error(), "unterminated quoted value") {
			return nil, errQuote
		}
		return nil, errName
	}
	for name := range values {
		if name == "" || strings.ContainsAny(name, " \t\v\f\r\n") {
			return nil, errName
		}
	}
	return values, nil
}

// line finds the line at which a file stops to make sense, which godotenv does not tell: the one
// after the most lines that do.
func line(data []byte) int {
	lines := bytes.SplitAfter(data, []byte("\n"))
	for n := len(lines) - 1; n > 0; n-- {
		if _, err := parse(bytes.Join(lines[:n], nil)); err == nil {
			return n + 1
		}
	}
	return 1
}
