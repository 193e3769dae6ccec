// Command baseline copies the files of a directory into another. Benchmarks
// compare fngen function with it.
package main

import (
	"io/fs"
	"os"
	"path/filepath"
)

func main() {
	from, to := os.Args[1], os.Args[2]
	err := filepath.WalkDir(from, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, name)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		if entry.IsDir() {
			return os.MkdirAll(target, 0o777)
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		return os.WriteFile(target, data, 0o666)
	})
	if err != nil {
		os.Exit(1)
	}
}
