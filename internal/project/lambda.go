package project

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/fngen/fngen/generator"
)

// A Lambda is how a function runs on AWS Lambda, and is reached there.
type Lambda struct {
	Architecture string            // the Go name: arm64 or amd64
	Memory       int               // MB
	Timeout      int               // seconds
	Concurrency  *int              // how many invocations may run at once, which nobody else can take; nil for no bound
	Methods      []string          // of HTTP, or ANY
	Environment  map[string]string // plain values
	Secrets      []string          // names of variables whose values who deploys it knows, sorted
}

// lambdaSettings are the keys of fngen.toml's table lambda, which is about all functions, and of those
// below functions, which are about one each.
type lambdaSettings struct {
	Architecture *string           `toml:"architecture"`
	Memory       *int              `toml:"memory"`
	Timeout      *int              `toml:"timeout"`
	Concurrency  *int              `toml:"concurrency"`
	Methods      []string          `toml:"methods"`
	Environment  map[string]string `toml:"environment"`
	Secrets      []string          `toml:"secrets"`
}

// Lambda is how the functions of these names run on AWS Lambda. others are names that fngen.toml may have settings
// of too. Errors: *ConfigError.
func (p *Project) Lambda(functions, others []string) (map[string]Lambda, error) {
	data, err := p.read(configFile)
	if err != nil {
		return nil, &ConfigError{configFile, err}
	}
	var s settings
	if err := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields().Decode(&s); err != nil {
		return nil, &ConfigError{configFile, explain(err)}
	}
	mistake := func(key []string, err error) error {
		return &ConfigError{configFile, fmt.Errorf("line %d: %s: %w", line(data, key), strings.Join(key, "."), err)}
	}
	if key, err := s.Lambda.check(); err != nil {
		return nil, mistake(append([]string{"lambda"}, key...), err)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Functions)) {
		if !slices.Contains(functions, name) && !slices.Contains(others, name) {
			err := errors.New("there is no such function")
			if nearest := generator.Nearest(name, functions); nearest != "" {
				err = fmt.Errorf("there is no such function, but there is %s", nearest)
			}
			return nil, mistake([]string{"functions", name}, err)
		}
		if key, err := s.Functions[name].check(); err != nil {
			return nil, mistake(append([]string{"functions", name}, key...), err)
		}
	}

	all := map[string]Lambda{}
	for _, name := range functions {
		// arm64 costs a fifth less than amd64 per millisecond. AWS's own default is 128 MB, which is a fourteenth of a core.
		l := Lambda{Architecture: "arm64", Memory: 256, Timeout: 10, Methods: []string{"ANY"}, Environment: map[string]string{}}
		l.set(s.Lambda)
		l.set(s.Functions[name])
		if size := l.environmentSize(); size > mostEnvironment {
			key := []string{"functions", name, "environment"}
			if len(s.Functions[name].Environment) == 0 {
				key = []string{"lambda", "environment"}
			}
			return nil, mistake(key, fmt.Errorf("want %d bytes at most, not %d", mostEnvironment, size))
		}
		all[name] = l
	}
	return all, nil
}

// set has the settings beat what is there.
func (l *Lambda) set(s lambdaSettings) {
	l.Architecture = *cmp.Or(s.Architecture, &l.Architecture)
	l.Memory, l.Timeout = *cmp.Or(s.Memory, &l.Memory), *cmp.Or(s.Timeout, &l.Timeout)
	l.Concurrency = cmp.Or(s.Concurrency, l.Concurrency)
	if s.Methods != nil {
		l.Methods = s.Methods
	}
	for _, name := range s.Secrets {
		delete(l.Environment, name)
	}
	maps.Copy(l.Environment, s.Environment)
	secrets := slices.Sorted(slices.Values(slices.Concat(l.Secrets, s.Secrets)))
	l.Secrets = slices.DeleteFunc(slices.Compact(secrets), func(name string) bool { _, ok := s.Environment[name]; return ok })
}

// environmentSize is that of the plain variables, in bytes. How long a dynamic reference's value is, is not known here.
func (l Lambda) environmentSize() int {
	size := 0
	for name, value := range l.Environment {
		size += len(name)
		if !strings.Contains(value, "{{resolve:") {
			size += len(value)
		}
	}
	return size
}

// What AWS allows. Sources: https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html,
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html and
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-httpapi.html.
const (
	leastMemory, mostMemory   = 128, 10240 // MB
	leastTimeout, mostTimeout = 1, 900     // seconds
	mostEnvironment           = 4096       // bytes of names and values
)

// check finds a setting that AWS would not take, and its key.
func (s lambdaSettings) check() ([]string, error) {
	if s.Architecture != nil && *s.Architecture != "arm64" && *s.Architecture != "amd64" {
		return []string{"architecture"}, fmt.Errorf("want arm64 or amd64, not %q", *s.Architecture)
	}
	if s.Memory != nil && (*s.Memory < leastMemory || *s.Memory > mostMemory) {
		return []string{"memory"}, fmt.Errorf("want %d to %d MB, not %d", leastMemory, mostMemory, *s.Memory)
	}
	if s.Timeout != nil && (*s.Timeout < leastTimeout || *s.Timeout > mostTimeout) {
		return []string{"timeout"}, fmt.Errorf("want %d to %d seconds, not %d", leastTimeout, mostTimeout, *s.Timeout)
	}
	if s.Concurrency != nil && *s.Concurrency < 0 {
		return []string{"concurrency"}, fmt.Errorf("want 0 or more, not %d", *s.Concurrency)
	}
	if err := checkMethods(s.Methods); err != nil {
		return []string{"methods"}, err
	}
	for _, name := range slices.Sorted(maps.Keys(s.Environment)) {
		if !LambdaVariable(name) {
			return []string{"environment", name}, errVariable
		}
	}
	for _, name := range s.Secrets {
		if !LambdaVariable(name) {
			return []string{"secrets"}, fmt.Errorf("%q: %w", name, errVariable)
		}
		if _, ok := s.Environment[name]; ok {
			return []string{"secrets"}, fmt.Errorf("%s has a value in environment", name)
		}
	}
	return nil, nil
}

// checkMethods refuses what API Gateway has no route for.
func checkMethods(methods []string) error {
	if methods != nil && len(methods) == 0 {
		return errors.New("want one at least")
	}
	known := []string{"ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}
	for i, method := range methods {
		switch {
		case !slices.Contains(known, method):
			return fmt.Errorf("want some of %s, not %q", strings.Join(known, ", "), method)
		case slices.Contains(methods[:i], method):
			return fmt.Errorf("%s is there twice", method)
		case method == "ANY" && len(methods) > 1:
			return errors.New("ANY is all of them")
		}
	}
	return nil
}

var errVariable = errors.New("Lambda takes no variable of that name")

// LambdaVariable tells whether functions can have an environment variable of that name: Lambda keeps some to itself.
// Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
func LambdaVariable(name string) bool {
	reserved := []string{
		"AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV", "AWS_REGION",
		"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT", "AWS_XRAY_CONTEXT_MISSING",
		"AWS_XRAY_DAEMON_ADDRESS",
	}
	return regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]+$`).MatchString(name) &&
		!strings.HasPrefix(name, "AWS_LAMBDA_") && !slices.Contains(reserved, name)
}

// line is the line of a TOML document on which a key is set, or the nearest key above it, or 1.
func line(data []byte, key []string) int {
	parser := unstable.Parser{}
	parser.Reset(data)
	table, found, depth := []string{}, 1, 0
	// A key that is matched further is nearer.
	match := func(path []string, node *unstable.Node) {
		n := 0
		for n < len(path) && n < len(key) && path[n] == key[n] {
			n++
		}
		if n > depth {
			it := node.Key()
			it.Next()
			found, depth = parser.Shape(it.Node().Raw).Start.Line, n
		}
	}
	for parser.NextExpression() {
		node := parser.Expression()
		switch node.Kind {
		case unstable.Table, unstable.ArrayTable:
			table = names(node)
			match(table, node)
		case unstable.KeyValue:
			keyValue(node, table, match)
		}
	}
	return found
}

// keyValue walks a key and, where its value is a table, those in it.
func keyValue(node *unstable.Node, above []string, visit func([]string, *unstable.Node)) {
	key := slices.Concat(above, names(node))
	visit(key, node)
	if node.Value().Kind != unstable.InlineTable {
		return
	}
	for it := node.Value().Children(); it.Next(); {
		keyValue(it.Node(), key, visit)
	}
}

// names are the parts of a node's key.
func names(node *unstable.Node) []string {
	var parts []string
	for it := node.Key(); it.Next(); {
		parts = append(parts, string(it.Node().Data))
	}
	return parts
}
