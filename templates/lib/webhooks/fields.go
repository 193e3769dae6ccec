package webhooks

import "strings"

// fields returns the timestamp and the signatures in a header such as
// t=1700000000,v1=5257a8,v1=6ffbb5. Fields after the 32nd do not count.
func fields(header, separator, timeName, signatureName string) (timestamp string, signatures []string) {
	for n, field, more := 0, "", true; more && n < 32; n++ {
		field, header, more = strings.Cut(header, separator)
		switch name, value, _ := strings.Cut(field, "="); name {
		case timeName:
			timestamp = value
		case signatureName:
			signatures = append(signatures, value)
		}
	}
	return timestamp, signatures
}
