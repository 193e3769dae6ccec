package build

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/artifact"
	"github.com/fngen/fngen/internal/hint"
	"github.com/fngen/fngen/internal/project"
)

// SetupDeploy returns a plan that copies the files of a container into the
// project's deploy directory: those of the given names, or all if there are
// none. Existing files that differ are kept unless force is set.
func SetupDeploy(
	p *project.Project, note func(message, advice string), names []string, force bool,
) (generator.Plan, error) {
	b, err := newBuilder(p, Options{Target: Container, Note: note})
	if err != nil {
		return generator.Plan{}, err
	}
	if len(b.broken) > 0 {
		return generator.Plan{}, &FailedError{b.broken}
	}
	files, err := b.container().Files()
	if err != nil {
		return generator.Plan{}, err
	}
	existing, err := p.DeployFiles()
	if err != nil {
		return generator.Plan{}, err
	}
	var plan generator.Plan
	var kept []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if len(names) > 0 && !slices.Contains(names, name) {
			continue
		}
		file := generator.File{Path: path.Join(project.DeployDir, name), Action: generator.Create, Data: files[name]}
		if old, ok := existing[name]; ok {
			switch {
			case bytes.Equal(old, file.Data):
				file.Action = generator.Unchanged
			case force:
				file.Action = generator.Overwrite
			default:
				file.Action = generator.Keep
				kept = append(kept, file.Path)
			}
		}
		plan.Files = append(plan.Files, file)
	}
	if len(kept) > 0 {
		plan.Notes = append(plan.Notes, generator.Note{
			Text: "keeping files that you have edited: " + strings.Join(kept, ", "),
			Hint: "fngen setup deploy --force overwrites them",
		})
	}
	return plan, nil
}

// container describes the container of the functions.
func (b *builder) container() artifact.Container {
	c := artifact.Container{
		Name: artifact.AppName(b.module), Base: b.project.Container.Base, Functions: b.functions,
	}
	for _, platform := range b.platforms() {
		c.Architectures = append(c.Architectures, platform.Arch)
	}
	return c
}

// containerFiles returns the contents of the container's text files, by name.
// Files in the project's deploy directory take the place of generated ones. It
// is an error if they lack a function.
func (b *builder) containerFiles() (map[string][]byte, error) {
	if err := b.checkHealth(); err != nil {
		return nil, err
	}
	c := b.container()
	files, err := c.Files()
	if err != nil {
		return nil, err
	}
	own, err := b.project.DeployFiles()
	if err != nil {
		return nil, err
	}
	if err := b.checkDeploy(own); err != nil {
		return nil, err
	}
	if err := b.checkSchedules(c, own); err != nil {
		return nil, err
	}
	for _, name := range artifact.ContainerFiles() {
		if text, ok := own[name]; ok {
			files[name] = fmt.Appendf(bytes.Clone(text), "\n%s\n", artifact.CopyMarker(path.Join(project.DeployDir, name)))
		} else if text, ok := files[name]; ok {
			files[name] = append([]byte(artifact.Marker+"\n"), text...)
		}
	}
	return files, nil
}

// checkDeploy returns an error if the deployment files that belong to the user
// lack a function.
func (b *builder) checkDeploy(own map[string][]byte) error {
	file, missing, err := artifact.Unrouted(own, b.functions)
	if err != nil {
		return fmt.Errorf("%s/%w", project.DeployDir, err)
	}
	return b.lacks(file, missing)
}

// checkSchedules returns an error if the CronJobs that belong to the user lack a
// function. It notes other differences from the functions' schedules.
func (b *builder) checkSchedules(c artifact.Container, own map[string][]byte) error {
	file, missing, different, err := c.Unscheduled(own)
	if err != nil {
		return fmt.Errorf("%s/%w", project.DeployDir, err)
	}
	if err := b.lacks(file, missing); err != nil {
		return err
	}
	for _, err := range c.Unsupported() {
		b.Note(err.Error(), "change the schedule, or start one server with -schedules")
	}
	for _, d := range different {
		b.Note(fmt.Sprintf("%s/%s runs %s at other times than its source says: %s", project.DeployDir, file, d.Function, d.What), "")
	}
	return nil
}

// lacks returns an error if a file of the deploy directory lacks something.
func (b *builder) lacks(file string, missing []artifact.Missing) error {
	if len(missing) == 0 {
		return nil
	}
	file = path.Join(project.DeployDir, file)
	var lacks []string
	for _, m := range missing {
		lacks = append(lacks, fmt.Sprintf("%s of %s", m.What, m.Function))
	}
	return hint.Newf(
		"add it there, or write the file again: fngen setup deploy --force "+path.Base(file),
		"%s lacks %s", b.Display(filepath.Join(b.project.Dir, filepath.FromSlash(file))), strings.Join(lacks, " and "),
	)
}

// checkHealth returns an error if a function has the path of the container's
// health check, which the server answers itself.
func (b *builder) checkHealth() error {
	const healthz = "/healthz"
	for _, f := range b.functions {
		taken := len(f.Routes) == 0 && "/"+f.Name == healthz
		for _, r := range f.Routes {
			taken = taken || r.Path == healthz && slices.Contains([]string{"", http.MethodGet, http.MethodHead}, r.Method)
		}
		if taken && f.Kind == generator.KindHTTP {
			return hint.Newf("rename the function, or give it another route",
				"%s would get no requests: the server of a container responds to %s itself, as its health check", f.Name, healthz)
		}
	}
	return nil
}
