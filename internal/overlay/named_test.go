package overlay

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// A file of the overlay is told by the name that it stands for, whatever the name of the directory that it is in.
func TestNamed(t *testing.T) {
	names := map[string]string{"0.go": "f/.fngen/dev/main.go", "12.go": "f/.fngen/runtime/server/server.go"}
	for output, want := range map[string]string{
		"../a b/fngen-build-7/0.go:3:4: x":                 "f/.fngen/dev/main.go:3:4: x",
		"/t/a b/fngen-build-7/12.go:3:4: x":                "f/.fngen/runtime/server/server.go:3:4: x",
		"/private/t/fngen-build-7/0.go:3: x":               "f/.fngen/dev/main.go:3: x",
		"x (../a b/fngen-build-7/0.go:1:2)\nf/0.go:1:2: y": "x (f/.fngen/dev/main.go:1:2)\nf/0.go:1:2: y",
	} {
		assert.Equal(t, want, named(output, "/t/project", "/t/a b/fngen-build-7", names))
	}
}

func TestEmbeds(t *testing.T) {
	patterns := []string{"text.txt", "all:pages", "img/*.png", "[bad"}
	for file, want := range map[string]bool{
		"text.txt": true, "other.txt": false, "sub/text.txt": false,
		"pages/a/b.html": true, "pages/.hidden": true, "page": false,
		"img/a.png": true, "img/a.jpg": false, "img/sub/a.png": false,
	} {
		assert.Equal(t, want, embeds(patterns, file), file)
	}
}
