//go:build !linux

package watch

// Remote returns "". It is implemented for Linux only.
func Remote(string) string { return "" }
