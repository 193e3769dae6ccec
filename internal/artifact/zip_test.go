package artifact_test

import (
	"archive/zip"
	"bytes"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/artifact"
)

// executable returns a megabyte that compresses, but not well.
func executable() []byte {
	words := []string{"runtime.", "main.", "\x00\x00\x00\x00", "net/http", "events"}
	random := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	for b.Len() < 1<<20 {
		b.WriteString(words[random.IntN(len(words))])
		b.WriteByte(byte(random.IntN(256)))
	}
	return b.Bytes()
}

func zipped(t *testing.T, executable []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, artifact.Zip(&b, bytes.NewReader(executable)))
	return b.Bytes()
}

// The zip file contains an executable bootstrap, and depends on nothing else.
func TestZip(t *testing.T) {
	executable := executable()
	archive := zipped(t, executable)
	assert.Equal(t, archive, zipped(t, executable))
	assert.Less(t, len(archive), len(executable)*2/3)

	r, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	require.NoError(t, err)
	require.Len(t, r.File, 1)
	f := r.File[0]
	assert.Equal(t, "bootstrap", f.Name)
	assert.Equal(t, "-rwxr-xr-x", f.Mode().String())
	assert.Equal(t, "1980-01-01 00:00:00", f.Modified.UTC().Format("2006-01-02 15:04:05"))
	file, err := f.Open()
	require.NoError(t, err)
	got, err := io.ReadAll(file)
	require.NoError(t, err)
	assert.Equal(t, executable, got)
}

func TestZipped(t *testing.T) {
	original := executable()
	changed := bytes.Clone(original)
	changed[len(changed)/2]++
	archive := zipped(t, original)
	isZipped := func(archive, executable []byte) (bool, error) {
		return artifact.Zipped(bytes.NewReader(archive), int64(len(archive)),
			bytes.NewReader(executable), int64(len(executable)))
	}
	for _, test := range []struct {
		name       string
		executable []byte
		want       bool
	}{
		{"the same", original, true},
		{"one byte differs", changed, false},
		{"shorter", original[1:], false},
		{"empty", nil, false},
	} {
		got, err := isZipped(archive, test.executable)
		require.NoError(t, err, test.name)
		assert.Equal(t, test.want, got, test.name)
	}

	// The contents are the same, but Lambda could not execute them.
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create("bootstrap")
	require.NoError(t, err)
	_, err = f.Write(original)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	got, err := isZipped(b.Bytes(), original)
	require.NoError(t, err)
	assert.False(t, got, "not executable")

	b.Reset()
	w = zip.NewWriter(&b)
	for _, name := range []string{"bootstrap", "notes.txt"} {
		_, err := w.Create(name)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	for name, foreign := range map[string][]byte{
		"empty": nil, "text": []byte("notes"), "truncated": archive[:len(archive)-1], "two files": b.Bytes(),
		"other": bytes.ReplaceAll(archive, []byte("bootstrap"), []byte(strings.Repeat("x", 9))),
	} {
		_, err := isZipped(foreign, original)
		assert.ErrorIs(t, err, artifact.ErrForeign, name)
	}
}
