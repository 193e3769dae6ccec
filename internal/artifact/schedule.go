package artifact

import (
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/fngen/fngen/internal/hint"
	"github.com/fngen/fngen/templates/lib/schedule"
)

// awsSchedule returns a schedule of a function as EventBridge Scheduler has it:
// an expression and a time zone. The syntax is described at
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
func awsSchedule(expression string) (aws, zone string, err error) {
	parsed, err := parseSchedule(expression)
	if err != nil {
		return "", "", err
	}
	switch s := parsed.(type) {
	case cron.ConstantDelaySchedule:
		return awsRate(s.Delay), "UTC", nil
	case *cron.SpecSchedule:
		aws, err := awsCron(s)
		return aws, s.Location.String(), err
	}
	return "", "", fmt.Errorf("unknown kind of schedule %T", parsed)
}

// parseSchedule parses a schedule as users' projects do, and returns what package
// cron makes of it. The time zone is UTC if it has none.
func parseSchedule(expression string) (cron.Schedule, error) {
	if _, err := schedule.Parse(expression); err != nil {
		return nil, err
	}
	if !strings.HasPrefix(expression, "CRON_TZ=") {
		expression = "CRON_TZ=UTC " + expression
	}
	return cron.ParseStandard(expression)
}

// awsRate returns the expression for runs at a constant distance, which is a
// number of minutes.
func awsRate(every time.Duration) string {
	if every == time.Minute {
		return "rate(1 minute)"
	}
	return fmt.Sprintf("rate(%d minutes)", every/time.Minute)
}

// awsCron returns a cron expression of AWS, which has a field for the year, and
// needs a question mark in one of the fields of days.
func awsCron(s *cron.SpecSchedule) (string, error) {
	const star = 1 << 63 // set by package cron for a field that is *
	days, weekdays := awsField(s.Dom, 1, 31), awsWeekdays(s.Dow)
	switch either := (s.Dom|s.Dow)&star == 0; { // without a *, cron runs if one of the fields matches
	case either && (days == "*" || weekdays == "*"):
		days, weekdays = "*", "?"
	case weekdays == "*":
		weekdays = "?"
	case days == "*":
		days = "?"
	default:
		return "", hint.With(
			errors.New("both the day of the month and the day of the week are set, which EventBridge Scheduler does not support"),
			"set one of them to *; for both, write two functions",
		)
	}
	return fmt.Sprintf("cron(%s %s %s %s %s *)",
		awsField(s.Minute, 0, 59), awsField(s.Hour, 0, 23), days, awsField(s.Month, 1, 12), weekdays), nil
}

// awsField returns the field for a set of numbers from first to last, given by
// their bits.
func awsField(set uint64, first, last int) string {
	if all := fullSet(first, last); set&all == all {
		return "*"
	}
	numbers := members(set, first, last)
	if n := len(numbers); n > 2 {
		step := numbers[1] - numbers[0]
		regular := step > 1 && numbers[n-1]+step > last
		for i := range n - 1 {
			regular = regular && numbers[i+1]-numbers[i] == step
		}
		if regular {
			return fmt.Sprintf("%d/%d", numbers[0], step)
		}
	}
	return ranges(numbers, strconv.Itoa)
}

// awsWeekdays returns the field for a set of days of the week. It has their
// names, since AWS counts them from 1 and cron from 0.
func awsWeekdays(set uint64) string {
	if all := fullSet(0, 6); set&all == all {
		return "*"
	}
	return ranges(members(set, 0, 6), func(day int) string {
		return strings.ToUpper(time.Weekday(day).String()[:3])
	})
}

func fullSet(first, last int) uint64 { return 1<<(last+1) - 1<<first }

func members(set uint64, first, last int) []int {
	var numbers []int
	for set &= fullSet(first, last); set != 0; set &= set - 1 {
		numbers = append(numbers, bits.TrailingZeros64(set))
	}
	return numbers
}

// ranges returns ascending numbers as a list in which a-b stands for three
// numbers or more.
func ranges(numbers []int, format func(int) string) string {
	var items []string
	for i := 0; i < len(numbers); {
		end := i
		for end+1 < len(numbers) && numbers[end+1] == numbers[end]+1 {
			end++
		}
		if end-i < 2 {
			items = append(items, format(numbers[i]))
			i++
			continue
		}
		items = append(items, format(numbers[i])+"-"+format(numbers[end]))
		i = end + 1
	}
	return strings.Join(items, ",")
}
