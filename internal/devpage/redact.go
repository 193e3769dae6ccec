package devpage

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fngen/fngen/templates/lib/logger"
)

// placeholder replaces a secret.
const placeholder = "[redacted]"

// redact returns v as JSON, with secrets redacted as package logger does, and
// signatures besides.
func redact(v any) json.RawMessage {
	var b bytes.Buffer
	handler := logger.NewHandler(logger.Options{
		Redact: []string{"signature", "sig", "hmac", "clientState"},
		Level:  slog.LevelInfo, Format: logger.JSON, Writer: &b,
	})
	record := slog.NewRecord(time.Time{}, slog.LevelInfo, "", 0)
	record.AddAttrs(slog.Any("value", v))
	var logged struct{ Value json.RawMessage }
	if handler.Handle(context.Background(), record) != nil || json.Unmarshal(b.Bytes(), &logged) != nil {
		return json.RawMessage(`"` + placeholder + `"`)
	}
	return logged.Value
}

// redactText returns a text with secrets redacted. A text that is JSON is
// encoded again.
func redactText(s string) string {
	var text string
	if json.Unmarshal(redact(s), &text) != nil {
		return placeholder
	}
	return text
}

// A Field is a field of a header.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// redactHeader returns the fields of a header, sorted by name, with secrets
// redacted.
func redactHeader(h http.Header) []Field {
	var values map[string]any // a list, or the placeholder
	if json.Unmarshal(redact(map[string][]string(h)), &values) != nil {
		return nil
	}
	fields := []Field{}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		for i := range h[name] {
			value := placeholder
			if list, ok := values[name].([]any); ok && i < len(list) {
				value, _ = list[i].(string)
			}
			fields = append(fields, Field{name, value})
		}
	}
	return fields
}

// redactTarget returns the path and query of a request with secrets redacted.
func redactTarget(target string) string { return redactText(target) }

// redactForm returns the fields of a form with secrets redacted. Values may be
// JSON, as in Slack's interactions.
func redactForm(body string) string {
	pairs := strings.Split(strings.TrimPrefix(redactText("?"+body), "?"), "&")
	for i, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		plain, err := url.QueryUnescape(value)
		if err != nil {
			continue
		}
		if clean := redactText(plain); clean != plain {
			pairs[i] = name + "=" + url.QueryEscape(clean)
		}
	}
	return strings.Join(pairs, "&")
}

// A BodyView is a body as the page shows it.
type BodyView struct {
	Size int    `json:"size"`
	Text string `json:"text"` // "" if it is not shown
	Note string `json:"note,omitempty"`
}

// view returns a body of a media type as the page shows it. Bodies in which
// secrets cannot be found are not shown.
func (b Body) view(contentType string) BodyView {
	v := BodyView{Size: b.Size}
	mediaType, _, _ := mime.ParseMediaType(contentType)
	switch {
	case b.Size == 0:
	case b.Size > len(b.Data):
		v.Note = "too large to record"
	case !utf8.Valid(b.Data):
		v.Note = "binary data"
	case strings.HasPrefix(mediaType, "multipart/"):
		v.Note = "the parts of " + mediaType + " are not shown"
	case mediaType == "application/x-www-form-urlencoded":
		v.Text = redactForm(string(b.Data))
	default:
		v.Text = redactText(string(b.Data))
	}
	return v
}
