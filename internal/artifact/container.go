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

// Container is the text files that make a container of a server, and have Kubernetes and Knative run it: by name,
// a Dockerfile that takes linux/ARCH/server beside it, and manifests. architectures are Go's names.
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
		source, err := templates.Deploy.ReadFile(path.Join("deploy", entry.Name()))
		if err != nil {
			return nil, err
		}
		name := strings.TrimSuffix(entry.Name(), ".tmpl")
		t, err := template.New(name).Option("missingkey=error").Parse(string(source))
		if err != nil {
			return nil, fmt.Errorf("template: %w", err)
		}
		var text bytes.Buffer
		if err := t.Execute(&text, data); err != nil {
			return nil, fmt.Errorf("template: %w", err)
		}
		files[name] = text.Bytes()
	}
	return files, nil
}
