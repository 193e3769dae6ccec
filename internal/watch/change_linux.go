package watch

import (
	"io/fs"
	"syscall"
	"time"
)

// changeTime returns when the content or the attributes of a file last changed.
// Unlike the modification time, programs cannot set it.
func changeTime(info fs.FileInfo) time.Time {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return time.Unix(stat.Ctim.Unix())
	}
	return time.Time{}
}
