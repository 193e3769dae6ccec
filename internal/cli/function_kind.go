package cli

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/hint"
	"github.com/fngen/fngen/internal/project"
)

// ownQueue is the value that pflag sets for a bare --queue. It is printed in the
// help, and is not a valid name.
const ownQueue = "NAME[.fifo]"

// kindHelp is the part of the help about functions that are not called over HTTP.
const kindHelp = `--schedule, --queue and --event generate functions that are not called over
HTTP. --schedule takes a cron expression: minute, hour, day of the month, month
and day of the week, as in '0 3 * * *', or @hourly, @daily or @every 15m. A time
zone may precede it: 'CRON_TZ=Europe/Berlin 0 3 * * *'. The default is UTC.
--queue takes the name of an Amazon SQS queue, by default that of the function.
--event takes the service whose events the function handles: s3, sns,
eventbridge, dynamodb or kinesis.`

// kindFlags adds the flags for what calls a function.
func kindFlags(flags *pflag.FlagSet, spec *generator.Spec) {
	required(flags, "schedule", "CRON", "run at these times", func(value string) (err error) {
		spec.Kind = generator.KindSchedule
		spec.Schedule, err = project.ParseSchedule(value)
		return err
	})
	optional(flags, "queue", ownQueue, "handle the messages of an Amazon SQS queue", func(value string) (err error) {
		spec.Kind, spec.Queue = generator.KindQueue, ""
		if value != ownQueue {
			spec.Queue, err = generator.ParseQueue(value)
		}
		return err
	})
	required(flags, "event", "SERVICE", "handle events of s3, sns, eventbridge, dynamodb or kinesis",
		func(value string) (err error) {
			spec.Kind, err = generator.ParseEventKind(value)
			switch strings.ToLower(value) {
			case "sqs", string(generator.KindQueue):
				return hint.New("Amazon SQS has a flag of its own", "--queue=NAME")
			case string(generator.KindSchedule), "scheduler":
				return hint.New("schedules have a flag of their own", "--schedule='0 3 * * *'")
			}
			return err
		})
}

// setQueue sets the name of the queue of a function that does not name one.
func setQueue(spec *generator.Spec) error {
	if spec.Kind != generator.KindQueue || spec.Queue != "" {
		return nil
	}
	var err error
	if spec.Queue, err = generator.ParseQueue(generator.DefaultQueue(spec.Name)); err != nil {
		return usageError{
			fmt.Sprintf("%s is too long for the name of a queue", generator.DefaultQueue(spec.Name)),
			"name the queue: --queue=NAME",
		}
	}
	return nil
}

// checkKind returns an error if the flags say more than one way in which a
// function is called.
func checkKind(cmd *cobra.Command, spec generator.Spec) error {
	var callers []string
	for _, name := range []string{"schedule", "queue", "event"} {
		if cmd.Flags().Changed(name) {
			callers = append(callers, name)
		}
	}
	switch {
	case len(callers) == 0:
		return nil
	case len(callers) > 1:
		return usageError{
			fmt.Sprintf("--%s and --%s are mutually exclusive", callers[0], callers[1]),
			"generate a function for each, and call the same code from both",
		}
	}
	for _, name := range []string{
		"webhook", "auth", "binary", "stream", "route", "cors", "allow-ip", "rate-limit", "input",
	} {
		if cmd.Flags().Changed(name) {
			return usageError{
				fmt.Sprintf("--%s and --%s are mutually exclusive: the function gets no HTTP requests", callers[0], name),
				kindCommand(spec),
			}
		}
	}
	return nil
}

// kindCommand returns the command that generates a function that is not called
// over HTTP.
func kindCommand(spec generator.Spec) string {
	flag := "--event=" + string(spec.Kind)
	switch {
	case spec.Kind == generator.KindSchedule:
		flag = "--schedule=" + shellQuote(spec.Schedule)
	case spec.Kind == generator.KindQueue && spec.Queue == "":
		flag = "--queue"
	case spec.Kind == generator.KindQueue:
		flag = "--queue=" + spec.Queue
	}
	return "fngen function " + spec.Name.String() + " " + flag
}

// callerOf returns what calls a function: its routes, schedule, queue or service,
// and a label for it.
func callerOf(spec generator.Spec) (label, caller string) {
	switch spec.Kind {
	case generator.KindHTTP:
		var routes []string
		for _, r := range spec.Routes {
			routes = append(routes, r.String())
		}
		return "route", cmp.Or(strings.Join(routes, ", "), spec.Name.Route())
	case generator.KindSchedule:
		return "runs", spec.Schedule
	case generator.KindQueue:
		return "queue", spec.Queue
	}
	return "event", string(spec.Kind)
}

// eventKinds returns the values of --event.
func eventKinds() []string {
	var names []string
	for _, kind := range generator.EventKinds() {
		names = append(names, string(kind))
	}
	return names
}

// describeCaller returns what calls a function: its routes, schedule, queue or
// service.
func describeCaller(f project.Function) string {
	return cmp.Or(f.Event(), strings.Join(f.Routed().Patterns(), ", "))
}
