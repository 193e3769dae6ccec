package artifact

import (
	"bytes"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A mapping is a YAML mapping whose keys keep their order. Its values are
// mappings, slices of strings, strings, ints and bools.
type mapping []pair

type pair struct {
	key   string
	value any
}

// encode returns the mapping as a YAML document.
func (m mapping) encode() ([]byte, error) {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(node(m)); err != nil {
		return nil, fmt.Errorf("encoding YAML: %w", err)
	}
	return b.Bytes(), nil
}

func node(value any) *yaml.Node {
	switch value := value.(type) {
	case mapping:
		n := &yaml.Node{Kind: yaml.MappingNode}
		for _, p := range value {
			n.Content = append(n.Content, node(p.key), node(p.value))
		}
		return n
	case []string:
		n := &yaml.Node{Kind: yaml.SequenceNode}
		for _, s := range value {
			n.Content = append(n.Content, node(s))
		}
		return n
	case string:
		n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value}
		if !plain(value) {
			n.Style = yaml.DoubleQuotedStyle
		}
		return n
	default:
		return &yaml.Node{Kind: yaml.ScalarNode, Value: fmt.Sprint(value)}
	}
}

// plain reports whether every YAML parser reads s as a string without quotes.
// The library quotes less: it reads mostly as YAML 1.2 says, but AWS's tools use
// PyYAML, which takes 2001-99-99 for a malformed date and = for a type of its own.
func plain(s string) bool {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	switch strings.ToLower(s) {
	case "", "y", "n", "yes", "no", "on", "off", "true", "false", "null":
		return false
	}
	return strings.IndexByte(letters+"/", s[0]) >= 0 && strings.Trim(s, letters+"0123456789_./:-") == ""
}
