package webhooks

import (
	"errors"
	"math"
	"strconv"
	"time"
)

// checkTime returns an error if a timestamp, which counts units since 1970,
// differs from the current time by more than the tolerance.
func (m *message) checkTime(timestamp string, unit, tolerance time.Duration) error {
	n, err := strconv.ParseUint(timestamp, 10, 63)
	if err != nil || n > math.MaxInt64/1000 {
		return errors.New("the timestamp is not valid")
	}
	at := time.UnixMilli(int64(n))
	if unit == time.Second {
		at = time.Unix(int64(n), 0)
	}
	return m.options.checkOffset(m.options.now().Truncate(unit).Sub(at), tolerance)
}

// timestamp returns the time of signing in units since 1970.
func (d *draft) timestamp(unit time.Duration) string {
	return strconv.FormatInt(d.at.UnixMilli()/unit.Milliseconds(), 10)
}
