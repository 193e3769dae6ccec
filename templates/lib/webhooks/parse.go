package webhooks

import "fmt"

// ParseScheme returns the scheme for senders of your own that has the given
// name, such as "sha256Verifier". The names are those of RedwoodJS's verifiers.
func ParseScheme(name string) (Scheme, error) {
	all := []Scheme{
		Skip, SecretKey, SHA1, SHA256, Base64SHA1, Base64SHA256, TimestampScheme, JWT,
		HMACSHA1Hex, HMACSHA1Base64, HMACSHA256Hex, HMACSHA256Base64, HMACSHA512Hex, HMACSHA512Base64,
	}
	for _, scheme := range all {
		if scheme.String() == name {
			return scheme, nil
		}
	}
	return nil, fmt.Errorf("unknown webhook scheme %q, want one of %s", name, all)
}
