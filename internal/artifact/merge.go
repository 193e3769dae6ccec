package artifact

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/fngen/fngen/generator"
)

// sections are the top-level sections of a template.
var sections = []string{
	"AWSTemplateFormatVersion", "Transform", "Description", "Metadata", "Parameters", "Mappings", "Rules",
	"Conditions", "Hooks", "Globals", "Resources", "Outputs",
}

// Merge returns a template with the contents of a partial template, which has
// the given file name. Mappings are merged, and other values replace those of
// the template. An empty value changes nothing. What looks like a misspelled
// name is an error with its line.
func Merge(template []byte, name string, partial []byte) ([]byte, error) {
	base, err := parseMapping(bytes.TrimPrefix(template, []byte(Marker+"\n")))
	if err != nil {
		return nil, fmt.Errorf("reading the template: %w", err)
	}
	m := merger{name}
	extension, err := parseMapping(partial)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := m.check(base, extension); err != nil {
		return nil, err
	}
	merge(base, extension)
	text, err := encode(base)
	if err != nil {
		return nil, err
	}
	return append([]byte(Marker+"\n"), text...), nil
}

// parseMapping returns the mapping in a YAML document, which may be empty.
func parseMapping(text []byte) (*yaml.Node, error) {
	empty := &yaml.Node{Kind: yaml.MappingNode}
	d := yaml.NewDecoder(bytes.NewReader(text))
	var document yaml.Node
	if err := d.Decode(&document); errors.Is(err, io.EOF) {
		return empty, nil
	} else if err != nil {
		return nil, err
	}
	if err := d.Decode(&yaml.Node{}); !errors.Is(err, io.EOF) {
		return nil, errors.New("want one YAML document")
	}
	root := document.Content[0]
	if isNull(root) {
		return empty, nil
	}
	if root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("line %d: want sections such as Resources", root.Line)
	}
	return root, nil
}

// A merger reports errors in the file of that name.
type merger struct{ name string }

func (m merger) errorf(n *yaml.Node, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %w", m.name, n.Line, fmt.Errorf(format, args...))
}

// unknown returns the error for a key that is none of the candidates.
func (m merger) unknown(key *yaml.Node, kind string, candidates []string) error {
	if nearest := generator.Nearest(key.Value, candidates); nearest != "" {
		return m.errorf(key, "%s %s does not exist; did you mean %s?", kind, key.Value, nearest)
	}
	return m.errorf(key, "%s %s does not exist", kind, key.Value)
}

// check returns an error if the extension of a template has a mistake that would
// change its meaning in silence.
func (m merger) check(base, extension *yaml.Node) error {
	if err := m.checkSyntax(extension); err != nil {
		return err
	}
	for key, value := range pairs(extension) {
		if !slices.Contains(sections, key.Value) {
			return m.unknown(key, "section", sections)
		}
		if old := lookup(base, key.Value); isNull(value) || value.Kind == yaml.MappingNode {
			if err := m.checkEntries(key.Value, old, value); err != nil {
				return err
			}
		} else if old != nil && old.Kind == yaml.MappingNode || key.Value == "Resources" {
			return m.errorf(key, "section %s is not a mapping", key.Value)
		}
	}
	return nil
}

// checkEntries checks that resources and parameters either exist or have a type.
func (m merger) checkEntries(section string, base, extension *yaml.Node) error {
	if section != "Resources" && section != "Parameters" {
		return nil
	}
	kind := strings.ToLower(strings.TrimSuffix(section, "s"))
	for key, value := range pairs(extension) {
		if strings.HasPrefix(key.Value, "Fn::") { // generates resources
			continue
		}
		old, typ := lookup(base, key.Value), lookup(value, "Type")
		switch {
		case old == nil && typ == nil:
			return m.unknown(key, kind, keys(base))
		case value.Kind != yaml.MappingNode && !isNull(value):
			return m.errorf(key, "%s %s is not a mapping", kind, key.Value)
		case old != nil && typ != nil && typ.Value != lookup(old, "Type").Value:
			return m.errorf(typ, "%s %s has the type %s, not %s", kind, key.Value, lookup(old, "Type").Value, typ.Value)
		}
	}
	return nil
}

// checkSyntax checks that a node has no YAML that CloudFormation does not
// understand:
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
func (m merger) checkSyntax(n *yaml.Node) error {
	if n.Kind == yaml.AliasNode {
		return m.errorf(n, "CloudFormation knows no YAML aliases")
	}
	seen := map[string]bool{}
	for key := range pairs(n) {
		if seen[key.Value] {
			return m.errorf(key, "%s is there twice", key.Value)
		}
		seen[key.Value] = true
	}
	for _, child := range n.Content {
		if err := m.checkSyntax(child); err != nil {
			return err
		}
	}
	return nil
}

// merge merges an extension into a mapping.
func merge(base, extension *yaml.Node) {
	for key, value := range pairs(extension) {
		old := lookup(base, key.Value)
		switch {
		case isNull(value):
		case old == nil:
			base.Content = append(base.Content, key, value)
		case mergeable(old) && mergeable(value):
			merge(old, value)
		default:
			*old = *value
		}
	}
}

// mergeable reports whether a node is a mapping that is not a call of a function
// of CloudFormation, such as Fn::Sub or !Transform.
func mergeable(n *yaml.Node) bool {
	if n.Kind != yaml.MappingNode || n.ShortTag() != "!!map" {
		return false
	}
	for key := range pairs(n) {
		if len(n.Content) == 2 && (key.Value == "Ref" || strings.HasPrefix(key.Value, "Fn::")) {
			return false
		}
	}
	return true
}

func isNull(n *yaml.Node) bool { return n.ShortTag() == "!!null" }

// lookup returns the value of a key of a mapping, or nil.
func lookup(n *yaml.Node, name string) *yaml.Node {
	for key, value := range pairs(n) {
		if key.Value == name {
			return value
		}
	}
	return nil
}

// keys returns the keys of a mapping.
func keys(n *yaml.Node) []string {
	var names []string
	for key := range pairs(n) {
		names = append(names, key.Value)
	}
	return names
}
