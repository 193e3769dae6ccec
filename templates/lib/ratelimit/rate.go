package ratelimit

import (
	"fmt"
	"time"
)

// A Rate is how many requests there may be in a time. It is a bucket of tokens: each request takes one, and in
// each Per as many come back as Requests says, one by one.
type Rate struct {
	Requests int
	Per      time.Duration
	Burst    int // the tokens of a full bucket: the requests that there may be at once. Zero is Requests
}

// PerSecond is the rate of n requests in a second.
func PerSecond(n int) Rate { return Rate{Requests: n, Per: time.Second} }

// PerMinute is the rate of n requests in a minute.
func PerMinute(n int) Rate { return Rate{Requests: n, Per: time.Minute} }

// PerHour is the rate of n requests in an hour.
func PerHour(n int) Rate { return Rate{Requests: n, Per: time.Hour} }

// WithBurst is the rate with n requests at once.
func (r Rate) WithBurst(n int) Rate {
	r.Burst = n
	return r
}

// Size is how many tokens a full bucket has.
func (r Rate) Size() int {
	if r.Burst == 0 {
		return r.Requests
	}
	return r.Burst
}

// maxRequests is the largest number that a rate may have. Any above it limits nothing.
const maxRequests = 1_000_000

// longest is the longest time that a rate may be about, and in which an empty bucket may fill.
const longest = 366 * 24 * time.Hour

// Check says why a rate cannot be kept, or is nil.
func (r Rate) Check() error {
	switch {
	case r.Requests < 1 || r.Requests > maxRequests:
		return fmt.Errorf("want 1 to %d requests, not %d", maxRequests, r.Requests)
	case r.Size() < 1 || r.Size() > maxRequests:
		return fmt.Errorf("want a burst of 1 to %d requests, not %d", maxRequests, r.Size())
	case r.Per < time.Second || r.Per > longest:
		return fmt.Errorf("want a time of a second to a year, not %s", r.Per)
	case int64(r.Size()) > int64(longest/r.interval()):
		return fmt.Errorf("a burst of %d takes more than a year to come back", r.Size())
	}
	return nil
}

// interval is the time in which one token comes back.
func (r Rate) interval() time.Duration { return r.Per / time.Duration(r.Requests) }

// fill is the time in which they all do.
func (r Rate) fill() time.Duration { return r.interval() * time.Duration(r.Size()) }

// policy is the rate as parameters of a RateLimit-Policy field: as many requests as there may be at
// once, in the time in which they come back.
func (r Rate) policy() string {
	return fmt.Sprintf(";q=%d;w=%d", r.Size(), seconds(r.fill()))
}

// seconds are whole ones, rounded up: headers have no others, and too late is better than too early.
func seconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }
