package artifact

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"

	"go.yaml.in/yaml/v3"
)

// resources returns the resources of a kind in manifests, and the name of the
// file with the first one. If a file is malformed, it returns that file's name
// with the error. Files other than YAML are ignored.
func resources[T any](manifests map[string][]byte, kind string) (file string, all []T, _ error) {
	for _, name := range slices.Sorted(maps.Keys(manifests)) {
		if ext := path.Ext(name); ext != ".yaml" && ext != ".yml" {
			continue
		}
		found, err := decodeKind[T](manifests[name], kind)
		if err != nil {
			return name, nil, fmt.Errorf("%s: %w", name, err)
		}
		if len(found) > 0 && file == "" {
			file = name
		}
		all = append(all, found...)
	}
	return file, all, nil
}

// decodeKind returns the resources of a kind in a manifest.
func decodeKind[T any](manifest []byte, kind string) ([]T, error) {
	var list []T
	for d := yaml.NewDecoder(bytes.NewReader(manifest)); ; {
		var document yaml.Node
		if err := d.Decode(&document); errors.Is(err, io.EOF) {
			return list, nil
		} else if err != nil {
			return nil, err
		}
		var header struct{ Kind string }
		if err := document.Decode(&header); err != nil || header.Kind != kind {
			continue // a list of values, or another resource
		}
		var resource T
		if err := document.Decode(&resource); err != nil {
			return nil, err
		}
		list = append(list, resource)
	}
}
