package generator

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
)

// A Kind says what calls a function.
type Kind string

// The kinds of functions. Those after KindQueue take events of the AWS service
// of that name.
const (
	KindHTTP        Kind = "http"     // HTTP requests
	KindSchedule    Kind = "schedule" // the clock
	KindQueue       Kind = "queue"    // messages of an Amazon SQS queue
	KindS3          Kind = "s3"
	KindSNS         Kind = "sns"
	KindEventBridge Kind = "eventbridge"
	KindDynamoDB    Kind = "dynamodb"
	KindKinesis     Kind = "kinesis"
)

// Kinds returns all kinds.
func Kinds() []Kind {
	return append([]Kind{KindHTTP, KindSchedule, KindQueue}, EventKinds()...)
}

// EventKinds returns the kinds of functions that take the events of a service.
func EventKinds() []Kind { return []Kind{KindS3, KindSNS, KindEventBridge, KindDynamoDB, KindKinesis} }

// ParseEventKind returns the kind of the functions that take the events of a
// service, such as s3. The error is a *[ValueError].
func ParseEventKind(service string) (Kind, error) {
	var names []string
	for _, kind := range EventKinds() {
		if service == string(kind) {
			return kind, nil
		}
		names = append(names, string(kind))
	}
	err := &ValueError{Reason: fmt.Sprintf("unknown service %q: want %s", service, oneOf(names))}
	switch lower := strings.ToLower(service); lower {
	case "cloudwatch", "events", "event-bridge":
		err.Suggestion = string(KindEventBridge)
	case "dynamo":
		err.Suggestion = string(KindDynamoDB)
	default:
		err.Suggestion = Nearest(lower, names)
	}
	return "", err
}

// oneOf joins alternatives: a, b or c.
func oneOf(list []string) string {
	last := len(list) - 1
	return strings.Join(list[:last], ", ") + " or " + list[last]
}

// kind returns what calls the function.
func (s Spec) kind() Kind { return cmp.Or(s.Kind, KindHTTP) }

const (
	maxQueue = 80 // characters of a queue's name, with its suffix

	// fifoSuffix ends the names of queues that keep the order of their messages.
	fifoSuffix = ".fifo"
)

// ParseQueue parses the name of an Amazon SQS queue: letters, digits, hyphens and
// underscores, and .fifo at the end for a queue that keeps the order of its
// messages. The error is a *[ValueError].
func ParseQueue(name string) (string, error) {
	base, isFIFO := strings.CutSuffix(name, fifoSuffix)
	others := regexp.MustCompile(`[^A-Za-z0-9_-]+`)
	invalid := &ValueError{}
	switch {
	case base == "" || others.MatchString(base):
		invalid.Reason = fmt.Sprintf("%q is not the name of a queue: want letters, digits, hyphens and underscores, "+
			"and %s at the end for a FIFO queue", name, fifoSuffix)
		if parts := strings.Split(name, ":"); len(parts) == 6 && parts[0] == "arn" { // an ARN ends with the name
			base, isFIFO = strings.CutSuffix(parts[5], fifoSuffix)
		} else if strings.Contains(name, "://") { // and so does the URL of a queue
			base, isFIFO = strings.CutSuffix(name[strings.LastIndexByte(name, '/')+1:], fifoSuffix)
		} else if lower := strings.ToLower(name); strings.HasSuffix(lower, fifoSuffix) {
			base, isFIFO = name[:len(name)-len(fifoSuffix)], true
		}
	case len(name) > maxQueue:
		invalid.Reason = fmt.Sprintf("the name of a queue has at most %d characters, and %q has %d",
			maxQueue, name, len(name))
	default:
		return name, nil
	}
	suffix := ""
	if isFIFO {
		suffix = fifoSuffix
	}
	base = strings.Trim(others.ReplaceAllString(ascii(base), "-"), "-")
	if base != "" {
		invalid.Suggestion = base[:min(len(base), maxQueue-len(suffix))] + suffix
	}
	return "", invalid
}

// IsFIFO reports whether the name or the ARN of a queue is that of a FIFO queue,
// which keeps the order of its messages.
func IsFIFO(queue string) bool { return strings.HasSuffix(queue, fifoSuffix) }

// DefaultQueue returns the name of the queue of a function that does not name
// one: that of the function, with a hyphen in place of the slash.
func DefaultQueue(name Name) string { return strings.ReplaceAll(name.String(), "/", "-") }
