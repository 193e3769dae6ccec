package server

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
)

func TestMemoryLimit(t *testing.T) {
	const v1, v2 = "sys/fs/cgroup/memory/memory.limit_in_bytes", "sys/fs/cgroup/memory.max"
	for name, test := range map[string]struct {
		file, content, goMemLimit string
		want                      int64
	}{
		"version 2":           {v2, "268435456\n", "", 241591905},
		"version 1":           {v1, "1000\n", "", 900},
		"version 2 unlimited": {v2, "max\n", "", 0},
		"version 1 unlimited": {v1, "9223372036854771712\n", "", 0},
		"set by the user":     {v2, "1000\n", "off", 0},
		"empty":               {v2, "", "", 0},
		"negative":            {v2, "-1", "", 0},
		"elsewhere":           {"memory.max", "1000", "", 0},
	} {
		fsys := fstest.MapFS{test.file: {Data: []byte(test.content)}}
		got := memoryLimit(fsys, test.goMemLimit)
		assert.InDelta(t, test.want, got, 10, name)
	}
}
