package devpage

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
)

// A Reload says when the page of a problem is loaded again.
type Reload int

// When the page of a problem is loaded again.
const (
	Never     Reload = iota
	OnBuild          // when the next build is complete; the page listens to /.fngen/events
	Regularly        // every two seconds, where the page cannot listen
)

// WriteHTML writes a problem as a page. builds is the number of complete builds
// when it occurred.
func (p *Problem) WriteHTML(w http.ResponseWriter, status int, reload Reload, builds int) {
	style, _ := assets.ReadFile("assets/page.css") // it is embedded
	nonce := rand.Text()
	setHeaders(w.Header(), " 'nonce-"+nonce+"'")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Del("Content-Length")
	w.WriteHeader(status)
	page := template.Must(template.New("problem.html").Funcs(template.FuncMap{
		"editorURL": func(url string) template.URL { return template.URL(url) }, // vscode: is no scheme of the web
	}).ParseFS(assets, "assets/problem.html"))
	_ = page.Execute(w, struct {
		*Problem
		Style          template.CSS
		Nonce          string
		Listen, Repeat bool
		Builds         int
	}{p, template.CSS(style), nonce, reload == OnBuild, reload == Regularly, builds})
}

// WriteJSON writes a problem as JSON, in the form of API Gateway's errors.
func (p *Problem) WriteJSON(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(struct {
		Message string  `json:"message"`
		Error   string  `json:"error,omitempty"`
		Places  []Place `json:"places,omitempty"`
	}{p.Title, cmp.Or(p.Reason, p.Text), p.Places})
}

// WriteText writes a problem as text.
func (p *Problem) WriteText(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprint(w, p)
}
