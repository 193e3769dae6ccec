package cli

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A platform that is set for builds for Lambda does not count.
func TestThisPlatform(t *testing.T) {
	kept, note := thisPlatform([]string{"A=1", "GOOS=plan9", "GOARCH=mips", "B=GOOS"})
	assert.Equal(t, []string{"A=1", "B=GOOS"}, kept)
	assert.Equal(t, "ignoring GOOS=plan9 and GOARCH=mips: fngen dev builds for this machine", note)
	own := []string{"GOOS=" + runtime.GOOS, "GOARCH=" + runtime.GOARCH}
	for _, environ := range [][]string{nil, own, {"GOOS=", "GOARCH="}} {
		kept, note = thisPlatform(environ)
		assert.Equal(t, len(environ), len(kept))
		assert.Empty(t, note)
	}
}
