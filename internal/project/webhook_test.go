package project

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/generator"
)

func TestWebhook(t *testing.T) {
	const (
		imported = "package x\n\nimport \"example.com/app/api/src/lib/webhooks\"\n\n"
		aliased  = "package x\n\nimport hooks \"example.com/app/api/src/lib/webhooks\"\n\n"
	)
	file := func(source string) map[string]string { return map[string]string{"x.go": source} }
	type want struct{ scheme, header, secret, url, issuer string }
	tests := []struct {
		name  string
		files map[string]string
		want  want
	}{
		{
			"all options",
			file(imported + "var Handler = fn.Chain(handle, auth.Require(), webhooks.Require(webhooks.JWT, webhooks.Options{\n" +
				"\tSignatureHeader: \"X-S\",\n\tSecretEnv: `S`,\n\tURLEnv: \"U\", Issuer: \"me\", Tolerance: 5}))"),
			want{"jwtVerifier", "X-S", "S", "U", "me"},
		},
		{
			"no options",
			file(imported + `var Handler = webhooks.Require(webhooks.Stripe, webhooks.Options{})(handle)`),
			want{scheme: "stripe"},
		},
		{
			"options that are not literals",
			file(imported + `var Handler = webhooks.Require(webhooks.SHA256, webhooks.Options{
				SecretEnv: name, SignatureHeader: "X-" + "S", URLEnv: 5})`),
			want{scheme: "sha256Verifier"},
		},
		{
			"options in a variable",
			file(imported + `var Handler = webhooks.Require(webhooks.SHA256, options)`),
			want{scheme: "sha256Verifier"},
		},
		{
			"import with a name",
			file(aliased + `var Handler = hooks.Require(hooks.GitHub, hooks.Options{SecretEnv: "S"})`),
			want{scheme: "github", secret: "S"},
		},
		{
			"VerifyEvent",
			file(imported + `func handle() {
				if err := webhooks.VerifyEvent(webhooks.Zoom, event, webhooks.Options{SecretEnv: "S"}); err != nil { return }
			}`),
			want{scheme: "zoom", secret: "S"},
		},
		{
			"several files, one of them broken",
			map[string]string{
				"a.go":      "package x\n",
				"broken.go": imported + "var = webhooks.Require(webhooks.Zoom, webhooks.Options{})",
				"z.go":      imported + `var Handler = webhooks.Require(webhooks.Slack, webhooks.Options{})`,
			},
			want{scheme: "slack"},
		},
		{
			"the first of two calls",
			file(imported + `var a = webhooks.Require(webhooks.Slack, webhooks.Options{SecretEnv: "A"})
				var b = webhooks.Require(webhooks.Zoom, webhooks.Options{SecretEnv: "B"})`),
			want{scheme: "slack", secret: "A"},
		},
		{
			"another package",
			file("package x\n\nimport \"example.com/other/webhooks\"\n\n" +
				"var Handler = webhooks.Require(webhooks.Slack, webhooks.Options{})"),
			want{},
		},
		{
			"not the import's name",
			file(aliased + `var Handler = webhooks.Require(webhooks.Slack, webhooks.Options{})`),
			want{},
		},
		{
			"test file",
			map[string]string{
				"x.go":      "package x\n",
				"x_test.go": imported + `var Handler = webhooks.Require(webhooks.Slack, webhooks.Options{})`,
			},
			want{},
		},
		{
			"scheme in a variable",
			file(imported + `var Handler = webhooks.Require(scheme, webhooks.Options{})`),
			want{},
		},
		{
			"unknown scheme",
			file(imported + `var Handler = webhooks.Require(webhooks.Nosuch, webhooks.Options{})`),
			want{},
		},
		{
			"other functions",
			file(imported + `var a = webhooks.Signer(webhooks.Slack, webhooks.Options{})
				var b, c = Require(webhooks.Slack, webhooks.Options{}), webhooks.Require(webhooks.Slack)`),
			want{},
		},
		{"no call", file("package x\n"), want{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			files := map[string]string{"go.mod": goMod}
			f := Function{Name: "x"}
			for _, file := range slices.Sorted(maps.Keys(test.files)) {
				path := "api/src/functions/x/" + file
				files[path] = test.files[file]
				f.Files = append(f.Files, path)
			}
			got, err := openTest(t, files, ".").Webhook(f)
			require.NoError(t, err)
			if test.want == (want{}) {
				assert.Nil(t, got)
				return
			}
			require.NotNil(t, got)
			assert.Equal(t, test.want, want{got.Scheme.Name, got.SignatureHeader, got.SecretEnv, got.URLEnv, got.Issuer})
		})
	}
}

// Webhook finds the scheme of generated functions.
func TestWebhookOfGeneratedFunctions(t *testing.T) {
	name, err := generator.ParseName("x")
	require.NoError(t, err)
	for _, scheme := range generator.Schemes() {
		plan, err := generator.Function(generator.Spec{Name: name, Webhook: &scheme}, generator.Project{
			GoMod: []byte(goMod), Functions: "api/src/functions", Lib: "api/src/lib",
		}, false)
		require.NoError(t, err)
		files := map[string]string{"go.mod": goMod}
		for _, file := range plan.Files {
			files[file.Path] = string(file.Data)
		}
		p := openTest(t, files, ".")
		functions, _, err := p.List()
		require.NoError(t, err)
		require.Len(t, functions, 1)
		got, err := p.Webhook(functions[0])
		require.NoError(t, err)
		if !assert.NotNil(t, got, scheme.Name) {
			continue
		}
		assert.Equal(t, scheme.Name, got.Scheme.Name)
		if scheme.Name != "skipVerifier" {
			assert.Equal(t, scheme.SecretEnv(name), got.SecretEnv)
			assert.Equal(t, scheme.SignatureHeader(), got.SignatureHeader)
			assert.Equal(t, scheme.URLEnv(), got.URLEnv)
		}
	}
}
