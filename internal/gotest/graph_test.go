package gotest_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/gotest"
)

// The output of go list -e -deps -test for divide and orders. divide depends on
// fn, and its test also on fntest. orders has no test. fn has a test that is
// not listed.
const listed = `
{"ImportPath":"fmt","Dir":"/go/src/fmt","Standard":true,"DepOnly":true}
{"ImportPath":"m/lib/fn","Dir":"/m/lib/fn","DepOnly":true,"Deps":["fmt"],"EmbedFiles":["static/a.html"],"Module":{"Path":"m","Main":true}}
{"ImportPath":"m/lib/fntest","Dir":"/m/lib/fntest","DepOnly":true,"Deps":["fmt","m/lib/fn"],"Module":{"Path":"m","Main":true}}
{"ImportPath":"else/x","Dir":"/cache/else@v1.0.0/x","DepOnly":true,"Module":{"Path":"else","Version":"v1.0.0"}}
{"ImportPath":"near/y","Dir":"/near/y","DepOnly":true,"Module":{"Path":"near","Version":"v1.0.0","Replace":{"Path":"../near"}}}
{"ImportPath":"fork/z","Dir":"/cache/fork@v1.0.0/z","DepOnly":true,"Module":{"Path":"fork","Version":"v1.0.0","Replace":{"Path":"fork2","Version":"v1.0.0"}}}
{"ImportPath":"m/f/divide","Dir":"/m/f/divide","Deps":["fmt","m/lib/fn","else/x"],"TestEmbedFiles":["want/b.json"],"Module":{"Path":"m","Main":true}}
{"ImportPath":"m/f/divide [m/f/divide.test]","Dir":"/m/f/divide","Deps":["fmt","m/lib/fn","m/lib/fntest","near/y"],"Module":{"Path":"m","Main":true}}
{"ImportPath":"m/f/divide.test","Dir":"/m/f/divide","Deps":["fmt","m/f/divide [m/f/divide.test]","m/lib/fn","m/lib/fntest [m/f/divide.test]","near/y"],"Module":{"Path":"m","Main":true}}
{"ImportPath":"m/f/orders","Dir":"/m/f/orders","Deps":["fmt","m/lib/fn","fork/z"],"Module":{"Path":"m","Main":true}}
`

func TestGraph(t *testing.T) {
	g, err := gotest.ParseGraph(strings.NewReader(strings.ReplaceAll(listed, "/", string(filepath.Separator))))
	if filepath.Separator == '/' {
		require.NoError(t, err)
	} else {
		t.Skip("the paths are those of another system")
	}
	const divide, orders = "m/f/divide", "m/f/orders"
	for file, want := range map[string][]string{
		"/m/f/divide/divide.go":           {divide},
		"/m/f/divide/divide_test.go":      {divide},
		"/m/f/divide/query.sql":           {divide},
		"/m/f/divide/testdata/x/y.json":   {divide},
		"/m/f/divide/want/b.json":         {divide},
		"/m/f/divide/want/c.json":         nil,
		"/m/f/orders/orders.go":           {orders},
		"/m/lib/fn/fn.go":                 {divide, orders},
		"/m/lib/fn/new.go":                {divide, orders},
		"/m/lib/fn/fn_test.go":            nil,
		"/m/lib/fn/testdata/x.json":       nil,
		"/m/lib/fn/static/a.html":         {divide, orders},
		"/m/lib/fntest/fntest.go":         {divide},
		"/near/y/y.go":                    {divide},
		"/m/lib/other/other.go":           nil,
		"/m/README.md":                    nil,
		"/cache/fork@v1.0.0/z/z.go":       {orders},
		"/cache/else@v1.0.0/x/testdata/y": nil,
	} {
		got := g.Affected(file)
		if len(want) == 0 {
			assert.Empty(t, got, file)
		} else {
			assert.Equal(t, want, got, file)
		}
	}
	assert.Equal(t, []string{"/m/f/divide", "/m/f/orders", "/m/lib/fn", "/m/lib/fntest", "/near/y"}, g.Dirs())
	assert.True(t, g.Knows("/m/lib/fn/new.go"))
	assert.True(t, g.Knows("/m/lib/fn/static/a.html"))
	assert.False(t, g.Knows("/m/lib/other/other.go"))

	_, err = gotest.ParseGraph(strings.NewReader("{"))
	assert.Error(t, err)
}
