package artifact

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/fngen/fngen/generator"
)

// A route is a route of API Gateway.
type route struct {
	method string // or ANY
	path   string // such as /users/{id} or /files/{path+}
	id     string // of the function's event
}

// newRoute returns a route whose ID says what it is: GetUsersId for
// GET /users/{id}.
func newRoute(method, path string) route {
	id := method[:1] + strings.ToLower(method[1:])
	for _, word := range regexp.MustCompile("[A-Za-z0-9]+").FindAllString(path, -1) {
		id += strings.ToUpper(word[:1]) + word[1:]
	}
	return route{method, path, id}
}

// key returns what API Gateway compares routes by: the names of path parameters
// do not count.
func (r route) key() string {
	return r.method + " " + regexp.MustCompile(`\{\w+`).ReplaceAllString(r.path, "{")
}

// routes returns the routes of each function. Besides those that it declares,
// HEAD leads to a function that answers GET, and OPTIONS to one that answers
// CORS preflights, unless a function declares that method itself. API Gateway
// answers other methods with 404 for an HTTP API, and with 403 for a REST API.
func (s Stack) routes() [][]route {
	declared := make([][]route, len(s.Functions))
	taken := map[string]bool{}
	for i, f := range s.Functions {
		if f.URL {
			continue // its URL gets all requests
		}
		if f.Kind == generator.KindHTTP && len(f.Routes) == 0 {
			declared[i] = []route{{"ANY", "/" + f.Name, "Any"}, {"ANY", "/" + f.Name + "/{proxy+}", "AnyBelow"}}
		}
		for _, r := range f.Routes {
			method := r.Method
			if method == "" {
				method = "ANY"
			}
			declared[i] = append(declared[i], newRoute(method, r.Resource()))
		}
		for _, r := range declared[i] {
			taken[r.key()] = true
		}
	}
	all := make([][]route, len(s.Functions))
	for i, f := range s.Functions {
		add := func(r route) {
			if !taken[r.key()] {
				taken[r.key()] = true
				all[i] = append(all[i], r)
			}
		}
		for _, r := range declared[i] {
			all[i] = append(all[i], r)
			if r.method == http.MethodGet {
				add(newRoute(http.MethodHead, r.path))
			}
			if f.CORS && r.method != "ANY" {
				add(newRoute(http.MethodOptions, r.path))
			}
		}
	}
	return all
}

// events returns the property of a function that connects it to its routes, or
// gives it a URL.
func (s Stack) events(f Function, routes []route) mapping {
	if f.URL {
		mode := "BUFFERED"
		if f.Stream {
			mode = "RESPONSE_STREAM"
		}
		return mapping{{"FunctionUrlConfig", mapping{{"AuthType", "NONE"}, {"InvokeMode", mode}}}}
	}
	taken := map[string]bool{}
	var events mapping
	for _, r := range routes {
		id := r.id
		for n := 2; taken[id]; n++ {
			id = r.id + strconv.Itoa(n)
		}
		taken[id] = true
		events = append(events, pair{id, s.event(f, r)})
	}
	return mapping{{"Events", events}}
}

// event returns the event for a route. An HTTP API sends payload format 1.0,
// which is the format of handlers' events. It keeps the values of a repeated
// header apart, while format 2.0 joins them with commas. Only format 2.0 has the
// query as it was signed.
func (s Stack) event(f Function, r route) mapping {
	if s.REST {
		properties := mapping{{"Path", r.path}, {"Method", strings.ToLower(r.method)}}
		if f.Stream { // which may take longer than the API's default of 29 s
			properties = append(properties,
				pair{"ResponseTransferMode", "RESPONSE_STREAM"}, pair{"TimeoutInMillis", f.Timeout * 1000})
		}
		return mapping{{"Type", "Api"}, {"Properties", properties}}
	}
	format := "1.0"
	if f.SignedURL {
		format = "2.0"
	}
	return mapping{
		{"Type", "HttpApi"},
		{"Properties", mapping{{"Path", r.path}, {"Method", r.method}, {"PayloadFormatVersion", format}}},
	}
}

// checkSiblings returns an error if a REST API would have path parameters with
// different names below one path, which only HTTP APIs can have.
func (s Stack) checkSiblings() error {
	if !s.REST {
		return nil
	}
	names := map[string]string{} // by the path above
	for _, routes := range s.routes() {
		for _, r := range routes {
			above := ""
			for _, segment := range strings.Split(r.path, "/")[1:] {
				if strings.HasPrefix(segment, "{") {
					if other := names[above]; other != "" && other != segment {
						return fmt.Errorf("a REST API cannot have both %s/%s and %[1]s/%[3]s", above, other, segment)
					}
					names[above] = segment
				}
				above += "/" + segment
			}
		}
	}
	return nil
}
