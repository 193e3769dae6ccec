package openapi

import (
	"fmt"

	"github.com/fngen/fngen/internal/project"
)

// A schema is a JSON Schema. An empty schema accepts everything.
type schema struct {
	Ref                  string             `json:"$ref,omitempty"`
	Description          string             `json:"description,omitempty"`
	Type                 string             `json:"type,omitempty"`
	Format               string             `json:"format,omitempty"`
	ContentEncoding      string             `json:"contentEncoding,omitempty"`
	Minimum              *int               `json:"minimum,omitempty"`
	Items                *schema            `json:"items,omitempty"`
	Properties           map[string]*schema `json:"properties,omitempty"`
	Required             []string           `json:"required,omitempty"`
	AdditionalProperties any                `json:"additionalProperties,omitempty"` // false or a schema
	AnyOf                []*schema          `json:"anyOf,omitempty"`
}

func reference(component string) *schema { return &schema{Ref: "#/components/schemas/" + component} }

// structSchema returns the schema of a struct. Package fn requires only the
// fields of the struct that is the body.
func structSchema(s project.Struct, isBody bool, component func(string) string) *schema {
	object := &schema{
		Description: s.Doc, Type: "object", Properties: map[string]*schema{}, AdditionalProperties: false,
	}
	for _, f := range s.Fields {
		field := typeSchema(f.Type, component)
		field.Description = f.Doc
		object.Properties[f.Name] = field
		if isBody && f.Required {
			object.Required = append(object.Required, f.Name)
		}
	}
	return object
}

// typeSchema returns the schema of a type. Structs are components.
func typeSchema(t project.Type, component func(string) string) *schema {
	zero := 0
	switch t.Kind {
	case project.BoolKind:
		return &schema{Type: "boolean"}
	case project.IntegerKind:
		return &schema{Type: "integer", Format: fmt.Sprintf("int%d", t.Bits)}
	case project.UnsignedKind:
		return &schema{Type: "integer", Format: fmt.Sprintf("uint%d", t.Bits), Minimum: &zero}
	case project.NumberKind:
		return &schema{Type: "number", Format: "double"}
	case project.StringKind:
		return &schema{Type: "string"}
	case project.Base64Kind:
		return &schema{Type: "string", ContentEncoding: "base64"}
	case project.TimeKind:
		return &schema{Type: "string", Format: "date-time"}
	case project.ListKind:
		return &schema{Type: "array", Items: typeSchema(*t.Elem, component)}
	case project.MapKind:
		return &schema{Type: "object", AdditionalProperties: typeSchema(*t.Elem, component)}
	case project.StructKind:
		return reference(component(t.Struct))
	}
	return &schema{}
}
