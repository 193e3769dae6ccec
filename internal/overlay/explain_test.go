package overlay_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/fngen/fngen/internal/overlay"
)

func TestExplain(t *testing.T) {
	const main = "api/src/functions/.fngen/dev/main.go"
	used := func(file string, line int) []overlay.Declared {
		if file != main || line != 13 {
			return nil
		}
		return []overlay.Declared{
			{Name: "Handler", Want: overlay.HandlerType, File: "d/d.go", Line: 7},
			{Name: "Shutdown", Want: overlay.ShutdownType, File: "d/close.go", Line: 3},
			{}, // what a function does not declare
		}
	}
	for output, want := range map[string]string{
		main + ":13:2: not enough arguments in call": main + ":13:2: not enough arguments in call",
		"# example.com/a/main\n" + main + ":13:8: cannot use d.Handler (value of type func()) as F value in struct literal":                  "d/d.go:7: Handler has type func(), want " + overlay.HandlerType,
		"./" + main + ":13:8: cannot use d.Handler (variable of func type d.M) as F value in struct literal":                                 "d/d.go:7: Handler has type d.M, want " + overlay.HandlerType,
		main + ":13:17: cannot use d.Shutdown (value of type func(a int) (b, c int)) as func(context.Context) error value in struct literal": "d/close.go:3: Shutdown has type func(a int) (b, c int), want " + overlay.ShutdownType,
		main + ":13:6: cannot use d.Handler (variable of type int) as F value in argument to one":                                            "d/d.go:7: Handler has type int, want " + overlay.HandlerType,
		main + ":13:8: cannot use generic function d.Handler without instantiation":                                                          "d/d.go:7: cannot use generic function d.Handler without instantiation, want Handler of type " + overlay.HandlerType,
		main + ":14:8: undefined: e.Handler":               main + ":14:8: undefined: e.Handler",
		"./d/d.go:3:5: undefined: x":                       "d/d.go:3:5: undefined: x",
		"# a\nd/d.go:3:5: undefined: x\n\ttoo many errors": "d/d.go:3:5: undefined: x\n\ttoo many errors",
		"go: go.mod requires go >= 1.99 (running go 1.26)": "go: go.mod requires go >= 1.99 (running go 1.26)",
		"d/d.go:3: expected 'package', found 'EOF'":        "d/d.go:3: expected 'package', found 'EOF'",
	} {
		assert.Equal(t, want, overlay.Explain(output, used))
	}
}
