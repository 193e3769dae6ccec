package generator_test

import (
	"bufio"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/generator"
)

func TestNamesAreCamelcaseOnes(t *testing.T) {
	file, err := os.Open("../testdata/vectors/camelcase.jsonl")
	require.NoError(t, err)
	defer file.Close()

	for lines := bufio.NewScanner(file); lines.Scan(); {
		var row struct{ Name, Camel string }
		require.NoError(t, json.Unmarshal(lines.Bytes(), &row))
		name, err := generator.ParseName(row.Name)
		if !isASCII(row.Name) {
			assert.Error(t, err, row.Name)
			continue
		}
		if assert.NoError(t, err) {
			assert.Equal(t, row.Camel, name.String(), "of %q", row.Name)
		}
	}
}
func isASCII(s string) bool {
	for _, r := range s {
		if r > 127 {
			return false
		}
	}
	return true
}
