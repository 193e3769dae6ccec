package cli_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestOpenAPIOfGolden checks that the document of the golden functions is valid
// and, with -fetch, that oapi-codegen generates a client that compiles.
func TestOpenAPIOfGolden(t *testing.T) {
	code, document, stderr := fngen(t, goldenDir, "openapi", "--server=https://api.example.com")
	require.Zero(t, code, stderr)
	parsed, err := libopenapi.NewDocument([]byte(document))
	require.NoError(t, err)
	v, errs := validator.NewValidator(parsed)
	require.Empty(t, errs)
	_, invalid := v.ValidateDocument()
	for _, e := range invalid {
		t.Errorf("%s: %s: %v", e.Message, e.Reason, e.SchemaValidationErrors)
	}
	if !*fetch {
		return
	}

	dir := newModule(t, "module example.com/client\n\ngo 1.25.0\n")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "openapi.json"), []byte(document), 0o666))
	const user = `package main

import (
	"context"
	"time"
)

func main() {
	client, err := NewClient("https://api.example.com")
	if err != nil {
		panic(err)
	}
	name := "Ada"
	_, _ = client.Input(context.Background(), InputInput{Name: name, Age: 36, Born: time.Now(), Tags: []string{"a"}})
	_, _ = client.InputOptional(context.Background(), InputOptionalInput{Name: &name, UserId: 1})
}
`
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte(user), 0o666))
	run(t, dir, "go", "run", "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2",
		"-generate", "types,client", "-package", "main", "-o", "client.go", "openapi.json")
	run(t, dir, "go", "mod", "tidy")
	assert.Empty(t, run(t, dir, "go", "vet", "."))
}
