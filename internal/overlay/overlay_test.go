package overlay

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRestoreNames(t *testing.T) {
	names := map[string]string{"0.go": "f/.fngen/dev/main.go", "12.go": "f/.fngen/runtime/server/server.go"}
	tests := []struct{ name, output, want string }{
		{"relative", "../a b/fngen-build-7/0.go:3:4: x", "f/.fngen/dev/main.go:3:4: x"},
		{"absolute", "/t/a b/fngen-build-7/12.go:3:4: x", "f/.fngen/runtime/server/server.go:3:4: x"},
		{"resolved symlink", "/private/t/fngen-build-7/0.go:3: x", "f/.fngen/dev/main.go:3: x"},
		{
			"another file of that name",
			"x (../a b/fngen-build-7/0.go:1:2)\nf/0.go:1:2: y",
			"x (f/.fngen/dev/main.go:1:2)\nf/0.go:1:2: y",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, test.want, restoreNames(test.output, "/t/project", "/t/a b/fngen-build-7", names))
		})
	}
}
