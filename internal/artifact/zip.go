// Package artifact makes the files that deploy a build's executables: zip files
// and a SAM template for AWS Lambda, a Dockerfile, and manifests for Kubernetes
// and Knative. It takes data and returns bytes; it does not use the file
// system.
package artifact

import (
	"archive/zip"
	"errors"
	"hash/crc32"
	"io"
	"time"

	"github.com/klauspost/compress/flate"
)

// Bootstrap is the name of the executable that the Lambda runtime
// provided.al2023 starts.
const Bootstrap = "bootstrap"

// compressionLevel of klauspost/compress uses 60% of the CPU time of the
// standard library's fastest level, and its files are 3% smaller. The default
// level takes five times as long to make them another 7% smaller.
const compressionLevel = 3

// Zip writes a zip file that contains an executable as bootstrap. Its bytes
// depend only on those of the executable.
func Zip(w io.Writer, executable io.Reader) error {
	archive := zip.NewWriter(w)
	archive.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, compressionLevel)
	})
	header := &zip.FileHeader{Name: Bootstrap, Method: zip.Deflate, Modified: modified()}
	header.SetMode(0o755)
	file, err := archive.CreateHeader(header)
	if err != nil {
		return err
	}
	if _, err := io.Copy(file, executable); err != nil {
		return err
	}
	return archive.Close()
}

// modified returns the modification time of all zipped files, which is the
// earliest that the format has.
func modified() time.Time { return time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC) }

// ErrForeign reports a file that [Zip] did not write.
var ErrForeign = errors.New("not a zip file that fngen wrote")

// Zipped reports whether a zip file is the one that [Zip] writes for an
// executable. Sizes are in bytes. The error is ErrForeign if Zip writes no such
// file for any executable.
func Zipped(archive io.ReaderAt, archiveSize int64, executable io.Reader, size int64) (bool, error) {
	r, err := zip.NewReader(archive, archiveSize)
	if err != nil || len(r.File) != 1 || r.File[0].Name != Bootstrap {
		return false, ErrForeign
	}
	f := r.File[0]
	if f.UncompressedSize64 != uint64(size) || f.Mode() != 0o755 ||
		!f.Modified.Equal(modified()) || f.Method != zip.Deflate {
		return false, nil
	}
	sum := crc32.NewIEEE()
	if _, err := io.Copy(sum, executable); err != nil {
		return false, err
	}
	return sum.Sum32() == f.CRC32, nil
}
