package generator

import (
	"encoding/json"
	"fmt"
	"os"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTemplateDocs compares docs/templates.md with the data of templates: each
// struct has a table with a row for each field and method, in this order, and
// each example is a value that the field has for a function.
func TestTemplateDocs(t *testing.T) {
	text, err := os.ReadFile("../docs/templates.md")
	require.NoError(t, err)
	assert.Contains(t, string(text), strings.TrimSpace(versionLine(TemplateVersion)))

	values := map[string][]string{} // what templates print, by struct and field
	for _, spec := range docSpecs(t) {
		collect(values, reflect.ValueOf(spec.templateData(docProject(), "example.com/shop")))
	}
	for _, data := range dataTypes(reflect.TypeFor[TemplateData](), nil) {
		_, section, ok := strings.Cut(string(text), "\n### "+data.Name()+"\n")
		require.True(t, ok, "docs/templates.md has no section %s", data.Name())
		section, _, _ = strings.Cut(section, "\n#")
		var names []string
		for _, row := range regexp.MustCompile("(?m)^\\| `\\.(\\w+)(.*?)` \\| `(.+?)` \\| (.+?) \\| (.*?) \\|$").FindAllStringSubmatch(section, -1) {
			name, parameters, kind, meaning, example := row[1], row[2], row[3], row[4], row[5]
			names = append(names, name)
			label := data.Name() + "." + name
			assert.NotEmpty(t, meaning, label)
			assert.NotEmpty(t, example, label)
			assert.Equal(t, typeOf(t, data, name), kind, label)
			if parameters == "" && !strings.HasPrefix(example, "[") { // a link to another section
				assert.Contains(t, values[label], strings.Trim(example, "`"), label)
			}
		}
		assert.Equal(t, members(data), names, "the rows of %s", data.Name())
	}
}

// docProject is a project with a database.
func docProject() Project {
	return Project{
		Functions: "api/src/functions", Lib: "api/src/lib", Version: "v0.1.0",
		Packages: map[string]map[string][]byte{"db": {"db.go": []byte(marker)}, "dbtest": {"dbtest.go": []byte(marker)}},
	}
}

// docSpecs returns functions with all that templates can print.
func docSpecs(t *testing.T) []Spec {
	t.Helper()
	var specs []Spec
	for _, scheme := range Schemes() {
		name, err := ParseName("updateOrderStatus")
		require.NoError(t, err)
		specs = append(specs, Spec{Name: name, Webhook: &scheme})
	}
	name, err := ParseName("slack/events")
	require.NoError(t, err)
	specs = append(specs, Spec{Name: name, Stream: true})

	if name, err = ParseName("users"); err != nil {
		t.Fatal(err)
	}
	route, err := ParseRoute("GET /users/{id}")
	require.NoError(t, err)
	cors, err := ParseCORS("https://app.example.com")
	require.NoError(t, err)
	allowed, err := ParseAllowIP("10.0.0.0/8")
	require.NoError(t, err)
	limit, err := ParseRateLimit("100/m,burst=20")
	require.NoError(t, err)
	auth, err := ParseAuth("admin,editor")
	require.NoError(t, err)
	specs = append(specs,
		Spec{Name: name, Routes: []Route{route}, CORS: &cors, AllowIP: &allowed, RateLimit: &limit, Auth: &auth},
		Spec{Name: name, Binary: "image/png", Fixtures: true},
		Spec{Name: name, Kind: KindSchedule, Schedule: "0 3 * * *"},
		Spec{Name: name, Kind: KindSchedule, Schedule: "CRON_TZ=Europe/Berlin 0 3 * * *"},
		Spec{Name: name, Kind: KindQueue, Queue: "orders.fifo"})

	input, err := ParseInput("email:string,age:int?,born:time")
	require.NoError(t, err)
	return append(specs, Spec{Name: name, Input: &input})
}

// collect adds what a template prints for each field and method of data.
func collect(values map[string][]string, data reflect.Value) {
	switch data.Kind() {
	case reflect.Pointer:
		if !data.IsNil() {
			collect(values, data.Elem())
		}
	case reflect.Slice:
		for i := range data.Len() {
			collect(values, data.Index(i))
		}
	case reflect.Struct:
		add := func(name string, value reflect.Value) {
			printed := fmt.Sprint(value.Interface())
			if text, err := json.Marshal(value.Interface()); err == nil && (value.Kind() == reflect.Slice || value.Kind() == reflect.Map) {
				printed = string(text)
			}
			key := data.Type().Name() + "." + name
			values[key] = append(values[key], printed)
			collect(values, value)
		}
		for i := range data.NumField() {
			add(data.Type().Field(i).Name, data.Field(i))
		}
		for i := range data.NumMethod() {
			if data.Method(i).Type().NumIn() == 0 {
				add(data.Type().Method(i).Name, data.Method(i).Call(nil)[0])
			}
		}
	}
}

// dataTypes returns the structs of this package that data consists of.
func dataTypes(data reflect.Type, found []reflect.Type) []reflect.Type {
	switch data.Kind() {
	case reflect.Pointer, reflect.Slice:
		return dataTypes(data.Elem(), found)
	case reflect.Struct:
		if slices.Contains(found, data) || path.Base(data.PkgPath()) != "generator" {
			return found
		}
		found = append(found, data)
		for i := range data.NumField() {
			found = dataTypes(data.Field(i).Type, found)
		}
	}
	return found
}

// members returns the names of the fields of a struct and then of its methods.
func members(data reflect.Type) []string {
	var names []string
	for i := range data.NumField() {
		names = append(names, data.Field(i).Name)
	}
	for i := range data.NumMethod() {
		names = append(names, data.Method(i).Name)
	}
	return names
}

// typeOf returns the type of a field, or of the result of a method.
func typeOf(t *testing.T, data reflect.Type, name string) string {
	t.Helper()
	if field, ok := data.FieldByName(name); ok {
		return strings.ReplaceAll(field.Type.String(), "generator.", "")
	}
	method, ok := data.MethodByName(name)
	if !ok {
		t.Errorf("%s has no field %s", data.Name(), name)
		return ""
	}
	return strings.ReplaceAll(method.Type.Out(0).String(), "generator.", "")
}
