package auth

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/golang-jwt/jwt/v5"
)

// SecretEnv names the environment variable of the secret that this function
// shares with who issues its tokens.
const SecretEnv = "AUTH_JWT_SECRET"

// A Decoder verifies a token and returns what it says. An error means that
// nobody is signed in.
type Decoder func(ctx context.Context, token string) (Claims, error)

// Claims are what a token says: the members of its JSON object (RFC 7519, section 4).
type Claims map[string]any

// Text is a claim that is a string, or "".
func (c Claims) Text(name string) string {
	text, _ := c[name].(string)
	return text
}

// List is a claim that is a string or a list of strings. What is neither is left out.
func (c Claims) List(name string) []string {
	switch claim := c[name].(type) {
	case string:
		return []string{claim}
	case []any:
		var list []string
		for _, element := range claim {
			if text, ok := element.(string); ok {
				list = append(list, text)
			}
		}
		return list
	}
	return nil
}

// SharedSecret decodes JSON Web Tokens that are signed by HMAC-SHA256 (HS256, and no other algorithm)
// with the secret in an environment variable, which is read for each token. A token
// that has expired or is not valid yet is refused, and all are while the variable is unset.
func SharedSecret(env string) Decoder {
	parser := jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}))
	return func(_ context.Context, token string) (Claims, error) {
		secret := os.Getenv(env)
		if secret == "" {
			return nil, errors.New("the secret is unset: " + env + " is empty")
		}
		claims := jwt.MapClaims{}
		if _, err := parser.ParseWithClaims(token, claims, func(*jwt.Token) (any, error) { return []byte(secret), nil }); err != nil {
			return nil, fmt.Errorf("verifying: %w", err)
		}
		return Claims(claims), nil
	}
}
