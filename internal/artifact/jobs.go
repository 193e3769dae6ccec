package artifact

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"github.com/iancoleman/strcase"
	"github.com/robfig/cron/v3"

	"github.com/fngen/fngen/generator"
)

// A Job is a function that HTTP does not call, as the manifests of a container
// have it.
type Job struct {
	Name     string // of the resource
	Function string

	// Schedule is a cron expression with five fields, in TimeZone. Both are
	// empty if the function has no schedule.
	Schedule, TimeZone string
}

// Jobs returns the functions with a schedule that a CronJob can have.
func (c Container) Jobs() []Job {
	jobs, _ := c.schedules()
	return jobs
}

// Unsupported returns why functions with a schedule are not in Jobs.
func (c Container) Unsupported() []error {
	_, errs := c.schedules()
	return errs
}

func (c Container) schedules() (jobs []Job, errs []error) {
	for _, f := range c.Functions {
		if f.Kind != generator.KindSchedule {
			continue
		}
		schedule, zone, err := kubernetesSchedule(f.Schedule)
		if err != nil {
			errs = append(errs, fmt.Errorf("no CronJob runs %s: %w", f.Name, err))
			continue
		}
		jobs = append(jobs, Job{c.jobName(f.Name), f.Name, schedule, zone})
	}
	return jobs, errs
}

// Triggers returns the functions that events call.
func (c Container) Triggers() []Job {
	var jobs []Job
	for _, f := range c.Functions {
		if f.Kind != generator.KindHTTP && f.Kind != generator.KindSchedule {
			jobs = append(jobs, Job{Name: c.jobName(f.Name), Function: f.Name})
		}
	}
	return jobs
}

// jobName returns a DNS label for a function, which no other function has:
// shop-slack--update-order for slack/updateOrder. Kubernetes allows 52 characters
// for a CronJob. A name that is longer or that cannot be told from another ends
// in a hash.
func (c Container) jobName(function string) string {
	const maxLength, hashLength = 52, 8
	name, unique := c.Name, true
	for i, element := range strings.Split(function, "/") {
		label := strcase.ToKebab(element)
		unique = unique && strcase.ToLowerCamel(label) == element
		name += strings.Repeat("-", i+1) + label
	}
	if unique && len(name) <= maxLength {
		return name
	}
	name = strings.TrimRight(name[:min(len(name), maxLength-hashLength-1)], "-")
	return fmt.Sprintf("%s-%.*x", name, hashLength/2, sha256.Sum256([]byte(function)))
}

// EventsName returns the name of the Knative Service that receives events.
func (c Container) EventsName() string {
	const maxLength, suffix = 63, "-events"
	return strings.TrimRight(c.Name[:min(len(c.Name), maxLength-len(suffix))], "-") + suffix
}

// kubernetesSchedule returns a schedule of a function as a CronJob has it, which
// the same library parses. The time zone has a field of its own.
func kubernetesSchedule(expression string) (schedule, zone string, err error) {
	parsed, err := parseSchedule(expression)
	if err != nil {
		return "", "", err
	}
	switch s := parsed.(type) {
	case cron.ConstantDelaySchedule:
		schedule, err := cronEvery(s.Delay)
		return schedule, "UTC", err
	case *cron.SpecSchedule:
		if strings.HasPrefix(expression, "CRON_TZ=") {
			_, expression, _ = strings.Cut(expression, " ")
		}
		return strings.TrimSpace(expression), s.Location.String(), nil
	}
	return "", "", fmt.Errorf("unknown kind of schedule %T", parsed)
}

// cronEvery returns a cron expression for runs at a constant distance, if it
// divides an hour or a day.
func cronEvery(every time.Duration) (string, error) {
	switch minutes, hours := every/time.Minute, every/time.Hour; {
	case every == 24*time.Hour:
		return "0 0 * * *", nil
	case every == time.Hour:
		return "0 * * * *", nil
	case every == time.Minute:
		return "* * * * *", nil
	case every < time.Hour && time.Hour%every == 0:
		return fmt.Sprintf("*/%d * * * *", minutes), nil
	case every%time.Hour == 0 && 24%hours == 0:
		return fmt.Sprintf("0 */%d * * *", hours), nil
	}
	return "", fmt.Errorf("its interval of %s divides neither an hour nor a day", every)
}
