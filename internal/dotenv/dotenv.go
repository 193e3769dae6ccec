// Package dotenv reads the .env files of a project. Variables that are already
// set in the environment take precedence over the files.
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

// For returns the files for an environment, such as test. Later files take
// precedence over earlier ones.
func For(environment string) []string {
	return []string{".env.defaults", ".env", ".env." + environment}
}

// An Error reports invalid syntax. It does not quote the file, which can
// contain secrets.
type Error struct {
	File string
	Line int
	Err  error
}

func (e *Error) Error() string { return fmt.Sprintf("%s: line %d: %v", e.File, e.Line, e.Err) }
func (e *Error) Unwrap() error { return e.Err }

// Read returns the variables that the files in dir add to environ, as
// NAME=value, sorted. Missing files are skipped. If several files set a
// variable, the last one wins. A variable in environ is never added, even if it
// is empty there.
//
// ${NAME} in a value refers to a variable that is set earlier in the same file
// or in an earlier file.
//
// The error is an *Error if a file is not valid.
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
		data = bytes.TrimPrefix(data, []byte("\ufeff")) // a byte order mark
		if _, err := parse(data); err != nil {
			return nil, &Error{name, line(data), err}
		}
		all = append(append(all, data...), '\n')
	}
	values, err := parse(all) // together, so that later files can refer to earlier ones
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
	errQuote = errors.New("the value has no closing quote")
	errNUL   = errors.New("unexpected NUL character")
)

// parse parses a file with godotenv. It also rejects lines without a name,
// which godotenv accepts, and replaces errors that quote the file.
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

// line returns the number of the line that is not valid. As godotenv does not
// report it, line looks for the longest valid beginning of the file.
func line(data []byte) int {
	lines := bytes.SplitAfter(data, []byte("\n"))
	for n := len(lines) - 1; n > 0; n-- {
		if _, err := parse(bytes.Join(lines[:n], nil)); err == nil {
			return n + 1
		}
	}
	return 1
}
