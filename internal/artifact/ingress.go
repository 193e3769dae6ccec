package artifact

import (
	"path"
	"slices"
	"strings"

	"github.com/fngen/fngen/internal/project"
)

const ingressFile = "ingress.yaml"

// internalAnnotation names, in the metadata of an Ingress, the functions that
// are not to be reached through it.
const internalAnnotation = "fngen/internal"

// An ingress has what [Unrouted] reads of a resource in a manifest.
type ingress struct {
	Kind     string
	Metadata struct{ Annotations map[string]string }
	Spec     struct {
		DefaultBackend any `yaml:"defaultBackend"`
		Rules          []struct {
			HTTP struct {
				Paths []struct {
					Path     string
					PathType string `yaml:"pathType"`
				}
			}
		}
	}
}

// A Missing is a function that a manifest lacks.
type Missing struct {
	Function string
	What     string // such as "the path /divide"
}

// Unrouted returns the functions that no Ingress in the manifests routes
// requests to. It returns none if there is no Ingress, and the name of the file
// with the first one otherwise. Files other than YAML are ignored.
func Unrouted(manifests map[string][]byte, functions []project.Function) (file string, _ []Missing, _ error) {
	file, all, err := resources[ingress](manifests, "Ingress")
	if err != nil || file == "" {
		return file, nil, err
	}
	var missing []Missing
	for _, f := range functions {
		for _, name := range ingressPaths(f) {
			routed := func(i ingress) bool { return i.routes(f.Name, name) }
			if !slices.ContainsFunc(all, routed) {
				missing = append(missing, Missing{f.Name, "the path " + name})
			}
		}
	}
	return file, missing, nil
}

// routes reports whether an Ingress routes a path and those below it, or says
// that it does not route the function.
func (i ingress) routes(function, name string) bool {
	internal := strings.FieldsFunc(i.Metadata.Annotations[internalAnnotation], func(r rune) bool {
		return r == ',' || r == ' '
	})
	if i.Spec.DefaultBackend != nil || slices.Contains(internal, function) {
		return true
	}
	for _, rule := range i.Spec.Rules {
		for _, p := range rule.HTTP.Paths {
			// The meaning of ImplementationSpecific paths is up to the
			// controller: patterns such as /users(/.*)? are common.
			literal := p.Path
			if p.PathType == "ImplementationSpecific" {
				literal, _, _ = strings.Cut(literal, "(")
				literal = strings.TrimRight(literal, "*")
			}
			if literal == name || p.PathType != "Exact" && below(name, path.Clean("/"+literal)) {
				return true
			}
		}
	}
	return false
}
