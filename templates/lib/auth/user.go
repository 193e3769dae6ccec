package auth

import "context"

// A User is a signed-in user. Add the fields that your functions need.
type User struct {
	ID    string
	Roles []string
}

// Decoders maps the provider that a request names, in its auth-provider header
// or cookie, to the Decoder of its tokens. Tokens of other providers are not
// accepted. Use JWT for providers that sign with a private key, and DBAuth for
// RedwoodJS's dbAuth.
var Decoders = map[string]Decoder{
	"supabase": SharedSecret(SecretEnv),
	"netlify":  SharedSecret(SecretEnv),
	"custom":   SharedSecret(SecretEnv),
}

// GetCurrentUser returns the user that the claims of a verified token describe.
// This is the place to look the user up in a database. Return nil for a user
// who may no longer sign in.
func GetCurrentUser(_ context.Context, claims Claims) (*User, error) {
	return &User{ID: claims.Text("sub"), Roles: claims.List("roles")}, nil
}
