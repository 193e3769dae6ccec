package dotenv_test

import (
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/dotenv"
)

// files returns a directory with files of the given contents.
func files(contents map[string]string) fs.FS {
	dir := fstest.MapFS{}
	for name, data := range contents {
		dir[name] = &fstest.MapFile{Data: []byte(data)}
	}
	return dir
}

func TestFor(t *testing.T) {
	assert.Equal(t, []string{".env.defaults", ".env", ".env.test"}, dotenv.For("test"))
}

func TestRead(t *testing.T) {
	for name, test := range map[string]struct {
		files   map[string]string
		environ []string
		want    []string
	}{
		"none": {want: []string{}},
		"later files take precedence": {
			files: map[string]string{
				".env.defaults": "A=1\nB=1\nC=1\n", ".env": "B=2\nC=2", ".env.test": "C=3", ".env.production": "C=4",
			},
			want: []string{"A=1", "B=2", "C=3"},
		},
		"the environment takes precedence, even if empty": {
			files:   map[string]string{".env": "A=1\nB=1\nC=1"},
			environ: []string{"A=0", "B=", "=C:=x"},
			want:    []string{"C=1"},
		},
		"last assignment wins": {files: map[string]string{".env": "A=1\nA=2"}, want: []string{"A=2"}},
		"syntax": {
			files: map[string]string{
				".env": "\ufeff# comment\r\nexport A=1\r\nB = two words # comment\r\n" +
					"C='#$x'\r\nD=\"a\nb\\nc\"\r\nE=\r\nF: yaml\r\n",
			},
			want: []string{"A=1", "B=two words", "C=#$x", "D=a\nb\nc", "E=", "F=yaml"},
		},
		"expansion": {
			files: map[string]string{".env.defaults": "HOST=localhost", ".env": "URL=http://${HOST}:$PORT/\nPORT=1"},
			want:  []string{"HOST=localhost", "PORT=1", "URL=http://localhost:/"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := dotenv.Read(files(test.files), dotenv.For("test"), test.environ)
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
		})
	}
}

// Errors name the line and do not quote it, since it can contain a secret.
func TestReadErrors(t *testing.T) {
	for data, want := range map[string]string{
		"A=1\n\nsecret-x=1\nB=2":          ".env: line 3: want NAME=value",
		"A=1\nsecret":                     ".env: line 2: want NAME=value",
		"se cret=1":                       ".env: line 1: want NAME=value",
		"=secret":                         ".env: line 1: want NAME=value",
		"A=\"1\n2\"\nB=\"secret\n\nC=2":   ".env: line 3: the value has no closing quote",
		"# c\nA=1\nB='secret\n":           ".env: line 3: the value has no closing quote",
		"A=1\nB=sec\x00ret\n":             ".env: line 2: unexpected NUL character",
		"A=1\r\nsecret secret\r\nB=1\r\n": ".env: line 2: want NAME=value",
	} {
		_, err := dotenv.Read(files(map[string]string{".env.defaults": "Z=1", ".env": data}), dotenv.For("test"), nil)
		var mistake *dotenv.Error
		require.ErrorAs(t, err, &mistake, "%q", data)
		assert.EqualError(t, err, want, "%q", data)
	}

	_, err := dotenv.Read(fstest.MapFS{".env": &fstest.MapFile{Mode: fs.ModeDir}}, dotenv.For("test"), nil)
	assert.Error(t, err)
}
