package generator

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/lib/ipallow"
	"github.com/fngen/fngen/templates/lib/ratelimit"
)

// Package ipallow accepts what ParseAllowIP accepts: a generated handler does
// not panic.
func FuzzParseAllowIP(f *testing.F) {
	for _, seed := range []string{
		"203.0.113.7", "10.0.0.0/8,2001:db8::/32", "::ffff:10.0.0.0/104", "10.1.2.3/8",
		"::1, 127.0.0.1", "", ",", "fe80::1%a",
		"0.0.0.0/1,128.0.0.0/1,::/1,8000::/1",
		"255.255.255.255,ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff,0.0.0.0,::", "10.0.0.0/8,10.0.0.0/9",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, list string) {
		parsed, err := ParseAllowIP(list)
		if err != nil {
			var value *ValueError
			require.ErrorAs(t, err, &value)
			return
		}
		var written []string
		for _, prefix := range parsed.list {
			written = append(written, text(prefix))
		}
		guard, err := ipallow.Parse(written...)
		require.NoError(t, err)
		require.True(t, guard.Contains(parsed.client()))
		allowed, rejected := parsed.samples()
		for _, addr := range allowed {
			require.True(t, guard.Contains(addr), addr)
		}
		for _, addr := range rejected {
			require.False(t, guard.Contains(addr), addr)
		}

		// Parsing the result again changes nothing.
		again, err := ParseAllowIP(strings.Join(written, ","))
		require.NoError(t, err)
		require.Equal(t, parsed, again)
	})
}

// Package ratelimit accepts what ParseRateLimit accepts, with the same meaning.
func FuzzParseRateLimit(f *testing.F) {
	for _, seed := range []string{
		"10/s", "100/m", "1000/h", "10/s,burst=20", "1000000/s", "1000001/s", "1/h,burst=8784",
		"1/h,burst=8785", "10", "10/", "/s", "10/S",
		"0/s", "10/s,burst=", "10/s,burst=0", "99999999999999999999/s", "+1/s", "1_0/s", "10/d", "10r/s", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, rate string) {
		parsed, err := ParseRateLimit(rate)
		if err != nil {
			var value *ValueError
			require.ErrorAs(t, err, &value)
			if value.Suggestion != "" {
				_, err := ParseRateLimit(value.Suggestion)
				require.NoError(t, err, value.Suggestion)
			}
			return
		}
		require.NoError(t, ratelimit.Rate{Requests: parsed.Requests, Per: parsed.unit.duration, Burst: parsed.Burst}.Check())
	})
}

// ParseRateLimit accepts the largest rates of package ratelimit, and no larger
// ones.
func TestLargestRates(t *testing.T) {
	for rate, same := range map[string]ratelimit.Rate{
		"1000000/s":          ratelimit.PerSecond(1_000_000),
		"1000001/s":          ratelimit.PerSecond(1_000_001),
		"1/s,burst=1000000":  ratelimit.PerSecond(1).WithBurst(1_000_000),
		"1/s,burst=1000001":  ratelimit.PerSecond(1).WithBurst(1_000_001),
		"1/h,burst=8784":     ratelimit.PerHour(1).WithBurst(8784),
		"1/h,burst=8785":     ratelimit.PerHour(1).WithBurst(8785),
		"7/m,burst=1000000":  ratelimit.PerMinute(7).WithBurst(1_000_000),
		"60/h,burst=1000000": ratelimit.PerHour(60).WithBurst(1_000_000),
	} {
		_, err := ParseRateLimit(rate)
		assert.Equal(t, same.Check() == nil, err == nil, rate)
	}
}
