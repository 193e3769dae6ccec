package server

import (
	"io/fs"
	"strconv"
	"strings"
)

// memoryLimit returns the soft limit of Go's memory in bytes for the container
// that the process runs in: 90% of the container's limit, which leaves room for
// what Go does not count. It returns 0 if the container has no limit, or if the
// environment variable GOMEMLIMIT has a value. fsys is the root of the file
// system, which has the limit of Linux's control groups:
// https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files
func memoryLimit(fsys fs.FS, goMemLimit string) int64 {
	if goMemLimit != "" {
		return 0
	}
	for _, file := range []string{
		"sys/fs/cgroup/memory.max",                   // version 2
		"sys/fs/cgroup/memory/memory.limit_in_bytes", // version 1
	} {
		data, err := fs.ReadFile(fsys, file)
		if err != nil {
			continue
		}
		limit, err := strconv.ParseInt(strings.TrimSpace(string(data)), 10, 64)
		const unlimited = 1 << 60 // version 1 has a number near 1 << 63, version 2 has max
		if err != nil || limit <= 0 || limit > unlimited {
			return 0
		}
		return limit / 10 * 9
	}
	return 0
}
