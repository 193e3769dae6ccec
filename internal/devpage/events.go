package devpage

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fngen/fngen/internal/delivery"
)

const (
	eventInterval = 50 * time.Millisecond // at most one message in this time
	pingInterval  = 20 * time.Second      // between messages, so that both sides notice a lost connection
	writeTimeout  = 10 * time.Second      // for a browser to read a message
)

// serveEvents sends what has happened, and then what happens, as server-sent
// events:
// https://html.spec.whatwg.org/multipage/server-sent-events.html
func (p *Page) serveEvents(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	changes, stop := p.watch()
	defer stop()
	control := http.NewResponseController(w)
	send := func(event string, data any) error {
		text, err := json.Marshal(data)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w, "event: %s\ndata: %s\n\n", event, text)
		return err
	}
	seen := 0
	for {
		_ = control.SetWriteDeadline(time.Now().Add(writeTimeout))
		if err := p.sendSince(&seen, send); err != nil || control.Flush() != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-time.After(eventInterval):
		}
		select {
		case <-r.Context().Done():
			return
		case <-changes:
		case <-time.After(pingInterval):
			_ = control.SetWriteDeadline(time.Now().Add(writeTimeout))
			if _, err := fmt.Fprint(w, ": ping\n\n"); err != nil {
				return
			}
		}
	}
}

// sendSince sends what has changed since a version, which becomes the current
// one.
func (p *Page) sendSince(seen *int, send func(event string, data any) error) error {
	records, state, isNew, version := p.since(*seen)
	isFirst := *seen == 0
	*seen = version
	if isNew {
		if err := send("state", p.stateView(state)); err != nil {
			return err
		}
	}
	if len(records) > 0 {
		summaries := make([]summary, len(records))
		for i, r := range records {
			summaries[i] = r.summary()
		}
		if err := send("requests", summaries); err != nil {
			return err
		}
	}
	isDelivery := func(r Record) bool { return r.Delivery > 0 }
	if p.Deliveries != nil && (isFirst || slices.ContainsFunc(records, isDelivery)) {
		return send("deliveries", p.deliveryViews())
	}
	return nil
}

// A stateView is the state as the page shows it.
type stateView struct {
	Run       string     `json:"run"`
	Status    Status     `json:"status"`
	Since     int64      `json:"since"` // in milliseconds since 1970
	Seconds   float64    `json:"seconds"`
	Build     int        `json:"build"`
	Problem   *Problem   `json:"problem,omitempty"`
	Functions []Function `json:"functions"`
}

func (p *Page) stateView(s State) stateView {
	v := stateView{
		Run: p.run, Status: s.Status, Since: s.since.UnixMilli(), Seconds: s.Took.Seconds(), Build: s.build,
		Problem: s.Problem, Functions: []Function{},
	}
	if s.Functions == nil {
		return v
	}
	for _, f := range s.Functions() {
		if f.File != "" {
			f.Edit = p.Editor.URL(filepath.Join(p.Project, filepath.FromSlash(f.File)), f.Line, 1)
		}
		v.Functions = append(v.Functions, f)
	}
	return v
}

// A deliveryView is a webhook delivery in the list.
type deliveryView struct {
	N        int    `json:"n"`
	Function string `json:"function"`
	Event    string `json:"event"` // what the sender calls it, or ""
	Start    int64  `json:"start"` // in milliseconds since 1970
	Status   int    `json:"status"`
	Size     int    `json:"size"`
	CanSend  bool   `json:"canSend"`
}

// deliveryViews returns the deliveries, the latest first.
func (p *Page) deliveryViews() []deliveryView {
	views := []deliveryView{}
	for _, d := range slices.Backward(p.Deliveries()) {
		views = append(views, deliveryView{
			d.N, d.Function, eventName(d), d.Time.UnixMilli(), d.Status, d.Size(), d.Omitted == 0,
		})
	}
	return views
}

// eventName returns the name of a delivery's event, which most senders put into
// a header, or into a field of the body.
func eventName(d delivery.Delivery) string {
	for name, values := range d.Header {
		for _, suffix := range []string{"-Event", "-Topic", "-Event-Key", "-Event-Type"} {
			if strings.HasSuffix(name, suffix) && len(values) > 0 {
				return values[0]
			}
		}
	}
	var body struct {
		Type      string `json:"type"`
		Event     string `json:"event"`
		EventType string `json:"event_type"`
	}
	_ = json.Unmarshal(d.Body, &body) // a field of another type leaves the others
	for _, name := range []string{body.Type, body.Event, body.EventType} {
		if name != "" && len(name) < 100 {
			return name
		}
	}
	return ""
}
