package testrun

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/tools/cover"

	"github.com/fngen/fngen/internal/gotest"
	"github.com/fngen/fngen/internal/process"
)

// Files of a coverage report, relative to the project's root.
const (
	coverageDir     = "coverage"
	coverageProfile = "coverage/coverage.out"
	coverageHTML    = "coverage/index.html"
)

// coverageFlags prepares the directory of the coverage report, and returns the
// flags that make go test write a profile there.
func (r *Runner) coverageFlags() ([]string, error) {
	if err := r.Project.Root.Mkdir(coverageDir, 0o777); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, fmt.Errorf("coverage report: %w", err)
	}
	return []string{"-coverprofile=" + filepath.Join(r.Project.Dir, filepath.FromSlash(coverageProfile))}, nil
}

// reportCoverage returns the table of the coverage report and where the HTML
// is, which it writes.
func (r *Runner) reportCoverage(ctx context.Context, report *gotest.Report) (string, error) {
	profile := filepath.Join(r.Project.Dir, filepath.FromSlash(coverageProfile))
	profiles, err := cover.ParseProfiles(profile)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil // nothing compiled
	}
	if err != nil {
		return "", fmt.Errorf("coverage report: %w", err)
	}
	cmd := r.goCommand(ctx, "tool", "cover", "-html="+profile,
		"-o="+filepath.Join(r.Project.Dir, filepath.FromSlash(coverageHTML)))
	if err := process.Run(ctx, cmd); err != nil {
		return "", fmt.Errorf("coverage report: %w", err)
	}
	return report.Coverage(profiles) + "  " + coverageHTML + " shows the lines\n", nil
}
