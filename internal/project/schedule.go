package project

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/hint"
	"github.com/fngen/fngen/templates/lib/schedule"
)

// ParseSchedule returns a cron expression without surplus spaces if it is valid.
// The error is a *[generator.ValueError]. For expressions of AWS, Quartz and
// Spring, it suggests the one with five fields that means the same, if there is
// one.
func ParseSchedule(expression string) (string, error) {
	trimmed := strings.Join(strings.Fields(expression), " ")
	_, err := schedule.Parse(trimmed)
	if err == nil {
		return trimmed, nil
	}
	reason := fmt.Sprintf("invalid schedule %q: %v", expression, cmp.Or(errors.Unwrap(err), err))
	invalid := &generator.ValueError{Reason: reason, Suggestion: translateSchedule(trimmed)}
	switch {
	case invalid.Suggestion != "":
		return "", invalid
	case strings.HasPrefix(trimmed, "CRON_TZ=") && strings.Contains(reason, "time zone"):
		return "", hint.With(invalid, "use the name of a zone, as in 'CRON_TZ=Europe/Berlin 0 3 * * *'")
	case regexp.MustCompile(`^[\d*/,-]+$`).MatchString(trimmed): // the shell took the other fields for arguments
		return "", hint.With(invalid, "quote the whole expression, as in '0 3 * * *'")
	}
	return "", hint.With(invalid, "use minute, hour, day of the month, month and day of the week, "+
		"as in '0 3 * * *', or @daily or '@every 5m'")
}

// translateSchedule returns the valid expression that means the same as one of
// another program, or "" if there is none.
func translateSchedule(expression string) string {
	for _, prefix := range []string{"TZ=", "CRON_TZ="} {
		if zone, rest, ok := strings.Cut(expression, " "); ok && strings.HasPrefix(zone, prefix) {
			zone = "CRON_TZ=" + strings.TrimPrefix(zone, prefix) + " "
			if translated := translateSchedule(rest); translated != "" {
				rest = translated
			}
			return validSchedule(zone + rest)
		}
	}
	if strings.HasPrefix(expression, "@every ") {
		return "@every 1m"
	}
	if named := validSchedule("@" + expression); named != "" { // such as daily
		return named
	}
	if match := regexp.MustCompile(`^rate\((\d+) (minute|hour|day)s?\)$`).FindStringSubmatch(expression); match != nil {
		number, unit := match[1], match[2][:1]
		if unit == "d" {
			if days, err := strconv.Atoi(number); err == nil {
				number, unit = strconv.Itoa(24*days), "h"
			}
		}
		return validSchedule("@every " + number + unit)
	}
	expression = strings.TrimSuffix(strings.TrimPrefix(expression, "cron("), ")")

	fields := strings.Fields(expression)
	isAny := func(i int) bool { return i < len(fields) && fields[i] == "?" }
	switch {
	case len(fields) == 5: // with ?, with 7 for Sunday, or in parentheses
		if fields[4] == "7" {
			fields[4] = "0"
		}
	case len(fields) == 6 && (isAny(2) || isAny(4)) && fields[5] == "*":
		// AWS: the last field is the year.
		fields = fields[:5]
		fields[4] = fromSunday(fields[4])
	case len(fields) == 6 && (isAny(3) || isAny(5)) && isZero(fields[0]),
		len(fields) == 7 && (isAny(3) || isAny(5)) && isZero(fields[0]) && fields[6] == "*":
		// Quartz: the first field is the second, and the last one may be the year.
		fields = fields[1:6]
		fields[4] = fromSunday(fields[4])
	case len(fields) == 6 && isZero(fields[0]):
		// Spring and others: the first field is the second.
		fields = fields[1:]
	default:
		return ""
	}
	for i, field := range fields {
		if field == "?" {
			fields[i] = "*"
		}
	}
	return validSchedule(strings.Join(fields, " "))
}

// validSchedule returns an expression if it is valid, and otherwise "".
func validSchedule(expression string) string {
	if _, err := schedule.Parse(expression); err != nil {
		return ""
	}
	return expression
}

func isZero(field string) bool { return field == "0" || field == "00" }

// fromSunday translates a field for days of the week in which Sunday is 1, as it
// is for AWS and Quartz, to names of days. It is invalid if that is impossible.
func fromSunday(field string) string {
	if strings.Contains(field, "/") {
		return "invalid" // a step counts days
	}
	return regexp.MustCompile(`\d+`).ReplaceAllStringFunc(field, func(day string) string {
		names := []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}
		n, err := strconv.Atoi(day)
		if err != nil || n < 1 || n > len(names) {
			return fmt.Sprintf("invalid%d", n)
		}
		return names[n-1]
	})
}
