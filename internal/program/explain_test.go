package program_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/fngen/fngen/internal/program"
	"github.com/fngen/fngen/internal/project"
)

// What the compiler says of lines that name functions is said of the functions' declarations. Nothing else changes.
func TestExplain(t *testing.T) {
	const main = "api/src/functions/.fngen/dev/main.go"
	divide := project.Function{
		Name:     "divide",
		Handler:  project.Declaration{Name: "Handler", File: "api/src/functions/divide/divide.go", Line: 8},
		Shutdown: project.Declaration{Name: "Shutdown", File: "api/src/functions/divide/close.go", Line: 3},
	}
	hello := project.Function{Name: "hello", Handler: project.Declaration{Name: "HelloHandler", File: "api/src/functions/hello.go", Line: 5}}
	mains := program.Mains{main: {19: divide, 20: hello}, "cmd/x/main.go": {10: divide}}
	const handler, shutdown = "func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error)", "func(context.Context) error"
	for output, want := range map[string]string{
		main + ":19:40: cannot use divide.Handler (value of type func()) as gateway.Function value in struct literal":                        "api/src/functions/divide/divide.go:8: Handler has type func(), want " + handler,
		"./" + main + ":20:40: cannot use functions.HelloHandler (variable of type func(s string) (int, error)) as func() value in x":        "api/src/functions/hello.go:5: HelloHandler has type func(s string) (int, error), want " + handler,
		main + ":20:40: cannot use functions.HelloHandler (variable of struct type functions.T) as gateway.Function value in struct literal": "api/src/functions/hello.go:5: HelloHandler has type functions.T, want " + handler,
		main + ":19:60: cannot use divide.Shutdown (value of type func()) as func(context.Context) error value in struct literal":            "api/src/functions/divide/close.go:3: Shutdown has type func(), want " + shutdown,
		main + ":19:40: cannot use generic function divide.Handler without instantiation":                                                    "api/src/functions/divide/divide.go:8: cannot use generic function divide.Handler without instantiation",
		main + ":21:1: something else":                                         main + ":21:1: something else",
		"# example.com/app/api/src/functions/.fngen/dev\n" + main + ":19:1: x": "api/src/functions/divide/divide.go:8: x",
		"# example.com/app/api/src/functions/divide\nx.go:19:1: x":             "# example.com/app/api/src/functions/divide\nx.go:19:1: x",
		main + ":19:1: x\ncmd/x/main.go:10:1: x":                               "api/src/functions/divide/divide.go:8: x",
		"":                                                                     "",
	} {
		assert.Equal(t, want, program.Explain(output, mains))
	}
}
