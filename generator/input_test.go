package generator

import (
	"go/token"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseInput(t *testing.T) {
	input, err := ParseInput("name:string, first_name:string?,userId:int,scores:[]float,born:time?,_tags:[]bool?,x-id:[]time")
	require.NoError(t, err)
	var got []string
	for _, f := range input.templateData().Fields {
		got = append(got, f.Name+" "+f.Ident+" "+f.Type)
	}
	assert.Equal(t, []string{
		"name Name string", "first_name FirstName *string", "userId UserID int", "scores Scores []float64",
		"born Born *time.Time", "_tags Tags []bool", "x-id XID []time.Time",
	}, got)
}

func TestParseInputBad(t *testing.T) {
	for _, test := range []struct{ list, reason, suggestion string }{
		{"", "a field is empty", ""},
		{"a:int,,b:int", "a field is empty", ""},
		{"a:int,", "a field is empty", ""},
		{"a", `"a" has no type`, "a:string"},
		{"a:", `unknown type "" of a`, ""},
		{":int", `"" is not a name`, ""},
		{"1a:int", `"1a" is not a name`, "a:int"},
		{"first name:int,b:int", `"first name" is not a name`, "first-name:int,b:int"},
		{"größe:int", `"größe" is not a name`, "gro-e:int"},
		{"_:int", `"_" is not a name`, ""},
		{"a:int,a:string", `the field "a" is listed twice`, ""},
		{"first_name:int,firstName:string", `the fields "first_name" and "firstName" are both FirstName in Go`, ""},
		{"firstname:int,firstName:int", `the fields "firstname" and "firstName" differ only in letter case`, ""},
		{"a:int,validate:bool", `"validate" is the name of the method`, "a:int,validation:bool"},
		{"a:integer", `unknown type "integer" of a: want string, int, float, bool, time or a list such as []string`, "a:int"},
		{"a:int64?,b:int", `unknown type "int64" of a`, "a:int?,b:int"},
		{"a:strin", `unknown type "strin" of a`, "a:string"},
		{"a:String", `unknown type "String" of a`, "a:string"},
		{"a:string[]", `unknown type "string[]" of a`, "a:[]string"},
		{"a:[]boolean?", `unknown type "boolean" of a`, "a:[]bool?"},
		{"a:[][]int", `unknown type "[]int" of a`, "a:[]int"},
		{"a:map", `unknown type "map" of a`, ""},
	} {
		_, err := ParseInput(test.list)
		var value *ValueError
		require.ErrorAs(t, err, &value, test.list)
		assert.Contains(t, value.Reason, test.reason, test.list)
		assert.Equal(t, test.suggestion, value.Suggestion, test.list)
	}
}

// Fields that ParseInput accepts are distinct Go identifiers, and so are those
// that it suggests.
func FuzzParseInput(f *testing.F) {
	f.Add("name:string,age:int?,tags:[]string")
	f.Add("first_name:string,firstName:int")
	f.Add("größe:float64,a-b:string[]?")
	f.Fuzz(func(t *testing.T, list string) {
		input, err := ParseInput(list)
		if err != nil {
			var value *ValueError
			require.ErrorAs(t, err, &value)
			if value.Suggestion != "" && !strings.Contains(list, ",") {
				_, err := ParseInput(value.Suggestion)
				require.NoError(t, err)
			}
			return
		}
		seen := map[string]bool{"Validate": true}
		for _, field := range input.fields {
			require.True(t, token.IsIdentifier(field.ident) && token.IsExported(field.ident), field.ident)
			require.False(t, seen[field.ident], field.ident)
			seen[field.ident] = true
		}
	})
}
