package events3

import (
	"testing"

	"example.com/golden/api/src/lib/fntest"
	"example.com/golden/api/src/lib/scenario"
)

func TestHandler(t *testing.T) {
	standard.Run(t, "handles an object", func(t *scenario.T, s *Scenario) {
		event := fntest.S3("bucket", "photos/my cat.jpg")
		if err := Handler(fntest.Context(t), event); err != nil {
			t.Errorf("Handler: %v", err)
		}
	})
}
