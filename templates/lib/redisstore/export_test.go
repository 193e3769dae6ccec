package redisstore

import "time"

// TickBy has the lease renewed whenever a tick comes, instead of by a ticker.
func (m *Messages) TickBy(ticks <-chan time.Time) {
	m.ticks = func(time.Duration) (<-chan time.Time, func()) { return ticks, func() {} }
}
