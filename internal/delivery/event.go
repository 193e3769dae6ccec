package delivery

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"time"
)

// events has a directory for each kind of function that is called with an event
// of an AWS service, with a file for each event as the service sends it. The
// data are made up. Placeholders are as in samples.
//
//go:embed events
var events embed.FS

// Events returns the sorted names of the sample events of a kind of function,
// such as s3.
func Events(kind string) []string { return namesIn(events, path.Join("events", kind)) }

// Event returns a sample event in JSON, as AWS would send it at the given time.
// Its ID is derived from random. If there is no such event, the error is an
// *UnknownError.
func Event(kind, name string, at time.Time, random [16]byte) ([]byte, error) {
	if names := Events(kind); !slices.Contains(names, name) {
		return nil, &UnknownError{kind, name, names}
	}
	data, err := events.ReadFile(path.Join("events", kind, name) + ".json")
	if err != nil {
		return nil, err
	}
	var event bytes.Buffer
	if err := json.Compact(&event, fill(data, at, random)); err != nil {
		return nil, fmt.Errorf("decoding event %s of %s: %w", name, kind, err)
	}
	return event.Bytes(), nil
}
