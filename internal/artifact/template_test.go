package artifact_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/artifact"
	"github.com/fngen/fngen/internal/project"
)

var update = flag.Bool("update", false, "rewrite testdata")

// newFunction returns a function with the default settings, except for what set
// changes.
func newFunction(name string, set func(*project.Lambda)) artifact.Function {
	f := artifact.Function{Name: name, Kind: generator.KindHTTP, Lambda: project.Lambda{
		Architecture: "arm64", Memory: 256, Timeout: 10,
	}}
	if set != nil {
		set(&f.Lambda)
	}
	return f
}

// withRoutes returns the function with routes and CORS.
func withRoutes(f artifact.Function, patterns ...string) artifact.Function {
	f.CORS = true
	for _, pattern := range patterns {
		route, err := generator.ParseRoute(pattern)
		if err != nil {
			panic(err)
		}
		f.Routes = append(f.Routes, project.Route{Route: route})
	}
	return f
}

// newTemplate returns the template of a stack.
func newTemplate(t *testing.T, s artifact.Stack) []byte {
	t.Helper()
	text, err := artifact.Template(s)
	require.NoError(t, err)
	return text
}

// shop returns a stack that uses every setting.
func shop(rest bool) artifact.Stack {
	two := 2
	sms := newFunction("sms", nil)
	sms.SignedURL = true
	return artifact.Stack{
		Module: "example.com/shop", REST: rest,
		Secrets: []string{"DATABASE_URL"},
		Functions: []artifact.Function{
			newFunction("divide", nil),
			withRoutes(newFunction("on", nil), "GET /on/{id}", "POST /on", "/on/{id}/files/{path...}"),
			newFunction("updateOrder", func(l *project.Lambda) {
				l.Architecture, l.Memory, l.Timeout, l.Concurrency = "amd64", 1024, 29, &two
				l.Environment = map[string]any{
					"TABLE": "orders", "YES": "no", "QUOTED": "a \"b\": #c\n\u2028", "EMPTY": "", "NUMBER": "012",
					"KEY": "{{resolve:secretsmanager:shop:SecretString:key}}",
				}
				l.Secrets = []string{"DATABASE_URL", "STRIPE_WEBHOOK_SECRET"}
			}),
			sms,
		},
	}
}

// A document is a SAM template with the fields that fngen writes. Any other
// field is an error.
//
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification.html
type document struct {
	AWSTemplateFormatVersion, Transform, Description string
	Parameters                                       map[string]struct {
		Type, Description string
		NoEcho            bool
	}
	Globals struct {
		Function struct{ Environment environment }
		Api      struct { //nolint:revive // AWS's name
			OpenApiVersion        string //nolint:revive // likewise
			EndpointConfiguration struct{ Type string }
			BinaryMediaTypes      []string
		}
	}
	Resources map[string]resource
	Outputs   map[string]struct {
		Description string
		Value       map[string]string
	}
}

type environment struct{ Variables map[string]any }

type resource struct {
	Type       string
	Properties struct {
		PackageType, Runtime, Handler, CodeUri            string //nolint:revive // AWS's name
		Architectures                                     []string
		MemorySize, Timeout, ReservedConcurrentExecutions int
		Environment                                       environment
		Events                                            map[string]struct {
			Type       string
			Properties struct{ Path, Method, PayloadFormatVersion string }
		}
	}
}

func parse(t *testing.T, text []byte) document {
	t.Helper()
	var all map[string]any
	require.NoError(t, yaml.Unmarshal(text, &all), "%s", text)
	data, err := json.Marshal(all)
	require.NoError(t, err)
	var d document
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&d), "%s", text)
	return d
}

func TestTemplate(t *testing.T) {
	for name, rest := range map[string]bool{"http": false, "rest": true} {
		t.Run(name, func(t *testing.T) {
			text := newTemplate(t, shop(rest))
			assert.Equal(t, text, newTemplate(t, shop(rest)), "not deterministic")
			golden := filepath.Join("testdata", name+".yaml")
			if *update {
				require.NoError(t, os.WriteFile(golden, text, 0o666))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			assert.Equal(t, string(want), string(text), "rewrite testdata with -update")
			assert.True(t, artifact.Generated(text))

			d := parse(t, text)
			assert.Equal(t, "2010-09-09", d.AWSTemplateFormatVersion)
			assert.Equal(t, "AWS::Serverless-2016-10-31", d.Transform)
			for id, p := range d.Parameters {
				assert.Regexp(t, `^[A-Za-z0-9]{1,255}$`, id)
				assert.Equal(t, "String", p.Type)
				assert.True(t, p.NoEcho, id)
			}
			assert.Len(t, d.Parameters, 2)
			checkVariables(t, d, d.Globals.Function.Environment)
			for id, r := range d.Resources {
				checkResource(t, d, id, r, rest)
			}
			assert.Len(t, d.Resources, 4)

			order := d.Resources["UpdateOrderFunction"].Properties
			assert.Equal(t, map[string]any{
				"TABLE": "orders", "YES": "no", "QUOTED": "a \"b\": #c\n\u2028", "EMPTY": "", "NUMBER": "012",
				"KEY":                   "{{resolve:secretsmanager:shop:SecretString:key}}",
				"STRIPE_WEBHOOK_SECRET": map[string]any{"Ref": "StripeWebhookSecret"},
			}, order.Environment.Variables)
			assert.Equal(t, []string{"x86_64"}, order.Architectures)
			assert.Equal(t, 2, order.ReservedConcurrentExecutions)
			if rest {
				assert.Equal(t, []string{"*~1*"}, d.Globals.Api.BinaryMediaTypes)
			}
		})
	}
}

// checkResource checks a function against the documented limits of AWS.
func checkResource(t *testing.T, d document, id string, r resource, rest bool) {
	t.Helper()
	p := r.Properties
	assert.Regexp(t, `^[A-Za-z0-9]{1,255}$`, id)
	assert.NotContains(t, d.Parameters, id)
	assert.Equal(t, "AWS::Serverless::Function", r.Type)
	assert.Equal(t, []string{"Zip", "provided.al2023", "bootstrap"}, []string{p.PackageType, p.Runtime, p.Handler})
	assert.Regexp(t, `^[A-Za-z]+\.zip$`, p.CodeUri)
	require.Len(t, p.Architectures, 1)
	assert.Contains(t, []string{"arm64", "x86_64"}, p.Architectures[0])
	assert.True(t, 128 <= p.MemorySize && p.MemorySize <= 10240, p.MemorySize)
	assert.True(t, 1 <= p.Timeout && p.Timeout <= 900, p.Timeout)
	checkVariables(t, d, p.Environment)
	route := "/" + strings.TrimSuffix(p.CodeUri, ".zip")
	require.NotEmpty(t, p.Events)
	for event, e := range p.Events {
		assert.Regexp(t, `^[A-Za-z0-9]+$`, event)
		assert.Regexp(t, "^"+route+"(/|$)", e.Properties.Path)
		if rest {
			assert.Equal(t, "Api", e.Type)
			assert.Empty(t, e.Properties.PayloadFormatVersion)
			assert.Contains(t, []string{"any", "get", "head", "options", "post"}, e.Properties.Method)
		} else {
			assert.Equal(t, "HttpApi", e.Type)
			format := "1.0"
			if route == "/sms" {
				format = "2.0"
			}
			assert.Equal(t, format, e.Properties.PayloadFormatVersion)
			assert.Contains(t, []string{"ANY", "GET", "HEAD", "OPTIONS", "POST"}, e.Properties.Method)
		}
	}
}

// checkVariables checks that environment variables are strings, or refer to
// parameters that exist.
func checkVariables(t *testing.T, d document, e environment) {
	t.Helper()
	for name, value := range e.Variables {
		if ref, ok := value.(map[string]any); ok {
			assert.Contains(t, d.Parameters, ref["Ref"], name)
		} else {
			assert.IsType(t, "", value, name)
		}
	}
}

// cfn-lint knows the schemas of AWS. The test is skipped if it is not
// installed.
func TestTemplateLint(t *testing.T) {
	program, err := exec.LookPath("cfn-lint")
	if err != nil {
		t.Skip("cfn-lint is not installed")
	}
	dir := t.TempDir()
	for _, f := range shop(false).Functions { // cfn-lint wants the zip files to exist
		require.NoError(t, os.WriteFile(filepath.Join(dir, artifact.ZipFile(f.Name)), nil, 0o666))
	}
	http, rest := filepath.Join(dir, "http.yaml"), filepath.Join(dir, "rest.yaml")
	require.NoError(t, os.WriteFile(http, newTemplate(t, shop(false)), 0o666))
	require.NoError(t, os.WriteFile(rest, newTemplate(t, shop(true)), 0o666))
	out, err := exec.Command(program, http, rest).CombinedOutput()
	assert.NoError(t, err, "%s", out)
}

func TestTemplateIDsAreUnique(t *testing.T) {
	s := artifact.Stack{
		Secrets: []string{
			"A_B", "AB", "Ab", "DIVIDE_FUNCTION", "DIVIDE_FUNCTION_ROLE", "SERVERLESS_HTTP_API", "A1", "A_1",
		},
		Functions: []artifact.Function{newFunction("divide", nil), newFunction("slack/events", nil), newFunction("-", nil)},
	}
	d := parse(t, newTemplate(t, s))
	assert.Len(t, d.Resources, 3)
	assert.Len(t, d.Parameters, 8)
	var ids []string
	for id := range d.Resources {
		ids = append(ids, id)
	}
	for id := range d.Parameters {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	assert.Len(t, slices.Compact(ids), 11)
	for _, id := range ids {
		assert.Regexp(t, `^[A-Za-z0-9]+$`, id)
		assert.NotContains(t, []string{"DivideFunctionRole", "ServerlessHttpApi"}, id, "SAM adds it")
	}

	s.Functions = append(s.Functions, newFunction("slackEvents", nil))
	_, err := artifact.Template(s)
	assert.ErrorContains(t, err, "slack/events and slackEvents both have the logical ID")
}

// The limits are those from which cfn-lint reports errors.
func TestStackCheck(t *testing.T) {
	functions := func(n int, set func(*project.Lambda)) []artifact.Function {
		return slices.Repeat([]artifact.Function{newFunction("divide", set)}, n)
	}
	var names []string
	for n := range 201 {
		names = append(names, "S"+strconv.Itoa(n))
	}
	routes := withRoutes(newFunction("divide", nil), "PUT /divide", "POST /divide/{id}") // and two of OPTIONS
	routes.CORS = false
	secrets := func(l *project.Lambda) { l.Secrets = names[100:200] }
	for _, test := range []struct {
		name  string
		stack artifact.Stack
		want  string
	}{
		{"124 functions", artifact.Stack{Functions: functions(124, nil)}, ""},
		{
			"125 functions", artifact.Stack{Functions: functions(125, nil)},
			"the stack has 502 resources, CloudFormation allows 500",
		},
		{"124 functions with routes", artifact.Stack{Functions: slices.Repeat([]artifact.Function{routes}, 124)}, ""},
		{
			"siblings", artifact.Stack{Functions: []artifact.Function{
				withRoutes(newFunction("a", nil), "GET /a/{id}"), newFunction("a", nil),
			}}, "",
		},
		{
			"REST, siblings", artifact.Stack{REST: true, Functions: []artifact.Function{
				withRoutes(newFunction("a", nil), "GET /a/{id}/x"), newFunction("a", nil),
			}},
			"a REST API cannot have both /a/{id} and /a/{proxy+}",
		},
		{"REST, 124 functions", artifact.Stack{REST: true, Functions: functions(124, nil)}, ""},
		{
			"REST, 125 functions", artifact.Stack{REST: true, Functions: functions(125, nil)},
			"the stack has 503 resources, CloudFormation allows 500",
		},
		{"200 secrets", artifact.Stack{Secrets: names[:150], Functions: functions(2, secrets)}, ""},
		{
			"201 secrets", artifact.Stack{Secrets: names, Functions: functions(2, secrets)},
			"the stack has 201 parameters, CloudFormation allows 200",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := test.stack.Check()
			if test.want == "" {
				assert.NoError(t, err)
			} else {
				assert.EqualError(t, err, test.want)
			}
		})
	}
}

// A parameter that had the ID of a resource that SAM adds would be mistaken for
// it: a secret's value would be the API's ID.
func TestTemplateAvoidsIDsOfSAM(t *testing.T) {
	s := artifact.Stack{
		Secrets:   []string{"SERVERLESS_HTTP_API", "SERVERLESS_REST_API", "DIVIDE_FUNCTION_ROLE", "OTHER"},
		Functions: []artifact.Function{newFunction("divide", nil)},
	}
	d := parse(t, newTemplate(t, s))
	assert.Len(t, d.Parameters, 4)
	for _, id := range []string{"ServerlessHttpApi", "ServerlessRestApi", "DivideFunctionRole"} {
		assert.NotContains(t, d.Parameters, id)
	}
	assert.Contains(t, d.Parameters, "Other")
	checkVariables(t, d, d.Globals.Function.Environment)
}

// Adding a function only adds lines.
func TestTemplateDiffsAreSmall(t *testing.T) {
	s := shop(false)
	all := string(newTemplate(t, s))
	s.Functions = slices.Delete(s.Functions, 1, 2)
	fewer := string(newTemplate(t, s))
	start, end := strings.Index(all, "  OnFunction:"), strings.Index(all, "  UpdateOrderFunction:")
	assert.Equal(t, fewer, all[:start]+all[end:])
}

// HEAD and OPTIONS lead to the function that answers them in fngen dev.
func TestTemplateRoutes(t *testing.T) {
	read := withRoutes(newFunction("read", nil), "GET /users/{id}", "GET /{$}")
	remove := withRoutes(newFunction("remove", nil), "DELETE /users/{user}", "HEAD /users/{user}")
	every := withRoutes(newFunction("every", nil), "/x/{path...}")
	plain := withRoutes(newFunction("plain", nil), "GET /y", "OPTIONS /y")
	plain.CORS = false
	d := parse(t, newTemplate(t, artifact.Stack{Functions: []artifact.Function{
		read, remove, every, plain, newFunction("divide", nil),
	}}))
	got := map[string][]string{}
	for id, r := range d.Resources {
		for event, e := range r.Properties.Events {
			got[id] = append(got[id], event+": "+e.Properties.Method+" "+e.Properties.Path)
		}
		slices.Sort(got[id])
	}
	assert.Equal(t, map[string][]string{
		"ReadFunction": {
			"Get: GET /", "GetUsersId: GET /users/{id}", "Head: HEAD /", "Options: OPTIONS /", "OptionsUsersId: OPTIONS /users/{id}",
		},
		"RemoveFunction": {"DeleteUsersUser: DELETE /users/{user}", "HeadUsersUser: HEAD /users/{user}"},
		"EveryFunction":  {"AnyXPath: ANY /x/{path+}"},
		"PlainFunction":  {"GetY: GET /y", "HeadY: HEAD /y", "OptionsY: OPTIONS /y"},
		"DivideFunction": {"Any: ANY /divide", "AnyBelow: ANY /divide/{proxy+}"},
	}, got)
}

func TestTemplateOmitsEmptySections(t *testing.T) {
	text := newTemplate(t, artifact.Stack{Functions: []artifact.Function{newFunction("divide", nil)}})
	var sections map[string]any
	require.NoError(t, yaml.Unmarshal(text, &sections))
	assert.ElementsMatch(t, slices.Collect(maps.Keys(sections)),
		[]string{"AWSTemplateFormatVersion", "Transform", "Description", "Resources", "Outputs"})
}

func TestAppName(t *testing.T) {
	for module, want := range map[string]string{
		"example.com/shop":                       "shop",
		"example.com/shop/v2":                    "shop",
		"gopkg.in/shop.v2":                       "shop",
		"shop":                                   "shop",
		"v2":                                     "v2",
		"example.com/My_Shop.go":                 "my-shop-go",
		"example.com/2shop":                      "fn-2shop",
		"example.com/N":                          "fn-n",
		"example.com/true":                       "fn-true",
		"example.com/-":                          "fn",
		"example.com/" + strings.Repeat("a", 80): strings.Repeat("a", 63),
	} {
		assert.Equal(t, want, artifact.AppName(module), module)
	}
}

func TestNames(t *testing.T) {
	for function, want := range map[string]struct{ file, id string }{
		"divide":            {"divide", "DivideFunction"},
		"updateOrder":       {"updateOrder", "UpdateOrderFunction"},
		"slack/events":      {"slack-events", "SlackEventsFunction"},
		"slackApp/eventsV2": {"slackApp-eventsV2", "SlackAppEventsV2Function"},
		"hand-made/x_y":     {"hand-made-x_y", "HandmadeXyFunction"},
	} {
		assert.Equal(t, want.file, artifact.FileName(function))
		assert.Equal(t, want.file+".zip", artifact.ZipFile(function))
		assert.Equal(t, want.id, artifact.LogicalID(function))
	}

	assert.NoError(t, artifact.CheckNames([]string{"a", "b", "slack/events", "stripe/events", "events"}))
	for _, test := range []struct {
		functions []string
		want      string
	}{
		{[]string{"slack/events", "slack-events"}, "slack/events and slack-events both have the file name slack-events"},
		{[]string{"slackEvents", "slack/events"}, "slackEvents and slack/events both have the logical ID SlackEventsFunction"},
		{[]string{"a-b", "ab"}, "a-b and ab both have the logical ID AbFunction"},
	} {
		assert.ErrorContains(t, artifact.CheckNames(test.functions), test.want)
	}
}
