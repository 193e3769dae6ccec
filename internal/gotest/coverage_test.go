package gotest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"golang.org/x/tools/cover"

	"github.com/fngen/fngen/internal/gotest"
)

func TestCoverage(t *testing.T) {
	const pkg = "example.com/app/api/src/functions"
	r := gotest.NewReport("example.com/app", []gotest.Function{
		{Name: "divide", Package: pkg + "/divide"},
		{Name: "slack/events", Package: pkg + "/slack/events"},
		{Name: "flat", Package: pkg, Flat: true},
		{Name: "other", Package: pkg, Flat: true},
	}, false)
	profile := func(file string, counts ...int) *cover.Profile {
		p := &cover.Profile{FileName: file}
		for _, count := range counts {
			p.Blocks = append(p.Blocks, cover.ProfileBlock{NumStmt: 2, Count: count})
		}
		return p
	}
	assert.Equal(t, `Coverage:
  divide         66.7%  4 of 6 statements
  flat            0.0%  0 of 2 statements
  other         100.0%  0 of 0 statements
  slack/events  100.0%  2 of 2 statements
`, r.Coverage([]*cover.Profile{
		profile(pkg+"/divide/divide.go", 1, 0),
		profile(pkg+"/divide/internal/round/round.go", 3),
		profile(pkg+"/slack/events/events.go", 1),
		profile(pkg+"/flat.go", 0),
		profile(pkg + "/other.go"),
		profile(pkg+"/helpers.go", 1),
		profile("example.com/app/api/src/lib/fn/fn.go", 1),
	}))
}
