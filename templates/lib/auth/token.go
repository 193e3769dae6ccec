package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// SecretEnv is the name of the environment variable with the secret that the
// providers in Decoders sign their tokens with.
const SecretEnv = "AUTH_JWT_SECRET" // #nosec G101 -- the name of a secret

// maxToken is the maximum size of a token in bytes. API Gateway accepts headers
// of 10 KB, and browsers store cookies of 4 KB.
const maxToken = 16 << 10

// A Decoder verifies a token and returns its claims. If it returns an error,
// the error is logged and no user is signed in. If it returns neither claims
// nor an error, the request is anonymous and nothing is logged.
// [RequestCredentials] returns the other credentials of the request.
type Decoder func(ctx context.Context, token string) (Claims, error)

// SharedSecret returns a Decoder of JSON Web Tokens (RFC 7519) that are signed
// with HS256 (HMAC-SHA256) and the secret in the environment variable env. It
// checks the signature, the expiry (exp) and the not-before time (nbf). If
// audiences are given, the claim aud must name one of them.
func SharedSecret(env string, audiences ...string) Decoder {
	return func(ctx context.Context, token string) (Claims, error) {
		secret := os.Getenv(env)
		if secret == "" {
			return nil, errors.New("environment variable " + env + " is not set")
		}
		key := func(*jwt.Token) (any, error) { return []byte(secret), nil }
		return verify(ctx, token, []string{"HS256"}, key, func(claims Claims) error {
			return cmp.Or(claims.checkTimes(time.Now(), 0), claims.checkAudience("aud", audiences))
		})
	}
}

// verify verifies the signature of a JSON Web Token with one of the algorithms
// and returns its claims, if check accepts them. The type of a key must match
// the algorithm, so a public key is never used as an HMAC secret.
func verify(
	ctx context.Context, token string, algorithms []string, key jwt.Keyfunc, check func(Claims) error,
) (Claims, error) {
	c, ok := RequestCredentials(ctx)
	if ok && c.Scheme != CookieScheme && !strings.EqualFold(c.Scheme, "Bearer") {
		return nil, errors.New("authorization scheme is not Bearer")
	}
	if len(token) > maxToken {
		return nil, fmt.Errorf("token of %d bytes exceeds %d", len(token), maxToken)
	}
	// The parser would ignore exp if it is 0, and overflow for large times.
	parser := jwt.NewParser(jwt.WithValidMethods(algorithms), jwt.WithoutClaimsValidation())
	claims := Claims{}
	_, err := parser.ParseWithClaims(token, jwt.MapClaims(claims), func(t *jwt.Token) (any, error) {
		if _, ok := t.Header["crit"]; ok { // RFC 7515, section 4.1.11
			return nil, errors.New("critical header extensions (crit) are not supported")
		}
		return key(t)
	})
	if err == nil {
		err = check(claims)
	}
	if err != nil {
		return nil, fmt.Errorf("verifying: %w", err)
	}
	return claims, nil
}

// Claims are the members of a token's JSON object (RFC 7519, section 4).
type Claims map[string]any

// Text returns a claim that is a string, or "" for any other claim.
func (c Claims) Text(name string) string {
	text, _ := c[name].(string)
	return text
}

// List returns a claim that is a string or a list of strings. It omits elements
// that are not strings.
func (c Claims) List(name string) []string {
	switch claim := c[name].(type) {
	case string:
		return []string{claim}
	case []string:
		return claim
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

// Roles returns the roles of the user. Like RedwoodJS, it reads them from the
// claim roles or, if there is none, from app_metadata.roles, where Netlify and
// Supabase keep them, or from app_metadata.authorization.roles. It does not
// read user_metadata, which users can change themselves.
func (c Claims) Roles() []string {
	if c["roles"] != nil {
		return c.List("roles")
	}
	metadata := c.object("app_metadata")
	if metadata["roles"] != nil {
		return metadata.List("roles")
	}
	return metadata.object("authorization").List("roles")
}

func (c Claims) object(name string) Claims {
	object, _ := c[name].(map[string]any)
	return object
}

// checkTimes checks exp, nbf and iat (RFC 7519, section 4.1). Like the npm
// packages jose and jsonwebtoken, it compares them with the whole seconds of
// the clock. Any number is a time, including 0, fractions and times in the far
// future.
func (c Claims) checkTimes(clock time.Time, leeway time.Duration) error {
	for _, name := range []string{"exp", "nbf", "iat"} {
		if claim, ok := c[name]; ok {
			if _, ok := claim.(float64); !ok {
				return fmt.Errorf("claim %s is not a number", name)
			}
		}
	}
	now := float64(clock.Unix())
	if exp, ok := c["exp"].(float64); ok && exp <= now-leeway.Seconds() {
		return jwt.ErrTokenExpired
	}
	if nbf, ok := c["nbf"].(float64); ok && nbf > now+leeway.Seconds() {
		return jwt.ErrTokenNotValidYet
	}
	return nil
}

// checkAudience checks that a claim names one of the audiences, if there are
// any.
func (c Claims) checkAudience(claim string, audiences []string) error {
	accepted := func(audience string) bool { return audience != "" && slices.Contains(audiences, audience) }
	if len(audiences) == 0 || slices.ContainsFunc(c.List(claim), accepted) {
		return nil
	}
	return fmt.Errorf("claim %s names none of the accepted audiences", claim)
}
