package project

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/generator"
)

func TestWebhook(t *testing.T) {
	const (
		imports = "package x\n\nimport \"example.com/app/api/src/lib/webhooks\"\n\n"
		aliased = "package x\n\nimport hooks \"example.com/app/api/src/lib/webhooks\"\n\n"
	)
	type want struct{ scheme, header, secret, url, issuer string }
	for name, test := range map[string]struct {
		files map[string]string
		want  want
	}{
		"all": {
			files: map[string]string{"x.go": imports + "var Handler = fn.Chain(handle, auth.Require(), webhooks.Require(webhooks.JWT, webhooks.Options{\n\tSignatureHeader: \"X-S\",\n\tSecretEnv: `S`,\n\tURLEnv: \"U\", Issuer: \"me\", Tolerance: 5}))"},
			want:  want{"jwtVerifier", "X-S", "S", "U", "me"},
		},
		"nothing but the scheme": {
			files: map[string]string{"x.go": imports + `var Handler = webhooks.Require(webhooks.Stripe, webhooks.Options{})(handle)`},
			want:  want{scheme: "stripe"},
		},
		"no literals": {
			files: map[string]string{"x.go": imports + `var Handler = webhooks.Require(webhooks.SHA256, webhooks.Options{SecretEnv: name, SignatureHeader: "X-" + "S", URLEnv: 5})`},
			want:  want{scheme: "sha256Verifier"},
		},
		"options elsewhere": {
			files: map[string]string{"x.go": imports + `var Handler = webhooks.Require(webhooks.SHA256, options)`},
			want:  want{scheme: "sha256Verifier"},
		},
		"alias": {
			files: map[string]string{"x.go": aliased + `var Handler = hooks.Require(hooks.GitHub, hooks.Options{SecretEnv: "S"})`},
			want:  want{scheme: "github", secret: "S"},
		},
		"within a handler": {
			files: map[string]string{"x.go": imports + `func handle() { if err := webhooks.VerifyEvent(webhooks.Zoom, event, webhooks.Options{SecretEnv: "S"}); err != nil { return } }`},
			want:  want{scheme: "zoom", secret: "S"},
		},
		"in another file": {
			files: map[string]string{"a.go": "package x\n", "broken.go": imports + "var = webhooks.Require(webhooks.Zoom, webhooks.Options{})", "z.go": imports + `var Handler = webhooks.Require(webhooks.Slack, webhooks.Options{})`},
			want:  want{scheme: "slack"},
		},
		"the first of two": {
			files: map[string]string{"x.go": imports + `var a, b = webhooks.Require(webhooks.Slack, webhooks.Options{SecretEnv: "A"}), webhooks.Require(webhooks.Zoom, webhooks.Options{SecretEnv: "B"})`},
			want:  want{scheme: "slack", secret: "A"},
		},
		"another package's": {files: map[string]string{"x.go": "package x\n\nimport \"example.com/other/webhooks\"\n\nvar Handler = webhooks.Require(webhooks.Slack, webhooks.Options{})"}},
		"not the alias":     {files: map[string]string{"x.go": aliased + `var Handler = webhooks.Require(webhooks.Slack, webhooks.Options{})`}},
		"a test":            {files: map[string]string{"x.go": "package x\n", "x_test.go": imports + `var Handler = webhooks.Require(webhooks.Slack, webhooks.Options{})`}},
		"no scheme":         {files: map[string]string{"x.go": imports + `var Handler = webhooks.Require(scheme, webhooks.Options{})`}},
		"unknown scheme":    {files: map[string]string{"x.go": imports + `var Handler = webhooks.Require(webhooks.Nosuch, webhooks.Options{})`}},
		"other functions":   {files: map[string]string{"x.go": imports + `var a, b, c = webhooks.Signer(webhooks.Slack, webhooks.Options{}), Require(webhooks.Slack, webhooks.Options{}), webhooks.Require(webhooks.Slack)`}},
		"none":              {files: map[string]string{"x.go": "package x\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{"go.mod": goMod}
			f := Function{Name: "x"}
			for file, source := range test.files {
				file = "api/src/functions/x/" + file
				files[file] = source
				f.Files = append(f.Files, file)
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

// Whatever scheme a function is generated for, its source says so.
func TestWebhookOfEveryScheme(t *testing.T) {
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
