package fn_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/lib/fn"
)

type address struct {
	City string    `json:"city"`
	From time.Time `json:"from"`
}

type audit struct {
	Source string `json:"source"`
}

// person has a field of each kind that Decode treats differently.
type person struct {
	Name    string     `json:"name"`
	Age     int        `json:"age"`
	Small   uint8      `json:"small,omitempty"`
	Score   float64    `json:"score,omitzero"`
	Active  bool       `json:"active"`
	Email   *string    `json:"email"`
	Tags    []string   `json:"tags"`
	Born    *time.Time `json:"born,omitempty"`
	Visits  []time.Time
	Address *address `json:"address"`
	Data    []byte   `json:"data,omitempty"`
	Secret  string   `json:"-"`
	audit
}

func (p person) Validate() error {
	var errs []error
	if p.Name == "" {
		errs = append(errs, fn.Invalid("name", "must not be empty"))
	}
	if p.Age < 0 {
		errs = append(errs, fn.Invalid("age", "must not be negative"))
	}
	return errors.Join(errs...)
}

const validPerson = `{"name":"Ada","age":36,"active":false,"tags":["a"],"Visits":[],"source":"web"}`

// with returns validPerson with one member replaced or added.
func with(t testing.TB, name, value string) string {
	t.Helper()
	var members map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(validPerson), &members))
	members[name] = json.RawMessage(value)
	body, err := json.Marshal(members)
	require.NoError(t, err)
	return string(body)
}

func TestDecode(t *testing.T) {
	got, err := fn.Decode[person](post("application/json", validPerson))
	require.NoError(t, err)
	want := person{Name: "Ada", Age: 36, Tags: []string{"a"}, Visits: []time.Time{}, audit: audit{"web"}}
	assert.Equal(t, want, got)

	encoded := post("application/json", "eyJuYW1lIjoiQWRhIn0=")
	encoded.IsBase64Encoded = true
	for _, test := range []struct {
		name  string
		event events.APIGatewayProxyRequest
	}{
		{"charset", post("application/json; charset=UTF-8", `{"name":"Ada"}`)},
		{"media type in another case", post("Application/JSON", `{"name":"Ada"}`)},
		{"suffix", post("application/merge-patch+json", `{"name":"Ada"}`)},
		{"whitespace", post("application/json", "\r\n\t {\"name\" :\n\"Ada\"} \n")},
		{"name in another case", post("application/json", `{"NAME":"Ada"}`)},
		{"escaped name", post("application/json", `{"n\u0061me":"Ada"}`)},
		{"duplicate, of which the last wins", post("application/json", `{"name":"Bob","name":"Ada"}`)},
		{"base64", encoded},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := fn.Decode[struct {
				Name string `json:"name"`
			}](test.event)
			require.NoError(t, err)
			assert.Equal(t, "Ada", got.Name)
		})
	}
}

func TestDecodeRejects(t *testing.T) {
	invalidBase64 := post("application/json", "?")
	invalidBase64.IsBase64Encoded = true
	send := func(body string) events.APIGatewayProxyRequest { return post("application/json", body) }
	for _, test := range []struct {
		name   string
		event  events.APIGatewayProxyRequest
		status int
		want   string
	}{
		{"no content type", post("", validPerson), 415, "the Content-Type must be"},
		{"form", post("application/x-www-form-urlencoded", validPerson), 415, "the Content-Type must be"},
		{"text", post("text/plain", validPerson), 415, "the Content-Type must be"},
		{"malformed content type", post("application/json; charset", validPerson), 415, "the Content-Type must be"},
		{"another charset", post("application/json; charset=latin1", validPerson), 415, "the Content-Type must be"},

		{"too large", send(strings.Repeat(" ", 1<<20) + "1"), 413, "the body has more than 1048576 bytes"},
		{"base64", invalidBase64, 400, "the body is not valid base64"},
		{"empty", send(""), 400, "the body is empty"},
		{"space", send(" "), 400, "the body is empty"},
		{"end", send(`{"name":`), 400, "the body is not JSON: unexpected end"},
		{"syntax", send(`{"name";`), 400, "the body is not JSON: invalid character"},
		{"trailing data", send(validPerson + "{}"), 400, "the body has data after the JSON value"},
		{"trailing brace", send(validPerson + "}"), 400, "the body has data after the JSON value"},
		{"too deep", send(strings.Repeat("[", 20_000)), 400, "exceeded max depth"},

		{"null", send(" null"), 422, "the body must be an object"},
		{"array", send("[]"), 422, "the body must be an object"},
		{"string", send(`"name"`), 422, "the body must be an object"},
		{"huge number", send(with(t, "age", "1e999")), 422, "age must be an integer of 64 bits"},
		{"overflow", send(with(t, "small", "256")), 422, "small must be a non-negative integer of 8 bits"},
		{"fraction", send(with(t, "age", "1.5")), 422, "age must be an integer of 64 bits"},
		{"string for a number", send(with(t, "score", `"1"`)), 422, "score must be a number"},
		{"number for a string", send(with(t, "name", "1")), 422, "name must be a string"},
		{"number for a pointer", send(with(t, "email", "1")), 422, "email must be a string"},
		{"number for a bool", send(with(t, "active", "1")), 422, "active must be true or false"},
		{"element", send(with(t, "tags", "[1]")), 422, "tags must be an array, with each element a string"},
		{"time", send(with(t, "born", `"today"`)), 422, "born must be a time such as 2006-01-02T15:04:05Z"},
		{"times", send(with(t, "Visits", `[0]`)), 422, "Visits must be an array, with each element a time"},
		{"nested", send(with(t, "address", `{"city":1}`)), 422, "address.city must be a string"},
		{"nested time", send(with(t, "address", `{"from":1}`)), 422, "address must be an object with valid values"},
		{"not nested", send(with(t, "address", `1`)), 422, "address must be an object with valid values"},
		{"bytes", send(with(t, "data", `"?"`)), 422, "data must be a string in base64"},
		{"another case", send(with(t, "AGE", `"1"`)), 422, "age must be an integer of 64 bits"},

		{"unknown", send(with(t, "colour", "1")), 422, "colour is unknown"},
		{"unknown with quotes", send(with(t, `a"b`, "1")), 422, `a"b is unknown`},
		{"ignored", send(with(t, "Secret", `"x"`)), 422, "Secret is unknown"},
		{"nested unknown", send(with(t, "address", `{"zip":1}`)), 422, "zip is unknown"},

		{"missing", send(`{"name":"Ada","age":0,"tags":[]}`), 422, "active is required\nVisits is required\nsource is required"},
		{"null for a value", send(with(t, "age", "null")), 422, "age is required"},
		{"null in another case", send(with(t, "active", " null")), 422, "active is required"},
		{"name in a nested object", send(`{"name":"Ada","active":true,"tags":[],"Visits":[],"source":"x","address":{"city":"age"}}`),
			422, "age is required"},
		{"invalid", send(with(t, "name", `""`)), 422, "name must not be empty"},
		{"name and age", send(`{"name":"","age":-1,"active":true,"tags":[],"Visits":[],"source":"x"}`),
			422, "name must not be empty\nage must not be negative"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := fn.Decode[person](test.event)
			require.ErrorContains(t, err, test.want)
			assert.Zero(t, got)

			response, err := fn.Problem(err)
			require.NoError(t, err)
			assert.Equal(t, test.status, response.StatusCode, response.Body)
		})
	}

	_, err := fn.Decode[person](send(`{"name":1,"age":"1","born":[]}`))
	for _, field := range []string{"name must be a string", "age must be an integer", "born must be a time"} {
		assert.ErrorContains(t, err, field)
	}
}

func TestDecodeLimit(t *testing.T) {
	const body = `"12345678"`
	encoded := post("application/json", "IjEyMzQ1Njc4Ig==")
	encoded.IsBase64Encoded = true
	for _, event := range []events.APIGatewayProxyRequest{post("application/json", body), encoded} {
		got, err := fn.DecodeLimit[string](event, len(body))
		require.NoError(t, err)
		assert.Equal(t, "12345678", got)

		_, err = fn.DecodeLimit[string](event, len(body)-1)
		var request *fn.RequestError
		require.ErrorAs(t, err, &request)
		assert.Equal(t, http.StatusRequestEntityTooLarge, request.Status)
	}
}

// pointerPerson validates through a pointer.
type pointerPerson struct{ Name string }

func (p *pointerPerson) Validate() error { return fn.Invalid("Name", "is "+p.Name) }

func TestDecodeValidates(t *testing.T) {
	event := post("application/json", `{"Name":"Ada"}`)
	_, err := fn.Decode[pointerPerson](event)
	assert.EqualError(t, err, "Name is Ada")
	_, err = fn.Decode[*pointerPerson](event)
	assert.EqualError(t, err, "Name is Ada")
	_, err = fn.Decode[*pointerPerson](post("application/json", "null"))
	assert.EqualError(t, err, "the body must be an object with valid values")
	_, err = fn.Decode[*pointerPerson](post("application/json", "{}"))
	assert.EqualError(t, err, "Name is required")

	// Other types than structs have no required fields.
	list, err := fn.Decode[[]int](post("application/json", "[1,2]"))
	require.NoError(t, err)
	assert.Equal(t, []int{1, 2}, list)
	at, err := fn.Decode[time.Time](post("application/json", `"0001-01-01T00:00:00Z"`))
	require.NoError(t, err)
	assert.Zero(t, at)
	anything, err := fn.Decode[any](post("application/json", `{"a":1}`))
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"a": 1.0}, anything)
}

func TestProblem(t *testing.T) {
	var log bytes.Buffer
	defer slog.SetDefault(slog.Default())
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))

	invalid := errors.Join(fn.Invalid("age", "must not be negative"), fn.Invalid("address.city", "is required"))
	for _, test := range []struct {
		name string
		err  error
		want string
	}{
		{"fields", invalid, `{"title":"Unprocessable Entity","status":422,"detail":"the body has invalid fields",` +
			`"errors":[{"field":"age","detail":"must not be negative"},{"field":"address.city","detail":"is required"}]}`},
		{"request", &fn.RequestError{Status: 404, Detail: "no such order"},
			`{"title":"Not Found","status":404,"detail":"no such order"}`},
		{"another error", errors.New("password=x"), `{"title":"Internal Server Error","status":500}`},
		{"field and another error", errors.Join(invalid, errors.New("password=x")),
			`{"title":"Internal Server Error","status":500}`},
		{"nil", nil, `{"title":"Internal Server Error","status":500}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			log.Reset()
			response, err := fn.Problem(test.err)
			require.NoError(t, err)
			assert.Equal(t, response.StatusCode == 500, strings.Contains(log.String(), "request failed"))
			assert.Equal(t, test.want, response.Body)
			assert.Equal(t, map[string]string{"Content-Type": "application/problem+json"}, response.Headers)
		})
	}
}

// FuzzDecode compares Decode with json.Unmarshal: what Decode accepts has the
// same value, and every rejection is the client's fault.
func FuzzDecode(f *testing.F) {
	f.Add("application/json", validPerson, false)
	f.Add("application/json; charset=utf-8", `{"name":null,"age":1e999,"address":{"city":"\"}"}}`, false)
	f.Add("application/json", strings.Repeat(`{"address":`, 100), false)
	f.Add("application/json", "eyJuYW1lIjoiQWRhIn0=", true)
	f.Fuzz(func(t *testing.T, contentType, body string, isBase64 bool) {
		event := post(contentType, body)
		event.IsBase64Encoded = isBase64
		got, err := fn.Decode[person](event)
		if err != nil {
			response, err := fn.Problem(err)
			require.NoError(t, err)
			require.Less(t, response.StatusCode, 500, response.Body)
			return
		}
		data, err := fn.Body(event)
		require.NoError(t, err)
		var want person
		require.NoError(t, json.Unmarshal(data, &want))
		require.Equal(t, want, got)

		var members map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(data, &members))
		for _, name := range []string{"name", "age", "active", "tags", "Visits", "source"} {
			present := false
			for key, value := range members {
				present = present || strings.EqualFold(key, name) && string(value) != "null"
			}
			require.True(t, present, name)
		}
	})
}

// BenchmarkDecode prints the time of Decode relative to json.Unmarshal followed
// by validation. Both decode the same body, in turn.
func BenchmarkDecode(b *testing.B) {
	type order struct {
		person
		Lines []struct {
			SKU    string  `json:"sku"`
			Amount int     `json:"amount"`
			Price  float64 `json:"price"`
		} `json:"lines,omitempty"`
	}
	const line = `{"sku":"AB-12345","amount":3,"price":12.5}`
	for _, bench := range []struct {
		name  string
		lines int
	}{{"83 bytes", 0}, {"1 kB", 20}, {"20 kB", 450}} {
		b.Run(bench.name, func(b *testing.B) {
			body := validPerson
			if bench.lines > 0 {
				body = with(b, "lines", "["+strings.Repeat(line+",", bench.lines-1)+line+"]")
			}
			event := post("application/json", body)
			var decode, unmarshal time.Duration
			for range b.N {
				start := time.Now()
				if _, err := fn.Decode[order](event); err != nil {
					b.Fatal(err)
				}
				middle := time.Now()
				var v order
				if err := errors.Join(json.Unmarshal([]byte(event.Body), &v), v.Validate()); err != nil {
					b.Fatal(err)
				}
				decode += middle.Sub(start)
				unmarshal += time.Since(middle)
			}
			b.ReportMetric(float64(decode)/float64(unmarshal), "ratio")
		})
	}
}
