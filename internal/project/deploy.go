package project

import (
	"io/fs"
	"path"
)

// DeployDir is the directory, relative to the project's root, of deployment
// files that belong to the user. Builds use them instead of generated ones.
const DeployDir = "deploy"

// DeployFiles returns the contents of the files in [DeployDir], by name, without
// those in directories below it.
func (p *Project) DeployFiles() (map[string][]byte, error) {
	files := map[string][]byte{}
	names, err := fs.Glob(p.Root.FS(), DeployDir+"/*")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		info, err := p.Root.Stat(name)
		if err != nil {
			return nil, err
		}
		if !info.Mode().IsRegular() {
			continue
		}
		if files[path.Base(name)], err = p.Root.ReadFile(name); err != nil {
			return nil, err
		}
	}
	return files, nil
}
