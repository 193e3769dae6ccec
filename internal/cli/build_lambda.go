package cli

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
	"sync"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/artifact"
	"github.com/fngen/fngen/internal/dist"
	"github.com/fngen/fngen/internal/dotenv"
	"github.com/fngen/fngen/internal/program"
	"github.com/fngen/fngen/internal/project"
)

// settings are how the functions run on AWS Lambda, with the secrets that their files name.
func (b *builder) settings() (map[string]project.Lambda, error) {
	var names []string
	for _, f := range b.all {
		names = append(names, f.Name)
	}
	settings, err := b.project.Lambda(names, b.unread)
	if err != nil {
		return nil, err
	}
	for _, f := range b.all {
		s := settings[f.Name]
		if b.o.arch != "" {
			s.Architecture = b.o.arch
		}
		named, err := b.project.Secrets(f)
		if err != nil {
			return nil, err
		}
		for _, name := range named {
			if _, ok := s.Environment[name]; !ok && project.LambdaVariable(name) {
				s.Secrets = append(s.Secrets, name)
			}
		}
		s.Secrets = slices.Compact(slices.Sorted(slices.Values(s.Secrets)))
		settings[f.Name] = s
	}
	return settings, nil
}

// lambda builds a program for each function, all of an architecture by one go build, and puts
// those that compile in their places.
func (b *builder) lambda(ctx context.Context, folder *dist.Folder, settings map[string]project.Lambda, report *buildJSON) error {
	tags := strings.Join(b.project.Tags(), ",")
	files, packages := map[string][]byte{}, map[string]string{}
	var mains []generator.MainPackage
	groups := map[string][]project.Function{}
	programs := map[string]dist.Program{}
	for _, f := range b.functions {
		p, err := generator.LambdaMain(place(b.project, b.module), "lambda/"+f.Name, f.In(b.module))
		if err != nil {
			return err
		}
		maps.Copy(files, p.Files)
		mains = append(mains, p)
		packages[f.Name] = p.Package
		arch := settings[f.Name].Architecture
		groups[arch] = append(groups[arch], f)
		if _, err := folder.Staged(arch); err != nil {
			return err
		}
		if programs[f.Name], err = folder.Program(path.Join(f.Name, artifact.Bootstrap), path.Join(arch, f.Name)); err != nil {
			return err
		}
		if err := folder.CheckZip(artifact.ZipFile(f.Name)); err != nil {
			return err
		}
	}

	var output []string
	for _, arch := range slices.Sorted(maps.Keys(groups)) {
		out, err := folder.Staged(arch)
		if err != nil {
			return err
		}
		var group []string
		for _, f := range groups[arch] {
			group = append(group, packages[f.Name])
		}
		overlay := b.overlay(files, tags, "GOOS=linux", "GOARCH="+arch, "CGO_ENABLED=0")
		err = overlay.Build(ctx, out+string(filepath.Separator), group...)
		if broken := (*program.BuildError)(nil); errors.As(err, &broken) {
			output = append(output, compilerSays(broken.Output, mains, b.functions))
		} else if err != nil {
			return err
		}
	}
	if err := full(output); err != nil {
		return err
	}
	own, others := blame(b.functions, strings.Join(output, "\n"))
	var built []project.Function
	for _, f := range b.functions {
		switch errs, ok := own[f.Name]; {
		case folder.Built(programs[f.Name]):
			built = append(built, f)
		case ok:
			report.Failed = append(report.Failed, failedJSON{f.Name, errs})
		default:
			report.Failed = append(report.Failed, failedJSON{f.Name, append([]string{}, others...)})
		}
	}
	var err error
	if report.Functions, err = b.take(ctx, folder, built, programs); err != nil {
		return err
	}
	for i, f := range report.Functions {
		report.Functions[i].Arch = settings[f.Function].Architecture
	}
	return b.template(folder, settings, report)
}

// take puts programs and their zip files in place, several at once.
func (b *builder) take(ctx context.Context, folder *dist.Folder, functions []project.Function, programs map[string]dist.Program) ([]functionJSON, error) {
	done := make([]functionJSON, len(functions))
	errs := make([]error, len(functions))
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(functions)) {
		workers.Go(func() {
			for i := range next {
				if errs[i] = ctx.Err(); errs[i] == nil {
					done[i], errs[i] = b.takeOne(folder, functions[i], programs[functions[i].Name])
				}
			}
		})
	}
	for i := range functions {
		next <- i
	}
	close(next)
	workers.Wait()
	return done, errors.Join(errs...)
}

func (b *builder) takeOne(folder *dist.Folder, f project.Function, p dist.Program) (functionJSON, error) {
	zip := artifact.ZipFile(f.Name)
	done := functionJSON{Function: f.Name, Bootstrap: b.path(folder, p.Path), Zip: b.path(folder, zip)}
	program, size, err := folder.Take(p)
	if err != nil {
		return done, err
	}
	zipped, zipSize, err := folder.Zip(p, zip)
	done.Size, done.ZipSize, done.Action = size, zipSize, zipped
	if zipped == dist.Unchanged {
		done.Action = program
	}
	return done, err
}

// template writes the AWS SAM template, of all functions whichever were built: one that is not in it would be
// removed from the stack. So it stays as it is where a function cannot be read.
func (b *builder) template(folder *dist.Folder, settings map[string]project.Lambda, report *buildJSON) error {
	if len(b.unread) > 0 {
		fmt.Fprintf(b.w.Stderr, "fngen: note: %s is left as it is: not all functions can be read\n", b.path(folder, templateFile))
		return nil
	}
	added, err := dotenv.Read(b.project.Root.FS(), dotenv.For("production"), nil)
	if err != nil {
		return err
	}
	stack := artifact.Stack{Module: b.module, REST: b.o.rest}
	for _, variable := range added {
		name, _, _ := strings.Cut(variable, "=")
		everywhere := !slices.ContainsFunc(b.all, func(f project.Function) bool {
			_, ok := settings[f.Name].Environment[name]
			return !ok
		})
		if project.LambdaVariable(name) && !strings.HasPrefix(name, "FNGEN_") && !everywhere {
			stack.Secrets = append(stack.Secrets, name)
		}
	}
	var missing []string
	for _, f := range b.all {
		stack.Functions = append(stack.Functions, artifact.Function{Name: f.Name, Lambda: settings[f.Name]})
		if zip := artifact.ZipFile(f.Name); !folder.Has(zip) {
			missing = append(missing, zip)
		}
	}
	if len(missing) > 0 && len(report.Failed) == 0 {
		fmt.Fprintf(b.w.Stderr, "fngen: note: %s names zip files that were not built yet: %s\n", b.path(folder, templateFile), few(missing))
	}
	if err := stack.Check(); err != nil {
		fmt.Fprintf(b.w.Stderr, "fngen: note: %s cannot be deployed as it is: %v\n", b.path(folder, templateFile), err)
	}
	return b.text(folder, templateFile, artifact.Template(stack), report)
}

// few are the first names of a list, and how many more there are.
func few(names []string) string {
	const most = 3
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
