package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	"github.com/fngen/fngen/internal/invoke"
)

// listDeliveries prints the deliveries that fngen dev received.
func listDeliveries(ctx context.Context, w World, client *invoke.Client, o invokeOptions) error {
	all, err := client.Deliveries(ctx, o.call.Function)
	if err != nil {
		return err
	}
	if o.json {
		return printJSON(w.Stdout, all)
	}
	if len(all) == 0 {
		w.note("fngen dev has received no webhooks yet", "")
		return nil
	}
	table := tabwriter.NewWriter(w.Stdout, 0, 0, 2, ' ', 0)
	for _, d := range all {
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%d\t%d B\n", d.N, d.Time.Local().Format(time.TimeOnly),
			printable(d.Function), printable(d.Method), printable(d.Target), d.Status, d.Size())
	}
	return table.Flush()
}

// printResponse prints a response as the flags ask for it. To a terminal it
// writes no control characters and no binary data.
func printResponse(w World, o invokeOptions, r *invoke.Response, terminal bool) error {
	if !o.json && !o.include || r.Code >= http.StatusBadRequest {
		fmt.Fprintf(w.Stderr, "fngen: %s, %d ms\n", printable(r.Status), r.Elapsed.Milliseconds())
	}
	if o.json {
		return printJSON(w.Stdout, newResponseJSON(r))
	}
	var out bytes.Buffer
	if o.include {
		out.WriteString(responseHead(r, terminal))
	}
	switch {
	case o.output != "":
		if err := os.WriteFile(o.output, r.Body, 0o666); err != nil {
			return err
		}
	case terminal && isBinary(r.Body):
		contentType := cmp.Or(r.Header.Get("Content-Type"), "unknown type")
		w.note(fmt.Sprintf("the body is binary: %d bytes of %s", len(r.Body), printable(contentType)),
			"save it with -o FILE")
	case terminal:
		out.WriteString(forTerminal(string(r.Body)))
	default:
		out.Write(r.Body)
	}
	_, err := w.Stdout.Write(out.Bytes())
	return err
}

// printEvent prints what a function returned that is not called over HTTP: the
// IDs of messages that failed, which is an error, or its response.
func printEvent(w World, o invokeOptions, r *invoke.Response) error {
	summary := "done"
	if r.Count > 0 {
		summary = fmt.Sprintf("%d of %d failed", len(r.Failed), r.Count)
	}
	fmt.Fprintf(w.Stderr, "fngen: %s, %d ms\n", summary, r.Elapsed.Milliseconds())
	var text strings.Builder
	if o.json {
		text.WriteString(string(r.Body) + "\n")
	} else {
		for _, id := range r.Failed {
			text.WriteString(printable(id) + "\n")
		}
	}
	if _, err := io.WriteString(w.Stdout, text.String()); err != nil {
		return err
	}
	if len(r.Failed) > 0 {
		return exitError{exitFailed}
	}
	return nil
}

// responseJSON is what --json prints of a response.
type responseJSON struct {
	Status          int         `json:"status"`
	Headers         http.Header `json:"headers"`
	Body            string      `json:"body"`
	IsBase64Encoded bool        `json:"isBase64Encoded"`
}

func newResponseJSON(r *invoke.Response) responseJSON {
	if isBinary(r.Body) {
		return responseJSON{r.Code, r.Header, base64.StdEncoding.EncodeToString(r.Body), true}
	}
	return responseJSON{r.Code, r.Header, string(r.Body), false}
}

// responseHead returns the status line, the headers and an empty line.
func responseHead(r *invoke.Response, terminal bool) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s\n", r.Proto, r.Status)
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		for _, value := range r.Header[name] {
			fmt.Fprintf(&text, "%s: %s\n", name, value)
		}
	}
	if terminal {
		return forTerminal(text.String()) + "\n"
	}
	return text.String() + "\n"
}

// isBinary reports whether body is not text.
func isBinary(body []byte) bool {
	return !utf8.Valid(body) || bytes.IndexByte(body, 0) >= 0
}
