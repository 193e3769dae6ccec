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

// page is what somebody at a browser sees.
const page = `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>{{.Title}}</title>
<style>body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 3rem auto; padding: 0 1rem } pre { overflow: auto; padding: 1rem; background: #f4f4f4 }</style>
<h1>{{.Title}}</h1>
{{with .Text}}<pre>{{.}}</pre>{{end}}
{{with .Links}}<ul>{{range .}}<li><a href="{{.}}">{{.}}</a></li>{{end}}</ul>{{end}}
</html>
`

type pageData struct {
	Title, Text string
	Links       []string
}

func writePage(w http.ResponseWriter, status int, data pageData) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_ = template.Must(template.New("page").Parse(page)).Execute(w, data)
}

// list shows the functions, where there is no web side.
func (s *server) list(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/" {
		http.NotFound(w, r)
		return
	}
	t, err := s.gate.acquire(r.Context(), patience)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	defer t.release()
	data := pageData{Title: "Functions"}
	for _, route := range t.plan.Routes {
		data.Links = append(data.Links, s.APIURL+"/"+route.Name)
	}
	writePage(w, http.StatusOK, data)
}

// answer tells what is wrong, in the form that the client would rather have.
func answer(w http.ResponseWriter, r *http.Request, status int, what, text string) {
	switch preferred(r.Header.Values("Accept")) {
	case "text/html":
		writePage(w, status, pageData{Title: what, Text: text})
	case "application/json":
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]string{"message": what, "error": text})
	default:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(status)
		fmt.Fprintln(w, strings.TrimSpace(what+"\n\n"+text))
	}
}

// preferred is that of the types that an answer has which a client accepts most, or first.
func preferred(accept []string) string {
	best, most := "text/plain", 0.0
	for _, item := range strings.Split(strings.Join(accept, ","), ",") {
		name, parameters, err := mime.ParseMediaType(item)
		if err != nil || !slices.Contains([]string{"text/html", "application/json", "text/plain"}, name) {
			continue
		}
		quality := 1.0
		if q, ok := parameters["q"]; ok {
			quality, _ = strconv.ParseFloat(q, 64) // what is no number is nothing
		}
		if quality > most {
			best, most = name, quality
		}
	}
	return best
}
