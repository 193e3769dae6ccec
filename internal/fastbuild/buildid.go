package fastbuild

import (
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"errors"
	"os"
	"strings"
)

// stamp replaces the last part of the build ID in a file by the hash of the
// file's contents, and returns the new build ID.
func stamp(file, id string) (string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	var offsets []int64
	for offset := 0; ; offset += len(id) {
		i := bytes.Index(data[offset:], []byte(id))
		if i < 0 {
			break
		}
		offset += i
		offsets = append(offsets, int64(offset))
	}
	id = id[:strings.LastIndex(id, "/")+1] + contentID(data, id)
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		return "", err
	}
	for _, offset := range offsets {
		if _, err := f.WriteAt([]byte(id), offset); err != nil {
			return "", errors.Join(err, f.Close())
		}
	}
	return id, f.Close()
}

// contentID returns the hash of an object file or an executable, as the go
// command computes it: its build ID and the GNU build ID, which depends on it,
// count as zeros. It overwrites them in data.
func contentID(data []byte, id string) string {
	if f, err := elf.NewFile(bytes.NewReader(data)); err == nil {
		if note := f.Section(".note.gnu.build-id"); note != nil && note.Offset+note.Size <= uint64(len(data)) {
			clear(data[min(note.Offset+16, note.Offset+note.Size) : note.Offset+note.Size])
		}
	}
	for rest := data; ; {
		i := bytes.Index(rest, []byte(id))
		if i < 0 {
			return shortHash(sha256.Sum256(data))
		}
		clear(rest[i : i+len(id)])
		rest = rest[i+len(id):]
	}
}

// hasContentID reports whether contentID returns what the go command has
// written to the executable. prefix is the build ID without the last part.
func hasContentID(file, prefix string) bool {
	data, err := os.ReadFile(file)
	i := bytes.Index(data, []byte(prefix))
	const size = len("zWsmIjuD4YAgqFyENLDX")
	if err != nil || i < 0 || i+len(prefix)+size > len(data) {
		return false
	}
	id := string(data[i : i+len(prefix)+size])
	return strings.HasSuffix(id, contentID(data, id))
}
