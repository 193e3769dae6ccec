package project

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/generator"
)

func httpFunctions(names ...string) []Function {
	var functions []Function
	for _, name := range names {
		functions = append(functions, Function{Name: name, Kind: generator.KindHTTP})
	}
	return functions
}

func TestLambda(t *testing.T) {
	concurrency := 2
	with := func(change func(*Lambda)) Lambda {
		l := defaultLambda()
		change(&l)
		return l
	}
	reference := "{{resolve:ssm:/" + strings.Repeat("x", 4096) + "}}"
	tests := []struct {
		name, file    string
		divide, other Lambda
	}{
		{"no file", "", defaultLambda(), defaultLambda()},
		{
			"all functions",
			"[lambda]\nmemory = 128\ntimeout = 900\narchitecture = \"amd64\"",
			with(func(l *Lambda) { l.Memory, l.Timeout, l.Architecture = 128, 900, "amd64" }),
			with(func(l *Lambda) { l.Memory, l.Timeout, l.Architecture = 128, 900, "amd64" }),
		},
		{
			"one function",
			"[functions.divide]\nmemory = 10240\ntimeout = 1\nconcurrency = 2",
			with(func(l *Lambda) { l.Memory, l.Timeout, l.Concurrency = 10240, 1, &concurrency }),
			defaultLambda(),
		},
		{
			"a function overrides all functions",
			"functions.divide.memory = 512\nlambda.memory = 1024",
			with(func(l *Lambda) { l.Memory = 512 }),
			with(func(l *Lambda) { l.Memory = 1024 }),
		},
		{
			"variables are merged",
			"[lambda]\nenvironment = { A1 = \"a\", B1 = \"b\" }\nsecrets = [\"Z1\", \"Y1\"]\n" +
				"[functions.divide]\nsecrets = [\"X1\", \"Y1\"]\n" +
				"[functions.divide.environment]\nB1 = \"other\"\nC1 = \"\"",
			with(func(l *Lambda) {
				l.Environment = map[string]any{"A1": "a", "B1": "other", "C1": ""}
				l.Secrets = []string{"X1", "Y1", "Z1"}
			}),
			with(func(l *Lambda) {
				l.Environment, l.Secrets = map[string]any{"A1": "a", "B1": "b"}, []string{"Y1", "Z1"}
			}),
		},
		{
			"a value replaces a secret",
			"lambda.secrets = [\"A1\"]\nfunctions.divide.environment.A1 = \"a\"",
			with(func(l *Lambda) { l.Environment["A1"], l.Secrets = "a", []string{} }),
			with(func(l *Lambda) { l.Secrets = []string{"A1"} }),
		},
		{
			"a secret replaces a value",
			"lambda.environment.A1 = \"a\"\nfunctions.divide.secrets = [\"A1\"]",
			with(func(l *Lambda) { l.Secrets = []string{"A1"} }),
			with(func(l *Lambda) { l.Environment["A1"] = "a" }),
		},
		{
			"a dynamic reference may be long",
			"lambda.environment.AB = \"" + reference + "\"",
			with(func(l *Lambda) { l.Environment["AB"] = reference }),
			with(func(l *Lambda) { l.Environment["AB"] = reference }),
		},
		{
			"a function with the name of a key",
			"[functions.memory]\nmemory = 128\n[functions.broken]\nmemory = 128",
			defaultLambda(),
			defaultLambda(),
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := openTest(t, map[string]string{"go.mod": goMod, configFile: test.file}, ".")
			got, err := p.Lambda(httpFunctions("divide", "memory", "other"), []string{"broken"})
			require.NoError(t, err)
			assert.Equal(t, []string{"divide", "memory", "other"}, slices.Sorted(maps.Keys(got)))
			assert.Equal(t, test.divide, got["divide"])
			assert.Equal(t, test.other, got["other"])
		})
	}
}

// Errors name the line and the key.
func TestLambdaErrors(t *testing.T) {
	tests := []struct{ file, want string }{
		{"[lambda]\n\nmemory = 127", "line 3: lambda.memory: want 128 to 10240 MB, not 127"},
		{"lambda.memory = 10241", "line 1: lambda.memory: want 128 to 10240 MB, not 10241"},
		{"[lambda]\nmemory = \"128\"", "line 2: lambda.memory: "},
		{"[functions.divide]\nmemory = 0", "line 2: functions.divide.memory: want 128"},
		{
			"[functions]\ndivide = { memory = 128, timeout = 0 }",
			"line 2: functions.divide.timeout: want 1 to 900 seconds, not 0",
		},
		{
			"[functions.divide]\ntimeout = 901",
			"line 2: functions.divide.timeout: want 1 to 900 seconds, not 901",
		},
		{
			"[functions]\n[functions.divide]\narchitecture = \"\"",
			"line 3: functions.divide.architecture: want arm64 or amd64, not \"\"",
		},
		{"lambda.concurrency = -1", "line 1: lambda.concurrency: want 0 or more, not -1"},
		{
			"[lambda.environment]\nAB = \"\"\nAWS_REGION = \"x\"",
			"line 3: lambda.environment.AWS_REGION: AWS Lambda reserves this variable",
		},
		{
			"lambda.environment = { A = \"\" }",
			"line 1: lambda.environment.A: want a letter followed by letters, digits or _",
		},
		{
			"[lambda]\nsecrets = [\"A-B\"]",
			"line 2: lambda.secrets: \"A-B\": want a letter followed by letters, digits or _",
		},
		{
			"[lambda]\nsecrets = [\"AB\"]\nenvironment.AB = \"x\"",
			"line 2: lambda.secrets: AB also has a value in environment",
		},
		{
			"\n[functions.Divid]\nmemory = 128",
			"line 2: functions.Divid: unknown function, did you mean divide",
		},
		{
			"[functions.divide]\n[functions.a]\n[functions.b]",
			"line 2: functions.a: unknown function",
		},
		{
			"[functions]\ndivid.memory = 128",
			"line 2: functions.divid: unknown function, did you mean divide",
		},
		{"[functions.x]", "line 1: functions.x: unknown function"},
		{
			"[lambda]\nenvironment.AB = \"" + strings.Repeat("x", 4095) + "\"\n[functions.divide]\nmemory = 128",
			"line 2: lambda.environment: want at most 4096 bytes of names and values, not 4097",
		},
		{
			"lambda.environment.AB = \"" + strings.Repeat("x", 4090) +
				"\"\n[functions.divide]\nenvironment.CD = \"xxx\"",
			"line 3: functions.divide.environment: want at most 4096 bytes of names and values, not 4097",
		},
		{"[functions.divide]\nmem = 1", "line 2: unknown key functions.divide.mem"},
	}
	for _, test := range tests {
		p := openTest(t, map[string]string{"go.mod": goMod}, ".")
		require.NoError(t, p.Root.WriteFile(configFile, []byte(test.file), 0o666))
		_, err := p.Lambda(httpFunctions("divide"), nil)
		require.Error(t, err, test.file)
		assert.ErrorContains(t, err, "fngen.toml: "+test.want)
	}
}

func TestLambdaVariable(t *testing.T) {
	for _, name := range []string{"A1", "aB_c", "AWS_PROFILE"} {
		assert.True(t, LambdaVariable(name), "%q", name)
	}
	for _, name := range []string{
		"A", "", "1A", "_X", "A.B", "A-B", "ÄB", "AB\n",
		"AWS_REGION", "AWS_LAMBDA_FUNCTION_NAME", "LAMBDA_TASK_ROOT", "AWS_SESSION_TOKEN",
	} {
		assert.False(t, LambdaVariable(name), "%q", name)
	}
}

func TestSecrets(t *testing.T) {
	const (
		user = "package auth\n\nvar Decoders = map[string]Decoder{" +
			"\"custom\": SharedSecret(SecretEnv), \"other\": SharedSecret(\"OTHER_SECRET\")}\n"
		importAuth = "import \"example.com/app/api/src/lib/auth\"\n\n"
	)
	tests := []struct {
		name, function, user string
		want                 []string
	}{
		{"none", "", user, nil},
		{
			"webhooks",
			`var o = webhooks.Options{SecretEnv: "META_SECRET", URLEnv: "PUBLIC_URL", VerifyTokenEnv: "META_TOKEN", Issuer: "X"}`,
			user, []string{"META_SECRET", "META_TOKEN", "PUBLIC_URL"},
		},
		{"auth", importAuth + "var _ = auth.Require()", user, []string{"AUTH_JWT_SECRET", "OTHER_SECRET"}},
		{"JWKS", importAuth + "var _ = auth.Require()", "package auth\n\nvar Decoders = JWT(JWTOptions{Keys: 1})\n", nil},
		{"dbAuth", importAuth + "var _ = auth.Require()", "package auth\n\nvar D = DBAuth(nil)\n", []string{"SESSION_SECRET"}},
		{
			"options in the function",
			importAuth + `var _ = auth.JWT(auth.JWTOptions{SecretEnv: "PARTNER"})`, "package auth\n",
			[]string{"PARTNER"},
		},
		{"no user.go", importAuth, "", nil},
		{"not a literal", "var o = webhooks.Options{SecretEnv: name}", user, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			files := map[string]string{
				"go.mod":                              goMod,
				"api/src/functions/divide/divide.go":  "package divide\n\n" + test.function + "\n\nfunc Handler() {}\n",
				"api/src/functions/divide/x_test.go":  "package divide\n\nvar o = Options{SecretEnv: \"TEST\"}\n",
				"api/src/functions/divide/x_plan9.go": "package divide\n\nvar o = Options{SecretEnv: \"PLAN9\"}\n",
			}
			if test.user != "" {
				files["api/src/lib/auth/user.go"] = test.user
			}
			p := openTest(t, files, ".")
			functions, _, err := p.List()
			require.NoError(t, err)
			require.Len(t, functions, 1)
			got, err := p.Secrets(functions[0])
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
		})
	}
}

func TestLambdaPolicies(t *testing.T) {
	p := openTest(t, map[string]string{"go.mod": goMod, "fngen.toml": `
[lambda]
policies = ["AmazonS3ReadOnlyAccess"]
[functions.divide]
policies = [{ S3ReadPolicy = { BucketName = { Ref = "Photos" } } }, { Ref = "Policy" }]
environment = { BUCKET = { Ref = "Photos" }, ARN = { GetAtt = "Photos.Arn" } }
`}, ".")
	got, err := p.Lambda(httpFunctions("divide", "other"), nil)
	require.NoError(t, err)
	ref := func(id string) map[string]any { return map[string]any{"Ref": id} }
	assert.Equal(t, []any{
		"AmazonS3ReadOnlyAccess",
		map[string]any{"S3ReadPolicy": map[string]any{"BucketName": ref("Photos")}},
		ref("Policy"),
	}, got["divide"].Policies)
	assert.Equal(t, map[string]any{
		"BUCKET": ref("Photos"), "ARN": map[string]any{"GetAtt": "Photos.Arn"},
	}, got["divide"].Environment)
	assert.Equal(t, []any{"AmazonS3ReadOnlyAccess"}, got["other"].Policies)
}

func TestLambdaPolicyErrors(t *testing.T) {
	const calls = `want a text in quotes, { Ref = "ID" }, { Sub = "TEXT" } or { GetAtt = "ID.ATTRIBUTE" }`
	tests := []struct{ file, want string }{
		{`lambda.policies = ["a b"]`, `lambda.policies: want a name or an ARN, not "a b"`},
		{`lambda.policies = [1]`, `lambda.policies: want "NAME", "ARN" or { TEMPLATE = { PARAMETER = "VALUE" } }`},
		{
			`lambda.policies = [{ S3ReadPolicy = "photos" }]`,
			`lambda.policies: S3ReadPolicy: want its parameters, as in { S3ReadPolicy = { NAME = "VALUE" } }`,
		},
		{
			`lambda.policies = [{ S3ReadPolicy = { BucketName = { Ref = 1 } } }]`,
			`lambda.policies: S3ReadPolicy: BucketName: want a name such as "Bucket" of Ref`,
		},
		{`lambda.environment.A1 = 1`, "lambda.environment.A1: " + calls},
		{`lambda.environment.A1 = { Reff = "X" }`, "lambda.environment.A1: " + calls},
		{
			`lambda.environment.A1 = { GetAtt = "Bucket" }`,
			`lambda.environment.A1: want a name such as "Bucket.Arn" of GetAtt`,
		},
		{
			`functions.divide.template = "sam.yaml"`,
			"functions.divide.template: only [lambda] has a template, which is for all functions",
		},
	}
	for _, test := range tests {
		t.Run(test.file, func(t *testing.T) {
			p := openTest(t, map[string]string{"go.mod": goMod, "fngen.toml": test.file}, ".")
			_, err := p.Lambda(httpFunctions("divide"), nil)
			assert.EqualError(t, err, "fngen.toml: line 1: "+test.want)
		})
	}
}

func TestSAMTemplate(t *testing.T) {
	tests := []struct{ file, name, contents, err string }{
		{"", "sam.yaml", "a", ""},
		{`lambda.template = "deploy/x.yaml"`, "deploy/x.yaml", "b", ""},
		{`lambda.template = "none.yaml"`, "", "", "fngen.toml: line 1: lambda.template: none.yaml does not exist"},
		{
			`lambda.template = "../x.yaml"`, "", "",
			`fngen.toml: line 1: lambda.template: want a path inside the project, not "../x.yaml"`,
		},
	}
	for _, test := range tests {
		t.Run(test.file, func(t *testing.T) {
			files := map[string]string{"go.mod": goMod, "fngen.toml": test.file, "sam.yaml": "a", "deploy/x.yaml": "b"}
			p := openTest(t, files, ".")
			name, contents, err := p.SAMTemplate()
			if test.err != "" {
				assert.EqualError(t, err, test.err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, test.name, name)
			assert.Equal(t, test.contents, string(contents))
		})
	}
}
