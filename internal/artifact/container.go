package artifact

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"text/template"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/project"
	"github.com/fngen/fngen/templates"
)

// A Container describes the image of a server, and its resources in Kubernetes.
// The templates of its files are executed with it.
type Container struct {
	Name          string   // of the image and the resources
	Base          string   // the image that the image is built on
	Architectures []string // as GOARCH
	Functions     []project.Function
}

// Files returns the files, by name, that put a server into a container and run
// it: a Dockerfile, which copies linux/ARCH/server from its build context, and
// manifests for Kubernetes and Knative. Those of what calls functions other than
// HTTP are files of their own.
func (c Container) Files() (map[string][]byte, error) {
	all, err := template.New("").Option("missingkey=error").ParseFS(templates.Deploy, "deploy/*.tmpl")
	if err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	jobs := c.Jobs()
	empty := map[string]bool{
		ingressFile:           len(c.Paths()) == 0, // an Ingress without paths is invalid
		"cronjobs.yaml":       len(jobs) == 0,
		"knative-events.yaml": len(jobs)+len(c.Triggers()) == 0,
	}
	files := map[string][]byte{}
	for _, name := range ContainerFiles() {
		if empty[name] {
			continue
		}
		var text bytes.Buffer
		if err := all.ExecuteTemplate(&text, name+".tmpl", c); err != nil {
			return nil, fmt.Errorf("template: %w", err)
		}
		files[name] = text.Bytes()
	}
	return files, nil
}

// ContainerFiles returns the names of all files that a container can have,
// sorted.
func ContainerFiles() []string {
	var names []string
	entries, _ := fs.ReadDir(templates.Deploy, "deploy") // an embedded directory
	for _, entry := range entries {
		names = append(names, strings.TrimSuffix(path.Base(entry.Name()), ".tmpl"))
	}
	return names
}

// Platforms returns the platforms of the image as Docker writes them.
func (c Container) Platforms() string {
	var platforms []string
	for _, arch := range c.Architectures {
		platforms = append(platforms, "linux/"+arch)
	}
	return strings.Join(platforms, ",")
}

// Paths returns the paths of the functions in an Ingress, each once.
func (c Container) Paths() []string {
	var paths []string
	for _, f := range c.Functions {
		paths = append(paths, ingressPaths(f)...)
	}
	return slices.Compact(slices.Sorted(slices.Values(paths)))
}

// ingressPaths returns the paths that lead to a function together with the
// paths below them: /users for the route GET /users/{id}. The server decides
// about methods and the rest of the path.
func ingressPaths(f project.Function) []string {
	if f.Kind != generator.KindHTTP {
		return nil
	}
	if len(f.Routes) == 0 {
		return []string{"/" + f.Name}
	}
	var paths []string
	for _, r := range f.Routes {
		literal, _, _ := strings.Cut(r.Path, "{")
		literal = path.Clean(literal)
		covers := func(other string) bool { return below(literal, other) }
		if !slices.ContainsFunc(paths, covers) {
			paths = append(paths, literal)
		}
	}
	return paths
}

// below reports whether a path is dir or below it.
func below(name, dir string) bool {
	return name == dir || strings.HasPrefix(name, strings.TrimSuffix(dir, "/")+"/")
}
