package devserver

import (
	"encoding/json"
	"fmt"
	"html/template"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// pageTemplate is the HTML of lists and errors.
const pageTemplate = `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>{{.Title}}</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 3rem auto; padding: 0 1rem }
pre { overflow: auto; padding: 1rem; background: #f4f4f4 }
</style>
<h1>{{.Title}}</h1>
{{with .Text}}<pre>{{.}}</pre>{{end}}
{{with .Links}}<ul>{{range .}}<li>{{if .URL}}<a href="{{.URL}}">{{.Text}}</a>{{else}}{{.Text}}{{end}}</li>{{end}}</ul>{{end}}
</html>
`

type pageData struct {
	Title, Text string
	Links       []link
}

// A link is an item of a list.
type link struct{ URL, Text string } // URL may be ""

func writePage(w http.ResponseWriter, status int, data pageData) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_ = template.Must(template.New("page").Parse(pageTemplate)).Execute(w, data)
}

// serveList responds to / with a page that lists the functions. It is the web
// side of projects that have none.
func (s *server) serveList(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/" {
		http.NotFound(w, r)
		return
	}
	if !s.knowsHost(r) {
		refuseHost(w, r)
		return
	}
	t, err := s.gate.acquire(r.Context(), queueTimeout)
	if err != nil {
		s.writeUnavailable(w, r, err)
		return
	}
	defer t.release()
	data := pageData{Title: "Functions"}
	for _, pattern := range routes(t.program.Functions) {
		method, path, _ := strings.Cut(pattern, "/")
		item := link{Text: method + s.APIURL + "/" + path}
		if path = strings.TrimSuffix(path, "{$}"); (method == "" || method == "GET ") && !strings.Contains(path, "{") {
			item.URL = s.APIURL + "/" + path
		}
		data.Links = append(data.Links, item)
	}
	writePage(w, http.StatusOK, data)
}

// writeError responds with an error. Its detail may contain paths of this
// machine, so callers from outside do not get it.
func (s *server) writeError(w http.ResponseWriter, r *http.Request, status int, title, detail string) {
	if !s.isTrusted(r) {
		detail = ""
	}
	writeError(w, r, status, title, detail)
}

// writeError responds with an error, in the media type that the client
// prefers.
func writeError(w http.ResponseWriter, r *http.Request, status int, title, detail string) {
	switch preferredType(r.Header.Values("Accept")) {
	case "text/html":
		writePage(w, status, pageData{Title: title, Text: detail})
	case "application/json":
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(struct {
			Message string `json:"message"`
			Error   string `json:"error,omitempty"`
		}{title, detail})
	default:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(status)
		fmt.Fprintln(w, strings.TrimSpace(title+"\n\n"+detail))
	}
}

// preferredType returns which media type of errors has the highest quality in
// the Accept headers of a request. The first one wins a tie, and the default is
// text/plain.
func preferredType(accept []string) string {
	preferred, highest := "text/plain", 0.0
	for _, item := range strings.Split(strings.Join(accept, ","), ",") {
		name, parameters, err := mime.ParseMediaType(item)
		if err != nil || !slices.Contains([]string{"text/html", "application/json", "text/plain"}, name) {
			continue
		}
		quality := 1.0
		if q, ok := parameters["q"]; ok {
			quality, _ = strconv.ParseFloat(q, 64) // 0 if it is not a number
		}
		if quality > highest {
			preferred, highest = name, quality
		}
	}
	return preferred
}
