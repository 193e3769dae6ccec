package project

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
)

// Unignored returns those of the names, relative to the project's root, that git
// would commit. It returns none if the project is not in a git repository or git
// is not installed.
func (p *Project) Unignored(ctx context.Context, names ...string) []string {
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
