package ratelimit

import (
	"fmt"
	"time"
)

// A Rate is a number of requests per unit of time. It describes a token bucket:
// each request takes a token, and the tokens come back at even intervals,
// Requests of them in each Per.
type Rate struct {
	Requests int
	Per      time.Duration
	Burst    int // tokens in a full bucket, the most requests at once; 0 means Requests
}

// PerSecond returns the rate of n requests per second.
func PerSecond(n int) Rate { return Rate{Requests: n, Per: time.Second} }

// PerMinute returns the rate of n requests per minute.
func PerMinute(n int) Rate { return Rate{Requests: n, Per: time.Minute} }

// PerHour returns the rate of n requests per hour.
func PerHour(n int) Rate { return Rate{Requests: n, Per: time.Hour} }

// WithBurst returns the rate with a burst of n requests.
func (r Rate) WithBurst(n int) Rate {
	r.Burst = n
	return r
}

// Size returns the number of tokens in a full bucket.
func (r Rate) Size() int {
	if r.Burst == 0 {
		return r.Requests
	}
	return r.Burst
}

// maxRequests is the largest valid value of Requests and Burst.
const maxRequests = 1_000_000

// maxTime is the largest valid value of Per, and the longest time in which an
// empty bucket may refill.
const maxTime = 366 * 24 * time.Hour

// Check returns an error if the rate is not valid.
func (r Rate) Check() error {
	switch {
	case r.Requests < 1 || r.Requests > maxRequests:
		return fmt.Errorf("rate of %d requests, want 1 to %d", r.Requests, maxRequests)
	case r.Size() < 1 || r.Size() > maxRequests:
		return fmt.Errorf("burst of %d requests, want 1 to %d", r.Size(), maxRequests)
	case r.Per < time.Second || r.Per > maxTime:
		return fmt.Errorf("rate per %s, want one second to one year", r.Per)
	case int64(r.Size()) > int64(maxTime/r.interval()):
		return fmt.Errorf("burst of %d requests takes over a year to refill", r.Size())
	}
	return nil
}

// interval returns the time in which one token comes back.
func (r Rate) interval() time.Duration { return r.Per / time.Duration(r.Requests) }

// refillTime returns the time in which an empty bucket becomes full.
func (r Rate) refillTime() time.Duration { return r.interval() * time.Duration(r.Size()) }

// policy returns the parameters of a RateLimit-Policy field: the quota, which
// is the size of the bucket, and the window, in which it refills.
func (r Rate) policy() string {
	return fmt.Sprintf(";q=%d;w=%d", r.Size(), seconds(r.refillTime()))
}

// seconds returns d in whole seconds, as headers need it. It rounds up, so that
// a client that waits this long does not retry too early.
func seconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }
