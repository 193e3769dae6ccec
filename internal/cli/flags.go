package cli

import (
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// anyUser is what pflag hands over for a bare --auth. Help prints it, and no role is called that.
const anyUser = "ROLE,..."

// An optionalValue is a flag that can stand alone, or have a value after =.
type optionalValue struct {
	set func(value string) error
}

func (v optionalValue) String() string { return "" }

// Type makes pflag print the flag as --name[=fallback], the one way to write it:
// of other types it prints a name for the value after a space.
func (v optionalValue) Type() string { return "bool" }

func (v optionalValue) Set(value string) error {
	if value == "" {
		return errEmpty
	}
	return v.set(value)
}

var errEmpty = errors.New("its value is empty")

// optional adds a flag whose value may be left out, and is fallback then.
func optional(flags *pflag.FlagSet, name, fallback, usage string, set func(string) error) {
	flags.Var(optionalValue{set}, name, usage)
	flags.Lookup(name).NoOptDefVal = fallback
}

func isOptional(flag *pflag.Flag) bool {
	_, ok := flag.Value.(optionalValue)
	return ok
}

// A requiredValue is a flag that has a value always.
type requiredValue struct {
	form string // what help prints for the value
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

// An anyValue is a flag that has a value, which may be empty.
type anyValue requiredValue

func (v anyValue) String() string         { return "" }
func (v anyValue) Type() string           { return v.form }
func (v anyValue) Set(value string) error { return v.set(value) }

// required adds a flag whose value has that form.
func required(flags *pflag.FlagSet, name, form, usage string, set func(string) error) {
	flags.Var(requiredValue{form, set}, name, usage)
}

// complete has the shell complete a flag's value.
func complete(cmd *cobra.Command, flag string, values []string) {
	// It fails for a flag that is not there or is completed already: neither can be.
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}
