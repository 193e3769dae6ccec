package project

import (
	"go/ast"
	"go/doc/comment"
	"go/token"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// An Input describes the JSON bodies that a function decodes.
type Input struct {
	Types   []Type   // type arguments of fn.Decode
	Structs []Struct // declared in the package, which the types and other structs name
}

// A Type describes the JSON of a Go type.
type Type struct {
	Kind   TypeKind
	Bits   int    // of an Integer or Unsigned
	Elem   *Type  // of a List or Map
	Struct string // name of a Struct
}

// A TypeKind is a kind of JSON value.
type TypeKind int

// The kinds. AnyKind stands for types that the source does not describe, such
// as those of other packages and those with a method UnmarshalJSON.
const (
	AnyKind TypeKind = iota
	BoolKind
	IntegerKind
	UnsignedKind
	NumberKind
	StringKind
	Base64Kind
	TimeKind
	ListKind
	MapKind
	StructKind
)

// A Struct describes a struct type.
type Struct struct {
	Name   string
	Doc    string // the comment
	Fields []Field
}

// A Field describes a field of a struct.
type Field struct {
	Name     string // in JSON
	Doc      string // the comment
	Type     Type
	Required bool // by package fn, if the struct is the body
}

// decodedTypes returns the type arguments of Decode and DecodeLimit, functions
// of the package that the file calls pkg.
func decodedTypes(file *ast.File, pkg string) []typeExpr {
	var types []typeExpr
	ast.Inspect(file, func(node ast.Node) bool {
		if index, ok := node.(*ast.IndexExpr); ok && pkg != "" {
			if name := selected(index.X, pkg); name == "Decode" || name == "DecodeLimit" {
				types = append(types, typeExpr{index.Index, file})
			}
		}
		return true
	})
	return types
}

// A typeExpr is a type in a file, whose imports it may refer to.
type typeExpr struct {
	ast.Expr
	file *ast.File
}

// A typeSpec is the declaration of a type.
type typeSpec struct {
	*ast.TypeSpec
	doc    *ast.CommentGroup
	file   *ast.File
	custom bool // it has a method that decodes JSON
}

// A typeReader reads the types that a package declares.
type typeReader struct {
	types map[string]typeSpec
	input Input
}

// addFile records the types that a file declares, and which have methods that
// decode them.
func (r *typeReader) addFile(file *ast.File) {
	for _, declaration := range file.Decls {
		switch d := declaration.(type) {
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				spec, ok := spec.(*ast.TypeSpec)
				if !ok {
					continue
				}
				doc := spec.Doc
				if doc == nil && !d.Lparen.IsValid() {
					doc = d.Doc
				}
				custom := r.types[spec.Name.Name].custom
				r.types[spec.Name.Name] = typeSpec{spec, doc, file, custom}
			}
		case *ast.FuncDecl:
			if d.Recv == nil || d.Name.Name != "UnmarshalJSON" && d.Name.Name != "UnmarshalText" {
				continue
			}
			receiver := d.Recv.List[0].Type
			if star, ok := receiver.(*ast.StarExpr); ok {
				receiver = star.X
			}
			if ident, ok := receiver.(*ast.Ident); ok {
				spec := r.types[ident.Name]
				spec.custom = true
				r.types[ident.Name] = spec
			}
		}
	}
}

// resolve returns the JSON type of a Go type. depth is the number of types that
// led to it, which is limited because invalid source may declare a type as
// itself.
func (r *typeReader) resolve(e typeExpr, depth int) Type {
	const maxDepth = 100
	if depth > maxDepth {
		return Type{}
	}
	in := func(expr ast.Expr) typeExpr { return typeExpr{expr, e.file} }
	switch expr := e.Expr.(type) {
	case *ast.ParenExpr:
		return r.resolve(in(expr.X), depth+1)
	case *ast.StarExpr:
		return r.resolve(in(expr.X), depth+1)
	case *ast.ArrayType:
		elem := r.resolve(in(expr.Elt), depth+1)
		if elem.Kind == UnsignedKind && elem.Bits == 8 && expr.Len == nil {
			return Type{Kind: Base64Kind}
		}
		return Type{Kind: ListKind, Elem: &elem}
	case *ast.MapType:
		elem := r.resolve(in(expr.Value), depth+1)
		return Type{Kind: MapKind, Elem: &elem}
	case *ast.SelectorExpr:
		switch name := importName(e.file, "time"); selected(expr, name) {
		case "Time":
			return Type{Kind: TimeKind}
		case "Duration":
			return Type{Kind: IntegerKind, Bits: 64}
		}
	case *ast.Ident:
		spec, ok := r.types[expr.Name]
		switch {
		case !ok:
			return basicType(expr.Name)
		case spec.custom || spec.TypeSpec == nil || spec.TypeParams != nil:
			return Type{}
		}
		if s, ok := spec.Type.(*ast.StructType); ok {
			r.addStruct(spec, s)
			return Type{Kind: StructKind, Struct: expr.Name}
		}
		return r.resolve(typeExpr{spec.Type, spec.file}, depth+1)
	}
	return Type{}
}

// basicType returns the JSON type of a predeclared Go type.
func basicType(name string) Type {
	switch name {
	case "bool":
		return Type{Kind: BoolKind}
	case "string":
		return Type{Kind: StringKind}
	case "float32", "float64":
		return Type{Kind: NumberKind}
	case "byte":
		return Type{Kind: UnsignedKind, Bits: 8}
	case "rune":
		return Type{Kind: IntegerKind, Bits: 32}
	}
	kind, digits := IntegerKind, strings.TrimPrefix(name, "int")
	if rest, ok := strings.CutPrefix(name, "uint"); ok {
		kind, digits = UnsignedKind, rest
	}
	switch digits {
	case "":
		return Type{Kind: kind, Bits: 64}
	case "8", "16", "32", "64":
		bits, _ := strconv.Atoi(digits)
		return Type{Kind: kind, Bits: bits}
	}
	return Type{}
}

// addStruct adds a struct to the input, unless it is there already.
func (r *typeReader) addStruct(spec typeSpec, s *ast.StructType) {
	name := spec.Name.Name
	if slices.ContainsFunc(r.input.Structs, func(other Struct) bool { return other.Name == name }) {
		return
	}
	i := len(r.input.Structs)
	r.input.Structs = append(r.input.Structs, Struct{Name: name, Doc: text(spec.doc)}) // before its fields, which may refer to it
	fields := r.fields(s, spec.file, 0)
	r.input.Structs[i].Fields = fields
}

// fields returns the fields of a struct, with those of embedded structs.
func (r *typeReader) fields(s *ast.StructType, file *ast.File, depth int) []Field {
	var fields []Field
	for _, field := range s.Fields.List {
		tag := ""
		if field.Tag != nil {
			tag = reflect.StructTag(stringLiteral(field.Tag)).Get("json")
		}
		name, options, _ := strings.Cut(tag, ",")
		if tag == "-" {
			continue
		}
		names := field.Names
		if names == nil {
			ident := embeddedName(field.Type)
			if spec := r.types[ident]; name == "" && spec.TypeSpec != nil && !spec.custom && depth < 10 {
				if embedded, ok := spec.Type.(*ast.StructType); ok {
					fields = append(fields, r.fields(embedded, spec.file, depth+1)...)
					continue
				}
			}
			names = []*ast.Ident{{Name: ident}}
		}
		doc := field.Doc
		if doc == nil {
			doc = field.Comment
		}
		_, pointer := field.Type.(*ast.StarExpr)
		for _, ident := range names {
			if !token.IsExported(ident.Name) {
				continue
			}
			f := Field{
				Name:     name,
				Doc:      text(doc),
				Type:     r.resolve(typeExpr{field.Type, file}, 0),
				Required: !pointer && !strings.Contains(options, "omitempty") && !strings.Contains(options, "omitzero"),
			}
			if f.Name == "" {
				f.Name = ident.Name
			}
			if strings.Contains(","+options+",", ",string,") {
				f.Type = Type{Kind: StringKind}
			}
			fields = append(fields, f)
		}
	}
	return fields
}

// embeddedName returns the name of an embedded field of a type, or "" if the
// type is of another package.
func embeddedName(expr ast.Expr) string {
	if star, ok := expr.(*ast.StarExpr); ok {
		expr = star.X
	}
	if ident, ok := expr.(*ast.Ident); ok {
		return ident.Name
	}
	return ""
}

// text returns the text of a comment as one paragraph.
func text(group *ast.CommentGroup) string {
	if group == nil {
		return ""
	}
	parsed := new(comment.Parser).Parse(group.Text())
	printer := comment.Printer{TextWidth: -1}
	return strings.TrimSpace(string(printer.Text(parsed)))
}
