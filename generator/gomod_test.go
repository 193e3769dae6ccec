package generator

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/modfile"
)

// The sums are those of the go command: go mod tidy does not change the golden
// project and the shop.
func TestGoSumMatchesGolden(t *testing.T) {
	for _, dir := range []string{"../testdata/golden", "../testdata/shop"} {
		goMod, err := os.ReadFile(dir + "/go.mod")
		require.NoError(t, err)
		file, err := modfile.Parse("go.mod", goMod, nil)
		require.NoError(t, err)
		var direct []string
		for _, r := range file.Require {
			if !r.Indirect {
				direct = append(direct, r.Mod.Path)
			}
		}
		m, err := parseGoMod([]byte("module m\n\ngo " + file.Go.Version + "\n"))
		require.NoError(t, err)
		require.NoError(t, m.require(direct))
		text, err := m.format()
		require.NoError(t, err)
		_, want, _ := strings.Cut(string(goMod), "require")
		_, got, _ := strings.Cut(string(text), "require")
		assert.Equal(t, want, got)

		want1, err := os.ReadFile(dir + "/go.sum")
		require.NoError(t, err)
		assert.Equal(t, string(want1), string(m.goSum(nil)))
	}
}

// The needs of a requirement are required too, and raised if they are too old.
func TestGoModNeeds(t *testing.T) {
	const jwkset = "github.com/MicahParks/jwkset"
	for name, test := range map[string]struct{ before, after string }{
		"fresh": {
			"module m\n\ngo 1.22\n",
			"module m\n\ngo 1.22\n\nrequire " + jwkset + " v0.11.4\n\nrequire golang.org/x/time v0.9.0 // indirect\n",
		},
		"indirect, and too old": {
			"module m\n\ngo 1.22\n\nrequire golang.org/x/time v0.5.0 // indirect\n",
			"module m\n\ngo 1.22\n\nrequire " + jwkset + " v0.11.4\n\nrequire golang.org/x/time v0.9.0 // indirect\n",
		},
		"direct, and too old": {
			"module m\n\ngo 1.22\n\nrequire golang.org/x/time v0.5.0\n",
			"module m\n\ngo 1.22\n\nrequire (\n\tgithub.com/MicahParks/jwkset v0.11.4\n\tgolang.org/x/time v0.9.0\n)\n",
		},
		"newer": {
			"module m\n\ngo 1.22\n\nrequire golang.org/x/time v0.9.0\n",
			"module m\n\ngo 1.22\n\nrequire (\n\tgithub.com/MicahParks/jwkset v0.11.4\n\tgolang.org/x/time v0.9.0\n)\n",
		},
		"too old, and what it needs": {
			"module m\n\ngo 1.22\n\nrequire " + jwkset + " v0.5.0\n\nrequire golang.org/x/time v0.5.0 // indirect\n",
			"module m\n\ngo 1.22\n\nrequire " + jwkset + " v0.11.4\n\nrequire golang.org/x/time v0.9.0 // indirect\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := parseGoMod([]byte(test.before))
			require.NoError(t, err)
			require.NoError(t, m.require([]string{jwkset}))
			after, err := m.format()
			require.NoError(t, err)
			if test.after == "" {
				test.after = test.before
			}
			assert.Equal(t, test.after, string(after))
		})
	}
}

func TestGoMod(t *testing.T) {
	const aws = "github.com/aws/aws-lambda-go"
	for name, test := range map[string]struct{ before, after string }{
		"fresh": {
			"module m\n\ngo 1.22\n",
			"module m\n\ngo 1.22\n\nrequire " + aws + " v1.54.0\n",
		},
		"comments and formatting stay": {
			"// What it is.\nmodule m // really\n\ngo 1.24\n\n" +
				"require (\n\texample.com/a v1.0.0 // why\n\n\t// pinned\n\texample.com/z v1.2.3\n)\n",
			"// What it is.\nmodule m // really\n\ngo 1.24\n\n" +
				"require (\n\texample.com/a v1.0.0 // why\n\n\t// pinned\n\texample.com/z v1.2.3\n\tgithub.com/aws/aws-lambda-go v1.54.0\n)\n",
		},
		"direct ones stand apart from indirect ones": {
			"module m\n\ngo 1.22\n\nrequire example.com/a v1.0.0\n\nrequire example.com/b v1.0.0 // indirect\n",
			"module m\n\ngo 1.22\n\nrequire (\n\texample.com/a v1.0.0\n\t" + aws + " v1.54.0\n)\n\n" +
				"require example.com/b v1.0.0 // indirect\n",
		},
		"an older version that the code compiles with stays": {
			"module m\n\ngo 1.22\n\nrequire " + aws + " v1.52.0\n", "",
		},
		"a version that is too old is raised": {
			"module m\n\ngo 1.22\n\nrequire " + aws + " v1.49.0 // why\n",
			"module m\n\ngo 1.22\n\nrequire " + aws + " v1.54.0 // why\n",
		},
		"what the module requires is raised, and what that requires": {
			"module m\n\ngo 1.22\n\nrequire github.com/stretchr/testify v1.6.1\n\nrequire (\n" +
				"\tgithub.com/davecgh/go-spew v1.1.0 // indirect\n\tgithub.com/pmezard/go-difflib v1.0.0 // indirect\n" +
				"\tgopkg.in/yaml.v3 v3.0.0-20200313102051-9f266ea9e77c // indirect\n)\n",
			"module m\n\ngo 1.22\n\nrequire (\n\t" + aws + " v1.54.0\n" +
				"\tgithub.com/stretchr/testify v1.7.2\n)\n\nrequire (\n" +
				"\tgithub.com/davecgh/go-spew v1.1.1 // indirect\n\tgithub.com/pmezard/go-difflib v1.0.0 // indirect\n" +
				"\tgopkg.in/yaml.v3 v3.0.1 // indirect\n)\n",
		},
		"in the module itself": {"module " + aws + "\n\ngo 1.22\n", ""},
		"a newer version stays, in the user's layout": {
			"module m\ngo 1.26\nrequire   " + aws + "   v1.55.1\n", "",
		},
		"an indirect one becomes direct": {
			"module m\n\ngo 1.22\n\nrequire " + aws + " v1.53.0 // indirect\n",
			"module m\n\ngo 1.22\n\nrequire " + aws + " v1.53.0\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := parseGoMod([]byte(test.before))
			require.NoError(t, err)
			require.NoError(t, m.require([]string{"context", aws + "/events", aws + "/lambdacontext", "example.com/own"}))
			after, err := m.format()
			require.NoError(t, err)
			if test.after == "" {
				test.after = test.before
			}
			assert.Equal(t, test.after, string(after))
		})
	}
}

// A required module can need a newer version of a module that is added.
func TestNewerInGraph(t *testing.T) {
	m, err := parseGoMod([]byte("module m\n\ngo 1.22\n\nrequire example.com/a v1.0.0\n"))
	require.NoError(t, err)
	a := []byte("module example.com/a\n\ngo 1.22\n\nrequire golang.org/x/time v0.99.0\n")
	err = m.require([]string{"github.com/MicahParks/jwkset"}, a)
	var missing *RequireError
	require.ErrorAs(t, err, &missing)
	assert.Equal(t, "go get golang.org/x/time@v0.99.0", missing.Hint())
	assert.ErrorContains(t, err, "golang.org/x/time v0.99.0 is missing")
}

func TestInvalidGoMod(t *testing.T) {
	for source, want := range map[string]any{
		"module m\n\ngo 1.21\n":       &GoVersionError{Have: "1.21", Want: minGo},
		"module m\n\ngo 1.21.13\n":    &GoVersionError{Have: "1.21.13", Want: minGo},
		"module m\n\ngo 1.9\n":        &GoVersionError{Have: "1.9", Want: minGo},
		"module m\n":                  &GoVersionError{Want: minGo},
		"go 1.22\n":                   nil,
		"module m\n\nnonsense here\n": nil,
		"":                            nil,
	} {
		_, err := parseGoMod([]byte(source))
		if want != nil {
			assert.Equal(t, want, err, source)
			continue
		}
		var bad *ModError
		assert.ErrorAs(t, err, &bad, source)
	}
	for _, source := range []string{"1.22", "1.22.0", "1.23", "1.26.1"} {
		_, err := parseGoMod([]byte("module m\n\ngo " + source + "\n"))
		assert.NoError(t, err, source)
	}
}

func TestGoModIgnores(t *testing.T) {
	for directive, want := range map[string]string{
		"./api":               "./api",
		"./api/src/functions": "./api/src/functions",
		"src":                 "src",
		"./src":               "",
		"./ap":                "",
		"node_modules":        "",
	} {
		m, err := parseGoMod([]byte("module m\n\ngo 1.25\n\nignore " + directive + "\n"))
		require.NoError(t, err)
		assert.Equal(t, want, m.ignores("api/src/functions"), directive)
	}
}

func TestGoSumOrder(t *testing.T) {
	own := "example.com/a v1.9.0 h1:x=\nexample.com/a v1.10.0 h1:x=\n" +
		"example.com/a v1.10.0/go.mod h1:x=\ngithub.com/zz/z v1.0.0 h1:x=\n"
	m, err := parseGoMod([]byte("module m\n\ngo 1.25.0\n\nrequire github.com/zz/z v1.0.0\n"))
	require.NoError(t, err)
	require.NoError(t, m.require([]string{"github.com/MicahParks/jwkset", "github.com/golang-jwt/jwt/v5"}))
	added := string(m.goSum([]byte(own)))
	lines := strings.Split(strings.TrimSpace(added), "\n")
	want := []string{"example.com/a v1.9.0 h1:x=", "example.com/a v1.10.0 h1:x=", "example.com/a v1.10.0/go.mod h1:x="}
	assert.Equal(t, want, lines[:3])
	assert.True(t, strings.HasPrefix(lines[3], "github.com/MicahParks/jwkset v0.11.4 h1:"))
	assert.Equal(t, added, string(m.goSum([]byte(added))), "adding twice changes nothing")
}
