package jobs

import (
	"context"
	"net/http"
)

// Events implements server.Jobs.
func (j *jobs) Events(func(context.Context, func(context.Context) error) error) http.Handler {
	if !j.takeEvents {
		return nil
	}
	return http.NotFoundHandler()
}
