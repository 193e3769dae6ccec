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
	every time.Duration // for @every
	cron  *cron.SpecSchedule
	zone  *time.Location
}

// Parse parses a cron expression with the five fields minute, hour, day of
// month, month and day of week:
//
//	0 3 * * *                           at 03:00 UTC every day
//	*/15 9-17 * * MON-FRI               every 15 minutes in working hours
//	@daily                              also @hourly, @weekly, @monthly, @yearly
//	@every 90m                          at multiples of 90 minutes
//	CRON_TZ=Europe/Berlin 0 3 * * *     at 03:00 in Berlin
//
// It refuses expressions that never match, such as 30 February.
func Parse(expression string) (Schedule, error) {
	s, err := parse(expression)
	if err != nil {
		return Schedule{}, fmt.Errorf(`schedule %q: %w; expected "minute hour day-of-month month day-of-week", `+
			`as in "0 3 * * *", or "@daily", or "@every 5m", or one with a time zone, `+
			`as in "CRON_TZ=Europe/Berlin 0 3 * * *"`, expression, err)
	}
	return s, nil
}

func parse(expression string) (Schedule, error) {
	s := Schedule{zone: time.UTC}
	if zoned, ok := strings.CutPrefix(expression, "CRON_TZ="); ok {
		var name string
		name, expression, _ = strings.Cut(zoned, " ")
		zone, err := time.LoadLocation(name)
		if err != nil || name == "" || name == "Local" {
			return s, fmt.Errorf("unknown time zone %q", name)
		}
		s.zone = zone
	}
	expression = strings.TrimSpace(expression)

	if interval, ok := strings.CutPrefix(expression, "@every "); ok {
		every, err := time.ParseDuration(strings.TrimSpace(interval))
		if err != nil || every < time.Minute || every%time.Minute != 0 {
			return s, errors.New("@every needs a number of whole minutes")
		}
		s.every = every
		return s, nil
	}

	switch {
	case strings.HasPrefix(expression, "TZ="):
		return s, errors.New("the time zone is written as CRON_TZ=")
	case strings.ContainsAny(expression, "?#"):
		return s, errors.New(`"?" and "#" are not supported`)
	}
	parsed, err := cron.ParseStandard(expression)
	if err != nil {
		return s, err
	}
	s.cron, _ = parsed.(*cron.SpecSchedule)
	// The year 2000 began on a Saturday and is a leap year.
	if s.cron.Next(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return s, errors.New("it never matches")
	}
	return s, nil
}

// Next returns the first time after t at which the function is due.
//
// If clocks change, a schedule that names hours is due the first time that the
// clock in its zone shows the hour and minute, and if the clock skips them, at
// the moment when it does. So a daily schedule is due once a day. A schedule for
// every hour is due whenever the clock shows its minutes: twice in an hour that
// is repeated, not at all in one that is skipped.
func (s Schedule) Next(t time.Time) time.Time {
	switch {
	case s.every > 0:
		return t.Truncate(s.every).Add(s.every)
	case s.everyHour():
		return s.nextShown(t.In(s.zone))
	}
	t = t.In(s.zone)
	for wall := clock(t); ; {
		wall = s.nextClock(wall)
		if due := s.reached(wall); due.After(t) {
			return due
		}
	}
}

// everyHour reports whether the schedule has runs in each hour of a day.
func (s Schedule) everyHour() bool {
	const hours = 1<<24 - 1
	return s.cron.Hour&hours == hours
}

// nextShown returns the first time after t at which the clock shows a time of
// the schedule.
func (s Schedule) nextShown(t time.Time) time.Time {
	period := t // in which the clock is not changed
	for {
		_, offset := period.Zone()
		_, end := period.ZoneBounds()
		shift := time.Duration(offset) * time.Second
		due := s.nextClock(t.UTC().Add(shift)).Add(-shift).In(s.zone)
		if end.IsZero() || due.Before(end) {
			return due
		}
		period, t = end, end.Add(-1)
	}
}

// reached returns the first time at which the clock shows wall or more.
func (s Schedule) reached(wall time.Time) time.Time {
	t := wall.Add(-48 * time.Hour).In(s.zone) // before it, in every zone
	for {
		_, offset := t.Zone()
		_, end := t.ZoneBounds()
		shown := wall.Add(-time.Duration(offset) * time.Second).In(s.zone)
		if end.IsZero() || shown.Before(end) {
			if shown.Before(t) { // the clock skipped it
				return t
			}
			return shown
		}
		t = end
	}
}

// clock returns what the clock shows at t, as a time in UTC, where no hour is
// skipped or repeated.
func clock(t time.Time) time.Time {
	_, offset := t.Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// nextClock returns the next time of the schedule on a clock that is never
// changed. cron looks five years ahead, but 29 February may be eight years away.
func (s Schedule) nextClock(wall time.Time) time.Time {
	next := s.cron.Next(wall)
	if next.IsZero() {
		next = s.cron.Next(wall.AddDate(5, 0, 0))
	}
	return next
}
