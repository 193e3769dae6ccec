package project

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestStream(t *testing.T) {
	const (
		streaming = "func handle(ctx context.Context, e events.APIGatewayProxyRequest) (*events.APIGatewayProxyStreamingResponse, error) { return nil, nil }\n"
		plain     = "func handle(ctx context.Context, e events.APIGatewayProxyRequest) (r events.APIGatewayProxyResponse, err error) { return }\n"
	)
	for name, tt := range map[string]struct {
		source string
		stream bool
		err    string
	}{
		"function":         {"func Handler() (*events.APIGatewayProxyStreamingResponse, error) { return nil, nil }", true, ""},
		"plain function":   {"func Handler() (events.APIGatewayProxyResponse, error) { panic(0) }", false, ""},
		"no result":        {"func Handler() {}", false, ""},
		"chain":            {"var Handler = fn.ChainStream(handle, auth.Require())\n" + streaming, true, ""},
		"plain chain":      {"var Handler = fn.Chain(handle)\n" + plain, false, ""},
		"type":             {"var Handler fn.StreamHandler = other.Handler", true, ""},
		"function type":    {"var Handler func() (*events.APIGatewayProxyStreamingResponse, error)", true, ""},
		"conversion":       {"var Handler = fn.StreamHandler(other.Handle)", true, ""},
		"function literal": {"var Handler = func() (*events.APIGatewayProxyStreamingResponse, error) { return nil, nil }", true, ""},
		"name":             {"var Handler = (handle)\n" + streaming, true, ""},
		"names":            {"var a, Handler = 1, handle\n" + streaming, true, ""},
		"unknown":          {"var Handler = other.New(handle)\n" + streaming, false, ""},
		"itself":           {"var Handler = Handler", false, ""},
		"value": {
			"func Handler() (events.APIGatewayProxyStreamingResponse, error) { panic(0) }", false,
			"a.go:2: a handler that streams its response returns *events.APIGatewayProxyStreamingResponse",
		},
		"function URL": {
			"\nfunc Handler() (*events.LambdaFunctionURLStreamingResponse, error) { panic(0) }", false,
			"a.go:3: a handler that streams its response returns *events.APIGatewayProxyStreamingResponse",
		},
		"plain chain of a stream": {
			"var Handler = fn.Chain(handle)\n" + streaming, false,
			"a.go:2: the handler streams its response: want fn.ChainStream instead of fn.Chain",
		},
		"chain of a plain function": {
			"var Handler = fn.ChainStream(handle)\n" + plain, false,
			"a.go:2: the handler does not stream its response: want fn.Chain instead of fn.ChainStream",
		},
		"plain type": {
			"var Handler fn.Handler = fn.ChainStream(handle)\n" + streaming, false,
			"a.go:2: Handler has a type and a value of which only one streams the response",
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := openTest(t, map[string]string{
				"go.mod":                     "module example.com/app\n",
				"api/src/functions/a/a.go":   "package a\n" + tt.source,
				"api/src/functions/b/b.go":   "package b\nvar Handler = fn.Chain(handle)\n",
				"api/src/functions/b/c.go":   "package b\n" + plain,
				"api/src/functions/flat.go":  "package functions\nvar FlatHandler = fn.ChainStream(handle)\n",
				"api/src/functions/other.go": "package functions\n",
			}, ".")
			functions, _, err := p.List()
			if tt.err != "" {
				var invalid *DeclarationError
				require.ErrorAs(t, err, &invalid)
				assert.EqualError(t, err, "api/src/functions/a/"+tt.err)
				return
			}
			require.NoError(t, err)
			require.Len(t, functions, 3)
			assert.Equal(t, tt.stream, functions[0].Stream)
			assert.Equal(t, tt.stream, functions[0].Ref("example.com/app").Stream)
			assert.False(t, functions[1].Stream)
			assert.True(t, functions[2].Stream)
		})
	}
}
