package cli

import "github.com/spf13/cobra"

// describeCompletion sets the help of cobra's completion commands, and has them
// check their arguments: cobra's own print help if the shell is unknown.
func describeCompletion(completion *cobra.Command) {
	completion.Args, completion.RunE = knownCommand, help
	completion.Short = "Print a script that completes commands in your shell"
	completion.Long = `Print a script that completes commands, flags and the names of functions in your
shell.`
	completion.Example = "  source <(fngen completion bash)\n  fngen completion zsh --help"
	for _, shell := range completion.Commands() {
		name := shell.Name()
		shell.Args = arguments(0, 0)
		shell.Short = "Print the completion script for " + name
		shell.Long = shell.Short + "."
		switch name {
		case "bash":
			shell.Long += ` The first example loads it into the
running shell, the second one into each new shell.

The script needs the package bash-completion.`
			shell.Example = `  source <(fngen completion bash)
  fngen completion bash > ~/.local/share/bash-completion/completions/fngen`
		case "zsh":
			shell.Long += ` The first example loads it into the
running shell, the second one into each new shell.

If completion is not enabled yet, add "autoload -U compinit; compinit" to
~/.zshrc.`
			shell.Example = `  source <(fngen completion zsh)
  fngen completion zsh > "${fpath[1]}/_fngen"`
		case "fish":
			shell.Long += ` The first example loads it into the
running shell, the second one into each new shell.`
			shell.Example = `  fngen completion fish | source
  fngen completion fish > ~/.config/fish/completions/fngen.fish`
		case "powershell":
			shell.Long += ` Add the example to your profile
to load it into each new shell.`
			shell.Example = "  fngen completion powershell | Out-String | Invoke-Expression"
		}
	}
}
