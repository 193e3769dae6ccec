package project

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"golang.org/x/mod/module"
)

// A Config is what the commands take from the project's configuration.
type Config struct {
	Functions string // the functions directory, relative to the root, with forward slashes
	Lib       string // the directory of the support packages, likewise
}

// The files of the configuration, and the environment variables that beat them.
const (
	configFile        = "fngen.toml"
	redwoodFile       = "redwood.toml"
	functionsVariable = "FNGEN_PATHS_FUNCTIONS"
	libVariable       = "FNGEN_PATHS_LIB"
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
		Port int `toml:"port"`
	} `toml:"api"`
	Web struct {
		Port   int    `toml:"port"`
		APIURL string `toml:"apiUrl"`
	} `toml:"web"`
	Paths paths `toml:"paths"`

	Lambda    lambdaSettings            `toml:"lambda"`
	Functions map[string]lambdaSettings `toml:"functions"`
}

type paths struct {
	Functions string `toml:"functions"`
	Lib       string `toml:"lib"`
}

// readConfig reads fngen.toml, or else redwood.toml, where there is one: the environment
// beats it, and it beats what is built in.
func readConfig(root *os.Root, env func(string) string) (Config, error) {
	dirs, source, err := readPaths(root, env)
	if err != nil {
		return Config{}, &ConfigError{source, err}
	}
	config := Config{}
	for _, dir := range []struct {
		into                          *string
		key, variable, fallback, file string
	}{
		{&config.Functions, "paths.functions", functionsVariable, "api/src/functions", dirs.Functions},
		{&config.Lib, "paths.lib", libVariable, "api/src/lib", dirs.Lib},
	} {
		value, from := dir.fallback, ""
		if dir.file != "" {
			value, from = dir.file, source
		}
		if v := env(dir.variable); v != "" {
			value, from = v, dir.variable
		}
		clean := path.Clean(strings.TrimPrefix(value, "./"))
		if err := module.CheckImportPath("m/" + clean); err != nil || clean == "." || passedOver(clean) {
			return Config{}, &ConfigError{from, fmt.Errorf("%s = %q: want a folder below go.mod that an import path can name", dir.key, value)}
		}
		*dir.into = clean
	}
	return config, nil
}

// passedOver tells whether the go command does not look for packages in a directory.
func passedOver(dir string) bool {
	return slices.ContainsFunc(strings.Split(dir, "/"), func(element string) bool {
		return hidden(element) && element != "internal"
	})
}

// readPaths reads the folders from the configuration's file, and names it.
func readPaths(root *os.Root, env func(string) string) (paths, string, error) {
	data, err := root.ReadFile(configFile)
	if err == nil {
		var s settings
		decoder := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields()
		err := decoder.Decode(&s)
		return s.Paths, configFile, explain(err)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return paths{}, configFile, err
	}
	data, err = root.ReadFile(redwoodFile)
	if errors.Is(err, fs.ErrNotExist) {
		return paths{}, "", nil
	}
	if err != nil {
		return paths{}, redwoodFile, err
	}
	// RedwoodJS's own keys are not for fngen, and may be of any type.
	var s struct {
		Paths paths `toml:"paths"`
	}
	err = toml.Unmarshal(expand(data, env), &s)
	return s.Paths, redwoodFile, explain(err)
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
