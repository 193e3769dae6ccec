package auth

import (
	"context"
	"errors"
	"strings"
)

// A User is a signed-in user. Add the fields that your functions need.
type User struct {
	ID    string
	Roles []string
}

// Decoders maps the provider that a request names, in its auth-provider header
// or cookie, to the Decoder of its tokens. Tokens of other providers are not
// accepted. Delete the providers that you do not use, because the client
// chooses which one verifies its token. "fngen add auth/jwt" adds JWT, for
// providers that sign with a private key, and "fngen add auth/dbauth" adds DBAuth,
// for RedwoodJS's dbAuth.
var Decoders = map[string]Decoder{
	"supabase": SharedSecret(SecretEnv, "authenticated"),
	"netlify":  SharedSecret(SecretEnv),
	"custom":   SharedSecret(SecretEnv),
}

// GetCurrentUser returns the user that the claims of a verified token describe.
// This is the place to look the user up in a database. Return nil for a user
// who may no longer sign in.
func GetCurrentUser(_ context.Context, claims Claims) (*User, error) {
	id := claims.Text("sub")
	if strings.TrimSpace(id) == "" {
		// Some tokens belong to no user, such as Supabase's public anon key.
		return nil, errors.New("token has no subject (sub)")
	}
	return &User{ID: id, Roles: claims.Roles()}, nil
}
