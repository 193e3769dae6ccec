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

// program is a megabyte that can be made smaller, but not by much.
func program() []byte {
	words := []string{"runtime.", "main.", "\x00\x00\x00\x00", "net/http", "events"}
	random := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	for b.Len() < 1<<20 {
		b.WriteString(words[random.IntN(len(words))])
		b.WriteByte(byte(random.IntN(256)))
	}
	return b.Bytes()
}

func zipped(t *testing.T, program []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, artifact.Zip(&b, bytes.NewReader(program)))
	return b.Bytes()
}

// A zip file has bootstrap, which may be executed, and nothing of when and where it was made.
func TestZip(t *testing.T) {
	program := program()
	archive := zipped(t, program)
	assert.Equal(t, archive, zipped(t, program))
	assert.Less(t, len(archive), len(program)*2/3)

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
	assert.Equal(t, program, got)
}

// Zipped knows the one program that is in a zip file, and what Zip has not made.
func TestZipped(t *testing.T) {
	program := program()
	other := bytes.Clone(program)
	other[len(other)/2]++
	archive := zipped(t, program)
	ask := func(archive, program []byte) (bool, error) {
		return artifact.Zipped(bytes.NewReader(archive), int64(len(archive)), bytes.NewReader(program), int64(len(program)))
	}
	for name, c := range map[string]struct {
		program []byte
		want    bool
	}{"the same": {program, true}, "a byte differs": {other, false}, "shorter": {program[1:], false}, "nothing": {nil, false}} {
		got, err := ask(archive, c.program)
		require.NoError(t, err, name)
		assert.Equal(t, c.want, got, name)
	}

	// The same contents, but not as Lambda needs them.
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create("bootstrap")
	require.NoError(t, err)
	_, err = f.Write(program)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	got, err := ask(b.Bytes(), program)
	require.NoError(t, err)
	assert.False(t, got, "it has no mode")

	b.Reset()
	w = zip.NewWriter(&b)
	for _, name := range []string{"bootstrap", "notes.txt"} {
		_, err := w.Create(name)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	for name, foreign := range map[string][]byte{
		"empty": nil, "text": []byte("notes"), "cut off": archive[:len(archive)-1], "two files": b.Bytes(),
		"other": bytes.ReplaceAll(archive, []byte("bootstrap"), []byte(strings.Repeat("x", 9))),
	} {
		_, err := ask(foreign, program)
		assert.ErrorIs(t, err, artifact.ErrForeign, name)
	}
}
