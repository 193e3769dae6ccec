package project

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCommand(t *testing.T) {
	const module, tool = "module example.com/shop\n", "tool " + ToolPath + "\n"
	cached := "/home/me/.cache/go-build/ba/" + strings.Repeat("ba", 32) + "-d/fngen"
	tests := []struct {
		name, executable string
		files            map[string]string
		want             string
	}{
		{"installed", "/home/me/go/bin/fngen", map[string]string{"go.mod": module + tool}, "fngen"},
		{"first run of a tool", "/tmp/go-build3781515773/b001/exe/fngen", map[string]string{"go.mod": module + tool}, "go tool fngen"},
		{"tool", cached, map[string]string{"go.mod": module + tool}, "go tool fngen"},
		{"tool in a file of its own", cached, map[string]string{"go.mod": module, "tools.mod": module + tool}, "go tool -modfile=tools.mod fngen"},
		{"go run", cached, map[string]string{"go.mod": module}, "fngen"},
		{"another tool", cached, map[string]string{"go.mod": module + "tool example.com/other/fngen\n"}, "fngen"},
		{"invalid go.mod", cached, map[string]string{"go.mod": "modul"}, "fngen"},
		{"no module", cached, nil, "fngen"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range test.files {
				require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666))
			}
			below := filepath.Join(dir, "api", "src")
			require.NoError(t, os.MkdirAll(below, 0o777))
			assert.Equal(t, test.want, Command(test.executable, below))
		})
	}
}
