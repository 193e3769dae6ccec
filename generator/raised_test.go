package generator

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// In a tidy module with older versions, what generated code imports is added so
// that the module still builds, and go mod tidy has nothing to change.
func TestRaisedModulesBuild(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the go command for each module")
	}
	const (
		lambda = lambdaModule + "/events"
		jwt    = "github.com/golang-jwt/jwt/v5"
		redis  = "github.com/redis/go-redis/v9"
		cron   = "github.com/robfig/cron/v3"
	)
	bun := []string{
		bunModule, bunModule + "/dialect/pgdialect", bunModule + "/dialect/sqlitedialect",
		"github.com/jackc/pgx/v5/stdlib", "github.com/pressly/goose/v3", "modernc.org/sqlite",
	}
	for _, test := range []struct {
		name  string
		goMod string   // go directive
		have  []string // packages at versions, as the project imports them
		add   []string // packages that generated code imports
		stale bool     // the modules are not all of the table: something may stay that go mod tidy removes
	}{
		{"testify", "1.25.0", []string{"github.com/stretchr/testify/assert@v1.6.1"}, []string{lambda}, false},
		{"testify/mock", "1.22", []string{"github.com/stretchr/testify/mock@v1.7.0"}, []string{lambda}, true},
		{"a newer testify", "1.22", []string{"github.com/stretchr/testify/assert@v1.9.0"}, []string{lambda}, false},
		{"yaml", "1.22", []string{"gopkg.in/yaml.v3@v3.0.0-20200313102051-9f266ea9e77c"}, []string{lambda}, true},
		{"aws-lambda-go", "1.22", []string{lambda + "@v1.47.0"}, []string{lambda}, false},
		{"jwt", "1.22", []string{jwt + "@v5.0.0"}, []string{lambda, jwt}, false},
		{"go-redis", "1.25.0", []string{redis + "@v9.0.5"}, []string{lambda, redis}, true},
		{"cron", "1.22", []string{cron + "@v3.0.0"}, []string{lambda, cron}, false},
		{"bun", "1.25.0", []string{bunModule + "@v1.1.17", bun[1] + "@v1.1.17"}, append([]string{lambda}, bun...), true},
		{"testify and bun", "1.25.0", []string{"github.com/stretchr/testify/assert@v1.8.1"},
			append([]string{lambda}, bun...), true},
		{"x/text", "1.25.0", []string{"golang.org/x/text/language@v0.14.0"}, append([]string{lambda}, bun...), true},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			write := func(name, text string) {
				require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666))
			}
			read := func(name string) []byte {
				data, err := os.ReadFile(filepath.Join(dir, name))
				require.NoError(t, err)
				return data
			}
			write("go.mod", "module example.com/m\n\ngo "+test.goMod+"\n")
			imports := "package m\n\n"
			for _, pkg := range test.have {
				name, _, _ := strings.Cut(pkg, "@")
				imports += "import _ \"" + name + "\"\n"
			}
			write("have.go", imports)
			goCommand(t, dir, append([]string{"get"}, test.have...)...)
			goCommand(t, dir, "mod", "tidy")
			goCommand(t, dir, "build", "-mod=readonly", "./...")

			m, err := parseGoMod(read("go.mod"))
			require.NoError(t, err)
			require.NoError(t, m.require(test.add))
			sums := m.goSum(read("go.sum"))
			text, err := m.format()
			require.NoError(t, err)
			write("go.mod", string(text))
			write("go.sum", string(sums))
			imports = "package m\n\n"
			for _, pkg := range test.add {
				imports += "import _ \"" + pkg + "\"\n"
			}
			write("add.go", imports)
			goCommand(t, dir, "build", "-mod=readonly", "./...")
			goCommand(t, dir, "vet", "-mod=readonly", "./...")
			if !test.stale {
				goCommand(t, dir, "mod", "tidy")
				assert.Equal(t, string(text), string(read("go.mod")))
				assert.Equal(t, string(read("go.sum")), string(sums))
			}
		})
	}
}
