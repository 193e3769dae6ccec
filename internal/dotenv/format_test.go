package dotenv_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/docker/cli/pkg/kvfile"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/fngen/fngen/internal/dotenv"
)

// Docker and Kubernetes read the values that serve reads from the file.
func TestFormats(t *testing.T) {
	files := fstest.MapFS{".env": {Data: []byte(`PLAIN=value
SINGLE='with "quotes" and $PLAIN'
DOUBLE="it's a # sign and a \\ backslash"
SPACES="  around  "
EMPTY=
HASH=a#b
EQUALS=a=b=c
UNICODE=grüße
REFERENCE=${PLAIN}/x
NO=1234
TRUE=true
dotted.name=x
RETURN="a\rb"
`)}}
	lines, err := dotenv.Read(files, dotenv.For("production"), nil)
	require.NoError(t, err)
	require.Contains(t, lines, `SINGLE=with "quotes" and $PLAIN`)
	require.Contains(t, lines, "SPACES=  around  ")

	text, err := dotenv.Docker(lines)
	require.NoError(t, err)
	read, err := kvfile.ParseFromReader(bytes.NewReader(text), nil)
	require.NoError(t, err)
	assert.Equal(t, lines, read)

	lines = append(lines, "LINES=a\n  b\n\nc\n", "RETURNS=a\r\n\r")
	text, err = dotenv.Kubernetes("shop", lines)
	require.NoError(t, err)
	assert.Equal(t, lines, secretVariables(t, text, lines))
	values, err := dotenv.Values(lines)
	require.NoError(t, err)
	assert.Equal(t, "a\n  b\n\nc\n", values["LINES"])
	assert.Len(t, values, len(lines))
}

// secretVariables returns the variables of a Secret, in the order of the given
// ones.
func secretVariables(t *testing.T, manifest []byte, order []string) []string {
	t.Helper()
	var secret corev1.Secret
	require.NoError(t, yaml.UnmarshalStrict(manifest, &secret))
	assert.Equal(t, "v1 Secret shop", secret.APIVersion+" "+secret.Kind+" "+secret.Name)
	assert.Len(t, secret.Data, len(order))
	var variables []string
	for _, variable := range order {
		name, _, _ := strings.Cut(variable, "=")
		variables = append(variables, name+"="+string(secret.Data[name]))
	}
	return variables
}

func TestFormatErrors(t *testing.T) {
	long := strings.Repeat("x", 64<<10)
	for variable, want := range map[string]string{
		"KEY=a\nb":    "KEY: the value has several lines, which Docker's format cannot hold",
		"KEY=a\n":     "KEY: the value has several lines, which Docker's format cannot hold",
		"KEY=a\r":     "KEY: the value ends in a carriage return, which Docker's format cannot hold",
		"KEY=\xff":    "KEY: the value is not valid UTF-8",
		"KEY=" + long: "KEY: the value has more than 64 KB, which Docker cannot read",
	} {
		_, err := dotenv.Docker([]string{"A=1", variable})
		require.EqualError(t, err, want)
		// What is refused would have been read as something else.
		read, err := kvfile.ParseFromReader(strings.NewReader(variable+"\n"), nil)
		assert.NotEqual(t, []string{variable}, read, "%.20q %v", variable, err)
	}
	for variable, want := range map[string]string{
		"1KEY=a":   "1KEY: Kubernetes allows only letters, digits, -, _ and . in names of variables",
		"KEY=\xff": "KEY: the value is not valid UTF-8",
	} {
		_, err := dotenv.Kubernetes("shop", []string{"A=1", variable})
		require.EqualError(t, err, want)
	}
	_, err := dotenv.Values([]string{"KEY=\xff"})
	require.EqualError(t, err, "KEY: the value is not valid UTF-8")
	longest := "KEY=" + long[:len(long)-len("KEY=")-1]
	text, err := dotenv.Docker([]string{longest})
	require.NoError(t, err)
	read, err := kvfile.ParseFromReader(bytes.NewReader(text), nil)
	require.NoError(t, err)
	assert.Equal(t, []string{longest}, read)
	text, err = dotenv.Kubernetes("shop", nil)
	require.NoError(t, err)
	assert.Empty(t, secretVariables(t, text, nil))
}
