package generator

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSums(t *testing.T) {
	var lines []string
	for i := range 50 {
		lines = append(lines, fmt.Sprintf("f%02d/a.go v1 %s\n", i, hash([]byte{byte(i)})))
	}
	text := strings.Join(lines, "")

	t.Run("what is not edited stays to the byte", func(t *testing.T) {
		s, err := parseSums([]byte(text))
		require.NoError(t, err)
		assert.Equal(t, text, string(s.format()))
	})
	t.Run("finds each line and no other", func(t *testing.T) {
		s, err := parseSums([]byte(text))
		require.NoError(t, err)
		for i := range 50 {
			path := fmt.Sprintf("f%02d/a.go", i)
			assert.Equal(t, "v1", s.version(path), path)
			assert.True(t, s.matches(path, []byte{byte(i)}), path)
			assert.False(t, s.matches(path, []byte("other")), path)
			assert.Empty(t, s.version(path+"x"))
			assert.Empty(t, s.version(path[:3]))
			assert.False(t, s.matches(path+"x", []byte{byte(i)}))
		}
	})
	t.Run("sets, adds and removes, sorted", func(t *testing.T) {
		for i := range 50 {
			s, err := parseSums([]byte(text))
			require.NoError(t, err)
			s.set(fmt.Sprintf("f%02d/a.go", i), "v2", []byte("new"))
			s.set(fmt.Sprintf("f%02d/b.go", i), "v2", []byte("new"))
			s.remove(fmt.Sprintf("f%02d/a.go", (i+1)%50))
			s.remove("unknown")

			want := slices.Clone(lines)
			want[i] = fmt.Sprintf("f%02d/a.go v2 %s\n", i, hash([]byte("new")))
			want[(i+1)%50] = ""
			want = append(want, fmt.Sprintf("f%02d/b.go v2 %s\n", i, hash([]byte("new"))))
			slices.Sort(want)
			assert.Equal(t, strings.Join(want, ""), string(s.format()))
		}
	})
	t.Run("an unsorted file, as a merge leaves it, is sorted", func(t *testing.T) {
		reversed := slices.Clone(lines)
		slices.Reverse(reversed)
		s, err := parseSums([]byte(strings.Join(reversed, "")))
		require.NoError(t, err)
		assert.Equal(t, text, string(s.format()))
	})
	t.Run("a union of two branches: either record of a file counts", func(t *testing.T) {
		ours := "b/b.go v1.9.0 " + hash([]byte("ours")) + "\n"
		theirs := "b/b.go v1.10.0 " + hash([]byte("theirs")) + "\n"
		text := lines[3] + theirs + ours + lines[1] + lines[3]
		s, err := parseSums([]byte(text))
		require.NoError(t, err)
		assert.True(t, s.matches("b/b.go", []byte("ours")))
		assert.True(t, s.matches("b/b.go", []byte("theirs")))
		assert.False(t, s.matches("b/b.go", []byte("other")))
		assert.Equal(t, "v1.10.0", s.version("b/b.go"))
		assert.Equal(t, theirs+ours+lines[1]+lines[3], string(s.format()))

		s.complete(File{Path: "b/b.go"}, "v2.0.0", []byte("ours"))
		assert.Equal(t, ours+lines[1]+lines[3], string(s.format()), "what the file has is known now")
		s.set("b/b.go", "v2.0.0", []byte("new"))
		assert.Equal(t, "b/b.go v2.0.0 "+hash([]byte("new"))+"\n"+lines[1]+lines[3], string(s.format()))
		s.remove("b/b.go")
		assert.Equal(t, lines[1]+lines[3], string(s.format()))
	})
	t.Run("line ends", func(t *testing.T) {
		s, err := parseSums([]byte(strings.TrimSuffix(strings.ReplaceAll(text, "\n", "\r\n"), "\r\n")))
		require.NoError(t, err)
		assert.Equal(t, text, string(s.format()))
		s.set("x", "v1", []byte("a\r\nb\r\n"))
		assert.Contains(t, string(s.format()), "x v1 "+hash([]byte("a\nb\n")))
	})
	t.Run("nothing", func(t *testing.T) {
		s, err := parseSums(nil)
		require.NoError(t, err)
		assert.Empty(t, s.version("x"))
		assert.Nil(t, s.format())
		s.set("x", "v1", nil)
		assert.Equal(t, "x v1 "+hash(nil)+"\n", string(s.format()))
	})
	t.Run("a line that is none", func(t *testing.T) {
		_, err := parseSums([]byte(lines[0] + "<<<<<<< HEAD\n" + lines[1]))
		var bad *SumError
		require.ErrorAs(t, err, &bad)
		assert.Equal(t, 2, bad.Line)
	})
}

func TestMergeAttribute(t *testing.T) {
	for before, want := range map[string]string{
		"":                              "fngen.sum merge=union\n",
		"*.go text\n":                   "*.go text\nfngen.sum merge=union\n",
		"*.go text":                     "*.go text\nfngen.sum merge=union\n",
		"*.go text\r\n":                 "*.go text\r\nfngen.sum merge=union\r\n",
		"fngen.sum merge=union\n":       "fngen.sum merge=union\n",
		"/fngen.sum -merge\n":           "/fngen.sum -merge\n",
		"# fngen.sum\nfngen.sum text\n": "# fngen.sum\nfngen.sum text\n",
	} {
		assert.Equal(t, want, string(addMergeAttribute([]byte(before))), before)
	}
}
