package artifact

import (
	"bytes"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/fngen/fngen/internal/project"
)

// A mapping is a YAML mapping whose keys keep their order. Its values are
// mappings, slices, strings, ints and bools, and the values of settings.
type mapping []pair

type pair struct {
	key   string
	value any
}

// encode returns the mapping as a YAML document.
func (m mapping) encode() ([]byte, error) { return encode(node(m)) }

func encode(n *yaml.Node) ([]byte, error) {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(n); err != nil {
		return nil, fmt.Errorf("encoding YAML: %w", err)
	}
	return b.Bytes(), nil
}

// pairs returns the keys and values of a mapping, and nothing for other nodes.
func pairs(n *yaml.Node) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(key, value *yaml.Node) bool) {
		if n == nil || n.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i < len(n.Content); i += 2 {
			if !yield(n.Content[i], n.Content[i+1]) {
				return
			}
		}
	}
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
	case []any:
		n := &yaml.Node{Kind: yaml.SequenceNode}
		for _, v := range value {
			n.Content = append(n.Content, node(v))
		}
		return n
	case map[string]any:
		return node(table(value))
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

// table returns a table of fngen.toml as a mapping, sorted by key. A call such as
// { GetAtt = "Bucket.Arn" } gets the name that CloudFormation has for it.
func table(t map[string]any) mapping {
	var m mapping
	for _, key := range slices.Sorted(maps.Keys(t)) {
		value := t[key]
		if project.IsCall(t) && key != "Ref" {
			if text, ok := value.(string); ok && key == "GetAtt" {
				value = strings.SplitN(text, ".", 2)
			}
			key = "Fn::" + key
		}
		m = append(m, pair{key, value})
	}
	return m
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
