package project

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"golang.org/x/mod/module"

	"github.com/fngen/fngen/internal/hint"
)

// A Config holds the settings that all commands share.
type Config struct {
	Functions string // the functions directory, relative to the root, with forward slashes
	Lib       string // the directory of the support packages, likewise

	API API
	Web Web
	Dev Dev

	Container Container
}

// API configures where the development server serves the functions.
type API struct {
	Port         int      // from 1 to 65535
	AllowedHosts []string // host names that requests may be for; ".example.com" includes subdomains
}

// Web configures where the development server serves the web side, with the
// functions below a path of it.
type Web struct {
	Port   int    // from 1 to 65535
	APIURL string // the path prefix of the functions, without a trailing slash
	Target string // the URL of the web side's own server, or ""
}

// Dev configures the page of the development server.
type Dev struct {
	Editor string // opens source files: vscode, idea, none, or "" for the one that the environment names
}

// Container configures the container of the functions.
type Container struct {
	Base string // the image that the container's image is built on
}

// defaultBase is gcr.io/distroless/static-debian12:nonroot of August 2026. To
// update the digest: crane digest gcr.io/distroless/static-debian12:nonroot
const defaultBase = "gcr.io/distroless/static-debian12:nonroot" +
	"@sha256:afa5c872c891853ca7fcf1f12c3edb23f7eeef36189728842dd51042ff57f7ab"

const (
	configFile  = "fngen.toml"
	redwoodFile = "redwood.toml"
)

// Environment variables that override the configuration file.
const (
	functionsVariable = "FNGEN_PATHS_FUNCTIONS"
	libVariable       = "FNGEN_PATHS_LIB"
	apiPortVariable   = "FNGEN_API_PORT"
	hostsVariable     = "FNGEN_API_ALLOWED_HOSTS"
	webPortVariable   = "FNGEN_WEB_PORT"
	apiURLVariable    = "FNGEN_WEB_API_URL"
	targetVariable    = "FNGEN_WEB_TARGET"
	editorVariable    = "FNGEN_DEV_EDITOR"
	baseVariable      = "FNGEN_CONTAINER_BASE"
)

// A ConfigError reports a setting that is not valid.
type ConfigError struct {
	File string // or the name of the environment variable
	Err  error
}

func (e *ConfigError) Error() string { return e.File + ": " + e.Err.Error() }
func (e *ConfigError) Unwrap() error { return e.Err }

// settings are the keys of fngen.toml.
type settings struct {
	API struct {
		Port         *int     `toml:"port"`
		AllowedHosts []string `toml:"allowedHosts"`
	} `toml:"api"`
	Web struct {
		Port   *int   `toml:"port"`
		APIURL string `toml:"apiUrl"`
		Target string `toml:"target"`
	} `toml:"web"`
	Dev struct {
		Editor string `toml:"editor"`
	} `toml:"dev"`
	Container struct {
		Base string `toml:"base"`
	} `toml:"container"`
	Paths paths `toml:"paths"`

	Lambda    lambdaSettings              `toml:"lambda"`
	Functions map[string]functionSettings `toml:"functions"`
}

type paths struct {
	Functions string `toml:"functions"`
	Lib       string `toml:"lib"`
}

// redwoodSettings are the keys of redwood.toml that fngen reads. A port may be
// a string there, since it may contain ${VAR}.
type redwoodSettings struct {
	API struct {
		Port any `toml:"port"`
	} `toml:"api"`
	Web struct {
		Port   any    `toml:"port"`
		APIURL string `toml:"apiUrl"`
	} `toml:"web"`
	Paths paths `toml:"paths"`
}

// values are the settings of a file as strings, "" for those that it does not
// set.
type values struct{ functions, lib, apiPort, hosts, webPort, apiURL, target, editor, base string }

func (s settings) values() values {
	return values{
		functions: s.Paths.Functions, lib: s.Paths.Lib,
		apiPort: formatInt(s.API.Port), hosts: strings.Join(s.API.AllowedHosts, ","), webPort: formatInt(s.Web.Port),
		apiURL: s.Web.APIURL, target: s.Web.Target, editor: s.Dev.Editor,
		base: s.Container.Base,
	}
}

func (s redwoodSettings) values() values {
	apiURL := s.Web.APIURL
	if strings.Contains(apiURL, "://") {
		apiURL = "" // the URL of a deployed API, not a path
	}
	return values{
		functions: s.Paths.Functions, lib: s.Paths.Lib,
		apiPort: formatAny(s.API.Port), webPort: formatAny(s.Web.Port),
		apiURL: apiURL,
	}
}

func formatInt(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

func formatAny(value any) string {
	if value == nil {
		return ""
	}
	return fmt.Sprint(value)
}

// readConfig reads fngen.toml or, if there is none, redwood.toml. Environment
// variables override the file, which overrides the defaults.
func (p *Project) readConfig() (Config, error) {
	file, source, err := p.readValues()
	if err != nil {
		return Config{}, err
	}
	config, _, err := p.configure(file, source)
	return config, err
}

// A Setting is a setting that is in effect.
type Setting struct {
	Key    string `json:"key"`
	Value  string `json:"value"`
	Source string `json:"source"` // a file, an environment variable, or "default"
}

// Settings returns the settings that are in effect, without those that have no
// value.
func (p *Project) Settings() ([]Setting, error) {
	file, source, err := p.readValues()
	if err != nil {
		return nil, err
	}
	_, settings, err := p.configure(file, source)
	return settings, err
}

// configure returns the configuration for the values of the file source.
func (p *Project) configure(file values, source string) (Config, []Setting, error) {
	config, settings := Config{}, []Setting{}
	for _, s := range []struct {
		key, variable, fallback, file string

		set func(value string) error
	}{
		{"paths.functions", functionsVariable, "api/src/functions", file.functions, setter(&config.Functions, parseDir)},
		{"paths.lib", libVariable, "api/src/lib", file.lib, setter(&config.Lib, parseDir)},
		{"api.port", apiPortVariable, "8911", file.apiPort, setter(&config.API.Port, parsePort)},
		{"api.allowedHosts", hostsVariable, "", file.hosts, setter(&config.API.AllowedHosts, parseHosts)},
		{"web.port", webPortVariable, "8910", file.webPort, setter(&config.Web.Port, parsePort)},
		{"web.apiUrl", apiURLVariable, "/.redwood/functions", file.apiURL, setter(&config.Web.APIURL, parsePath)},
		{"web.target", targetVariable, "", file.target, setter(&config.Web.Target, parseURL)},
		{"dev.editor", editorVariable, "", file.editor, setter(&config.Dev.Editor, parseEditor)},
		{"container.base", baseVariable, defaultBase, file.base, setter(&config.Container.Base, parseImage)},
	} {
		value, from := s.fallback, "default"
		if s.file != "" {
			value, from = s.file, source
		}
		if v := p.env(s.variable); v != "" {
			value, from = v, s.variable
		}
		if value == "" {
			continue
		}
		if err := s.set(value); err != nil {
			return Config{}, nil, &ConfigError{from, fmt.Errorf("%s = %q: %w", s.key, value, err)}
		}
		settings = append(settings, Setting{s.key, value, from})
	}
	return config, settings, nil
}

// setter returns a function that parses a value and stores the result in field.
func setter[T any](field *T, parse func(value string) (T, error)) func(value string) error {
	return func(value string) (err error) {
		*field, err = parse(value)
		return err
	}
}

func parseDir(value string) (string, error) {
	dir := path.Clean(strings.TrimPrefix(value, "./"))
	if dir == "." || module.CheckImportPath("m/"+dir) != nil ||
		slices.ContainsFunc(strings.Split(dir, "/"), GoIgnores) {
		return "", errors.New("want a directory inside the module whose path is a valid import path")
	}
	return dir, nil
}

func parsePort(value string) (int, error) {
	n, err := strconv.ParseUint(value, 10, 16)
	if err != nil || n == 0 {
		return 0, errors.New("want a number from 1 to 65535")
	}
	return int(n), nil
}

// parseHosts parses a list of host names.
func parseHosts(value string) ([]string, error) {
	hosts := strings.Split(value, ",")
	for _, host := range hosts {
		parsed, err := url.Parse("http://" + host)
		if err != nil || host == "" || parsed.Hostname() != host || strings.Contains(host, "*") {
			return nil, errors.New(`want host names without a port, such as dev.example.com or .example.com`)
		}
	}
	return hosts, nil
}

// parseEditor parses the name of an editor.
func parseEditor(value string) (string, error) {
	if !slices.Contains([]string{"vscode", "idea", "none"}, value) {
		return "", errors.New("want vscode, idea or none")
	}
	return value, nil
}

// parseImage parses the reference of an image, with a tag, a digest or both.
func parseImage(value string) (string, error) {
	name, digest, pinned := strings.Cut(value, "@")
	if !regexp.MustCompile(`^[a-z0-9][\w./:-]*$`).MatchString(name) ||
		pinned && !regexp.MustCompile(`^sha256:[0-9a-f]{64}$`).MatchString(digest) {
		return "", errors.New("want an image such as gcr.io/distroless/static-debian12:nonroot@sha256:DIGEST")
	}
	return value, nil
}

// parsePath parses the path of a URL.
func parsePath(value string) (string, error) {
	clean := strings.TrimSuffix(value, "/")
	if !strings.HasPrefix(clean, "/") || clean != path.Clean(clean) || strings.ContainsAny(clean, "?#%\\ ") {
		return "", errors.New("want a path such as /.redwood/functions")
	}
	return clean, nil
}

func parseURL(value string) (string, error) {
	parsed, err := url.Parse(value)
	if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Host == "" {
		return "", errors.New("want a URL such as http://localhost:5173")
	}
	return value, nil
}

// readValues reads the configuration file and returns its name, or "" if there
// is none.
func (p *Project) readValues() (values, string, error) {
	data, err := p.read(configFile)
	if err != nil {
		return values{}, "", err
	}
	if data != nil {
		s, err := decodeSettings(data)
		return s.values(), configFile, err
	}
	data, err = p.read(redwoodFile)
	if err != nil || data == nil {
		return values{}, "", err
	}
	// The file belongs to RedwoodJS, so unknown keys are not mistakes.
	var s redwoodSettings
	if err := toml.Unmarshal(expand(data, p.env), &s); err != nil {
		return values{}, "", &ConfigError{redwoodFile, explain(err)}
	}
	return s.values(), redwoodFile, nil
}

// decodeSettings decodes fngen.toml. The error is a *ConfigError.
func decodeSettings(data []byte) (settings, error) {
	var s settings
	if err := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields().Decode(&s); err != nil {
		return settings{}, &ConfigError{configFile, explain(err)}
	}
	return s, s.checkMethods(data)
}

// checkMethods returns an error for the setting methods, which fngen had before
// functions declared their routes.
func (s settings) checkMethods(data []byte) error {
	fail := func(methods any, name string, key ...string) error {
		example := `"GET /` + name + `"`
		if list, ok := methods.([]any); ok && len(list) > 0 && name != "NAME" {
			var patterns []string
			for _, method := range list {
				if method == "ANY" {
					method = ""
				}
				patterns = append(patterns, strconv.Quote(strings.TrimSpace(fmt.Sprintf("%v /%s", method, name))))
			}
			example = strings.Join(patterns, ", ")
		}
		err := fmt.Errorf("line %d: %s is not a setting any more", lineOf(data, key), strings.Join(key, "."))
		return &ConfigError{configFile, hint.With(err, "declare var Routes = []string{"+example+"} beside the handler")}
	}
	if s.Lambda.Methods != nil {
		return fail(nil, "NAME", "lambda", "methods")
	}
	for _, name := range slices.Sorted(maps.Keys(s.Functions)) {
		if methods := s.Functions[name].Methods; methods != nil {
			return fail(methods, name, "functions", name, "methods")
		}
	}
	return nil
}

// explain returns a decoding error with its line and key, and without the Go
// types that package toml puts in its messages.
func explain(err error) error {
	var unknown *toml.StrictMissingError
	if errors.As(err, &unknown) && len(unknown.Errors) > 0 {
		line, _ := unknown.Errors[0].Position()
		return fmt.Errorf("line %d: unknown key %s", line, strings.Join(unknown.Errors[0].Key(), "."))
	}
	var decoding *toml.DecodeError
	if errors.As(err, &decoding) {
		line, _ := decoding.Position()
		message := strings.TrimPrefix(decoding.Error(), "toml: ")
		if rest, ok := strings.CutPrefix(message, "cannot decode TOML "); ok {
			kind, _, _ := strings.Cut(rest, " into ")
			message = "unexpected " + kind
		}
		if key := decoding.Key(); len(key) > 0 {
			message = strings.Join(key, ".") + ": " + message
		}
		return fmt.Errorf("line %d: %s", line, message)
	}
	return err
}

// expand replaces ${VAR} and ${VAR:default} by environment variables, as
// RedwoodJS does.
func expand(data []byte, env func(string) string) []byte {
	pattern := regexp.MustCompile(`\$\{(\w+)(?::([^}]*))?\}`)
	return pattern.ReplaceAllFunc(data, func(match []byte) []byte {
		groups := pattern.FindSubmatch(match)
		if value := env(string(groups[1])); value != "" {
			return []byte(value)
		}
		return groups[2]
	})
}
