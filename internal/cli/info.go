package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/project"
)

// infoJSON is the report of fngen info.
type infoJSON struct {
	Version    string        `json:"version"`
	Executable string        `json:"executable"`
	BuiltWith  string        `json:"builtWith"` // the Go version that compiled fngen
	Go         string        `json:"go"`        // what go version prints, or "" without a go command
	GoPath     string        `json:"goPath"`    // the go command
	OS         string        `json:"os"`
	Arch       string        `json:"arch"`
	Project    *project.Info `json:"project,omitempty"`
}

func newInfo(w World) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "info",
		Short: "Describe fngen, Go and the project, for bug reports",
		Long: `Print the versions of fngen and Go, and of the project its directory, the
settings with where each comes from, the names of its .env files and the number
of functions of each kind. The report has no values of .env files.`,
		Example: "  fngen info\n  fngen info --json",
		Args:    arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			info := machineInfo(cmd, w)
			err := projectInfo(cmd, w, &info)
			// The versions are of use even if the project cannot be read.
			print := func() error { return printInfo(w, info) }
			if asJSON {
				print = func() error { return printJSON(w.Stdout, info) }
			}
			if printErr := print(); printErr != nil {
				return printErr
			}
			var none *project.NoModuleError
			if errors.As(err, &none) {
				w.note(none.Error(), none.Hint())
				return nil
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// machineInfo returns the part of the report that is not about the project.
func machineInfo(cmd *cobra.Command, w World) infoJSON {
	info := infoJSON{Version: w.Version, BuiltWith: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	info.Executable, _ = os.Executable() // "" if unknown
	var err error
	if info.GoPath, err = exec.LookPath("go"); err != nil {
		return info
	}
	version := exec.CommandContext(cmd.Context(), info.GoPath, "version")
	version.Env = append(w.Environ(), "GOTOOLCHAIN=local") // otherwise go could download a toolchain
	out, err := version.Output()
	if err == nil {
		info.Go = strings.TrimPrefix(strings.TrimSpace(string(out)), "go version ")
	}
	return info
}

func projectInfo(cmd *cobra.Command, w World, info *infoJSON) error {
	p, err := openProject(cmd, w, project.Options{})
	if err != nil {
		return err
	}
	defer p.Close()
	described, err := p.Info()
	if err != nil {
		return err
	}
	info.Project = &described
	return nil
}

func printInfo(w World, info infoJSON) error {
	s := w.style(w.Stdout)
	s.width = 0 // paths are copied as one line
	var rows []row
	line := func(key, format string, args ...any) {
		rows = append(rows, row{s.paint(bold, key), fmt.Sprintf(format, args...)})
	}
	line("fngen", "%s %s/%s, built with %s", info.Version, info.OS, info.Arch, info.BuiltWith)
	line("executable", "%s", info.Executable)
	if info.Go == "" {
		line("go", "not found")
	} else {
		line("go", "%s", info.Go)
		line("go command", "%s", info.GoPath)
	}
	if p := info.Project; p != nil {
		line("project", "%s", p.Dir)
		line("module", "%s", p.Module)
		for _, s := range p.Settings {
			line(s.Key, "%s (%s)", s.Value, s.Source)
		}
		files := "none"
		if len(p.Environment) > 0 {
			files = strings.Join(p.Environment, ", ")
		}
		line(".env files", "%s", files)
		line("functions", "%s", countKinds(p))
	}
	_, err := io.WriteString(w.Stdout, s.table(rows))
	return err
}

// countKinds returns the number of functions and, if there are any, that of each
// kind: 3 (2 http, 1 queue).
func countKinds(p *project.Info) string {
	var counts []string
	for _, kind := range generator.Kinds() {
		if n := p.Kinds[kind]; n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, kind))
		}
	}
	if len(counts) == 0 {
		return "0"
	}
	return fmt.Sprintf("%d (%s)", p.Functions, strings.Join(counts, ", "))
}
