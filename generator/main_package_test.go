package generator_test

import (
	"go/format"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/generator"
)

var options = generator.MainOptions{Module: "example.com/shop", Lib: "api/src/lib", Dir: "api/src/functions/.fngen"}

func handler(name, pkg, base string) generator.FunctionRef {
	return generator.FunctionRef{
		Function: name, Path: "example.com/shop/api/src/functions/" + base, Package: pkg, Handler: "Handler",
	}
}

// Lines has the line of each function, where the compiler reports errors of its
// handler.
func TestServerMain(t *testing.T) {
	flat := func(name, ident string) generator.FunctionRef {
		return generator.FunctionRef{
			Function: name, Path: "example.com/shop/api/src/functions", Package: "functions", Handler: ident,
		}
	}
	closing := handler("updateOrder", "updateorder", "updateOrder")
	closing.Shutdown, closing.Routes, closing.CORS = "Shutdown", "Routes", true
	p, err := generator.ServerMain(options, "dev", []generator.FunctionRef{
		handler("divide", "divide", "divide"),
		flat("hello", "HelloHandler"),
		flat("bye", "ByeHandler"),
		closing,
		handler("os", "os", "os"),
		handler("server", "server", "server"),
		handler("init", "init2", "init"),
		handler("x", "divide", "x"),
		handler("slack/events", "events", "slack/events"),
		handler("stripe/events", "events", "stripe/events"),
	})
	require.NoError(t, err)
	assert.Equal(t, "api/src/functions/.fngen/dev", p.Package)
	main := string(p.Files["api/src/functions/.fngen/dev/main.go"])
	assert.Equal(t, `// Command dev serves the functions of example.com/shop over HTTP.
package main

import (
	"os"

	"example.com/shop/api/src/functions"
	"example.com/shop/api/src/functions/.fngen/runtime/server"
	"example.com/shop/api/src/functions/divide"
	init2 "example.com/shop/api/src/functions/init"
	os2 "example.com/shop/api/src/functions/os"
	server2 "example.com/shop/api/src/functions/server"
	"example.com/shop/api/src/functions/slack/events"
	events2 "example.com/shop/api/src/functions/stripe/events"
	updateorder "example.com/shop/api/src/functions/updateOrder"
	divide2 "example.com/shop/api/src/functions/x"
)

func main() {
	os.Exit(server.Main(
		server.Function{Name: "divide", Handler: divide.Handler},
		server.Function{Name: "hello", Handler: functions.HelloHandler},
		server.Function{Name: "bye", Handler: functions.ByeHandler},
		server.Function{Name: "updateOrder", Handler: updateorder.Handler, Shutdown: updateorder.Shutdown, `+
		`Routes: updateorder.Routes, CORS: true},
		server.Function{Name: "os", Handler: os2.Handler},
		server.Function{Name: "server", Handler: server2.Handler},
		server.Function{Name: "init", Handler: init2.Handler},
		server.Function{Name: "x", Handler: divide2.Handler},
		server.Function{Name: "slack/events", Handler: events.Handler},
		server.Function{Name: "stripe/events", Handler: events2.Handler},
	))
}
`, main)
	assert.Equal(t, map[int]string{
		21: "divide", 22: "hello", 23: "bye", 24: "updateOrder", 25: "os", 26: "server", 27: "init", 28: "x",
		29: "slack/events", 30: "stripe/events",
	}, p.Lines)
	check(t, p)

	none, err := generator.ServerMain(options, "serve", nil)
	require.NoError(t, err)
	assert.Empty(t, none.Lines)
	check(t, none)
}

func TestLambdaMain(t *testing.T) {
	h := handler("updateOrder", "updateorder", "updateOrder")
	p, err := generator.LambdaMain(options, "lambda/updateOrder", h)
	require.NoError(t, err)
	assert.Equal(t, "api/src/functions/.fngen/lambda/updateOrder", p.Package)
	assert.Equal(t, `// Command updateOrder runs a function of example.com/shop on AWS Lambda.
package main

import (
	"example.com/shop/api/src/functions/.fngen/runtime/lambdaentry"
	updateorder "example.com/shop/api/src/functions/updateOrder"
)

func main() {
	lambdaentry.Start(lambdaentry.Function{Name: "updateOrder", Handler: updateorder.Handler})
}
`, string(p.Files[p.Package+"/main.go"]))
	assert.Equal(t, map[int]string{10: "updateOrder"}, p.Lines)
	check(t, p)

	h.Shutdown, h.Routes, h.CORS = "Shutdown", "Routes", true
	p, err = generator.LambdaMain(options, "lambda/updateOrder", h)
	require.NoError(t, err)
	assert.Contains(t, string(p.Files[p.Package+"/main.go"]),
		"\tlambdaentry.Start(lambdaentry.Function{Name: \"updateOrder\", Handler: updateorder.Handler, "+
			"Routes: updateorder.Routes, CORS: true}, updateorder.Shutdown)\n")
}

// Functions that are called over HTTP come first, and only what they need is
// imported.
func TestJobsMain(t *testing.T) {
	of := func(name, pkg string, kind generator.Kind) generator.FunctionRef {
		f := handler(name, pkg, name)
		f.Kind = kind
		return f
	}
	cleanup := of("cleanup", "cleanup", generator.KindSchedule)
	cleanup.Schedule, cleanup.Shutdown = "Schedule", "Shutdown"
	orders := of("jobs", "jobs", generator.KindQueue)
	orders.Responds = true
	leased := options
	leased.Lease = true
	p, err := generator.ServerMain(leased, "server", []generator.FunctionRef{
		cleanup, of("divide", "divide", generator.KindHTTP), orders,
	})
	require.NoError(t, err)
	main := string(p.Files["api/src/functions/.fngen/server/main.go"])
	assert.Equal(t, `// Command server serves and runs the functions of example.com/shop.
package main

import (
	"os"

	"example.com/shop/api/src/functions/.fngen/runtime/jobs"
	"example.com/shop/api/src/functions/.fngen/runtime/server"
	"example.com/shop/api/src/functions/.fngen/runtime/trigger"
	"example.com/shop/api/src/functions/cleanup"
	"example.com/shop/api/src/functions/divide"
	jobs2 "example.com/shop/api/src/functions/jobs"
	"example.com/shop/api/src/lib/lease"
	"example.com/shop/api/src/lib/schedule"
)

func main() {
	os.Exit(jobs.Main(jobs.Program{
		HTTP: []server.Function{
			{Name: "divide", Handler: divide.Handler},
		},
		Triggers: []trigger.Function{
			{Name: "cleanup", Kind: trigger.Schedule, Schedule: cleanup.Schedule, `+
		`Call: trigger.Event(cleanup.Handler), Shutdown: cleanup.Shutdown},
			{Name: "jobs", Kind: trigger.Queue, Call: trigger.Batch(jobs2.Handler)},
		},
		Parse: jobs.Parser(schedule.Parse),
		Lease: lease.Run,
	}))
}
`, main)
	assert.Equal(t, map[int]string{20: "divide", 23: "cleanup", 24: "jobs"}, p.Lines)
	check(t, p)

	p, err = generator.ServerMain(leased, "server", []generator.FunctionRef{orders})
	require.NoError(t, err)
	main = string(p.Files["api/src/functions/.fngen/server/main.go"])
	for _, unwanted := range []string{"runtime/server", "lib/", "HTTP", "Parse", "Lease"} {
		assert.NotContains(t, main, unwanted)
	}
	check(t, p)

	p, err = generator.LambdaMain(options, "lambda/cleanup", cleanup)
	require.NoError(t, err)
	main = string(p.Files[p.Package+"/main.go"])
	assert.Contains(t, main, "\tlambdatrigger.Start(trigger.Function{Name: \"cleanup\", Kind: trigger.Schedule, "+
		"Schedule: cleanup.Schedule, Call: trigger.Event(cleanup.Handler), Shutdown: cleanup.Shutdown})\n")
	for file := range p.Files {
		assert.NotContains(t, file, "runtime/payload")
		assert.NotContains(t, file, "runtime/server")
	}
	check(t, p)
}

func TestMigrateMain(t *testing.T) {
	p, err := generator.MigrateMain(options)
	require.NoError(t, err)
	assert.Len(t, p.Files, 1)
	assert.Contains(t, string(p.Files["api/src/functions/.fngen/migrate/main.go"]),
		"\n\t\"example.com/shop/api/src/lib/db\"\n")
	check(t, p)
}

// check checks that a main package is formatted and does not import fngen.
func check(t *testing.T, p generator.MainPackage) {
	t.Helper()
	for name, data := range p.Files {
		formatted, err := format.Source(data)
		require.NoError(t, err)
		assert.Equal(t, string(formatted), string(data), name)
		lines := strings.Split(string(data), "\n")
		assert.False(t, slices.ContainsFunc(lines, func(line string) bool {
			return strings.Contains(line, `"github.com/fngen/fngen/`)
		}), name)
	}
}
