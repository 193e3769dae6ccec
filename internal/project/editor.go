package project

import "github.com/fngen/fngen/generator"

// EditorFiles returns the contents of the existing files that
// [generator.Editor] plans, by path.
func (p *Project) EditorFiles() (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, name := range generator.EditorFiles() {
		data, err := p.read(name)
		if err != nil {
			return nil, err
		}
		if data != nil {
			files[name] = data
		}
	}
	return files, nil
}
