package artifact

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/robfig/cron/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAWSSchedule(t *testing.T) {
	for expression, want := range map[string][2]string{
		"0 3 * * *":                            {"cron(0 3 * * ? *)", "UTC"},
		"*/15 * * * *":                         {"cron(0/15 * * * ? *)", "UTC"},
		"5-59/20 */7 * * *":                    {"cron(5/20 0/7 * * ? *)", "UTC"},
		"0 9 * * 1-5":                          {"cron(0 9 ? * MON-FRI *)", "UTC"},
		"0 9 * * 0,6":                          {"cron(0 9 ? * SUN,SAT *)", "UTC"},
		"0 9 * * */2":                          {"cron(0 9 ? * SUN,TUE,THU,SAT *)", "UTC"},
		"0 9 * * mon,wed-fri":                  {"cron(0 9 ? * MON,WED-FRI *)", "UTC"},
		"30 6 1,15 jan-mar *":                  {"cron(30 6 1,15 1-3 ? *)", "UTC"},
		"0 0 */10 * *":                         {"cron(0 0 1/10 * ? *)", "UTC"},
		"0 0 1-31 * 1":                         {"cron(0 0 * * ? *)", "UTC"}, // either field
		"0 0 13 * 0-6":                         {"cron(0 0 * * ? *)", "UTC"},
		"CRON_TZ=Europe/Berlin 0 3 * * *":      {"cron(0 3 * * ? *)", "Europe/Berlin"},
		"CRON_TZ=America/New_York @weekly":     {"cron(0 0 ? * SUN *)", "America/New_York"},
		"@yearly":                              {"cron(0 0 1 1 ? *)", "UTC"},
		"@monthly":                             {"cron(0 0 1 * ? *)", "UTC"},
		"@daily":                               {"cron(0 0 * * ? *)", "UTC"},
		"@hourly":                              {"cron(0 * * * ? *)", "UTC"},
		"@every 5m":                            {"rate(5 minutes)", "UTC"},
		"@every 1m":                            {"rate(1 minute)", "UTC"},
		"CRON_TZ=Europe/Berlin @every 1h30m":   {"rate(90 minutes)", "UTC"},
		"0,1,2,3,30,31,45,58,59 0-22 * 2-11 *": {"cron(0-3,30,31,45,58,59 0-22 * 2-11 ? *)", "UTC"},
	} {
		aws, zone, err := awsSchedule(expression)
		require.NoError(t, err, expression)
		assert.Equal(t, want, [2]string{aws, zone}, expression)
	}
	for expression, want := range map[string]string{
		"0 0 13 * 5":    "both the day of the month and the day of the week are set",
		"0 0 */2 * */2": "both the day of the month and the day of the week are set",
		"@every 90s":    `schedule "@every 90s": an interval is one or more whole minutes`,
		"0 0 * *":       "expected exactly 5 fields",
		"0 0 ? * *":     "not supported",
		"0 0 30 2 *":    "it never matches",
	} {
		_, _, err := awsSchedule(expression)
		assert.ErrorContains(t, err, want, expression)
	}
}

// The schedule on AWS runs at the same times as the cron, for random
// expressions. It is read by the rules of AWS's documentation.
func TestAWSScheduleRunsAtTheSameTimes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	start := time.Date(2027, 12, 27, 22, 13, 0, 0, time.UTC) // before a leap year
	refused, compared := 0, 0
	for range 4000 {
		expression := randomCron(random)
		if _, err := parseSchedule(expression); err != nil {
			assert.ErrorContains(t, err, "it never matches")
			continue
		}
		aws, zone, err := awsSchedule(expression)
		if err != nil {
			refused++
			assert.ErrorContains(t, err, "both the day of the month", expression)
			continue
		}
		assert.Equal(t, "UTC", zone)
		event := parseAWS(t, aws)
		schedule, err := cron.ParseStandard("CRON_TZ=UTC " + expression)
		require.NoError(t, err)
		next := start
		for range 5 {
			want := schedule.Next(next)
			if want.IsZero() || want.Year() > 2034 {
				break
			}
			require.Equal(t, want, event.next(next), "%s became %s", expression, aws)
			next = want
			compared++
		}
	}
	assert.Greater(t, compared, 10_000)
	assert.Less(t, refused, 2000)
}

// randomCron returns a random cron expression.
func randomCron(random *rand.Rand) string {
	months := strings.Fields("jan feb mar apr may jun jul aug sep oct nov dec")
	weekdays := strings.Fields("sun mon tue wed thu fri sat")
	field := func(first, last, stars int, names []string) string {
		if random.IntN(10) < stars {
			return "*"
		}
		number := func(n int) string {
			if names != nil && random.IntN(2) == 0 {
				return names[n-first]
			}
			return strconv.Itoa(n)
		}
		var items []string
		for range 1 + random.IntN(3) {
			from := first + random.IntN(last-first+1)
			to := from + random.IntN(last-from+1)
			step := 1 + random.IntN(last-first)
			items = append(items, []string{
				number(from),
				number(from) + "-" + number(to),
				fmt.Sprintf("%s-%s/%d", number(from), number(to), step),
				fmt.Sprintf("*/%d", step),
				fmt.Sprintf("%s/%d", number(from), step),
			}[random.IntN(5)])
		}
		return strings.Join(items, ",")
	}
	return strings.Join([]string{
		field(0, 59, 1, nil), field(0, 23, 3, nil), field(1, 31, 6, nil), field(1, 12, 5, months), field(0, 6, 6, weekdays),
	}, " ")
}

// An awsEvent holds the numbers that each field of a cron expression of AWS
// allows. It is written without a look at how fngen writes the expressions.
type awsEvent struct{ minutes, hours, days, months, weekdays, years []int }

func parseAWS(t *testing.T, expression string) awsEvent {
	t.Helper()
	text, ok := strings.CutPrefix(expression, "cron(")
	require.True(t, ok, expression)
	text, ok = strings.CutSuffix(text, ")")
	require.True(t, ok, expression)
	fields := strings.Split(text, " ")
	require.Len(t, fields, 6, expression)
	require.NotEqual(t, fields[2] == "?", fields[4] == "?", "%s: one field of days must be ?", expression)
	require.NotContains(t, fields[4], "/", "AWS documents no steps for days of the week")
	names := map[string]int{}
	for i, name := range strings.Fields("SUN MON TUE WED THU FRI SAT") {
		names[name] = i + 1
	}
	number := func(text string) int {
		if n, ok := names[text]; ok {
			return n
		}
		n, err := strconv.Atoi(text)
		require.NoError(t, err, expression)
		return n
	}
	set := func(field string, first, last int) (numbers []int) {
		for item := range strings.SplitSeq(field, ",") {
			from, to, step := first, last, 1
			base, increment, stepped := strings.Cut(item, "/")
			low, high, ranged := strings.Cut(base, "-")
			switch {
			case ranged:
				from, to = number(low), number(high)
			case base != "*" && base != "?":
				from = number(base)
				if !stepped {
					to = from
				}
			}
			if stepped {
				step = number(increment)
			}
			require.True(t, first <= from && from <= to && to <= last && step > 0, "%s: %s", expression, item)
			for n := from; n <= to; n += step {
				numbers = append(numbers, n)
			}
		}
		return numbers
	}
	return awsEvent{
		minutes: set(fields[0], 0, 59), hours: set(fields[1], 0, 23), days: set(fields[2], 1, 31),
		months: set(fields[3], 1, 12), weekdays: set(fields[4], 1, 7), years: set(fields[5], 1970, 2199),
	}
}

// next returns the first time after t. It steps through the days.
func (e awsEvent) next(t time.Time) time.Time {
	t = t.Add(time.Minute).Truncate(time.Minute)
	for t.Year() < 2036 {
		midnight := time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, time.UTC)
		if !slices.Contains(e.years, t.Year()) || !slices.Contains(e.months, int(t.Month())) ||
			!slices.Contains(e.days, t.Day()) || !slices.Contains(e.weekdays, int(t.Weekday())+1) {
			t = midnight
			continue
		}
		for ; t.Before(midnight); t = t.Add(time.Minute) {
			if slices.Contains(e.hours, t.Hour()) && slices.Contains(e.minutes, t.Minute()) {
				return t
			}
		}
	}
	return time.Time{}
}
