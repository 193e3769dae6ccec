package project

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestContract(t *testing.T) {
	const imports = `import (
	"example.com/app/api/src/lib/auth"
	x "example.com/app/api/src/lib/fn"
	"example.com/app/api/src/lib/ipallow"
	"example.com/other/fn"
)
`
	for _, test := range []struct {
		name, source string
		want         Contract
	}{
		{"plain", "func Handler() { fn.Decode[int](event) }", Contract{}},
		{"guards", `var Handler = x.Chain(h, ipallow.Require("::1"), auth.Require())`, Contract{AllowIP: true, Auth: true}},
		{"roles", `func Handler() { auth.RequireAuth(ctx, "admin") }`, Contract{Auth: true, Roles: true}},
		{"user", `func Handler() { auth.RequireAuth(ctx) }`, Contract{Auth: true}},
		{"binary", `func Handler() { return x.Binary("image/png", nil) }`, Contract{Binary: "image/png"}},
		{"stream", `func Handler() { return x.Stream("text/event-stream", nil) }`, Contract{Binary: "text/event-stream"}},
		{"number", `func Handler() { x.Decode[*uint16](event) }`, Contract{
			Input: &Input{Types: []Type{{Kind: UnsignedKind, Bits: 16}}},
		}},
		{"the same type twice", `func Handler() { x.Decode[string](event); x.DecodeLimit[string](event, 1) }`, Contract{
			Input: &Input{Types: []Type{{Kind: StringKind}}},
		}},
		{"type of another package", `func Handler() { x.Decode[fn.Other](event) }`, Contract{Input: &Input{Types: []Type{{}}}}},
		{"type that is itself", "type a b\ntype b a\nfunc Handler() { x.Decode[a](event) }", Contract{
			Input: &Input{Types: []Type{{}}},
		}},
		{"struct that embeds itself", "type a struct { a }\nfunc Handler() { x.Decode[a](event) }", Contract{
			Input: &Input{Types: []Type{{Kind: StructKind, Struct: "a"}}, Structs: []Struct{{Name: "a"}}},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := openTest(t, map[string]string{
				"go.mod":                          goMod,
				functionsDir + "orders/orders.go": "package orders\n\n" + imports + test.source + "\n",
			}, ".")
			functions, _, err := p.List()
			require.NoError(t, err)
			require.Len(t, functions, 1)
			got, err := p.Contract(functions[0])
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
		})
	}
}

// TestContractOfFlatFile checks that a flat file has the types of its package,
// but not the calls of other files.
func TestContractOfFlatFile(t *testing.T) {
	const imports = "package functions\n\nimport \"example.com/app/api/src/lib/fn\"\n\n"
	p := openTest(t, map[string]string{
		"go.mod":                 goMod,
		functionsDir + "one.go":  imports + "func OneHandler() { fn.Decode[body](event) }\n",
		functionsDir + "two.go":  imports + "func TwoHandler() { fn.Decode[int](event) }\n",
		functionsDir + "body.go": "package functions\n\n// body has a name.\ntype body struct {\n\tName string // in full\n}\n",
	}, ".")
	functions, _, err := p.List()
	require.NoError(t, err)
	require.Len(t, functions, 2)
	got, err := p.Contract(functions[0])
	require.NoError(t, err)
	assert.Equal(t, &Input{
		Types: []Type{{Kind: StructKind, Struct: "body"}},
		Structs: []Struct{{Name: "body", Doc: "body has a name.", Fields: []Field{
			{Name: "Name", Doc: "in full", Type: Type{Kind: StringKind}, Required: true},
		}}},
	}, got.Input)
}
