package project

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"golang.org/x/mod/module"
)

// A Config is what the commands take from the project's configuration.
type Config struct {
	Functions string // the functions directory, relative to the root, with forward slashes
	Lib       string // the directory of the support packages, likewise

	API API
	Web Web
}

// API is where the development server has the functions.
type API struct {
	Port int // from 1 to 65535
}

// Web is where the development server has the web side, and the functions below it.
type Web struct {
	Port   int    // from 1 to 65535
	APIURL string // the path that the functions are below, without a slash at its end
	Target string // the address of the web side's own server, or ""
}

// The files of the configuration, and the environment variables that beat them.
const (
	configFile        = "fngen.toml"
	redwoodFile       = "redwood.toml"
	functionsVariable = "FNGEN_PATHS_FUNCTIONS"
	libVariable       = "FNGEN_PATHS_LIB"
	apiPortVariable   = "FNGEN_API_PORT"
	webPortVariable   = "FNGEN_WEB_PORT"
	apiURLVariable    = "FNGEN_WEB_API_URL"
	targetVariable    = "FNGEN_WEB_TARGET"
)

// A ConfigError is a mistake in the configuration.
type ConfigError struct {
	File string // or the environment variable
	Err  error
}

func (e *ConfigError) Error() string { return e.File + ": " + e.Err.Error() }
func (e *ConfigError) Unwrap() error { return e.Err }

// settings are the keys of fngen.toml.
type settings struct {
	API struct {
		Port *int `toml:"port"`
	} `toml:"api"`
	Web struct {
		Port   *int   `toml:"port"`
		APIURL string `toml:"apiUrl"`
		Target string `toml:"target"`
	} `toml:"web"`
	Paths paths `toml:"paths"`

	Lambda    lambdaSettings            `toml:"lambda"`
	Functions map[string]lambdaSettings `toml:"functions"`
}

type paths struct {
	Functions string `toml:"functions"`
	Lib       string `toml:"lib"`
}

// redwoodSettings are the keys of redwood.toml that fngen has too. A port may be text there, since ${VAR} is.
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

// values are what a file says, as text, and "" where it says nothing.
type values struct{ functions, lib, apiPort, webPort, apiURL, target string }

func (s settings) values() values {
	return values{s.Paths.Functions, s.Paths.Lib, text(s.API.Port), text(s.Web.Port), s.Web.APIURL, s.Web.Target}
}

func (s redwoodSettings) values() values {
	apiURL := s.Web.APIURL
	if strings.Contains(apiURL, "://") {
		apiURL = "" // where the functions are deployed, which nothing on this machine answers
	}
	return values{s.Paths.Functions, s.Paths.Lib, anyText(s.API.Port), anyText(s.Web.Port), apiURL, ""}
}

// text is a number as text.
func text(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

// anyText is a value of any type as text.
func anyText(value any) string {
	if value == nil {
		return ""
	}
	return fmt.Sprint(value)
}

// readConfig reads fngen.toml, or else redwood.toml, where there is one: the environment
// beats it, and it beats what is built in.
func readConfig(root *os.Root, env func(string) string) (Config, error) {
	file, source, err := readValues(root, env)
	if err != nil {
		return Config{}, &ConfigError{source, err}
	}
	config := Config{}
	for _, s := range []struct {
		key, variable, fallback, file string

		take func(value string) error
	}{
		{"paths.functions", functionsVariable, "api/src/functions", file.functions, folder(&config.Functions)},
		{"paths.lib", libVariable, "api/src/lib", file.lib, folder(&config.Lib)},
		{"api.port", apiPortVariable, "8911", file.apiPort, port(&config.API.Port)},
		{"web.port", webPortVariable, "8910", file.webPort, port(&config.Web.Port)},
		{"web.apiUrl", apiURLVariable, "/.redwood/functions", file.apiURL, urlPath(&config.Web.APIURL)},
		{"web.target", targetVariable, "", file.target, address(&config.Web.Target)},
	} {
		value, from := s.fallback, ""
		if s.file != "" {
			value, from = s.file, source
		}
		if v := env(s.variable); v != "" {
			value, from = v, s.variable
		}
		if value == "" {
			continue
		}
		if err := s.take(value); err != nil {
			return Config{}, &ConfigError{from, fmt.Errorf("%s = %q: %w", s.key, value, err)}
		}
	}
	return config, nil
}

// folder takes a folder.
func folder(into *string) func(string) error {
	return func(value string) error {
		clean := path.Clean(strings.TrimPrefix(value, "./"))
		if err := module.CheckImportPath("m/" + clean); err != nil || clean == "." || slices.ContainsFunc(strings.Split(clean, "/"), GoIgnores) {
			return errors.New("want a folder below go.mod that an import path can name")
		}
		*into = clean
		return nil
	}
}

// port takes the number of a port.
func port(into *int) func(string) error {
	return func(value string) error {
		n, err := strconv.ParseUint(value, 10, 16)
		if err != nil || n == 0 {
			return errors.New("want a number from 1 to 65535")
		}
		*into = int(n)
		return nil
	}
}

// urlPath takes the path of a URL.
func urlPath(into *string) func(string) error {
	return func(value string) error {
		clean := strings.TrimSuffix(value, "/")
		if !strings.HasPrefix(clean, "/") || clean != path.Clean(clean) || strings.ContainsAny(clean, "?#%\\ ") {
			return errors.New("want a path such as /.redwood/functions")
		}
		*into = clean
		return nil
	}
}

// address takes a server's address.
func address(into *string) func(string) error {
	return func(value string) error {
		parsed, err := url.Parse(value)
		if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Host == "" {
			return errors.New("want an address such as http://localhost:5173")
		}
		*into = value
		return nil
	}
}

// readValues reads the configuration's file, and names it.
func readValues(root *os.Root, env func(string) string) (values, string, error) {
	data, err := root.ReadFile(configFile)
	if err == nil {
		var s settings
		decoder := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields()
		err := decoder.Decode(&s)
		return s.values(), configFile, explain(err)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return values{}, configFile, err
	}
	data, err = root.ReadFile(redwoodFile)
	if errors.Is(err, fs.ErrNotExist) {
		return values{}, "", nil
	}
	if err != nil {
		return values{}, redwoodFile, err
	}
	// RedwoodJS's own keys are not for fngen, and may be of any type.
	var s redwoodSettings
	err = toml.Unmarshal(expand(data, env), &s)
	return s.values(), redwoodFile, explain(err)
}

// explain is a decoding error with the key or the line that it is about.
func explain(err error) error {
	var unknown *toml.StrictMissingError
	if errors.As(err, &unknown) && len(unknown.Errors) > 0 {
		line, _ := unknown.Errors[0].Position()
		return fmt.Errorf("line %d: unknown key %s", line, strings.Join(unknown.Errors[0].Key(), "."))
	}
	var decoding *toml.DecodeError
	if errors.As(err, &decoding) {
		line, _ := decoding.Position()
		message, _, _ := strings.Cut(decoding.Error(), " into ") // into a Go type, which says nothing to the user
		if key := decoding.Key(); len(key) > 0 {
			message = strings.Join(key, ".") + ": " + message
		}
		return fmt.Errorf("line %d: %s", line, message)
	}
	return err
}

// expand replaces ${VAR} and ${VAR:default} by the environment's values, as RedwoodJS does.
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
