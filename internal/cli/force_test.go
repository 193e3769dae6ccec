package cli_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestForcedFunctionsAreGreen checks that a function that --force replaced
// compiles and passes its tests, whatever flags it had before. Package
// generator tests more pairs, without the go command.
func TestForcedFunctionsAreGreen(t *testing.T) {
	flags := [][]string{
		{},
		{"--no-tests"},
		{"--fixtures"},
		{"--webhook=slack", "--fixtures"},
		{"--allow-ip=10.0.0.0/8", "--rate-limit=10/s", "--auth", "--binary"},
	}
	dir := newModule(t, goldenMod)
	for i, first := range flags {
		for j, second := range flags {
			name := fmt.Sprintf("from%dTo%d", i, j)
			for _, args := range [][]string{first, append([]string{"--force"}, second...)} {
				code, _, stderr := fngen(t, dir, append([]string{"function", name}, args...)...)
				require.Zero(t, code, "%v, then %v: %s", first, second, stderr)
			}
		}
	}
	runGo(t, dir, "vet", "./...")
	runGo(t, dir, "test", "-vet=off", "./...")
}
