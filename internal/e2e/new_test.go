//go:build linux

package e2e

import (
	"net/http"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestNewProjectAnswers checks that fngen dev serves a new project as it is,
// without a network.
func TestNewProjectAnswers(t *testing.T) {
	dir := t.TempDir()
	do(t, dir, "new", "shop", "--function=greet", "--agents")
	d := startDevIn(t, filepath.Join(dir, "shop"))
	status, body := get(t, d.url+"/greet")
	assert.Equal(t, http.StatusOK, status)
	assert.JSONEq(t, `{"data":"greet function"}`, body)
}
