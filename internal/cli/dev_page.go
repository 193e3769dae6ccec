package cli

import (
	"context"
	"runtime"
	"slices"
	"strings"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/delivery"
	"github.com/fngen/fngen/internal/devpage"
	"github.com/fngen/fngen/internal/invoke"
	"github.com/fngen/fngen/internal/project"
)

// pageFunctions returns the functions as the page of fngen dev shows them.
func pageFunctions(p *project.Project, functions []project.Function) []devpage.Function {
	var described []devpage.Function
	for _, f := range functions {
		d := devpage.Function{
			Name: f.Name, Kind: string(f.Kind), Schedule: f.Schedule, Queue: f.Queue, Guards: p.Guards(f),
			File: f.Handler.File, Line: f.Handler.Line,
		}
		if f.Kind == generator.KindHTTP {
			d.Routes = f.Routed().Patterns()
		} else {
			d.Samples = delivery.Events(string(f.Kind))
		}
		if p.VerifiesWebhooks(f) {
			if webhook, err := p.Webhook(f); err == nil && webhook != nil {
				d.Webhook, d.Samples = webhook.Scheme.Name, delivery.Samples(webhook.Scheme.Name)
			}
		}
		described = append(described, d)
	}
	return described
}

// pageInvoke returns a function that sends the signed requests of the page of
// fngen dev, as fngen invoke does.
func pageInvoke(w World, p *project.Project) func(context.Context, int, string, devpage.Call) error {
	return func(ctx context.Context, port int, sent string, c devpage.Call) error {
		o := invoke.Options{Function: c.Function, Sample: c.Sample, Replay: c.Replay, Sent: sent}
		if c.Message != nil {
			o.Data = [][]byte{[]byte(*c.Message)}
		}
		if r := c.Request; r != nil {
			o.Method, o.Data, o.Sign = r.Method, [][]byte{r.Body}, true
			o.Path, o.Query, _ = strings.Cut(r.Target, "?")
			for name, values := range r.Header {
				for _, value := range values {
					o.Header = append(o.Header, invoke.HeaderField{Name: name, Value: value})
				}
			}
		}
		client := &invoke.Client{Project: p, Port: port, Environ: w.Environ(), Version: w.Version}
		_, err := client.Call(ctx, o)
		return err
	}
}

// thisPlatform returns the environment without a platform that is not this
// machine's, which may be set for builds for Lambda, and says what was removed.
func thisPlatform(environ []string) (kept []string, note string) {
	var removed []string
	kept = slices.DeleteFunc(slices.Clone(environ), func(variable string) bool {
		name, value, _ := strings.Cut(variable, "=")
		isOther := name == "GOOS" && value != runtime.GOOS || name == "GOARCH" && value != runtime.GOARCH
		if isOther = isOther && value != ""; isOther {
			removed = append(removed, variable)
		}
		return isOther
	})
	if len(removed) > 0 {
		note = "ignoring " + strings.Join(removed, " and ") + ": fngen dev builds for this machine"
	}
	return kept, note
}
