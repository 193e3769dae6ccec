package build

import (
	"bytes"
	"errors"
	"io/fs"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/semver"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/artifact"
	"github.com/fngen/fngen/internal/hint"
	"github.com/fngen/fngen/internal/project"
)

// SetupCI returns a plan that writes the file of a pipeline into the project.
// It is an error if another file is there, unless force is set. The pipeline's
// Name and Fngen are set for the project and this version of fngen.
func SetupCI(p *project.Project, pipeline artifact.Pipeline, version string, force bool) (generator.Plan, error) {
	goMod, err := p.Root.ReadFile("go.mod")
	if err != nil {
		return generator.Plan{}, err
	}
	file, err := PipelineFile(pipeline, goMod, version)
	if err != nil {
		return generator.Plan{}, err
	}
	old, err := p.Root.ReadFile(file.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return generator.Plan{}, err
	case bytes.Equal(old, file.Data):
		file.Action = generator.Unchanged
	case force:
		file.Action = generator.Overwrite
	default:
		return generator.Plan{}, hint.Newf("--force overwrites it", "%s exists", file.Path)
	}
	return generator.Plan{Files: []generator.File{file}}, nil
}

// PipelineFile returns the file of a pipeline for the module of a go.mod.
func PipelineFile(pipeline artifact.Pipeline, goMod []byte, version string) (generator.File, error) {
	pipeline.Name = artifact.AppName(modfile.ModulePath(goMod))
	if !semver.IsValid(version) {
		version = "latest"
	}
	pipeline.Fngen = "go run " + project.ToolPath + "@" + version
	if project.IsTool(goMod) {
		pipeline.Fngen = "go tool fngen"
	}
	data, err := pipeline.File()
	return generator.File{Path: pipeline.Path(), Action: generator.Create, Data: data}, err
}
