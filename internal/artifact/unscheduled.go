package artifact

import (
	"slices"
	"strings"
)

// A cronJob has what [Container.Unscheduled] reads of a resource in a manifest.
type cronJob struct {
	Kind string
	Spec struct {
		Schedule    string
		TimeZone    string `yaml:"timeZone"`
		JobTemplate struct {
			Spec struct {
				Template struct {
					Spec struct {
						Containers []struct{ Command, Args []string }
					}
				}
			}
		} `yaml:"jobTemplate"`
	}
}

// runs reports whether a CronJob runs a function.
func (c cronJob) runs(function string) bool {
	for _, container := range c.Spec.JobTemplate.Spec.Template.Spec.Containers {
		args := slices.Concat(container.Command, container.Args)
		i := slices.IndexFunc(args, func(arg string) bool { return arg == "-run" || arg == "--run" })
		if i >= 0 && i+1 < len(args) && args[i+1] == function ||
			slices.Contains(args, "-run="+function) || slices.Contains(args, "--run="+function) {
			return true
		}
	}
	return false
}

// Unscheduled returns the functions that no CronJob in the manifests runs, and
// those that run at other times than their schedules say, with the times of the
// manifest. It returns none if there is no CronJob, and the name of the file with
// the first one otherwise. Files other than YAML are ignored.
func (c Container) Unscheduled(manifests map[string][]byte) (file string, missing, different []Missing, _ error) {
	file, all, err := resources[cronJob](manifests, "CronJob")
	if err != nil || file == "" {
		return file, nil, nil, err
	}
	for _, job := range c.Jobs() {
		runs := func(c cronJob) bool { return c.runs(job.Function) }
		i := slices.IndexFunc(all, runs)
		if i < 0 {
			missing = append(missing, Missing{job.Function, "the CronJob"})
			continue
		}
		if spec := all[i].Spec; spec.Schedule != job.Schedule || spec.TimeZone != job.TimeZone {
			different = append(different, Missing{job.Function, strings.TrimSpace(spec.Schedule + " " + spec.TimeZone)})
		}
	}
	return file, missing, different, nil
}
