package project

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/fngen/fngen/generator"
)

// A Lambda configures how a function runs on AWS Lambda.
type Lambda struct {
	Architecture string         // as a GOARCH: arm64 or amd64
	Memory       int            // in MB
	Timeout      int            // in seconds
	Concurrency  *int           // reserved concurrency, nil for none
	URL          bool           // a function URL in place of routes of an API
	Environment  map[string]any // variables whose values are not secret: strings, or calls as in Policies
	Secrets      []string       // names of variables whose values are set on deployment, sorted

	// Policies are what the function may do: names or ARNs of managed policies,
	// or tables from the name of a SAM policy template to its parameters. A
	// table such as { Ref = "X" } anywhere in them calls a function of
	// CloudFormation.
	Policies []any

	Events Events
}

// lambdaSettings are the keys of the tables lambda and functions.NAME of
// fngen.toml.
type lambdaSettings struct {
	Architecture *string        `toml:"architecture"`
	Memory       *int           `toml:"memory"`
	Timeout      *int           `toml:"timeout"`
	Concurrency  *int           `toml:"concurrency"`
	URL          *bool          `toml:"url"`
	Environment  map[string]any `toml:"environment"`
	Secrets      []string       `toml:"secrets"`
	Policies     []any          `toml:"policies"`

	Template *string `toml:"template"` // only in the table lambda
	Methods  any     `toml:"methods"`  // an error, see checkMethods
}

// functionSettings are the keys of a table functions.NAME.
type functionSettings struct {
	lambdaSettings
	Events
}

// Lambda returns the configuration of functions by their names. fngen.toml may
// also configure the functions of the names in others. An error about its
// contents is a *ConfigError.
func (p *Project) Lambda(functions []Function, others []string) (map[string]Lambda, error) {
	data, err := p.read(configFile)
	if err != nil {
		return nil, err
	}
	s, err := decodeSettings(data)
	if err != nil {
		return nil, err
	}
	invalid := func(err error, key ...string) error {
		return &ConfigError{configFile, fmt.Errorf("line %d: %s: %w", lineOf(data, key), dotted(key), err)}
	}
	if key, err := s.Lambda.validate(); err != nil {
		return nil, invalid(err, append([]string{"lambda"}, key...)...)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Functions)) {
		i := slices.IndexFunc(functions, func(f Function) bool { return f.Name == name })
		if i < 0 && !slices.Contains(others, name) {
			err := errors.New("unknown function")
			var names []string
			for _, f := range functions {
				names = append(names, f.Name)
			}
			if nearest := generator.Nearest(name, names); nearest != "" {
				err = fmt.Errorf("unknown function, did you mean %s", dotted([]string{nearest}))
			}
			return nil, invalid(err, "functions", name)
		}
		key, err := s.Functions[name].lambdaSettings.validate()
		if err == nil && s.Functions[name].Template != nil {
			key, err = []string{"template"}, errors.New("only [lambda] has a template, which is for all functions")
		}
		if err == nil && i >= 0 {
			key, err = s.Functions[name].Events.validate(functions[i])
			if hasURL := s.Functions[name].URL; err == nil && hasURL != nil && *hasURL && functions[i].Kind != generator.KindHTTP {
				key, err = []string{"url"}, errors.New("only a function that is called over HTTP has a URL")
			}
		}
		if err != nil {
			return nil, invalid(err, append([]string{"functions", name}, key...)...)
		}
	}

	lambdas := map[string]Lambda{}
	for _, f := range functions {
		name := f.Name
		l := defaultLambda()
		l.apply(s.Lambda)
		l.apply(s.Functions[name].lambdaSettings)
		l.URL = l.URL && f.Kind == generator.KindHTTP
		l.Events = s.Functions[name].Events
		if size := l.environmentSize(); size > maxEnvironment {
			key := []string{"functions", name, "environment"}
			if len(s.Functions[name].Environment) == 0 {
				key = []string{"lambda", "environment"}
			}
			err := fmt.Errorf("want at most %d bytes of names and values, not %d", maxEnvironment, size)
			return nil, invalid(err, key...)
		}
		lambdas[name] = l
	}
	return lambdas, nil
}

// defaultLambda returns the configuration of a function without settings. A
// millisecond on arm64 costs a fifth less than on amd64. AWS's default of 128 MB
// comes with only a fourteenth of a core.
func defaultLambda() Lambda {
	return Lambda{
		Architecture: "arm64",
		Memory:       256,
		Timeout:      10,
		Environment:  map[string]any{},
	}
}

// SAMTemplate returns the name and the contents of the partial SAM template that
// extends the generated one: sam.yaml, or what fngen.toml names. The contents are
// nil if there is none.
func (p *Project) SAMTemplate() (name string, contents []byte, err error) {
	data, err := p.read(configFile)
	if err != nil {
		return "", nil, err
	}
	s, err := decodeSettings(data)
	if err != nil {
		return "", nil, err
	}
	if s.Lambda.Template == nil {
		contents, err = p.read("sam.yaml")
		return "sam.yaml", contents, err
	}
	name = *s.Lambda.Template
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		err = fmt.Errorf("want a path inside the project, not %q", name)
	} else if contents, err = p.read(name); err == nil && contents == nil {
		err = fmt.Errorf("%s does not exist", name)
	}
	if err != nil {
		key := []string{"lambda", "template"}
		err = &ConfigError{configFile, fmt.Errorf("line %d: %s: %w", lineOf(data, key), dotted(key), err)}
	}
	return name, contents, err
}

// apply overrides the configuration by settings. Variables are merged: a
// setting replaces an earlier one for the same variable. Policies are added.
func (l *Lambda) apply(s lambdaSettings) {
	l.Architecture = *cmp.Or(s.Architecture, &l.Architecture)
	l.Memory = *cmp.Or(s.Memory, &l.Memory)
	l.Timeout = *cmp.Or(s.Timeout, &l.Timeout)
	l.Concurrency = cmp.Or(s.Concurrency, l.Concurrency)
	l.URL = *cmp.Or(s.URL, &l.URL)
	l.Policies = slices.Concat(l.Policies, s.Policies)
	for _, name := range s.Secrets {
		delete(l.Environment, name)
	}
	maps.Copy(l.Environment, s.Environment)
	secrets := slices.Sorted(slices.Values(slices.Concat(l.Secrets, s.Secrets)))
	l.Secrets = slices.DeleteFunc(slices.Compact(secrets), func(name string) bool {
		_, ok := s.Environment[name]
		return ok
	})
}

// environmentSize returns the size of the variables that are not secret, in
// bytes. It does not count the values of dynamic references and of calls, which
// only CloudFormation knows.
func (l Lambda) environmentSize() int {
	size := 0
	for name, value := range l.Environment {
		size += len(name)
		if text, ok := value.(string); ok && !strings.Contains(text, "{{resolve:") {
			size += len(text)
		}
	}
	return size
}

// Limits of AWS Lambda. Sources:
//   - https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
//   - https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const (
	minMemory, maxMemory   = 128, 10240 // MB
	minTimeout, maxTimeout = 1, 900     // seconds
	maxEnvironment         = 4096       // bytes of names and values
)

// validate returns the key of a setting that AWS would reject, and the reason.
func (s lambdaSettings) validate() ([]string, error) {
	if s.Architecture != nil && *s.Architecture != "arm64" && *s.Architecture != "amd64" {
		return []string{"architecture"}, fmt.Errorf("want arm64 or amd64, not %q", *s.Architecture)
	}
	if s.Memory != nil && (*s.Memory < minMemory || *s.Memory > maxMemory) {
		return []string{"memory"}, fmt.Errorf("want %d to %d MB, not %d", minMemory, maxMemory, *s.Memory)
	}
	if s.Timeout != nil && (*s.Timeout < minTimeout || *s.Timeout > maxTimeout) {
		return []string{"timeout"}, fmt.Errorf("want %d to %d seconds, not %d", minTimeout, maxTimeout, *s.Timeout)
	}
	if s.Concurrency != nil && *s.Concurrency < 0 {
		return []string{"concurrency"}, fmt.Errorf("want 0 or more, not %d", *s.Concurrency)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Environment)) {
		if err := validateVariable(name); err != nil {
			return []string{"environment", name}, err
		}
		if _, ok := s.Environment[name].(string); !ok {
			if err := validateCall(s.Environment[name]); err != nil {
				return []string{"environment", name}, err
			}
		}
	}
	for _, policy := range s.Policies {
		if err := validatePolicy(policy); err != nil {
			return []string{"policies"}, err
		}
	}
	for _, name := range s.Secrets {
		if err := validateVariable(name); err != nil {
			return []string{"secrets"}, fmt.Errorf("%q: %w", name, err)
		}
		if _, ok := s.Environment[name]; ok {
			return []string{"secrets"}, fmt.Errorf("%s also has a value in environment", name)
		}
	}
	return nil, nil
}

// validatePolicy checks a policy.
func validatePolicy(policy any) error {
	if policy, ok := policy.(string); ok {
		if !regexp.MustCompile(`^(arn:.+|[A-Za-z0-9+=,.@_/-]+)$`).MatchString(policy) {
			return fmt.Errorf("want a name or an ARN, not %q", policy)
		}
		return nil
	}
	template, ok := policy.(map[string]any)
	if !ok || len(template) != 1 {
		return errors.New(`want "NAME", "ARN" or { TEMPLATE = { PARAMETER = "VALUE" } }`)
	}
	for name, parameters := range template {
		table, ok := parameters.(map[string]any)
		switch {
		case IsCall(template):
			return validateCall(template)
		case !ok:
			return fmt.Errorf(`%s: want its parameters, as in { %[1]s = { NAME = "VALUE" } }`, name)
		}
		for _, parameter := range slices.Sorted(maps.Keys(table)) {
			call, ok := table[parameter].(map[string]any)
			if !ok || !IsCall(call) {
				continue
			}
			if err := validateCall(call); err != nil {
				return fmt.Errorf("%s: %s: %w", name, parameter, err)
			}
		}
	}
	return nil
}

// IsCall reports whether a table calls a function of CloudFormation.
func IsCall(table map[string]any) bool {
	for name := range table {
		return len(table) == 1 && slices.Contains([]string{"Ref", "Sub", "GetAtt"}, name)
	}
	return false
}

// validateCall checks a value that calls a function of CloudFormation.
func validateCall(value any) error {
	table, ok := value.(map[string]any)
	if !ok || !IsCall(table) {
		return errors.New(`want a text in quotes, { Ref = "ID" }, { Sub = "TEXT" } or { GetAtt = "ID.ATTRIBUTE" }`)
	}
	for name, argument := range table {
		text, ok := argument.(string)
		id, attribute, _ := strings.Cut(text, ".")
		if !ok || text == "" || name == "GetAtt" && (id == "" || attribute == "") {
			return fmt.Errorf("want a %s of %s", map[string]string{
				"Ref": `name such as "Bucket"`, "Sub": `text such as "${Bucket}-copy"`, "GetAtt": `name such as "Bucket.Arn"`,
			}[name], name)
		}
	}
	return nil
}

// LambdaVariable reports whether a function on Lambda can have an environment
// variable of that name.
func LambdaVariable(name string) bool { return validateVariable(name) == nil }

// validateVariable checks the name of an environment variable. Source:
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
func validateVariable(name string) error {
	reserved := []string{
		"AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV", "AWS_REGION",
		"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_XRAY_CONTEXT_MISSING", "AWS_XRAY_DAEMON_ADDRESS",
		"LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT",
	}
	if strings.HasPrefix(name, "AWS_LAMBDA_") || slices.Contains(reserved, name) {
		return errors.New("AWS Lambda reserves this variable")
	}
	if !regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]+$`).MatchString(name) {
		return errors.New("want a letter followed by letters, digits or _")
	}
	return nil
}

// lineOf returns the line of a TOML document that sets a key. If no line sets
// it, lineOf returns the line of the longest prefix of the key that the
// document sets, or 1.
func lineOf(data []byte, key []string) int {
	parser := unstable.Parser{}
	parser.Reset(data)
	table, line, longest := []string{}, 1, 0
	match := func(name []string, node *unstable.Node) {
		n := 0
		for n < len(name) && n < len(key) && name[n] == key[n] {
			n++
		}
		if n > longest {
			it := node.Key()
			it.Next()
			line, longest = parser.Shape(it.Node().Raw).Start.Line, n
		}
	}
	for parser.NextExpression() {
		node := parser.Expression()
		switch node.Kind {
		case unstable.Table, unstable.ArrayTable:
			table = keyOf(node)
			match(table, node)
		case unstable.KeyValue:
			walkKeys(node, table, match)
		}
	}
	return line
}

// SettingsTable returns the name of the table of fngen.toml with a function's
// settings: functions."slack/events" for slack/events.
func SettingsTable(function string) string { return dotted([]string{"functions", function}) }

// dotted returns a key as TOML writes it, with quotes where they are required.
func dotted(key []string) string {
	parts := slices.Clone(key)
	for i, part := range parts {
		if !regexp.MustCompile(`^[A-Za-z0-9_-]+$`).MatchString(part) {
			parts[i] = strconv.Quote(part)
		}
	}
	return strings.Join(parts, ".")
}

// walkKeys calls visit for the key of a key-value pair below table and, if the
// value is an inline table, for the keys in it.
func walkKeys(node *unstable.Node, table []string, visit func(key []string, node *unstable.Node)) {
	key := slices.Concat(table, keyOf(node))
	visit(key, node)
	if node.Value().Kind != unstable.InlineTable {
		return
	}
	for it := node.Value().Children(); it.Next(); {
		walkKeys(it.Node(), key, visit)
	}
}

// keyOf returns the dotted key of a node, split at the dots.
func keyOf(node *unstable.Node) []string {
	var key []string
	for it := node.Key(); it.Next(); {
		key = append(key, string(it.Node().Data))
	}
	return key
}
