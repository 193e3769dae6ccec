package overlay_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/fngen/fngen/internal/overlay"
)

func TestExplain(t *testing.T) {
	const main = "api/src/functions/.fngen/dev/main.go"
	uses := func(file string, line int) []overlay.Declaration {
		if file != main || line != 13 {
			return nil
		}
		return []overlay.Declaration{
			{Name: "Handler", Type: overlay.HandlerType, File: "d/d.go", Line: 7},
			{Name: "Shutdown", Type: overlay.ShutdownType, File: "d/close.go", Line: 3},
			{}, // a function without a shutdown function
		}
	}
	tests := []struct{ name, output, want string }{
		{
			"handler of another type",
			"# example.com/a/main\n" + main + ":13:8: cannot use d.Handler (value of type func()) as F value in struct literal",
			"d/d.go:7: Handler has type func(), want " + overlay.HandlerType,
		},
		{
			"handler of a named type",
			"./" + main + ":13:8: cannot use d.Handler (variable of func type d.M) as F value in struct literal",
			"d/d.go:7: Handler has type d.M, want " + overlay.HandlerType,
		},
		{
			"handler as an argument",
			main + ":13:6: cannot use d.Handler (variable of type int) as F value in argument to one",
			"d/d.go:7: Handler has type int, want " + overlay.HandlerType,
		},
		{
			"generic handler",
			main + ":13:8: cannot use generic function d.Handler without instantiation",
			"d/d.go:7: cannot use generic function d.Handler without instantiation, " +
				"want Handler of type " + overlay.HandlerType,
		},
		{
			"shutdown function of another type",
			main + ":13:17: cannot use d.Shutdown (value of type func(a int) (b, c int)) " +
				"as func(context.Context) error value in struct literal",
			"d/close.go:3: Shutdown has type func(a int) (b, c int), want " + overlay.ShutdownType,
		},
		{
			"two main packages",
			main + ":13:6: cannot use d.Handler (variable of type int) as F value in argument to one\n" +
				"# b\n" + main + ":13:9: cannot use d.Handler (variable of type int) as F value in argument to two",
			"d/d.go:7: Handler has type int, want " + overlay.HandlerType,
		},
		{
			"another message",
			main + ":13:2: not enough arguments in call",
			main + ":13:2: not enough arguments in call",
		},
		{
			"another line",
			main + ":14:8: undefined: e.Handler",
			main + ":14:8: undefined: e.Handler",
		},
		{"another file", "./d/d.go:3:5: undefined: x", "d/d.go:3:5: undefined: x"},
		{
			"heading and trailer",
			"# a\nd/d.go:3:5: undefined: x\n\ttoo many errors",
			"d/d.go:3:5: undefined: x\n\ttoo many errors",
		},
		{
			"no position",
			"go: go.mod requires go >= 1.99 (running go 1.26)",
			"go: go.mod requires go >= 1.99 (running go 1.26)",
		},
		{
			"no column",
			"d/d.go:3: expected 'package', found 'EOF'",
			"d/d.go:3: expected 'package', found 'EOF'",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, test.want, overlay.Explain(test.output, uses))
		})
	}
}
