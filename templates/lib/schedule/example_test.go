package schedule_test

import (
	"fmt"
	"time"

	"github.com/fngen/fngen/templates/lib/schedule"
)

func ExampleSchedule_Next() {
	s, err := schedule.Parse("CRON_TZ=Europe/Berlin 30 2 * * *")
	if err != nil {
		panic(err)
	}
	t := time.Date(2026, time.March, 28, 12, 0, 0, 0, time.UTC)
	for range 2 {
		t = s.Next(t)
		fmt.Println(t)
	}
	// Output:
	// 2026-03-29 03:00:00 +0200 CEST
	// 2026-03-30 02:30:00 +0200 CEST
}
