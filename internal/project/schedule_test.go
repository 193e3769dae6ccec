package project

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/hint"
)

func TestParseSchedule(t *testing.T) {
	for expression, want := range map[string]string{
		"0 3 * * *":                         "0 3 * * *",
		"  */15  9-17 * * MON-FRI ":         "*/15 9-17 * * MON-FRI",
		"@daily":                            "@daily",
		"@every 90m":                        "@every 90m",
		"CRON_TZ=Europe/Berlin  0 3 * * *":  "CRON_TZ=Europe/Berlin 0 3 * * *",
		"CRON_TZ=America/New_York @monthly": "CRON_TZ=America/New_York @monthly",
	} {
		got, err := ParseSchedule(expression)
		assert.NoError(t, err, expression)
		assert.Equal(t, want, got)
	}
}

func TestParseScheduleSuggests(t *testing.T) {
	tests := map[string]string{
		// Amazon EventBridge: five fields and the year, with Sunday as day 1.
		"cron(0 10 * * ? *)":           "0 10 * * *",
		"cron(15 12 * * ? *)":          "15 12 * * *",
		"cron(0 18 ? * MON-FRI *)":     "0 18 * * MON-FRI",
		"cron(0/15 * * * ? *)":         "0/15 * * * *",
		"0 8 1 * ? *":                  "0 8 1 * *",
		"0 8 ? * 2-6 *":                "0 8 * * MON-FRI",
		"0 8 ? * 1,7 *":                "0 8 * * SUN,SAT",
		"0 8 ? * 8 *":                  "",
		"0 8 ? * 2/2 *":                "",
		"0 8 1 * ? 2030":               "",
		"0 8 L * ? *":                  "",
		"0 8 ? * 6#3 *":                "",
		"0 8 3W * ? *":                 "",
		"rate(1 minute)":               "@every 1m",
		"rate(5 minutes)":              "@every 5m",
		"rate(12 hours)":               "@every 12h",
		"rate(7 days)":                 "@every 168h",
		"rate(0 minutes)":              "",
		"rate(99999999999999999 days)": "",
		// Quartz: the second first, with Sunday as day 1, and the year last.
		"0 0 12 * * ?":       "0 12 * * *",
		"0 15 10 ? * 2-6":    "15 10 * * MON-FRI",
		"0 15 10 * * ? *":    "15 10 * * *",
		"30 15 10 * * ?":     "",
		"0 15 10 ? * *":      "15 10 * * *",
		"0 15 10 ? * 6L *":   "",
		"0 15 10 * * ? 2030": "",
		// Spring and node-cron: the second first.
		"0 0 3 * * *":   "0 3 * * *",
		"00 30 3 * * 1": "30 3 * * 1",
		"*/5 * * * * *": "",
		// Close to what is valid.
		"0 3 * * 7":                       "0 3 * * 0",
		"0 3 ? * *":                       "0 3 * * *",
		"daily":                           "@daily",
		"every 5m":                        "@every 5m",
		"@every 30s":                      "@every 1m",
		"TZ=Europe/Berlin 0 3 * * *":      "CRON_TZ=Europe/Berlin 0 3 * * *",
		"CRON_TZ=Europe/Berlin 0 3 * * ?": "CRON_TZ=Europe/Berlin 0 3 * * *",
		"CRON_TZ=Mars/Olympus 0 3 * * ?":  "",
		"CRON_TZ=Europe/Berlin":           "",
		// Beyond repair.
		"":                "",
		"0":               "",
		"0 3 30 2 *":      "",
		"0 25 * * *":      "",
		"0 3 * * * * * *": "",
		"tomorrow":        "",
	}
	for expression, want := range tests {
		_, err := ParseSchedule(expression)
		var invalid *generator.ValueError
		require.ErrorAs(t, err, &invalid, expression)
		assert.Equal(t, want, invalid.Suggestion, expression)
		assert.NotEmpty(t, hint.Of(err), expression)
		if want != "" {
			_, err = ParseSchedule(want)
			assert.NoError(t, err)
		}
	}
}

func TestListChecksCalls(t *testing.T) {
	for source, want := range map[string]string{
		"const Schedule = \"0 3 * * ? *\"\n\nfunc Handler() {}\n":                                 `api/src/functions/f/f.go:3: Schedule: invalid schedule "0 3 * * ? *": `,
		"const day = \"30 2\"\n\nconst Schedule = \"0 3 \" + day + \" *\"\n\nfunc Handler() {}\n": `api/src/functions/f/f.go:5: Schedule: invalid schedule "0 3 30 2 *": it never matches`,
		"const Queue = \"a.b\"\n\nfunc Handler() {}\n":                                            `api/src/functions/f/f.go:3: Queue: "a.b" is not the name of a queue`,
	} {
		p := openTest(t, map[string]string{"go.mod": goMod, functionsDir + "f/f.go": "package f\n\n" + source}, ".")
		_, _, err := p.List()
		require.ErrorAs(t, err, new(*DeclarationError), source)
		assert.Contains(t, err.Error(), want)
		assert.NotEmpty(t, hint.Of(err))
		assert.False(t, errors.As(err, new(*generator.ValueError)), "which would be a usage error")
	}
}
