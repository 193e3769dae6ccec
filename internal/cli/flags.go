package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/fngen/fngen/generator"
)

// anyUser is the value that pflag sets for a bare --auth. It is printed in the
// help, and is not a valid role.
const anyUser = "ROLE,..."

// anyOrigin is the value that pflag sets for a bare --cors. It is printed in
// the help, and is not a valid origin.
const anyOrigin = "ORIGIN,..."

// tagsUsage is the usage of the flag --tags.
const tagsUsage = "build tags, in addition to those of GOFLAGS"

// An optionalValue is a flag with an optional value: --name or --name=value.
type optionalValue struct {
	set func(value string) error
}

func (v optionalValue) String() string { return "" }

// Type returns "bool", for which pflag prints --name[=fallback] in the help.
// For other types it prints a space before the value, which does not work.
func (v optionalValue) Type() string { return "bool" }

func (v optionalValue) Set(value string) error {
	if value == "" {
		return errEmpty
	}
	return v.set(value)
}

var errEmpty = errors.New("its value is empty")

// optional adds a flag whose value is fallback if it is omitted.
func optional(flags *pflag.FlagSet, name, fallback, usage string, set func(string) error) {
	flags.Var(optionalValue{set}, name, usage)
	flags.Lookup(name).NoOptDefVal = fallback
}

func isOptional(flag *pflag.Flag) bool {
	_, ok := flag.Value.(optionalValue)
	return ok
}

// A requiredValue is a flag whose value must not be empty.
type requiredValue struct {
	form string // placeholder for the value in the help
	set  func(value string) error
}

func (v requiredValue) String() string { return "" }
func (v requiredValue) Type() string   { return v.form }

func (v requiredValue) Set(value string) error {
	if value == "" {
		return errEmpty
	}
	return v.set(value)
}

// An anyValue is a flag whose value may be empty.
type anyValue requiredValue

func (v anyValue) String() string         { return "" }
func (v anyValue) Type() string           { return v.form }
func (v anyValue) Set(value string) error { return v.set(value) }

// once returns set for a flag whose value is a list, which rejects a second
// value: the first one would be lost.
func once(set func(string) error) func(string) error {
	var first string
	return func(value string) error {
		if first != "" {
			err := &generator.ValueError{Reason: "it is given twice: separate the values with commas"}
			if list := first + "," + value; !strings.Contains(list, "...") { // of a flag without a value
				err.Suggestion = list
			}
			return err
		}
		first = value
		return set(value)
	}
}

// required adds a flag whose value must not be empty. form is the
// placeholder for the value in the help, such as PORT.
func required(flags *pflag.FlagSet, name, form, usage string, set func(string) error) {
	flags.Var(requiredValue{form, set}, name, usage)
}

// requiredText adds a flag that stores its value, which must not be empty, in
// target.
func requiredText(flags *pflag.FlagSet, target *string, name, form, usage string) {
	required(flags, name, form, usage, func(value string) error {
		*target = value
		return nil
	})
}

// oneOf adds a flag whose value is one of values, which shells complete.
func oneOf(cmd *cobra.Command, name, form, usage string, set func(string), values ...string) {
	required(cmd.Flags(), name, form, usage, func(value string) error {
		if !slices.Contains(values, value) {
			return fmt.Errorf("want %s, not %q", strings.Join(values, " or "), value)
		}
		set(value)
		return nil
	})
	complete(cmd, name, values)
}

// parsed adds a flag whose value parse converts, and stores the result in
// target. form is the placeholder for the value in the help.
func parsed[T any](flags *pflag.FlagSet, target *T, name, form, usage string, parse func(string) (T, error)) {
	flags.Var(anyValue{form, func(value string) (err error) {
		*target, err = parse(value)
		return err
	}}, name, usage)
}

// complete registers the values that shells complete a flag with.
func complete(cmd *cobra.Command, flag string, values []string) {
	// The error is of a flag that does not exist or is registered already.
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}
