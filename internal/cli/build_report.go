package cli

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/fngen/fngen/internal/build"
	"github.com/fngen/fngen/internal/dist"
)

// printBuild prints the report of a build into dir, as JSON or as tables. Paths
// are relative to the working directory.
func printBuild(w World, report build.Report, noted []noteJSON, dir string, asJSON bool) error {
	for i := range report.Functions {
		report.Functions[i].Bootstrap = relative(dir, report.Functions[i].Bootstrap)
		report.Functions[i].Zip = relative(dir, report.Functions[i].Zip)
	}
	for i := range report.Programs {
		report.Programs[i].Path = relative(dir, report.Programs[i].Path)
	}
	for i := range report.Files {
		report.Files[i].Path = relative(dir, report.Files[i].Path)
	}
	if asJSON {
		return printJSON(w.Stdout, struct {
			build.Report
			Notes []noteJSON `json:"notes,omitempty"`
		}{report, noted})
	}
	if len(report.Functions)+len(report.Programs) == 0 {
		return nil
	}

	table := tabwriter.NewWriter(w.Stdout, 0, 0, 2, ' ', 0)
	changed := 0
	row := func(result dist.Result, cells ...string) {
		if result != dist.Unchanged {
			changed++
		}
		fmt.Fprintln(table, strings.Join(append(cells, string(result)), "\t"))
	}
	if len(report.Functions) > 0 {
		fmt.Fprintln(table, "FUNCTION\tARCH\tSIZE\tZIP SIZE\tZIP\t")
	} else {
		fmt.Fprintln(table, "PROGRAM\tOS\tARCH\tSIZE\t")
	}
	for _, f := range report.Functions {
		row(f.Result, f.Name, f.Arch, megabytes(f.Size), megabytes(f.ZipSize), f.Zip)
	}
	for _, p := range report.Programs {
		row(p.Result, p.Path, p.OS, p.Arch, megabytes(p.Size))
	}
	if err := table.Flush(); err != nil {
		return err
	}

	var text strings.Builder
	text.WriteByte('\n')
	for _, f := range report.Files {
		fmt.Fprintf(&text, "%-9s  %s\n", f.Result, f.Path)
	}
	unchanged := len(report.Functions) + len(report.Programs) - changed
	fmt.Fprintf(&text, "%d built, %d unchanged in %.1f s\n", changed, unchanged, report.Seconds)
	if report.Target == build.Lambda && len(report.Files) > 0 && len(report.Failed) == 0 {
		fmt.Fprintf(&text, "deploy     sam deploy --guided --template-file %s\n", shellQuote(report.Files[0].Path))
	}
	_, err := fmt.Fprint(w.Stdout, text.String())
	return err
}

// megabytes formats a size in millions of bytes.
func megabytes(size int64) string { return fmt.Sprintf("%.1f MB", float64(size)/1e6) }
