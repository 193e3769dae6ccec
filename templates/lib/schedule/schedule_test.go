package schedule_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/robfig/cron/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/lib/schedule"
)

func TestTick(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	tick := schedule.At("0 3 * * *", time.Date(2026, 7, 1, 3, 0, 0, 0, berlin))
	assert.Equal(t, "2026-07-01T01:00:00Z", tick.ID)
	data, err := json.Marshal(tick)
	require.NoError(t, err)
	assert.JSONEq(t, `{"schedule":"0 3 * * *","time":"2026-07-01T03:00:00+02:00","id":"2026-07-01T01:00:00Z"}`,
		string(data))

	// As EventBridge Scheduler fills in its context attributes.
	// https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
	var sent schedule.Tick
	require.NoError(t, json.Unmarshal([]byte(
		`{"schedule":"@daily","time":"2026-03-22T18:59:43Z","id":"d32c5kddcf5bb8c3"}`), &sent))
	assert.Equal(t, schedule.Tick{
		Schedule: "@daily", Time: time.Date(2026, 3, 22, 18, 59, 43, 0, time.UTC), ID: "d32c5kddcf5bb8c3",
	}, sent)
}

func TestParse(t *testing.T) {
	for _, expression := range []string{
		"0 3 * * *", " 0  3 * * * ", "*/15 9-17 * * MON-FRI", "0,30 1-5/2 1,15 jan-mar,DEC 0", "0 0 29 2 *", "0 0 30 2 1",
		"@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually",
		"@every 1m", "@every 5m", "@every 1h30m", "@every 24h",
		"CRON_TZ=Europe/Berlin 0 3 * * *", "CRON_TZ=UTC @daily", "CRON_TZ=America/Argentina/Buenos_Aires 0 3 * * *",
	} {
		_, err := schedule.Parse(expression)
		assert.NoError(t, err, expression)
	}
	for expression, reason := range map[string]string{
		"":                               "",
		"* * * *":                        "found 4",
		"0 0 3 * * *":                    "found 6",
		"0 3 ? * *":                      `"?"`,
		"0 3 * * ?":                      `"?"`,
		"0 3 * * 5#2":                    `"#"`,
		"0 3 L * *":                      "L",
		"0 3 15W * *":                    "15W",
		"0 3 * * 5L":                     "5L",
		"0 3 30 2 *":                     "it never matches",
		"0 3 31 4,6,9,11 *":              "it never matches",
		"0 , * * *":                      "it never matches",
		"60 3 * * *":                     "60",
		"0 24 * * *":                     "24",
		"0 3 0 * *":                      "0",
		"0 3 * 13 *":                     "13",
		"0 3 * * 7":                      "7",
		"*/0 3 * * *":                    "*/0",
		"5-1 3 * * *":                    "5-1",
		"rate(5 minutes)":                "found 2",
		"cron(0 3 * * ? *)":              `"?"`,
		"@reboot":                        "@reboot",
		"@every":                         "@every",
		"@every ":                        "@every",
		"@every 30s":                     "one or more whole minutes",
		"@every 90s":                     "one or more whole minutes",
		"@every 1m0.5s":                  "one or more whole minutes",
		"@every 0m":                      "one or more whole minutes",
		"@every -5m":                     "one or more whole minutes",
		"@every day":                     "one or more whole minutes",
		"TZ=UTC 0 3 * * *":               `"TZ="`,
		"TZ=":                            `"TZ="`,
		"CRON_TZ=":                       `unknown time zone ""`,
		"CRON_TZ=UTC":                    "",
		"CRON_TZ= 0 3 * * *":             `unknown time zone ""`,
		"CRON_TZ=Local 0 3 * * *":        `unknown time zone "Local"`,
		"CRON_TZ=Mars/X 0 3 * * *":       `unknown time zone "Mars/X"`,
		"CRON_TZ=../a 0 3 * * *":         `unknown time zone "../a"`,
		"CRON_TZ=UTC TZ=UTC @daily":      `"TZ="`,
		"CRON_TZ=UTC CRON_TZ=UTC @daily": `"TZ="`,
	} {
		_, err := schedule.Parse(expression)
		if assert.Error(t, err, expression) {
			assert.Contains(t, err.Error(), fmt.Sprintf("schedule %q: ", expression))
			assert.Contains(t, err.Error(), reason, expression)
			assert.Contains(t, err.Error(), `"0 3 * * *"`, "the valid form")
		}
	}
}

// next returns the times from start to end at which a schedule is due.
func next(t *testing.T, expression string, start, end time.Time) []time.Time {
	t.Helper()
	s, err := schedule.Parse(expression)
	require.NoError(t, err)
	return due(t, s, start, end)
}

func due(t *testing.T, s schedule.Schedule, start, end time.Time) []time.Time {
	t.Helper()
	var times []time.Time
	for at := s.Next(start.Add(-1)); at.Before(end); at = s.Next(at) {
		require.Less(t, len(times), 10_000)
		times = append(times, at)
	}
	return times
}

func TestEvery(t *testing.T) {
	start := time.Date(2026, 1, 1, 10, 7, 30, 0, time.UTC)
	assert.Equal(t, []time.Time{
		time.Date(2026, 1, 1, 10, 10, 0, 0, time.UTC), time.Date(2026, 1, 1, 10, 15, 0, 0, time.UTC),
		time.Date(2026, 1, 1, 10, 20, 0, 0, time.UTC),
	}, next(t, "@every 5m", start, start.Add(14*time.Minute)))
	assert.Equal(t, []time.Time{time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)},
		next(t, "CRON_TZ=Europe/Berlin @every 24h", start, start.Add(24*time.Hour)))
	assert.Equal(t, []time.Time{time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)}, // a Monday
		next(t, "@every 168h", start, start.Add(168*time.Hour)))
}

// TestClockChanges has the cases that the documentation describes, and what
// package cron makes of them.
func TestClockChanges(t *testing.T) {
	tests := []struct {
		name       string
		expression string // in zone
		zone, day  string
		want       string // clock times of the day, with offsets
		cronAlone  string // what package cron finds, if something else
	}{
		{"skipped", "30 2 * * *", "Europe/Berlin", "2026-03-29", "03:00+02", "-"},
		{"skipped twice", "*/30 2 * * *", "Europe/Berlin", "2026-03-29", "03:00+02", "-"},
		{"skipped and not", "0 2,3,4 * * *", "Europe/Berlin", "2026-03-29", "03:00+02 04:00+02", ""},
		{"before and after", "30 1,3 * * *", "Europe/Berlin", "2026-03-29", "01:30+01 03:30+02", ""},
		{"every other hour", "0 */2 * * *", "Europe/Berlin", "2026-03-29",
			"00:00+01 03:00+02 04:00+02 06:00+02 08:00+02 10:00+02 12:00+02 14:00+02 16:00+02 18:00+02 20:00+02 22:00+02",
			"00:00+01 04:00+02 06:00+02 08:00+02 10:00+02 12:00+02 14:00+02 16:00+02 18:00+02 20:00+02 22:00+02"},
		{"skipped midnight", "0 0 * * *", "America/Sao_Paulo", "2018-11-04", "01:00-02", "-"},
		{"hour after a skipped midnight", "0 1 4 11 *", "America/Sao_Paulo", "2018-11-04", "01:00-02", ""},
		{"skipped midnight of a weekday", "30 0 * * SUN", "America/Sao_Paulo", "2018-11-04", "01:00-02", "-"},
		{"skipped day", "0 3 * * *", "Pacific/Apia", "2011-12-31", "00:00+14 03:00+14", "03:00+14"},
		{"half an hour", "15 2 * * *", "Australia/Lord_Howe", "2026-10-04", "02:30+11", "-"},

		{"repeated", "30 2 * * *", "Europe/Berlin", "2026-10-25", "02:30+02", "02:30+02 02:30+01"},
		{"repeated midnight", "30 23 * * *", "America/Sao_Paulo", "2018-02-17", "23:30-02", "23:30-02 23:30-03"},
		{"repeated half", "45 1 * * *", "Australia/Lord_Howe", "2026-04-05", "01:45+11", "01:45+11 01:45+10:30"},

		{"every hour, skipped", "30 0-23 29 3 *", "Europe/Berlin", "2026-03-29",
			"00:30+01 01:30+01 03:30+02 04:30+02 05:30+02 06:30+02 07:30+02 08:30+02 09:30+02 10:30+02 11:30+02 12:30+02 " +
				"13:30+02 14:30+02 15:30+02 16:30+02 17:30+02 18:30+02 19:30+02 20:30+02 21:30+02 22:30+02 23:30+02", ""},
		{"every hour, repeated", "@hourly", "America/New_York", "2026-11-01",
			"00:00-04 01:00-04 01:00-05 02:00-05 03:00-05 04:00-05 05:00-05 06:00-05 07:00-05 08:00-05 09:00-05 10:00-05 " +
				"11:00-05 12:00-05 13:00-05 14:00-05 15:00-05 16:00-05 17:00-05 18:00-05 19:00-05 20:00-05 21:00-05 22:00-05 " +
				"23:00-05", ""},
		{"last day of a leap year", "0 3 * * *", "Europe/Berlin", "2040-12-31", "03:00+01", ""}, // golang.org/issue/81583
		{"every hour of it", "0 * 31 12 *", "Africa/Abidjan", "2040-12-31",
			"00:00Z 01:00Z 02:00Z 03:00Z 04:00Z 05:00Z 06:00Z 07:00Z 08:00Z 09:00Z 10:00Z 11:00Z " +
				"12:00Z 13:00Z 14:00Z 15:00Z 16:00Z 17:00Z 18:00Z 19:00Z 20:00Z 21:00Z 22:00Z 23:00Z", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			zone, err := time.LoadLocation(tt.zone)
			require.NoError(t, err)
			start, err := time.ParseInLocation(time.DateOnly, tt.day, zone)
			require.NoError(t, err)
			onDay := func(times []time.Time) string {
				var clock []string
				for _, at := range times {
					if at.In(zone).Format(time.DateOnly) == tt.day {
						clock = append(clock, strings.TrimSuffix(at.In(zone).Format("15:04Z07:00"), ":00"))
					}
				}
				return strings.Join(clock, " ")
			}
			from, to := start.Add(-49*time.Hour), start.Add(49*time.Hour)
			assert.Equal(t, tt.want, onDay(next(t, "CRON_TZ="+tt.zone+" "+tt.expression, from, to)))

			alone, err := cron.ParseStandard("CRON_TZ=" + tt.zone + " " + tt.expression)
			require.NoError(t, err)
			var times []time.Time
			for at := alone.Next(from); at.Before(to); at = alone.Next(at) {
				times = append(times, at)
			}
			wantAlone := map[string]string{"": tt.want, "-": ""}
			if alone, ok := wantAlone[tt.cronAlone]; ok {
				tt.cronAlone = alone
			}
			assert.Equal(t, tt.cronAlone, onDay(times), "package cron alone")
		})
	}
}

// zones are those with unusual clock changes: by half an hour, two hours or a
// day, at midnight, several times a year, or in summer the other way round.
var zones = []string{
	"Europe/Berlin", "America/New_York", "Australia/Sydney", "Australia/Lord_Howe", "Pacific/Chatham", "Antarctica/Troll",
	"America/Sao_Paulo", "America/Santiago", "Africa/Cairo", "Asia/Beirut", "Asia/Gaza", "America/Havana", "Asia/Tehran",
	"America/St_Johns", "Africa/Casablanca", "Europe/Dublin", "Pacific/Apia", "Pacific/Kwajalein", "Asia/Kathmandu",
	"Asia/Pyongyang", "America/Caracas", "Antarctica/Casey", "Europe/Lisbon", "Europe/Moscow", "Asia/Kolkata", "UTC",
}

// TestAllZones compares Next with a walk over all minutes around each clock
// change.
func TestAllZones(t *testing.T) {
	tests := []struct {
		expression string
		everyHour  bool
		matches    func(wall time.Time) bool
	}{
		{"0 3 * * *", false, func(w time.Time) bool { return w.Hour() == 3 && w.Minute() == 0 }},
		{"30 2 * * *", false, func(w time.Time) bool { return w.Hour() == 2 && w.Minute() == 30 }},
		{"0 0 * * *", false, func(w time.Time) bool { return w.Hour() == 0 && w.Minute() == 0 }},
		{"15,45 0-3 * * *", false, func(w time.Time) bool { return w.Hour() <= 3 && w.Minute()%30 == 15 }},
		{"20 */2 * * 0", false, func(w time.Time) bool {
			return w.Weekday() == 0 && w.Hour()%2 == 0 && w.Minute() == 20
		}},
		{"5 23 31 * *", false, func(w time.Time) bool { return w.Day() == 31 && w.Hour() == 23 && w.Minute() == 5 }},
		{"*/20 * * * *", true, func(w time.Time) bool { return w.Minute()%20 == 0 }},
		{"15 * * 3,10 0", true, func(w time.Time) bool {
			return (w.Month() == 3 || w.Month() == 10) && w.Weekday() == 0 && w.Minute() == 15
		}},
	}
	lastYear := 2042
	if testing.Short() {
		lastYear = 1990
	}
	for _, name := range zones {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			zone, err := time.LoadLocation(name)
			require.NoError(t, err)
			schedules := make([]schedule.Schedule, len(tests))
			for i, tt := range tests {
				schedules[i], err = schedule.Parse("CRON_TZ=" + name + " " + tt.expression)
				require.NoError(t, err)
			}
			for _, change := range clockChanges(zone, lastYear) {
				start, end := change.Add(-30*time.Hour), change.Add(30*time.Hour)
				minutes := walk(zone, start, end)
				for i, tt := range tests {
					var want []time.Time
					for _, m := range minutes {
						if tt.everyHour && tt.matches(m.wall) || !tt.everyHour && slices.ContainsFunc(m.reached, tt.matches) {
							want = append(want, m.at)
						}
					}
					got := due(t, schedules[i], start, end)
					require.Len(t, got, len(want), "%s %s", tt.expression, change)
					for i := range want {
						require.True(t, want[i].Equal(got[i]), "%s: got %s, want %s", tt.expression, got[i], want[i])
					}
				}
			}
		})
	}
}

// clockChanges returns the days, from 1973 on, on which the zone's offset
// changes by something other than an hour, and of every third year all days on
// which it changes, and the last day of a leap year.
func clockChanges(zone *time.Location, lastYear int) []time.Time {
	var days []time.Time
	day := time.Date(1973, 1, 1, 0, 0, 0, 0, time.UTC)
	for ; day.Year() <= lastYear; day = day.Add(24 * time.Hour) {
		_, before := day.In(zone).Zone()
		_, after := day.Add(24 * time.Hour).In(zone).Zone()
		unusual := before != after && before-after != 3600 && after-before != 3600
		if unusual || day.Year()%3 == 0 && (before != after || day.YearDay() == 366) {
			days = append(days, day.Add(12*time.Hour))
		}
	}
	return days
}

// A minute is a minute of a walk.
type minute struct {
	at      time.Time
	wall    time.Time   // what the clock shows
	reached []time.Time // clock times that the clock shows, or skips, for the first time
}

// walk returns the minutes from start to end.
func walk(zone *time.Location, start, end time.Time) []minute {
	var minutes []minute
	latest := wallTime(start.Add(-time.Minute).In(zone))
	for at := start; at.Before(end); at = at.Add(time.Minute) {
		m := minute{at: at, wall: wallTime(at.In(zone))}
		for latest.Before(m.wall) {
			latest = latest.Add(time.Minute)
			m.reached = append(m.reached, latest)
		}
		minutes = append(minutes, m)
	}
	return minutes
}

func wallTime(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), 0, 0, time.UTC)
}

// TestNextFromAnywhere starts at every minute around clock changes.
func TestNextFromAnywhere(t *testing.T) {
	for _, expression := range []string{
		"CRON_TZ=Europe/Berlin 30 2 * * *", "CRON_TZ=Europe/Berlin 30 * * * *", "CRON_TZ=America/Santiago */45 0,23 * * *",
	} {
		for _, day := range []time.Time{
			time.Date(2025, 3, 30, 0, 0, 0, 0, time.UTC), time.Date(2025, 10, 26, 0, 0, 0, 0, time.UTC),
			time.Date(2025, 4, 6, 0, 0, 0, 0, time.UTC), time.Date(2025, 9, 7, 0, 0, 0, 0, time.UTC),
		} {
			start, end := day.Add(-24*time.Hour), day.Add(72*time.Hour)
			s, err := schedule.Parse(expression)
			require.NoError(t, err)
			times := due(t, s, start, end)
			for at := start; at.Before(times[len(times)-1]); at = at.Add(30 * time.Second) {
				i := slices.IndexFunc(times, func(d time.Time) bool { return d.After(at) })
				require.True(t, times[i].Equal(s.Next(at)), "%s after %s", expression, at)
			}
		}
	}
}

func TestLeapDays(t *testing.T) {
	var years []int
	for _, at := range next(t, "0 12 29 2 *",
		time.Date(2092, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2110, 1, 1, 0, 0, 0, 0, time.UTC)) {
		years = append(years, at.Year())
	}
	assert.Equal(t, []int{2092, 2096, 2104, 2108}, years)
}

func FuzzParse(f *testing.F) {
	for _, expression := range []string{
		"0 3 * * *", "*/15 9-17 1,15 jan-mar MON-FRI", "@daily", "@every 5m", "CRON_TZ=Europe/Berlin 0 0 29 2 *",
		"CRON_TZ=America/Sao_Paulo 59 23 31 */5 SUN", "TZ=0", "CRON_TZ=0", "@every 9999999h", "5/0 * * * *", "1-/ * * * *",
	} {
		f.Add(expression, int64(1_800_000_000))
	}
	f.Fuzz(func(t *testing.T, expression string, unix int64) {
		s, err := schedule.Parse(expression)
		if err != nil {
			return
		}
		at := time.Unix(unix%(200*365*24*3600), 0) // from 1770 to 2170
		for range 3 {
			due := s.Next(at)
			if !due.After(at) {
				t.Fatalf("Next(%s) = %s for %q", at, due, expression)
			}
			at = due
		}
	})
}
