package openapi_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/openapi"
	"github.com/fngen/fngen/internal/project"
)

var update = flag.Bool("update", false, "rewrite testdata")

const source = `package orders

import (
	"encoding/json"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"example.com/app/api/src/lib/auth"
	"example.com/app/api/src/lib/fn"
	"example.com/app/api/src/lib/ratelimit"
)

// order is what a customer
// buys.
type order struct {
	ID       int64 ` + "`json:\"id\"`" + ` // chosen by the client
	Lines    []line
	Parent   *order            ` + "`json:\"parent\"`" + `
	Labels   map[string]string ` + "`json:\"labels,omitempty\"`" + `
	Raw      json.RawMessage   ` + "`json:\"raw,omitzero\"`" + `
	Total    int               ` + "`json:\"total,string\"`" + `
	Photo    []byte
	Created  time.Time
	Ignored  string ` + "`json:\"-\"`" + `
	Count    uint8
	Ratio    float32
	Paid     bool
	State    state
	Money    money
	internal string
	base
}

type (
	line struct { SKU, Name string }
	base struct { Source string }
	state string
	money struct{ cents int }
)

func (m *money) UnmarshalJSON([]byte) error { return nil }

var Handler = fn.Chain(handle, ratelimit.Require(ratelimit.PerSecond(1), ratelimit.Options{}), auth.Require("admin"))

func handle() {
	_, _ = fn.Decode[order](events.APIGatewayProxyRequest{})
	_, _ = fn.DecodeLimit[[]line](events.APIGatewayProxyRequest{}, 1)
}
`

// contract returns what the source of a function says about it.
func contract(t *testing.T, source string) project.Contract {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "api/src/functions/orders/orders.go")
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o777))
	require.NoError(t, os.WriteFile(file, []byte(source), 0o666))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example.com/app\n\ngo 1.22\n"), 0o666))
	p, err := project.Open(dir, project.Options{Env: func(string) string { return "" }})
	require.NoError(t, err)
	defer p.Close()
	functions, _, err := p.List()
	require.NoError(t, err)
	require.Len(t, functions, 1)
	c, err := p.Contract(functions[0])
	require.NoError(t, err)
	return c
}

// validate checks a document with the schema of OpenAPI, and that its names are
// unique.
func validate(t *testing.T, document []byte) {
	t.Helper()
	parsed, err := libopenapi.NewDocument(document)
	require.NoError(t, err)
	v, errs := validator.NewValidator(parsed)
	require.Empty(t, errs)
	_, invalid := v.ValidateDocument()
	for _, e := range invalid {
		t.Errorf("%s: %s: %v", e.Message, e.Reason, e.SchemaValidationErrors)
	}

	var d struct {
		Paths map[string]map[string]struct{ OperationID string }
	}
	require.NoError(t, json.Unmarshal(document, &d))
	seen := map[string]bool{}
	for _, item := range d.Paths {
		for _, o := range item {
			assert.False(t, seen[o.OperationID], o.OperationID)
			seen[o.OperationID] = true
		}
	}
}

func TestDocument(t *testing.T) {
	github, err := generator.ParseScheme("github")
	require.NoError(t, err)
	document, err := openapi.Document(
		openapi.Options{Title: "shop", Version: "1.2.3", Servers: []string{"https://api.example.com"}},
		[]openapi.Function{
			{Name: "orders", Contract: contract(t, source), Routes: []openapi.Route{
				{"POST", "/orders"}, {"PUT", "/orders/{id}"}, {"GET", "/orders/{id}"}, {"", "/files/{path...}"},
			}},
			{Name: "slack/events", Routes: []openapi.Route{{"", "/slack/events"}}, Contract: project.Contract{
				Webhook: &project.Webhook{Scheme: github}, AllowIP: true,
			}},
			{Name: "slackEvents", Routes: []openapi.Route{{"", "/slackEvents"}}, Contract: project.Contract{Binary: "image/png"}},
		})
	require.NoError(t, err)
	validate(t, document)

	golden := "testdata/document.json"
	if *update {
		require.NoError(t, os.WriteFile(golden, document, 0o666))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(document), "run the test with -update, and read the diff")

	asYAML, err := openapi.YAML(document)
	require.NoError(t, err)
	var a, b any
	require.NoError(t, yaml.Unmarshal(asYAML, &a))
	require.NoError(t, json.Unmarshal(document, &b))
	encoded, err := json.Marshal(a)
	require.NoError(t, err)
	assert.JSONEq(t, string(document), string(encoded))
}

func TestDocumentOfNothing(t *testing.T) {
	document, err := openapi.Document(openapi.Options{Title: "none", Version: "0"}, nil)
	require.NoError(t, err)
	validate(t, document)
}

// TestSignatureHeaders checks that a document names the header of the signature.
func TestSignatureHeaders(t *testing.T) {
	headers := map[string]string{}
	for _, scheme := range generator.Schemes() {
		document, err := openapi.Document(openapi.Options{Title: "none", Version: "0"}, []openapi.Function{{
			Name: "hook", Routes: []openapi.Route{{Path: "/hook"}},
			Contract: project.Contract{Webhook: &project.Webhook{Scheme: scheme}},
		}})
		require.NoError(t, err)
		var d struct {
			Components struct {
				SecuritySchemes map[string]struct{ Name string }
			}
		}
		require.NoError(t, json.Unmarshal(document, &d))
		for _, s := range d.Components.SecuritySchemes {
			headers[scheme.Name] = s.Name
		}
		if scheme.Name == "stripe" || scheme.Name == "skipVerifier" {
			validate(t, document)
		}
	}
	for scheme, want := range map[string]string{
		"skipVerifier": "", "sha256Verifier": "Rw-Webhook-Signature", "github": "X-Hub-Signature-256",
		"shopify": "X-Shopify-Hmac-Sha256", "slack": "X-Slack-Signature", "stripe": "Stripe-Signature",
		"svix": "Svix-Signature", "twilio": "X-Twilio-Signature",
	} {
		assert.Equal(t, want, headers[scheme], scheme)
	}
}
