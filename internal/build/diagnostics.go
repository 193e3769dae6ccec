package build

import (
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/overlay"
	"github.com/fngen/fngen/internal/project"
)

// explain rewrites the compiler's messages about generated main packages: an
// error about a handler is reported where the function declares it.
func explain(output string, mains []generator.MainPackage, functions []project.Function) string {
	return overlay.Explain(output, func(file string, line int) []overlay.Declaration {
		for _, main := range mains {
			if file != path.Join(main.Package, "main.go") {
				continue
			}
			i := slices.IndexFunc(functions, func(f project.Function) bool { return f.Name == main.Lines[line] })
			if i < 0 {
				return nil
			}
			f := functions[i]
			return []overlay.Declaration{
				{Name: f.Handler.Name, Type: handlerType(f), File: f.Handler.File, Line: f.Handler.Line},
				{Name: f.Shutdown.Name, Type: overlay.ShutdownType, File: f.Shutdown.File, Line: f.Shutdown.Line},
			}
		}
		return nil
	})
}

// handlerType returns the type that main packages expect of a function's
// handler.
func handlerType(f project.Function) string {
	event := map[generator.Kind]string{
		generator.KindSchedule:    "schedule.Tick",
		generator.KindQueue:       "events.SQSEvent",
		generator.KindS3:          "events.S3Event",
		generator.KindSNS:         "events.SNSEvent",
		generator.KindEventBridge: "events.EventBridgeEvent",
		generator.KindDynamoDB:    "events.DynamoDBEvent",
		generator.KindKinesis:     "events.KinesisEvent",
	}[f.Kind]
	switch {
	case event == "":
		return overlay.HandlerType
	case f.Kind == generator.KindQueue && f.Responds:
		return "func(context.Context, events.SQSEvent) (events.SQSEventResponse, error)"
	case f.Kind == generator.KindDynamoDB && f.Responds:
		return "func(context.Context, events.DynamoDBEvent) (events.DynamoDBEventResponse, error)"
	case f.Kind == generator.KindKinesis && f.Responds:
		return "func(context.Context, events.KinesisEvent) (events.KinesisEventResponse, error)"
	}
	return "func(context.Context, " + event + ") error"
}

// attribute groups the compiler's messages by the function whose files they are
// about. others are about packages that functions import.
func attribute(output string, functions []project.Function) (byFunction map[string][]string, others []string) {
	byFunction = map[string][]string{}
	for _, message := range splitMessages(output) {
		i := slices.IndexFunc(functions, func(f project.Function) bool {
			return slices.ContainsFunc(f.Files, func(file string) bool {
				return strings.HasPrefix(filepath.ToSlash(message), file+":")
			})
		})
		if i < 0 {
			others = append(others, message)
		} else {
			byFunction[functions[i].Name] = append(byFunction[functions[i].Name], message)
		}
	}
	return byFunction, others
}

// splitMessages returns the messages in the compiler's output, each once,
// without package headings. Indented lines continue a message.
func splitMessages(output string) []string {
	var all []string
	for line := range strings.SplitSeq(output, "\n") {
		switch {
		case strings.TrimSpace(line) == "", strings.HasPrefix(line, "# "):
		case strings.HasPrefix(line, "\t") && len(all) > 0:
			all[len(all)-1] += "\n" + line
		default:
			all = append(all, strings.TrimPrefix(line, "./"))
		}
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(all, func(message string) bool {
		duplicate := seen[message]
		seen[message] = true
		return duplicate
	})
}
