package cli

import (
	"cmp"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// setHelp sets the help of all commands: what the command does in one
// paragraph, examples, the details, and the usage with the flags.
func setHelp(root *cobra.Command, w World) {
	root.SetUsageTemplate(withoutExamples(root.UsageTemplate()))
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) {
		s := w.style(w.Stdout)
		summary, details, _ := strings.Cut(strings.TrimSpace(cmp.Or(cmd.Long, cmd.Short)), "\n\n")
		parts := []string{summary}
		if cmd.Example != "" {
			parts = append(parts, "Examples:\n"+cmd.Example)
		}
		if details != "" {
			parts = append(parts, details)
		}
		lines := strings.Split(strings.Join(append(parts, cmd.UsageString()), "\n\n"), "\n")
		for i, line := range lines {
			if isHeading(line) {
				lines[i] = s.paint(bold, line)
			}
		}
		_, _ = io.WriteString(cmd.OutOrStdout(), strings.Join(lines, "\n")) // Main reports the error
	})
}

// isHeading reports whether a line of a help text is the heading of examples,
// commands or flags.
func isHeading(line string) bool {
	return strings.HasSuffix(line, ":") && line[0] >= 'A' && line[0] <= 'Z' && strings.Count(line, " ") <= 1
}

// withoutExamples returns cobra's usage template without the examples, which
// follow the flags of the parent's commands there.
func withoutExamples(usage string) string {
	const start, end = "{{if .HasExample}}", "{{end}}"
	before, rest, ok := strings.Cut(usage, start)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		return usage
	}
	return before + after
}
