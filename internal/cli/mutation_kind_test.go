package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A batchKind says how to write a handler of batches without package queue or
// stream.
type batchKind struct {
	handler string // in the generated source
	service string // in the names of the types
	id      string // of the record r
	valid   string // whether the record r is handled without an error
	correct string // the behavior that is right
}

// batchBehaviors are the bodies of the loops of such handlers, with the ID and the
// validity of a record.
var batchBehaviors = map[string]string{
	"ignores failures":                    "",
	"fails as a whole":                    "if !(%[2]s) { return response, io.EOF }",
	"reports everything":                  "report(%[1]s)",
	"reports each failure":                "if !(%[2]s) { report(%[1]s) }",
	"reports from the first failure on":   "if failed = failed || !(%[2]s); failed { report(%[1]s) }",
	"reports only the first failure":      "if !(%[2]s) && !failed { failed = true; report(%[1]s) }",
	"reports only the last failure":       "if !(%[2]s) { response.BatchItemFailures = nil; report(%[1]s) }",
	"reports what follows the failure":    "if failed { report(%[1]s) }; failed = failed || !(%[2]s)",
	"reports a failure without its ID":    "if !(%[2]s) { report(\"\") }",
	"reports an error besides a response": "if !(%[2]s) { report(%[1]s); err = io.EOF }",
}

// source returns the source of a handler with a behavior, named mutant.
func (k batchKind) source(pkg, behavior string) string {
	return fmt.Sprintf(`package %[1]s

import (
	"context"
	"encoding/json"
	"io"

	"github.com/aws/aws-lambda-go/events"
)

var _, _ = json.Valid, io.EOF

func mutant(ctx context.Context, event events.%[2]sEvent) (response events.%[2]sEventResponse, err error) {
	failed := false
	report := func(id string) {
		response.BatchItemFailures = append(response.BatchItemFailures, events.%[2]sBatchItemFailure{ItemIdentifier: id})
	}
	_, _ = failed, report
	for _, r := range event.Records {
		_ = r
		%[3]s
	}
	return response, err
}
`, pkg, k.service, fmt.Sprintf(batchBehaviors[behavior]+"// %[1].0s%[2].0s", k.id, k.valid))
}

// TestGeneratedTestsCatchBrokenHandlers checks that the test of a function that is
// not called over HTTP fails if its handler does not do what it promises.
func TestGeneratedTestsCatchBrokenHandlers(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(goldenDir)))
	functions := filepath.Join(dir, "api", "src", "functions")
	require.NoError(t, os.RemoveAll(functions))

	mutants := map[string]mutant{} // by import path
	correct := map[string]bool{}   // import paths of mutants that are no mutants
	// add adds a copy of a function, with old replaced by replacement in its handler.
	add := func(function, change, old, replacement string) (dir, importPath string) {
		original := filepath.Join(goldenDir, "api", "src", "functions", function)
		name := fmt.Sprintf("%sMutant%d", function, len(mutants))
		dir = filepath.Join(functions, name)
		require.NoError(t, os.CopyFS(dir, os.DirFS(original)))
		handler := filepath.Join(dir, function+".go")
		source, err := os.ReadFile(handler)
		require.NoError(t, err)
		require.Contains(t, string(source), old, function)
		source = []byte(strings.Replace(string(source), old, replacement, 1))
		require.NoError(t, os.WriteFile(handler, source, 0o666))
		importPath = "example.com/golden/api/src/functions/" + name
		mutants[importPath] = mutant{function: function, change: change}
		return dir, importPath
	}

	const isJSON = "json.Valid([]byte(r.Body))"
	for function, kind := range map[string]batchKind{
		"queue": {
			"queue.Each(handle)", "SQS", "r.MessageId", isJSON, "reports each failure",
		},
		"queueFifo": {
			"queue.Each(handle)", "SQS", "r.MessageId", isJSON, "reports from the first failure on",
		},
		"eventKinesis": {
			"stream.Kinesis(handle)", "Kinesis", "r.Kinesis.SequenceNumber", "json.Valid(r.Kinesis.Data)",
			"reports only the first failure",
		},
		"eventDynamoDb": {
			"stream.DynamoDB(handle)", "DynamoDB", "r.Change.SequenceNumber", `r.EventName != "UNKNOWN"`,
			"reports only the first failure",
		},
	} {
		for behavior := range batchBehaviors {
			dir, importPath := add(function, behavior, "var Handler = "+kind.handler,
				"var Handler, _ = mutant, "+kind.handler)
			source := kind.source(strings.ToLower(function), behavior)
			require.NoError(t, os.WriteFile(filepath.Join(dir, "mutant.go"), []byte(source), 0o666))
			correct[importPath] = behavior == kind.correct
		}
	}
	const accept = "fmt.Print()"
	for function, changes := range map[string][][2]string{
		"schedule": {
			{"return nil", "return context.Canceled"},
			{"return nil\n}", "ran++\n\tif ran == 2 {\n\t\treturn context.Canceled\n\t}\n\treturn nil\n}\n\nvar ran int"},
		},
		"queue": {
			{"queue.Message[payload]", "queue.Message[string]"},
			{"return nil", "return context.Canceled"},
			{"return nil", "panic(message.ID)"},
		},
		"eventKinesis": {
			{"stream.Record[payload]", "stream.Record[string]"},
			{"return nil", "return context.Canceled"},
		},
		"eventDynamoDb": {
			{`return fmt.Errorf("unknown event %q", record.EventName)`, accept + "\n\t\treturn nil"},
			{"events.DynamoDBOperationTypeInsert, ", ""},
			{", events.DynamoDBOperationTypeModify", ""},
			{"events.DynamoDBOperationTypeRemove", `"DELETE"`},
		},
		"eventS3": {{"return nil", "return context.Canceled"}},
		"eventSns": {
			{"return nil", "return context.Canceled"},
			{`return fmt.Errorf("decoding message %s: %w", record.SNS.MessageID, err)`, accept},
		},
		"eventEventBridge": {
			{"return nil", "return context.Canceled"},
			{`return fmt.Errorf("decoding the detail of event %s: %w", event.ID, err)`, accept},
		},
	} {
		for _, change := range changes {
			add(function, change[0]+" changed to "+change[1], change[0], change[1])
		}
	}

	output, failed := testMutants(t, dir)
	for pkg, m := range mutants {
		if correct[pkg] {
			assert.False(t, failed[pkg], "the test of %s fails with a handler that %s:\n%s", m.function, m.change, output[pkg])
			continue
		}
		assert.True(t, failed[pkg], "the test of %s passes: %s", m.function, m.change)
		assert.Regexp(t, "failed (messages|records|changes) = |Handler: |Handler returned no error", output[pkg],
			"the test of %s fails for another reason: %s", m.function, m.change)
	}
}
