package artifact

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"text/template"

	"github.com/fngen/fngen/templates"
)

// Container returns the files, by name, that put a server into a container and
// run it: a Dockerfile, which copies linux/ARCH/server from its own directory,
// and manifests for Kubernetes and Knative. Architectures are values of GOARCH.
func Container(module string, architectures []string) (map[string][]byte, error) {
	entries, err := fs.ReadDir(templates.Deploy, "deploy")
	if err != nil {
		return nil, err
	}
	platforms := make([]string, len(architectures))
	for i, arch := range architectures {
		platforms[i] = "linux/" + arch
	}
	data := map[string]string{"Marker": Marker, "Name": AppName(module), "Platforms": strings.Join(platforms, ",")}
	files := map[string][]byte{}
	for _, entry := range entries {
		t, err := template.New(entry.Name()).Option("missingkey=error").
			ParseFS(templates.Deploy, path.Join("deploy", entry.Name()))
		if err != nil {
			return nil, fmt.Errorf("template: %w", err)
		}
		var text bytes.Buffer
		if err := t.Execute(&text, data); err != nil {
			return nil, fmt.Errorf("template: %w", err)
		}
		files[strings.TrimSuffix(entry.Name(), ".tmpl")] = text.Bytes()
	}
	return files, nil
}
