package jobs

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/fngen/fngen/templates/runtime/eventsource"
	"github.com/fngen/fngen/templates/runtime/server"
	"github.com/fngen/fngen/templates/runtime/trigger"
)

// maxEvent is the largest CloudEvent in bytes.
const maxEvent = 10 << 20

// Events implements server.Jobs: with the flag -events, it passes the CloudEvents
// in requests to functions. The status of the response says whether the function
// succeeded (204), so that brokers retry (5xx) or give up (4xx). The format:
// https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
func (j *jobs) Events(call func(context.Context, func(context.Context) error) error) http.Handler {
	if !j.takeEvents {
		return nil
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, server.EventsPath)
		f, err := j.named(name)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, "use POST", http.StatusMethodNotAllowed)
			return
		}
		e, err := readEvent(r.Header, http.MaxBytesReader(w, r.Body, maxEvent))
		var event []byte
		if err == nil {
			event, err = e.forFunction(f)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		err = call(r.Context(), func(ctx context.Context) error { return deliver(ctx, f, e.ID, event) })
		if err != nil {
			slog.Error("function failed", "function", f.Name, "event", e.ID, "error", fmt.Sprint(err))
		}
		var unsupported *eventsource.UnsupportedEventError
		switch {
		case err == nil:
			w.WriteHeader(http.StatusNoContent)
		case errors.As(err, &unsupported):
			http.Error(w, "the function does not handle such events", http.StatusBadRequest)
		default:
			http.Error(w, "the function failed", http.StatusInternalServerError)
		}
	})
}

// deliver calls a function. Messages of a batch that failed are an error.
func deliver(ctx context.Context, f trigger.Function, id string, event []byte) error {
	response, err := call(lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{AwsRequestID: id}), f, event)
	if err != nil {
		return err
	}
	return batchError(f.Name, response)
}

// A cloudEvent is an event of the CloudEvents specification.
type cloudEvent struct {
	ID         string
	Source     string
	Type       string
	Time       time.Time // now if the event has none
	Attributes map[string]string
	Data       []byte
}

// readEvent reads a CloudEvent in binary or structured mode.
func readEvent(header http.Header, body io.Reader) (e cloudEvent, err error) {
	e = cloudEvent{Attributes: map[string]string{}}
	if e.Data, err = io.ReadAll(body); err != nil {
		return e, fmt.Errorf("reading event: %w", err)
	}
	mediaType, _, _ := mime.ParseMediaType(header.Get("Content-Type"))
	if mediaType == "application/cloudevents+json" {
		err = e.readStructured()
	} else {
		for name, values := range header {
			if attribute, ok := strings.CutPrefix(strings.ToLower(name), "ce-"); ok {
				e.Attributes[attribute] = unescape(values[0])
			}
		}
	}
	if err != nil {
		return e, fmt.Errorf("reading event: %w", err)
	}
	e.ID, e.Source, e.Type = e.Attributes["id"], e.Attributes["source"], e.Attributes["type"]
	if e.ID == "" || e.Source == "" || e.Type == "" || e.Attributes["specversion"] == "" {
		return e, errors.New("want a CloudEvent with ce-specversion, ce-id, ce-source and ce-type")
	}
	e.Time = time.Now()
	if text := e.Attributes["time"]; text != "" {
		if e.Time, err = time.Parse(time.RFC3339, text); err != nil {
			return e, errors.New("ce-time is not a time of RFC 3339")
		}
	}
	return e, nil
}

// readStructured replaces e.Data, which is an event in JSON, by the data in it.
func (e *cloudEvent) readStructured() error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(e.Data, &members); err != nil {
		return err
	}
	e.Data = nil
	for name, value := range members {
		var text string
		isText := json.Unmarshal(value, &text) == nil
		switch {
		case name == "data" && isText && !isJSON(members["datacontenttype"]):
			e.Data = []byte(text)
		case name == "data":
			e.Data = value
		case name == "data_base64":
			data, err := base64.StdEncoding.DecodeString(text)
			if err != nil {
				return fmt.Errorf("data_base64: %w", err)
			}
			e.Data = data
		case isText:
			e.Attributes[name] = text
		default:
			e.Attributes[name] = string(value) // a number or a boolean
		}
	}
	return nil
}

// isJSON reports whether the content type of a structured event's data, itself
// in JSON, is JSON. That is the default.
func isJSON(contentType json.RawMessage) bool {
	var text string
	if json.Unmarshal(contentType, &text) != nil || text == "" {
		return true
	}
	mediaType, _, _ := mime.ParseMediaType(text)
	return strings.HasSuffix(mediaType, "/json") || strings.HasSuffix(mediaType, "+json")
}

// unescape decodes the value of a header, which may be percent-encoded.
func unescape(s string) string {
	if decoded, err := url.PathUnescape(s); err == nil {
		return decoded
	}
	return s
}

// forFunction returns the event as AWS would send it to the function. The data
// is the message of a queue or a topic, or the detail of an EventBridge event.
// For functions of other services, it must be an event of the service.
func (e cloudEvent) forFunction(f trigger.Function) ([]byte, error) {
	if !utf8.Valid(e.Data) {
		return nil, errors.New("the event's data is not text")
	}
	type fields map[string]any
	switch f.Kind {
	case trigger.Schedule: // sources send the time at which they sent the event
		return tick(f, e.Time.Truncate(time.Minute), e.ID), nil
	case trigger.Queue:
		attributes := fields{}
		for name, value := range e.Attributes {
			attributes[name] = fields{"stringValue": value, "dataType": "String"}
		}
		return json.Marshal(fields{"Records": []fields{{
			"messageId": e.ID,
			"body":      string(e.Data),
			"attributes": fields{
				"ApproximateReceiveCount": "1",
				"SentTimestamp":           strconv.FormatInt(e.Time.UnixMilli(), 10),
			},
			"messageAttributes": attributes,
			"eventSource":       "aws:sqs",
		}}})
	case trigger.SNS:
		return json.Marshal(fields{"Records": []fields{{
			"EventSource":  "aws:sns",
			"EventVersion": "1.0",
			"Sns": fields{
				"Type": "Notification", "MessageId": e.ID, "Subject": e.Attributes["subject"],
				"Message": string(e.Data), "Timestamp": e.Time.UTC(),
			},
		}}})
	case trigger.EventBridge:
		detail := json.RawMessage(cmp.Or(string(e.Data), "{}"))
		if !json.Valid(detail) {
			return nil, errors.New("the event's data is not JSON")
		}
		return json.Marshal(fields{
			"version": "0", "id": e.ID, "source": e.Source, "detail-type": e.Type, "time": e.Time.UTC(),
			"resources": []string{}, "detail": detail,
		})
	}
	return e.Data, nil
}
