package webhooks

import "strings"

// items returns what follows prefix in the items of a header that start with
// it. Items after the 32nd do not count; Svix sends at most eleven.
func items(header, separator, prefix string) []string {
	var found []string
	for n, item, more := 0, "", true; more && n < 32; n++ {
		item, header, more = strings.Cut(header, separator)
		if value, ok := strings.CutPrefix(item, prefix); ok {
			found = append(found, value)
		}
	}
	return found
}
