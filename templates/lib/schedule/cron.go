package schedule

import (
	"errors"
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // zones, for systems that have none

	"github.com/robfig/cron/v3"
)

// A Schedule is a parsed cron expression.
type Schedule struct {
	every time.Duration // of @every, or else cron and zone
	cron  *cron.SpecSchedule
	zone  *time.Location
}

// Parse parses a cron expression with the five fields minute, hour, day of
// month, month and day of week:
//
//	0 3 * * *                          at 03:00 UTC
//	*/15 9-17 * * MON-FRI              every 15 minutes during working hours
//	@daily                             also @hourly, @weekly, @monthly, @yearly
//	@every 90m                         at each multiple of 90 minutes
//	CRON_TZ=Europe/Berlin 0 3 * * *    at 03:00 in Berlin
//
// It refuses expressions that never match, such as 30 February.
func Parse(expression string) (Schedule, error) {
	s, err := parse(expression)
	if err != nil {
		return Schedule{}, fmt.Errorf(`schedule %q: %w; expected five fields "minute hour day-of-month month `+
			`day-of-week" as in "0 3 * * *", or "@daily", or "@every 5m", and a time zone before them `+
			`as in "CRON_TZ=Europe/Berlin 0 3 * * *"`, expression, err)
	}
	return s, nil
}

func parse(expression string) (s Schedule, err error) {
	s.zone = time.UTC
	if zoned, ok := strings.CutPrefix(expression, "CRON_TZ="); ok {
		name, rest, _ := strings.Cut(zoned, " ")
		if s.zone, err = time.LoadLocation(name); err != nil || name == "" || name == "Local" {
			return s, fmt.Errorf("unknown time zone %q", name)
		}
		expression = rest
	}
	expression = strings.TrimSpace(expression)
	if interval, ok := strings.CutPrefix(expression, "@every "); ok {
		s.every, err = time.ParseDuration(interval)
		if err != nil || s.every <= 0 || s.every%time.Minute != 0 {
			return s, errors.New("an interval is one or more whole minutes")
		}
		return s, nil
	}
	if strings.Contains(expression, "TZ=") || strings.ContainsAny(expression, "?#") {
		return s, errors.New(`"TZ=", "?" and "#" are not supported`)
	}
	parsed, err := cron.ParseStandard(expression)
	if err != nil {
		return s, err
	}
	s.cron, _ = parsed.(*cron.SpecSchedule)
	if s.cron.Next(time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)).IsZero() { // a leap year
		return s, errors.New("it never matches")
	}
	return s, nil
}

// Next returns the first time after t at which the schedule is due.
//
// When clocks change, a schedule for certain hours is due the first time that
// the clock in its zone shows one of its times, or at the change if the clock
// skips the time. So a daily schedule is due once on every day. A schedule for
// every hour is due whenever the clock shows one of its times.
func (s Schedule) Next(t time.Time) time.Time {
	if s.every > 0 {
		return t.Truncate(s.every).Add(s.every) // the same in all processes
	}
	t = t.In(s.zone)
	const everyHour = 1<<24 - 1 // a bit for each hour
	if s.cron.Hour&everyHour == everyHour {
		return s.nextShown(t)
	}
	shift, _ := offset(t)
	for wall := t.UTC().Add(shift); ; {
		wall = s.nextWall(wall)
		if due := s.reached(wall); due.After(t) {
			return due
		}
	}
}

// nextShown returns the first time after t at which the clock shows a time of
// the schedule.
func (s Schedule) nextShown(t time.Time) time.Time {
	for from := t; ; {
		shift, until := offset(from)
		due := s.nextWall(t.UTC().Add(shift)).Add(-shift)
		if until.IsZero() || due.Before(until) {
			return due.In(s.zone)
		}
		from, t = until, until.Add(-1)
	}
}

// reached returns the first time at which the clock shows wall or a later time.
func (s Schedule) reached(wall time.Time) time.Time {
	for from := wall.Add(-48 * time.Hour).In(s.zone); ; {
		shift, until := offset(from)
		if shown := wall.Add(-shift); until.IsZero() || shown.Before(until) {
			if shown.Before(from) { // the clock skipped wall
				return from
			}
			return shown.In(s.zone)
		}
		from = until
	}
}

// nextWall returns the schedule's next time on a clock that never changes. Such
// times are in UTC here. cron gives up after five years, but 2096 and 2104 are
// leap years in a row.
func (s Schedule) nextWall(wall time.Time) time.Time {
	next := s.cron.Next(wall)
	if next.IsZero() {
		next = s.cron.Next(wall.AddDate(5, 0, 0))
	}
	return next
}

// offset returns how far the clock of t's zone is ahead of UTC, and when that
// may change, or zero if it does not.
func offset(t time.Time) (shift time.Duration, until time.Time) {
	_, seconds := t.Zone()
	_, until = t.ZoneBounds()
	if !until.IsZero() && !until.After(t) {
		until = t.Add(time.Hour) // on the last day of leap years: golang.org/issue/81583
	}
	return time.Duration(seconds) * time.Second, until
}
