package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/mod/modfile"
	"golang.org/x/term"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/dotenv"
	"github.com/fngen/fngen/internal/gotest"
	"github.com/fngen/fngen/internal/process"
	"github.com/fngen/fngen/internal/project"
)

// apiSide is the side of a RedwoodJS project that functions are on: yarn rw test api divide.
const apiSide = "api"

// testOptions are fngen test's command line, as values.
type testOptions struct {
	words       []string // parts of functions' names
	flags       []string // go test's
	watch, json bool
}

func newTest(w World) *cobra.Command {
	o := testOptions{}
	cmd := &cobra.Command{
		Use:   "test [api] [name...] [-- go test flags]",
		Short: "Run the functions' tests",
		Long: `Run the tests of the functions that are named, or of all. A part of a name will do.

It runs go test, whose exit code it has, and shows each function's tests as a tree. Flags
after -- are go test's. The tests find in their environment what .env.defaults, .env and
.env.test set, of which the later beats the earlier and the environment beats all.

With --watch, what you save runs the tests that it can touch. Keys: a runs all, f those that
failed, Enter the last ones again, and q quits.`,
		Example: `  fngen test
  fngen test divide
  fngen test divide --watch
  fngen test order -- -run 'TestUpdateOrderStatus/refuses' -race -count=1`,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.words = args
			if dash := cmd.ArgsLenAtDash(); dash >= 0 {
				o.words, o.flags = args[:dash], args[dash:]
			}
			return runTest(cmd, w, o)
		},
	}
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		names := functionNames(cmd, w, nil)
		names = slices.DeleteFunc(names, func(name string) bool { return slices.Contains(args, name) })
		return names, cobra.ShellCompDirectiveNoFileComp
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.BoolVar(&o.watch, "watch", false, "run what a saved file touches, again and again")
	flags.BoolVar(&o.json, "json", false, "print what go test -json prints, as it is")
	return cmd
}

var errInterrupted = errors.New("interrupted")

// A tester runs the tests of a project.
type tester struct {
	w       World
	o       testOptions
	project *project.Project
	colour  bool
}

func runTest(cmd *cobra.Command, w World, o testOptions) error {
	p, err := openProject(cmd, w, project.Options{})
	if err != nil {
		return err
	}
	defer p.Close()
	t := tester{w: w, o: o, project: p}
	t.colour = !o.json && w.Env("NO_COLOR") == "" && w.Env("TERM") != "dumb" && isTerminal(w.Stdout)
	if o.watch {
		return t.watch(cmd.Context())
	}
	functions, err := t.functions()
	if err != nil {
		return err
	}
	if len(functions) == 0 {
		return noFunctionsError{p.Functions}
	}
	_, err = t.run(cmd.Context(), functions)
	if errors.Is(err, context.Canceled) {
		return errInterrupted
	}
	return err
}

// A noFunctionsError says that there is nothing to test, which is no success.
type noFunctionsError struct{ dir string }

func (e noFunctionsError) Error() string { return "no functions in " + e.dir }
func (noFunctionsError) Hint() string    { return "fngen function NAME" }

// functions are those that the command names. A file that does not parse counts: the
// compiler is to say what is wrong.
func (t tester) functions() ([]gotest.Function, error) {
	all, skipped, err := t.project.List()
	if err != nil {
		return nil, err
	}
	goMod, err := t.project.Root.ReadFile("go.mod")
	if err != nil {
		return nil, err
	}
	dir := path.Join(modfile.ModulePath(goMod), t.project.Functions)
	var functions []gotest.Function
	for _, f := range all {
		functions = append(functions, testFunction(dir, t.project.Functions, f.Name, f.Files))
	}
	for _, s := range skipped {
		switch {
		case s.Kind == project.SkipUnparsable:
			functions = append(functions, testFunction(dir, t.project.Functions, s.Name, []string{s.Path}))
		case len(t.o.words) == 0 && !t.o.watch:
			note(t.w.Stderr, s.String(), "")
		}
	}
	slices.SortFunc(functions, func(a, b gotest.Function) int { return strings.Compare(a.Name, b.Name) })
	return match(functions, t.o.words)
}

// testFunction is a function of some files: in a folder of its name, or flat among others.
func testFunction(pkg, dir, name string, files []string) gotest.Function {
	if len(files) == 1 && files[0] == path.Join(dir, name+".go") {
		return gotest.Function{Name: name, Package: pkg, File: path.Join(dir, name+"_test.go"), Flat: true}
	}
	f := gotest.Function{Name: name, Package: path.Join(pkg, name), File: path.Join(dir, name)}
	var tests []string
	for _, file := range files {
		base, isTest := strings.CutSuffix(file, "_test.go")
		if isTest && !strings.HasSuffix(base, "_scenarios") && !strings.HasSuffix(base, "_fixtures") {
			tests = append(tests, file)
		}
	}
	if file := path.Join(f.File, name+"_test.go"); slices.Contains(tests, file) {
		f.File = file
	} else if len(tests) == 1 {
		f.File = tests[0]
	}
	return f
}

// match are the functions of which a name, or where a word has a slash a path, has one of the words in it, letter case aside.
func match(functions []gotest.Function, words []string) ([]gotest.Function, error) {
	isName := func(word string) bool {
		return slices.ContainsFunc(functions, func(f gotest.Function) bool { return f.Name == word })
	}
	if len(words) > 0 && words[0] == apiSide && !isName(apiSide) {
		words = words[1:]
	}
	if len(words) == 0 {
		return functions, nil
	}
	wanted := map[string]bool{}
	for _, word := range words {
		found := false
		for _, f := range functions {
			if matches(f, word) {
				wanted[f.Name], found = true, true
			}
		}
		if !found {
			return nil, noMatch(functions, word)
		}
	}
	return slices.DeleteFunc(functions, func(f gotest.Function) bool { return !wanted[f.Name] }), nil
}

func matches(f gotest.Function, word string) bool {
	if word == "" {
		return false // of an unset variable, most likely
	}
	if slashed := filepath.ToSlash(word); strings.Contains(slashed, "/") {
		slashed = strings.ToLower(strings.TrimPrefix(slashed, "./"))
		return strings.Contains(strings.ToLower(f.File+"/"), slashed)
	}
	name := strings.ToLower(f.Name)
	if strings.Contains(name, strings.ToLower(word)) {
		return true
	}
	parsed, err := generator.ParseName(word) // update-order is updateOrder
	return err == nil && strings.Contains(name, strings.ToLower(parsed.String()))
}

func noMatch(functions []gotest.Function, word string) error {
	var names []string
	for _, f := range functions {
		names = append(names, f.Name)
	}
	err := usageError{message: "no function matches " + quote(word), hint: "fngen list"}
	if nearest := generator.Nearest(word, names); nearest != "" {
		err.hint = "fngen test " + nearest
	}
	return err
}

// run runs go test for some functions and shows what comes of it. The report is there when
// go test could be started. Errors: exitError, context.Canceled, *dotenv.Error, exec.ErrNotFound.
func (t tester) run(ctx context.Context, functions []gotest.Function) (*gotest.Report, error) {
	variables, err := dotenv.Read(os.DirFS(t.project.Dir), dotenv.For("test"), t.w.Environ())
	if err != nil {
		return nil, err
	}
	cmd := t.goCommand(ctx, slices.Concat([]string{"test", "-json"}, patterns(t.project.Functions, functions), t.o.flags)...)
	cmd.Env = append(cmd.Env, variables...)
	report := gotest.NewReport(module(functions, t.project.Functions), functions, t.colour)
	start := time.Now()
	var written error
	show := func(text string) {
		if _, err := io.WriteString(t.w.Stdout, text); written == nil {
			written = err
		}
	}
	stream := &gotest.Stream{
		Keep: gotest.Verbose(t.o.flags),
		Text: func(line string) { show(line + "\n") },
	}
	stream.Done = func(p *gotest.Package) {
		if ctx.Err() != nil {
			return // it fails because it was interrupted, which says nothing about it
		}
		text := report.Package(p)
		if !t.o.json {
			show(text)
		}
	}
	switch {
	case !t.o.json:
		cmd.Stdout = stream
	case t.o.watch: // which has to know what failed
		cmd.Stdout, stream.Text = io.MultiWriter(t.w.Stdout, stream), nil
	default:
		cmd.Stdout = t.w.Stdout
	}
	err = process.Run(ctx, cmd)
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && exit.ExitCode() > 0:
		err = exitError{exit.ExitCode()}
	case err != nil:
		return report, err
	}
	_ = stream.Close()
	if !t.o.json {
		show(report.Totals(time.Since(start)))
	}
	return report, errors.Join(err, written)
}

// goCommand is the go command in the project, with its messages going to stderr.
func (t tester) goCommand(ctx context.Context, args ...string) *exec.Cmd {
	cmd := process.Command(ctx, "go", args...)
	cmd.Dir = t.project.Dir
	cmd.Env = append(t.w.Environ(), "PWD="+t.project.Dir)
	cmd.Stderr = t.w.Stderr
	return cmd
}

// patterns are functions' packages, as the go command takes them. The second pattern of a folder
// does not do without the first: it finds nothing in one that a link leads to.
func patterns(dir string, functions []gotest.Function) []string {
	var list []string
	for _, f := range functions {
		if f.Flat {
			list = append(list, "./"+dir)
		} else {
			folder := "./" + path.Join(dir, f.Name)
			list = append(list, folder, folder+"/...")
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// module is the path of the module that functions are in.
func module(functions []gotest.Function, dir string) string {
	pkg := functions[0].Package
	if !functions[0].Flat {
		pkg = path.Dir(pkg)
	}
	return strings.TrimSuffix(pkg, "/"+dir)
}

// isTerminal tells whether somebody sits at a stream.
func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}
