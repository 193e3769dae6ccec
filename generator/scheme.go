package generator

import "fmt"

// A Scheme is a way to verify webhooks, as package webhooks has it.
type Scheme struct {
	Name  string // as in --webhook=NAME
	Ident string // the constant in package webhooks

	signs   bool // a signature is sent along
	payload bool // and it covers the payload
}

// DefaultScheme is the name of the scheme of a webhook where none is given.
const DefaultScheme = "sha256Verifier"

// Schemes lists them all, in the order in which help shows them.
func Schemes() []Scheme {
	return []Scheme{
		{Name: "skipVerifier", Ident: "Skip"},
		{Name: "secretKeyVerifier", Ident: "SecretKey", signs: true},
		{Name: "sha1Verifier", Ident: "SHA1", signs: true, payload: true},
		{Name: "sha256Verifier", Ident: "SHA256", signs: true, payload: true},
		{Name: "base64Sha1Verifier", Ident: "Base64SHA1", signs: true, payload: true},
		{Name: "base64Sha256Verifier", Ident: "Base64SHA256", signs: true, payload: true},
	}
}

// ParseScheme is the scheme of that name. The error is a *ValueError.
func ParseScheme(name string) (Scheme, error) {
	var names []string
	for _, scheme := range Schemes() {
		if scheme.Name == name {
			return scheme, nil
		}
		names = append(names, scheme.Name)
	}
	return Scheme{}, &ValueError{Reason: fmt.Sprintf("unknown scheme %q", name), Suggestion: Nearest(name, names)}
}
