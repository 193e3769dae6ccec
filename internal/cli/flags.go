package cli

import (
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// anyUser is what pflag hands over for a bare --auth. No role can be it: it is not plain text.
const anyUser = "\x00"

// An optionalValue is a flag that can stand alone, or have a value after =.
type optionalValue struct {
	kind string
	set  func(value string) error
}

func (v optionalValue) String() string { return "" }
func (v optionalValue) Type() string   { return v.kind }

func (v optionalValue) Set(value string) error {
	if value == "" {
		return errors.New("its value is empty")
	}
	return v.set(value)
}

// optional adds a flag whose value may be left out, and is fallback then.
func optional(flags *pflag.FlagSet, name, kind, fallback, usage string, set func(string) error) {
	flags.Var(optionalValue{kind: kind, set: set}, name, usage)
	flags.Lookup(name).NoOptDefVal = fallback
}

// complete has the shell complete a flag's value.
func complete(cmd *cobra.Command, flag string, values []string) {
	// It fails for a flag that is not there or is completed already: neither can be.
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}
