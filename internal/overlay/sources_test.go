package overlay

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

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
