package dotenv

import (
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// maxDockerLine is the length of a line, in bytes, from which on Docker cannot
// read it.
const maxDockerLine = 64 << 10

var (
	errUTF8         = errors.New("the value is not valid UTF-8")
	errDockerLines  = errors.New("the value has several lines, which Docker's format cannot hold")
	errDockerReturn = errors.New("the value ends in a carriage return, which Docker's format cannot hold")
	errDockerLength = errors.New("the value has more than 64 KB, which Docker cannot read")
	errKubernetes   = errors.New("Kubernetes allows only letters, digits, -, _ and . in names of variables")
)

// Docker returns variables, each NAME=value, in the format of the option
// --env-file of docker run: a line for each, without quotes or escapes. The
// error names the first variable that the format cannot hold.
func Docker(variables []string) ([]byte, error) {
	var text []byte
	for _, variable := range variables {
		name, value, _ := strings.Cut(variable, "=")
		var err error
		switch {
		case !utf8.ValidString(value):
			err = errUTF8
		case strings.Contains(value, "\n"):
			err = errDockerLines
		case strings.HasSuffix(value, "\r"):
			err = errDockerReturn
		case len(variable) >= maxDockerLine:
			err = errDockerLength
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		text = append(append(text, variable...), '\n')
	}
	return text, nil
}

// Kubernetes returns variables, each NAME=value, as the manifest of a Secret.
// The error names the first variable that a container could not have.
func Kubernetes(secret string, variables []string) ([]byte, error) {
	valid := regexp.MustCompile(`^[-._a-zA-Z][-._a-zA-Z0-9]*$`)
	text := fmt.Appendf(nil, "apiVersion: v1\nkind: Secret\nmetadata:\n  name: %s\ntype: Opaque\n", secret)
	if len(variables) > 0 {
		text = append(text, "data:\n"...)
	}
	for _, variable := range variables {
		name, value, _ := strings.Cut(variable, "=")
		if !valid.MatchString(name) {
			return nil, fmt.Errorf("%s: %w", name, errKubernetes)
		}
		if !utf8.ValidString(value) {
			return nil, fmt.Errorf("%s: %w", name, errUTF8)
		}
		// Without quotes, a name such as NO or a value such as 1234 is no string.
		text = fmt.Appendf(text, "  %q: %q\n", name, base64.StdEncoding.EncodeToString([]byte(value)))
	}
	return text, nil
}

// Values returns variables, each NAME=value, by name. The error names a
// variable that JSON cannot hold.
func Values(variables []string) (map[string]string, error) {
	values := map[string]string{}
	for _, variable := range variables {
		name, value, _ := strings.Cut(variable, "=")
		if !utf8.ValidString(value) {
			return nil, fmt.Errorf("%s: %w", name, errUTF8)
		}
		values[name] = value
	}
	return values, nil
}
