package build

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/artifact"
	"github.com/fngen/fngen/internal/dist"
	"github.com/fngen/fngen/internal/dotenv"
	"github.com/fngen/fngen/internal/hint"
	"github.com/fngen/fngen/internal/overlay"
	"github.com/fngen/fngen/internal/project"
)

// templateFile is the SAM template beside the zip files.
const templateFile = "template.yaml"

// settings returns the settings of every function on AWS Lambda, with the names
// of the secrets that its files mention. It is an error if AWS cannot call a
// function as its source says.
func (b *builder) settings() (map[string]project.Lambda, error) {
	settings, err := b.project.Lambda(b.all, b.unusable)
	if err != nil {
		return nil, err
	}
	var stack artifact.Stack
	for _, f := range b.all {
		stack.Functions = append(stack.Functions, stackFunction(f, settings[f.Name]))
		s := settings[f.Name]
		if b.Arch != "" {
			s.Architecture = b.Arch
		}
		secrets, err := b.project.Secrets(f)
		if err != nil {
			return nil, err
		}
		for _, name := range secrets {
			if _, ok := s.Environment[name]; !ok && project.LambdaVariable(name) {
				s.Secrets = append(s.Secrets, name)
			}
		}
		s.Secrets = slices.Compact(slices.Sorted(slices.Values(s.Secrets)))
		settings[f.Name] = s
		if f.Stream && !s.URL && !b.REST {
			advice := "write url = true under [" + project.SettingsTable(f.Name) +
				"] in fngen.toml for a function URL, or run fngen build --api rest"
			return nil, hint.Newf(advice, "%s:%d: the function %s streams its response, which an HTTP API cannot",
				f.Handler.File, f.Handler.Line, f.Name)
		}
	}
	return settings, stack.CheckSources()
}

// stackFunction returns a function as a stack has it.
func stackFunction(f project.Function, settings project.Lambda) artifact.Function {
	return artifact.Function{
		Name: f.Name, Kind: f.Kind, Routes: f.Routes, Schedule: f.Schedule, Queue: f.Queue, CORS: f.CORS,
		Lambda: settings, Stream: f.Stream,
	}
}

// lambda builds an executable for each function, with one go build for each
// architecture, and installs those that compile.
func (b *builder) lambda(ctx context.Context, settings map[string]project.Lambda) error {
	files := map[string][]byte{}
	var mains []generator.MainPackage
	packages := map[string][]string{} // by architecture
	executables := map[string]dist.Executable{}
	for _, f := range b.functions {
		main, err := generator.LambdaMain(mainOptions(b.project, b.module), "lambda/"+artifact.FileName(f.Name), f.Ref(b.module))
		if err != nil {
			return err
		}
		maps.Copy(files, main.Files)
		mains = append(mains, main)
		arch := settings[f.Name].Architecture
		packages[arch] = append(packages[arch], main.Package)
		if executables[f.Name], err = b.stage(f.Name, arch); err != nil {
			return err
		}
	}

	var output []string
	for _, arch := range slices.Sorted(maps.Keys(packages)) {
		out, err := b.dist.Staged(arch)
		if err != nil {
			return err
		}
		o := b.overlay(files, "GOOS=linux", "GOARCH="+arch, "CGO_ENABLED=0")
		err = o.Build(ctx, out+string(filepath.Separator), packages[arch]...)
		if broken := (*overlay.BuildError)(nil); errors.As(err, &broken) {
			output = append(output, explain(broken.Output, mains, b.functions))
		} else if err != nil {
			return err
		}
	}
	messages := strings.Join(output, "\n")
	if err := diskFull(messages); err != nil {
		return err
	}

	byFunction, others := attribute(messages, b.functions)
	var built []project.Function
	for _, f := range b.functions {
		errs, ok := byFunction[f.Name]
		if b.dist.Built(executables[f.Name]) {
			built = append(built, f)
			continue
		}
		if !ok {
			errs = append([]string{}, others...)
		}
		b.report.Failed = append(b.report.Failed, Failure{Function: f.Name, Errors: errs})
	}
	if err := b.install(ctx, built, executables, settings); err != nil {
		return err
	}
	return b.template(settings)
}

// stage prepares the build of a function's executable, and checks that its
// results can be written.
func (b *builder) stage(name, arch string) (dist.Executable, error) {
	if _, err := b.dist.Staged(arch); err != nil {
		return dist.Executable{}, err
	}
	file := artifact.FileName(name)
	executable, err := b.dist.Executable(path.Join(file, artifact.Bootstrap), path.Join(arch, file))
	if err != nil {
		return dist.Executable{}, err
	}
	return executable, b.dist.CheckZip(artifact.ZipFile(name))
}

// install puts executables and their zip files in place, several at once.
func (b *builder) install(ctx context.Context, functions []project.Function,
	executables map[string]dist.Executable, settings map[string]project.Lambda,
) error {
	b.report.Functions = make([]Function, len(functions))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, f := range functions {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			zip := artifact.ZipFile(f.Name)
			executable := executables[f.Name]
			result, size, err := b.dist.Install(executable)
			if err != nil {
				return err
			}
			zipResult, zipSize, err := b.dist.Zip(executable, zip)
			if zipResult != dist.Unchanged {
				result = zipResult
			}
			b.report.Functions[i] = Function{
				Name: f.Name, Arch: settings[f.Name].Architecture, Result: result,
				Bootstrap: executable.Path, Size: size, Zip: zip, ZipSize: zipSize,
			}
			return err
		})
	}
	return group.Wait()
}

// template writes the SAM template. It describes all functions, whichever were
// built, since a deployment removes a function that its template lacks. For the
// same reason it stays as it is while a function cannot be parsed. The project's
// partial template is merged into it.
func (b *builder) template(settings map[string]project.Lambda) error {
	if len(b.unusable) > 0 {
		b.Note("keeping "+b.path(templateFile)+", because not all functions can be read", "")
		return nil
	}
	variables, err := dotenv.Read(b.project.Root.FS(), dotenv.For("production"), nil)
	if err != nil {
		return err
	}
	stack := artifact.Stack{Module: b.module, REST: b.REST}
	for _, variable := range variables {
		name, _, _ := strings.Cut(variable, "=")
		setForAll := !slices.ContainsFunc(b.all, func(f project.Function) bool {
			_, ok := settings[f.Name].Environment[name]
			return !ok
		})
		if project.LambdaVariable(name) && !strings.HasPrefix(name, "FNGEN_") && !setForAll {
			stack.Secrets = append(stack.Secrets, name)
		}
	}
	var missing, signed []string
	for _, f := range b.all {
		webhook, err := b.project.Webhook(f)
		if err != nil {
			return err
		}
		function := stackFunction(f, settings[f.Name])
		if webhook != nil && webhook.Scheme.URLEnv() != "" {
			function.SignedURL = true
			signed = append(signed, f.Name)
		}
		stack.Functions = append(stack.Functions, function)
		if zip := artifact.ZipFile(f.Name); !b.dist.Has(zip) {
			missing = append(missing, zip)
		}
	}
	text, err := artifact.Template(stack)
	if err != nil {
		return err
	}
	if len(missing) > 0 && len(b.report.Failed) == 0 {
		b.Note(b.path(templateFile)+" refers to zip files that are not built yet: "+abbreviate(missing), "fngen build")
	}
	b.noteTimeouts(settings)
	if b.REST && len(signed) > 0 {
		b.Note("a REST API does not pass on the query as it was signed, so these functions reject requests with a query: "+
			abbreviate(signed), "")
	}
	if err := stack.Check(); err != nil {
		b.Note(fmt.Sprintf("%s cannot be deployed: %v", b.path(templateFile), err), "")
	}
	name, extension, err := b.project.SAMTemplate()
	if err != nil {
		return err
	}
	if extension != nil {
		if text, err = artifact.Merge(text, name, extension); err != nil {
			return err
		}
	}
	return b.text(templateFile, text)
}

// noteTimeouts notes functions that may take longer than the API in front of
// them waits.
func (b *builder) noteTimeouts(settings map[string]project.Lambda) {
	api, most, advice := "an HTTP API", 30, "set a timeout of at most 30, or use a function URL or a load balancer"
	if b.REST {
		api, most, advice = "a REST API", 29, "set a timeout of at most 29, or raise the quota for integration timeouts"
	}
	var over []string
	for _, f := range b.all {
		if timeout := settings[f.Name].Timeout; f.Kind == generator.KindHTTP && timeout > most {
			over = append(over, fmt.Sprintf("%s (%d s)", f.Name, timeout))
		}
	}
	if len(over) > 0 {
		b.Note(fmt.Sprintf("%s waits %d s for a response, less than the timeout of %s", api, most, abbreviate(over)), advice)
	}
}

// abbreviate returns the first names of a list and the number of others.
func abbreviate(names []string) string {
	const limit = 3
	if len(names) <= limit {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:limit], ", "), len(names)-limit)
}
