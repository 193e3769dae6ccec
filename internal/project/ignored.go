package project

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/fngen/fngen/generator"
)

// UnignoredNotes returns a note for each of the names, relative to the project's
// root, that git would commit. The hint adds a line to .gitignore. There are no
// notes if the project is not in a git repository or git is not installed.
func (p *Project) UnignoredNotes(ctx context.Context, names ...string) []generator.Note {
	var notes []generator.Note
	for _, name := range p.unignored(ctx, names...) {
		pattern := "/" + name
		switch name {
		case ".env":
			pattern = ".env"
		case "dev.db":
			pattern = "*.db"
		}
		notes = append(notes, generator.Note{
			Text: "git does not ignore " + name, Hint: "echo '" + pattern + "' >> .gitignore",
		})
	}
	return notes
}

func (p *Project) unignored(ctx context.Context, names ...string) []string {
	for dir := p.Dir; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, ".git")); err == nil {
			break
		} else if filepath.Dir(dir) == dir {
			return nil
		}
	}
	var list []string
	for _, name := range names {
		cmd := exec.CommandContext(ctx, "git", "check-ignore", "--quiet", "--", name)
		cmd.Dir = p.Dir
		var exit *exec.ExitError
		if errors.As(cmd.Run(), &exit) && exit.ExitCode() == 1 {
			list = append(list, name)
		}
	}
	return list
}
