// Package artifact is what a build lays out beside its binaries: the zip files that AWS Lambda takes, and the
// files that tell AWS, docker and Kubernetes what to do with them. It is pure: what goes in as data comes out as bytes.
package artifact

import (
	"archive/zip"
	"errors"
	"hash/crc32"
	"io"
	"time"

	"github.com/klauspost/compress/flate"
)

// Bootstrap is the name of the program that AWS's runtime provided.al2023 starts.
const Bootstrap = "bootstrap"

// level is that of deflate. It takes three fifths of the CPU of the standard library's fastest level, and its files are smaller by 3
// hundredths: where 50 functions are zipped, the difference is a fifteenth of what the go command takes. The library's
// default makes them smaller by another 7 hundredths, and takes five times as long.
const level = 3

// Zip writes a zip file that has a program as bootstrap. The same program makes the same bytes.
func Zip(w io.Writer, program io.Reader) error {
	archive := zip.NewWriter(w)
	archive.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, level) })
	header := &zip.FileHeader{Name: Bootstrap, Method: zip.Deflate, Modified: epoch()}
	header.SetMode(0o755)
	file, err := archive.CreateHeader(header)
	if err != nil {
		return err
	}
	if _, err := io.Copy(file, program); err != nil {
		return err
	}
	return archive.Close()
}

// epoch is the time of every file in a zip: no earlier one can be had.
func epoch() time.Time { return time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC) }

// ErrForeign is of a zip file that Zip has not written.
var ErrForeign = errors.New("it is not fngen's")

// Zipped tells whether a zip file has this program, of this size in bytes, as Zip would put it there.
// The error is ErrForeign where it is a file of some other kind.
func Zipped(archive io.ReaderAt, archiveSize int64, program io.Reader, size int64) (bool, error) {
	r, err := zip.NewReader(archive, archiveSize)
	if err != nil || len(r.File) != 1 || r.File[0].Name != Bootstrap {
		return false, ErrForeign
	}
	f := r.File[0]
	if f.UncompressedSize64 != uint64(size) || f.Mode() != 0o755 || !f.Modified.Equal(epoch()) || f.Method != zip.Deflate {
		return false, nil
	}
	sum := crc32.NewIEEE()
	if _, err := io.Copy(sum, program); err != nil {
		return false, err
	}
	return sum.Sum32() == f.CRC32, nil
}
