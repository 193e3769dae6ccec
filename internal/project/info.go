package project

import (
	"net/url"
	"slices"
	"strings"

	"github.com/fngen/fngen/generator"
)

// Info describes a project in a bug report. It has no values of environment
// variables besides those that override settings.
type Info struct {
	Dir         string    `json:"dir"`
	Module      string    `json:"module"`
	Settings    []Setting `json:"settings"`
	Environment []string  `json:"environmentFiles"` // names of .env files in the project's root
	Functions   int       `json:"functions"`        // how many there are

	// Kinds counts the functions of each kind that the project has.
	Kinds map[generator.Kind]int `json:"kinds"`
}

// Info returns a description of the project.
func (p *Project) Info() (Info, error) {
	info := Info{Dir: p.Dir, Environment: []string{}}
	var err error
	if info.Module, err = p.Module(); err != nil {
		return Info{}, err
	}
	if info.Settings, err = p.Settings(); err != nil {
		return Info{}, err
	}
	for i, s := range info.Settings {
		if target, err := url.Parse(s.Value); err == nil && target.User != nil {
			info.Settings[i].Value = target.Redacted()
		}
	}
	names, err := p.readNames(".")
	if err != nil {
		return Info{}, err
	}
	for _, name := range names {
		if name == ".env" || strings.HasPrefix(name, ".env.") {
			info.Environment = append(info.Environment, name)
		}
	}
	slices.Sort(info.Environment)
	functions, _, err := p.List()
	info.Functions = len(functions)
	info.Kinds = map[generator.Kind]int{}
	for _, f := range functions {
		info.Kinds[f.Kind]++
	}
	return info, err
}
