// Package migration creates the SQL files of database migrations.
package migration

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

const (
	versionLayout = "20060102150405" // the version of a migration is its time of creation
	maxName       = 100              // of a migration, so that its file name is valid everywhere
	maxAttempts   = 60               // versions to try
)

// template is a migration without statements, in the format of goose.
const template = "-- +goose Up\n\n-- +goose Down\n"

// ParseName returns the name of a migration as it is part of the file name: in
// lower case, with underscores in place of other characters than letters and
// digits.
func ParseName(text string) (string, error) {
	name := regexp.MustCompile(`[^0-9A-Za-z]+`).ReplaceAllString(text, "_")
	name = strings.ToLower(strings.Trim(name, "_"))
	if name == "" || len(name) > maxName {
		return "", fmt.Errorf("invalid name %q: want 1 to %d letters and digits", text, maxName)
	}
	return name, nil
}

// Create creates an empty migration in the directory dir of root and returns
// the path of its file. The version is that of now, or of the next second in
// which no migration was created, so that migrations keep their order.
func Create(root *os.Root, dir, name string, now time.Time) (file string, err error) {
	for n := range maxAttempts {
		version := now.UTC().Add(time.Duration(n) * time.Second).Format(versionLayout)
		existing, err := fs.Glob(root.FS(), path.Join(dir, version+"_*"))
		if err != nil {
			return "", err
		}
		if len(existing) > 0 {
			continue
		}
		file := path.Join(dir, version+"_"+name+".sql")
		f, err := root.OpenFile(filepath.FromSlash(file), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
		if err != nil {
			return "", err
		}
		_, err = f.WriteString(template)
		return file, errors.Join(err, f.Close())
	}
	return "", fmt.Errorf("%s has migrations for each of the next %d seconds", dir, maxAttempts)
}
