package generator

import (
	"go/version"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCheckModule(t *testing.T) {
	for _, valid := range []string{"shop", "Shop", "my-shop", "example.com/shop", "example.com/shop/v2", "team/shop"} {
		assert.NoError(t, CheckModule(valid), valid)
	}
	for invalid, suggestion := range map[string]string{
		"My Shop":             "my-shop",
		"Café":                "cafe",
		".shop":               "shop",
		"example.com/shop/v1": "",
		"example.com/My Shop": "example.com/my-shop",
		"cmd":                 "",
		"a/internal":          "",
		"":                    "",
		"/":                   "",
	} {
		var e *ValueError
		require.ErrorAs(t, CheckModule(invalid), &e, invalid)
		assert.Equal(t, suggestion, e.Suggestion, invalid)
	}
}

func TestNew(t *testing.T) {
	name, err := ParseName("hello")
	require.NoError(t, err)
	for _, database := range []bool{false, true} {
		p := Project{Version: "v0.1.0", Functions: "api/src/functions", Lib: "api/src/lib"}
		plan, err := New(NewProject{Module: "shop", Function: name, Database: database, Port: 8911}, p)
		require.NoError(t, err)
		seen := map[string]bool{}
		for _, f := range plan.Files {
			assert.Equal(t, Create, f.Action, f.Path)
			assert.NotEmpty(t, f.Data, f.Path)
			assert.False(t, seen[f.Path], f.Path)
			seen[f.Path] = true
		}
		assert.Equal(t, database, seen["api/src/lib/db/db.go"])
	}
}

// TestNewGo checks that no support package needs a newer go directive than new
// projects have.
func TestNewGo(t *testing.T) {
	for _, m := range parseModules(modulesText) {
		if m.goMin != "" {
			assert.LessOrEqual(t, version.Compare("go"+m.goMin, "go"+newGo), 0, m.Path)
		}
	}
}
