package auth

import "context"

// A User is who is signed in. Add what your functions want to know of them.
type User struct {
	ID    string
	Roles []string
}

// Decoders verify tokens, by the provider that a request names in its
// auth-provider header. A provider that is not listed signs nobody in.
var Decoders = map[string]Decoder{
	"supabase": SharedSecret(SecretEnv),
	"netlify":  SharedSecret(SecretEnv),
	"custom":   SharedSecret(SecretEnv),
}

// GetCurrentUser is the user of a verified token; claims is what the token says.
// Look the user up here, and return nil for who may not sign in any more.
func GetCurrentUser(_ context.Context, claims Claims) (*User, error) {
	return &User{ID: claims.Text("sub"), Roles: claims.List("roles")}, nil
}
