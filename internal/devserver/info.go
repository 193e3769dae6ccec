package devserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
)

// Info describes a running dev server. It is served as JSON at /.fngen/dev.
type Info struct {
	Project   string `json:"project"` // the absolute path of its project
	Version   string `json:"version"` // fngen's version
	PID       int    `json:"pid"`
	PublicURL string `json:"publicUrl,omitempty"` // the functions' public URL, or ""
}

// Ask returns the Info of the dev server that listens on a port of this
// machine. It fails if nothing listens there, or something else does.
func Ask(ctx context.Context, port int) (Info, error) {
	var i Info
	url := fmt.Sprintf("http://127.0.0.1:%d/.fngen/dev", port)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return i, err
	}
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(request)
	if err != nil {
		return i, err
	}
	defer response.Body.Close()
	if err := json.NewDecoder(io.LimitReader(response.Body, 1<<16)).Decode(&i); err != nil || i.Project == "" {
		return i, errors.New("the process is not fngen dev")
	}
	return i, nil
}

// serveInfo handles requests below /.fngen/: those of the page, and of other
// fngen commands. Requests contain customers' data, so only the developer on
// this machine is allowed.
func (s *server) serveInfo(w http.ResponseWriter, r *http.Request) {
	var v any
	switch r.URL.Path {
	case "/.fngen/dev":
		v = Info{s.Project, s.Version, os.Getpid(), s.PublicURL}
	case "/.fngen/deliveries": // with their secrets
		v = s.deliveries.All()
	}
	switch {
	case v != nil && !isLocal(r), v == nil && !isDeveloper(r):
		refuse(w, r, "only the developer on this machine is allowed", "Enter the address of this page in your browser.")
	case v != nil:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	default:
		s.page.ServeHTTP(w, r)
	}
}
