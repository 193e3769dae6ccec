package artifact

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// A mapping is a YAML mapping in order. Values are mappings, lists, strings, ints and bools.
type mapping []pair

type pair struct {
	key   string
	value any
}

type list []any

// yaml prints a mapping, indented by two spaces for each level. Those without entries are left out, and so are empty lists.
func (m mapping) yaml(b *strings.Builder, indent string) {
	for _, p := range m {
		switch value := p.value.(type) {
		case mapping:
			if len(value) > 0 {
				fmt.Fprintf(b, "%s%s:\n", indent, scalar(p.key))
				value.yaml(b, indent+"  ")
			}
		case list:
			if len(value) > 0 {
				fmt.Fprintf(b, "%s%s:\n", indent, scalar(p.key))
			}
			for _, item := range value {
				fmt.Fprintf(b, "%s  - %s\n", indent, scalar(item))
			}
		default:
			fmt.Fprintf(b, "%s%s: %s\n", indent, scalar(p.key), scalar(value))
		}
	}
}

// scalar is a string, a number or a truth value. A string that a reader of YAML 1.1 or 1.2 could take for anything else has quotes, as Go
// writes them: all of its escapes are YAML's too, and no character is left as it is that YAML does not allow, as JSON leaves DEL.
func scalar(v any) string {
	s, ok := v.(string)
	if !ok {
		return fmt.Sprint(v)
	}
	plain := regexp.MustCompile(`^[A-Za-z/][A-Za-z0-9_./:-]*$`)
	word := regexp.MustCompile(`(?i)^(y|n|yes|no|on|off|true|false|null)$`)
	if plain.MatchString(s) && !word.MatchString(s) && !strings.HasSuffix(s, ":") {
		return s
	}
	return strconv.Quote(s)
}
