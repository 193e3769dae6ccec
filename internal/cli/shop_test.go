package cli_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/pgserver"
)

// shopDir is the seed's two examples: a project that fngen made, and that somebody then filled in.
const shopDir = "../../testdata/shop"

const shopMod = "module example.com/shop\n\ngo 1.25.0\n"

// shopCommands made the shop.
func shopCommands() [][]string {
	return [][]string{
		{"add", "db"},
		{"function", "divide", "--fixtures"},
		{"function", "updateOrderStatus", "--webhook"},
	}
}

// What is fngen's in the shop is what fngen writes today: the support packages, go.mod, go.sum.
func TestShopIsCurrent(t *testing.T) {
	dir := newModule(t, shopMod)
	for _, args := range shopCommands() {
		code, _, stderr := fngen(t, dir, args...)
		require.Zero(t, code, "fngen %s: %s", strings.Join(args, " "), stderr)
	}
	made, shop := tree(t, dir), tree(t, shopDir)
	filledIn := func(name string) bool {
		return strings.HasPrefix(name, "api/src/functions/") || strings.HasPrefix(name, "api/src/services/") || strings.HasSuffix(name, ".sql")
	}
	if *update {
		for name, data := range made {
			if !filledIn(name) {
				require.NoError(t, os.MkdirAll(shopDir+"/"+name[:max(0, strings.LastIndex(name, "/"))], 0o777))
				require.NoError(t, os.WriteFile(shopDir+"/"+name, []byte(data), 0o666))
			}
		}
		for name := range shop {
			if _, ok := made[name]; !ok && !filledIn(name) {
				require.NoError(t, os.Remove(shopDir+"/"+name))
			}
		}
		shop = tree(t, shopDir)
	}
	for name, data := range made {
		if !filledIn(name) && shop[name] != data {
			t.Errorf("%s differs from testdata/shop (make golden renews it):\n%s", name, diff(shop[name], data))
		}
	}
	for name := range shop {
		if _, ok := made[name]; !ok && !filledIn(name) {
			t.Errorf("%s is in testdata/shop, and fngen does not write it (make golden renews them)", name)
		}
	}
}

// The shop's tests pass on both databases, and its go.mod is as the go command would have left it.
func TestShop(t *testing.T) {
	runGo(t, shopDir, "vet", "./...")
	if out := runGo(t, shopDir, "mod", "tidy", "-diff"); out != "" {
		t.Errorf("go mod tidy -diff:\n%s", out)
	}
	t.Run("sqlite", func(t *testing.T) {
		t.Setenv("TEST_DATABASE_URL", "")
		runGo(t, shopDir, "test", "-race", "-count=1", "./...")
	})
	t.Run("postgres", func(t *testing.T) {
		server, err := pgserver.Start()
		pgserver.Skip(t, err)
		t.Cleanup(func() { assert.NoError(t, server.Stop()) })
		t.Setenv("TEST_DATABASE_URL", server.URL("shop_test"))
		runGo(t, shopDir, "test", "-race", "-count=1", "./...")
	})
}

// A project without a database brings none of it.
func TestGoldenHasNoDatabase(t *testing.T) {
	for name := range tree(t, goldenDir) {
		assert.NotContains(t, name, "/db/")
	}
	_, err := os.Stat(goldenDir + "/" + generator.PackageDir("api/src/lib", generator.Migrations))
	assert.ErrorIs(t, err, os.ErrNotExist)
}
