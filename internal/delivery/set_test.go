package delivery

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSet(t *testing.T) {
	for name, test := range map[string]struct{ text, assignment, want string }{
		"replace":             {`{"a":1,"b":2}`, "a=3", `{"a":3,"b":2}`},
		"add at the end":      {`{"b":1}`, "a=2", `{"b":1,"a":2}`},
		"add to empty object": {`{}`, "a=1", `{"a":1}`},
		"nested":              {`{"z":1,"a":{"c":1,"b":2}}`, "a.b=3", `{"z":1,"a":{"c":1,"b":3}}`},
		"missing objects":     {`{}`, "a.b.c=1", `{"a":{"b":{"c":1}}}`},
		"member of null":      {`{"a":null}`, "a.b=1", `{"a":{"b":1}}`},
		"null":                {`null`, "a=1", `{"a":1}`},
		"digits are kept": {
			`{"n":12345678901234567890.10,"e":1E2,"a":1}`, "a=2.50", `{"n":12345678901234567890.10,"e":1E2,"a":2.50}`,
		},
		"white space":            {" { \"a\" : [ 1 ] ,\n \"b\" : 2 } ", "b=3", `{"a":[ 1 ],"b":3}`},
		"element":                {`{"a":[1,2]}`, "a.1=3", `{"a":[1,3]}`},
		"member of element":      {`{"a":[{"b":1},{"b":2}]}`, "a.0.b=3", `{"a":[{"b":3},{"b":2}]}`},
		"append element":         {`{"a":[1]}`, "a.1=2", `{"a":[1,2]}`},
		"append to empty array":  {`[]`, "0.a=1", `[{"a":1}]`},
		"number as name":         {`{"0":1}`, "0=2", `{"0":2}`},
		"duplicate name":         {`{"a":1,"a":2}`, "a=3", `{"a":1,"a":3}`},
		"escaped name":           {`{"\u0061":1}`, "a=2", `{"a":2}`},
		"dot in a name":          {`{"a.b":1}`, `a\.b=2`, `{"a.b":2}`},
		"backslash in a name":    {`{}`, `a\\b\=c=1`, `{"a\\b=c":1}`},
		"string":                 {`{}`, "a=é<&>", `{"a":"é<&>"}`},
		"leading zeros":          {`{}`, "a=007", `{"a":"007"}`},
		"number as string":       {`{}`, `a="42"`, `{"a":"42"}`},
		"boolean":                {`{}`, "a=true", `{"a":true}`},
		"empty value":            {`{}`, "a=", `{"a":""}`},
		"object":                 {`{"a":1}`, `a={"b":[1,2]}`, `{"a":{"b":[1,2]}}`},
		"equals sign in a value": {`{}`, "a=b=c", `{"a":"b=c"}`},
		"HTML in a name":         {`{"<":1}`, "a=1", `{"<":1,"a":1}`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Set([]byte(test.text), test.assignment)
			require.NoError(t, err)
			assert.Equal(t, test.want, string(got))
		})
	}
}

func TestSetErrors(t *testing.T) {
	for name, test := range map[string]struct{ text, assignment, want string }{
		"no value":         {`{}`, "a", "want path=value"},
		"no path":          {`{}`, "=1", "want path=value"},
		"empty":            {`{}`, "", "want path=value"},
		"empty name":       {`{}`, "a..b=1", "want path=value"},
		"trailing dot":     {`{}`, "a.=1", "want path=value"},
		"escaped =":        {`{}`, `a\=1`, "want path=value"},
		"not JSON":         {`a=b`, "a=1", "body is not valid JSON"},
		"empty body":       {``, "a=1", "body is not valid JSON"},
		"member of number": {`{"a":{"b":1}}`, "a.b.c=1", "a.b is neither an object nor an array"},
		"member of string": {`"x"`, "a=1", "body is neither an object nor an array"},
		"not an index":     {`{"a":[1,2]}`, "a.x=1", `index "x" of array a, want 0 to 2`},
		"negative index":   {`[1]`, "-1=1", `index "-1" of array body, want 0 to 1`},
		"index too large":  {`[1]`, "2=1", "want 0 to 1"},
		"index overflow":   {`[1]`, "99999999999999999999=1", "want 0 to 1"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Set([]byte(test.text), test.assignment)
			assert.ErrorContains(t, err, test.want)
		})
	}
}

func TestSetForm(t *testing.T) {
	for name, test := range map[string]struct{ form, assignment, want string }{
		"replace":          {"a=1&b=2", "a=3", "a=3&b=2"},
		"add":              {"b=2", "a=x y&z", "b=2&a=x+y%26z"},
		"empty form":       {"", "a=1", "a=1"},
		"duplicate name":   {"a=1&b=2&a=3", "a=4", "a=4&b=2"},
		"dot in a name":    {"A.B=1", "A.B=2", "A.B=2"},
		"escaped name":     {"%61=1", "a=2", "a=2"},
		"others unchanged": {"x=%7e&y&=z&%zz=1", "a=", "x=%7e&y&=z&%zz=1&a="},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := SetForm([]byte(test.form), test.assignment)
			require.NoError(t, err)
			assert.Equal(t, test.want, string(got))
		})
	}
	for _, assignment := range []string{"", "a", "=1"} {
		_, err := SetForm(nil, assignment)
		assert.Error(t, err, "%q", assignment)
	}
}

func TestRestamp(t *testing.T) {
	at := time.UnixMilli(1769172798500)
	for body, want := range map[string]string{
		`{"a":1.50,"webhookTimestamp":1,"b":2}`: `{"a":1.50,"webhookTimestamp":1769172798500,"b":2}`,
		`{"a":{"webhookTimestamp":1}}`:          `{"a":{"webhookTimestamp":1}}`,
		`webhookTimestamp`:                      `webhookTimestamp`,
	} {
		assert.Equal(t, want, string(Restamp("linear", []byte(body), at)))
		assert.Equal(t, body, string(Restamp("github", []byte(body), at)))
	}
}

// FuzzSet checks that the result is valid JSON and that setting a field twice
// changes nothing.
func FuzzSet(f *testing.F) {
	for _, seed := range [][2]string{
		{
			`{"a":{"b":[1,{"c":null}]}}`, "a.b.1.c=2"}, {`[]`, "0=x"}, {`{"a":1,"a":2}`, `a={"b":1}`}, {`null`, `a\.b.c=1e400`},
		{`{"\ud800":1}`, "\xff=1"}, {"1", "a=1"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, text, assignment string) {
		once, err := Set([]byte(text), assignment)
		if err != nil {
			return
		}
		if !json.Valid(once) {
			t.Fatalf("setting %q in %q returned invalid JSON: %q", assignment, text, once)
		}
		twice, err := Set(once, assignment)
		if err != nil {
			t.Fatal(err)
		}
		if string(once) != string(twice) {
			t.Fatalf("set once: %q, set twice: %q", once, twice)
		}
	})
}

func FuzzSetForm(f *testing.F) {
	f.Add("a=1&b=2&a=3", "a=x y")
	f.Add("%zz&&=", "=")
	f.Fuzz(func(t *testing.T, form, assignment string) {
		set, err := SetForm([]byte(form), assignment)
		if err != nil {
			return
		}
		name, value, _ := strings.Cut(assignment, "=")
		found := 0
		for field := range strings.SplitSeq(string(set), "&") {
			key, text, _ := strings.Cut(field, "=")
			if key, err := url.QueryUnescape(key); err != nil || key != name {
				continue
			}
			found++
			if text, err := url.QueryUnescape(text); err != nil || text != value {
				t.Fatalf("setting %q in %q returned %q", assignment, form, set)
			}
		}
		if found != 1 {
			t.Fatalf("%q occurs %d times in %q", name, found, set)
		}
	})
}
