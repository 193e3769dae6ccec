// Package hint attaches to an error what its reader can do about it.
//
// The code that returns an error knows its context, so it also writes the
// hint. The command line prints the hint on a line of its own, below the
// error. An error type that composes its own hint has a method
// Hint() string; [With] serves all the others.
package hint

import (
	"errors"
	"fmt"
)

// New returns an error with a message and a hint.
func New(message, hint string) error {
	return &hinted{errors.New(message), hint}
}

// Newf returns an error with a hint and a message that is formatted as by
// [fmt.Errorf], so that the error can wrap others.
func Newf(hint, format string, args ...any) error {
	return &hinted{fmt.Errorf(format, args...), hint}
}

// With returns err with a hint. It returns nil if err is nil.
func With(err error, hint string) error {
	if err == nil {
		return nil
	}
	return &hinted{err, hint}
}

// Of returns the hint of err, or of the first error in its tree that has one.
// It returns "" if there is none.
func Of(err error) string {
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		return h.Hint()
	}
	return ""
}

type hinted struct {
	err  error
	hint string
}

func (e *hinted) Error() string { return e.err.Error() }
func (e *hinted) Unwrap() error { return e.err }
func (e *hinted) Hint() string  { return e.hint }
