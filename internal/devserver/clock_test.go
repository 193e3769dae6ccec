package devserver

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/devpage"
	"github.com/fngen/fngen/templates/runtime/route"
)

// A diary is what a clock did, in order.
type diary struct {
	mu      sync.Mutex
	entries []string
}

func (d *diary) add(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.entries = append(d.entries, fmt.Sprintf(format, args...))
}

func (d *diary) take() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	entries := d.entries
	d.entries = nil
	return entries
}

func onSchedule(name, expression string) Function {
	return Function{Function: route.Function{Name: name}, Event: "schedule", Schedule: expression}
}

// newTestClock returns a clock whose runs take the given time.
func newTestClock(takes time.Duration) (*clock, *diary) {
	d := &diary{}
	return &clock{
		run: func(f Function, due time.Time) {
			d.add("%s %s", f.Name, due.UTC().Format("15:04"))
			time.Sleep(takes)
		},
		missed: func(f Function, why string) { d.add("%s missed: %s", f.Name, why) },
	}, d
}

// The time of a synctest bubble starts at midnight UTC, 2000-01-01.
func TestClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, d := newTestClock(time.Second)
		c.set(t.Context(), []Function{
			onSchedule("often", "*/20 * * * *"),
			onSchedule("berlin", "CRON_TZ=Europe/Berlin 30 1 * * *"),
			{Function: route.Function{Name: "web"}},
		})
		time.Sleep(time.Hour + time.Minute)
		assert.Equal(t, []string{"often 00:20", "berlin 00:30", "often 00:40", "often 01:00"}, d.take())
		c.end()
		time.Sleep(time.Hour)
		assert.Empty(t, d.take(), "the clock has stopped")
	})
}

// A reload neither loses nor repeats a run, and adopts new schedules.
func TestClockReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, d := newTestClock(0)
		c.set(t.Context(), []Function{onSchedule("a", "*/10 * * * *"), onSchedule("b", "*/30 * * * *")})
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		for range 3 {
			c.set(t.Context(), []Function{onSchedule("a", "*/10 * * * *"), onSchedule("b", "*/15 * * * *")})
			synctest.Wait()
		}
		assert.Equal(t, []string{"a 00:10"}, d.take())
		time.Sleep(10*time.Minute - time.Nanosecond)
		c.end()
		time.Sleep(time.Nanosecond) // it is due while nothing waits for it
		c.set(t.Context(), []Function{onSchedule("a", "*/10 * * * *")})
		synctest.Wait()
		assert.Equal(t, []string{"b 00:15", "a 00:20"}, d.take())
		c.end()
	})
}

func TestClockSkipsOverlaps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, d := newTestClock(150 * time.Second)
		functions := []Function{onSchedule("slow", "* * * * *"), onSchedule("other", "2 * * * *")}
		c.set(t.Context(), functions)
		time.Sleep(61 * time.Second)
		c.set(t.Context(), functions) // the run outlives a reload
		time.Sleep(3 * time.Minute)
		c.end()
		c.runs.Wait()
		const missed = "slow missed: its last run has not ended"
		assert.ElementsMatch(t, []string{"slow 00:01", missed, "other 00:02", missed, "slow 00:04"}, d.take())
	})
}

// A run that was due while the machine slept does not start.
func TestClockAfterSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, d := newTestClock(0)
		c.checked = time.Now().Add(-30 * time.Minute) // since when the clock has not run
		c.set(t.Context(), []Function{onSchedule("a", "*/20 * * * *"), onSchedule("b", "bad")})
		synctest.Wait()
		entries := d.take()
		assert.Contains(t, entries[0], `b missed: schedule "bad": `)
		assert.Equal(t, []string{
			"a missed: it was due at 1999-12-31 23:40:00, when this machine slept", "a 00:00",
		}, entries[1:])
		c.end()
	})
}

func TestInvokedFunction(t *testing.T) {
	for path, want := range map[string]string{
		"/2015-03-31/functions/cleanup/invocations":      "cleanup",
		"/2015-03-31/functions/slack/events/invocations": "slack/events",
		"/cleanup": "",
	} {
		assert.Equal(t, want, invokedFunction(path))
	}
}

// A run is sent to the program like a request, printed and recorded. The page
// runs a function in the same way.
func TestTick(t *testing.T) {
	s := newEcho(t)
	var out strings.Builder
	s.Stdout = &out
	due := time.Date(2026, 7, 1, 3, 0, 0, 0, time.UTC)
	s.tick(t.Context(), onSchedule("slack/cleanup", "0 3 * * *"), due)
	assert.Regexp(t, `^TICK   slack/cleanup  200  \d+ ms\n$`, out.String())
	records := s.page.Records()
	require.Len(t, records, 1)
	assert.Equal(t, "slack/cleanup", records[0].Function)
	assert.True(t, records[0].Event)
	assert.Equal(t, "/2015-03-31/functions/slack/cleanup/invocations", records[0].Target)
	assert.JSONEq(t, `{"schedule":"0 3 * * *","time":"2026-07-01T03:00:00Z","id":"2026-07-01T03:00:00Z"}`,
		string(records[0].Body.Data))
	assert.Nil(t, records[0].Failure)

	s.tick(t.Context(), onSchedule("broken", "0 3 * * *"), due)
	assert.Contains(t, out.String(), "TICK   broken  200 failed  ")
	assert.Equal(t, &devpage.Failure{Error: "as told", Stack: []string{"a"}}, s.page.Records()[1].Failure)
}
