package auth

import (
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
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

// Claims are the members of a token's JSON object (RFC 7519, section 4).
type Claims map[string]any

// Text returns a claim that is a string, or "" for any other claim.
func (c Claims) Text(name string) string {
	text, _ := c[name].(string)
	return text
}

// ID returns a claim that is a string or a number, formatted as a string, or ""
// for any other claim. It also returns "" for a number from JSON that is too
// large to be exact, because two users could then have the same ID.
func (c Claims) ID(name string) string {
	const maxExact = 1 << 53
	switch claim := c[name].(type) {
	case float64:
		if math.IsNaN(claim) || math.Abs(claim) > maxExact {
			return ""
		}
		return strconv.FormatFloat(claim, 'f', -1, 64)
	case int, int32, int64, uint, uint32, uint64, json.Number:
		return fmt.Sprint(claim)
	}
	return c.Text(name)
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
		list := make([]string, 0, len(claim))
		for _, element := range claim {
			if text, ok := element.(string); ok {
				list = append(list, text)
			}
		}
		if len(list) > 0 {
			return list
		}
	}
	return nil
}

// Roles returns the roles of the user. Like RedwoodJS, it reads them from the
// claim roles or, if there is none, from app_metadata.roles, where Netlify and
// Supabase keep them, or from app_metadata.authorization.roles. It does not read
// user_metadata, which users can change themselves.
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

// Keys returns the public keys that can verify a token, given the key id (kid)
// and the algorithm (alg) of its header. The id is "" if the header has none.
// Package jwks, which "fngen add jwks" adds to a project, fetches the keys that
// an issuer publishes.
type Keys func(ctx context.Context, id, algorithm string) ([]crypto.PublicKey, error)

// JWTOptions describe the tokens that JWT accepts. Set either SecretEnv or
// Keys.
type JWTOptions struct {
	// SecretEnv is the name of the environment variable with the secret that
	// signs tokens. The variable is read for every token.
	SecretEnv string

	// Keys returns the public keys of the issuer. An issuer with a key pair
	// usually serves many applications. With Keys, therefore, Issuer is
	// required, one of Audience and AnyAudience is required, and tokens must
	// expire.
	Keys Keys

	// Algorithms lists the signature algorithms to accept. With SecretEnv,
	// these are HS256 (the default), HS384 and HS512. With Keys, these are
	// RS256 (the default), RS384, RS512, PS256, PS384, PS512, ES256, ES384,
	// ES512 and EdDSA.
	Algorithms []string

	// Issuer is the exact value of the claim iss. If it is empty, the claim is
	// not checked.
	Issuer string

	// Audience lists the audiences to accept. A token must name at least one of
	// them. If the list is empty, the audience is not checked.
	Audience []string

	// AudienceClaim is the name of the claim with the audience. It defaults to
	// aud; some issuers use azp or client_id.
	AudienceClaim string

	// AnyAudience replaces Audience for an issuer that serves only this
	// application.
	AnyAudience bool

	// Leeway is the tolerated difference between this clock and the issuer's.
	Leeway time.Duration

	// Now returns the current time. It defaults to time.Now.
	Now func() time.Time
}

// JWT returns a Decoder of JSON Web Tokens (RFC 7519). It checks the signature,
// issuer, audience, expiry (exp) and not-before time (nbf) of each token. It
// accepts tokens in the Authorization header only with the scheme Bearer. If a
// required option is empty, for example because an environment variable is not
// set, the Decoder rejects every token with an error that names the option. JWT
// panics if the options contradict each other or name an unknown algorithm.
func JWT(o JWTOptions) Decoder {
	if err := o.validate(); err != nil {
		panic("auth: JWT: " + err.Error())
	}
	if o.AudienceClaim == "" {
		o.AudienceClaim = "aud"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	parser := jwt.NewParser(o.parserOptions()...)
	return func(ctx context.Context, token string) (Claims, error) {
		secret := os.Getenv(o.SecretEnv)
		if err := o.checkRequired(secret); err != nil {
			return nil, err
		}
		if err := checkScheme(ctx); err != nil {
			return nil, err
		}
		if len(token) > maxToken {
			return nil, fmt.Errorf("token of %d bytes exceeds %d", len(token), maxToken)
		}
		claims := jwt.MapClaims{}
		if _, err := parser.ParseWithClaims(token, claims, o.keyFunc(ctx, secret)); err != nil {
			return nil, fmt.Errorf("verifying: %w", err)
		}
		if err := o.checkClaims(Claims(claims)); err != nil {
			return nil, fmt.Errorf("verifying: %w", err)
		}
		return Claims(claims), nil
	}
}

// SharedSecret returns a Decoder of JSON Web Tokens that are signed with HS256
// (HMAC-SHA256) and the secret in the named environment variable. It checks
// neither the issuer nor the audience; use JWT for that.
func SharedSecret(env string) Decoder { return JWT(JWTOptions{SecretEnv: env}) }

// validate reports mistakes in the code that set the options.
func (o *JWTOptions) validate() error {
	allowed := []string{"HS256", "HS384", "HS512"}
	if o.Keys != nil {
		allowed = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
	}
	switch {
	case (o.SecretEnv == "") == (o.Keys == nil):
		return errors.New("set either SecretEnv or Keys")
	case o.Leeway < 0:
		return fmt.Errorf("negative leeway %s", o.Leeway)
	case o.AnyAudience && len(o.Audience) > 0:
		return errors.New("set either Audience or AnyAudience")
	}
	for _, algorithm := range o.Algorithms {
		if !slices.Contains(allowed, algorithm) {
			return fmt.Errorf("unknown algorithm %q, want one of %v", algorithm, allowed)
		}
	}
	return nil
}

// checkRequired reports options that are empty but required. They may come from
// the environment, so this is not checked before the first token.
func (o *JWTOptions) checkRequired(secret string) error {
	switch {
	case o.Keys == nil && secret == "":
		return errors.New("environment variable " + o.SecretEnv + " is not set")
	case slices.Contains(o.Audience, ""):
		return errors.New("option Audience contains an empty string")
	case o.Keys == nil:
		return nil
	case o.Issuer == "":
		return errors.New("option Issuer is not set")
	case len(o.Audience) == 0 && !o.AnyAudience:
		return errors.New("option Audience is not set")
	}
	return nil
}

func (o *JWTOptions) parserOptions() []jwt.ParserOption {
	algorithms := o.Algorithms
	switch {
	case len(algorithms) > 0:
	case o.Keys != nil:
		algorithms = []string{"RS256"}
	default:
		algorithms = []string{"HS256"}
	}
	// The parser ignores exp if it is 0, and overflows for large times. Check
	// the claims ourselves.
	return []jwt.ParserOption{jwt.WithValidMethods(algorithms), jwt.WithoutClaimsValidation()}
}

// checkScheme rejects a token that was sent with another scheme than Bearer. It
// accepts a token that the caller took from a cookie.
func checkScheme(ctx context.Context) error {
	credentials, ok := RequestCredentials(ctx)
	if !ok || credentials.Scheme == CookieScheme || strings.EqualFold(credentials.Scheme, "Bearer") {
		return nil
	}
	return errors.New("authorization scheme is not Bearer")
}

// keyFunc returns the function that gives the parser its keys. The type of a
// key must match the algorithm, so a public key is never used as an HMAC
// secret.
func (o *JWTOptions) keyFunc(ctx context.Context, secret string) jwt.Keyfunc {
	return func(token *jwt.Token) (any, error) {
		if _, ok := token.Header["crit"]; ok { // RFC 7515, section 4.1.11
			return nil, errors.New("critical header extensions (crit) are not supported")
		}
		if o.Keys == nil {
			return []byte(secret), nil
		}
		id, isString := token.Header["kid"].(string)
		if _, present := token.Header["kid"]; present && !isString {
			return nil, errors.New("key id (kid) is not a string")
		}
		keys, err := o.Keys(ctx, id, token.Method.Alg())
		if err != nil {
			return nil, err
		}
		set := jwt.VerificationKeySet{Keys: make([]jwt.VerificationKey, len(keys))}
		for i, key := range keys {
			set.Keys[i] = key
		}
		return set, nil
	}
}

func (o *JWTOptions) checkClaims(claims Claims) error {
	if err := o.checkTimes(claims); err != nil {
		return err
	}
	if o.Issuer != "" && claims["iss"] != o.Issuer {
		return jwt.ErrTokenInvalidIssuer
	}
	if len(o.Audience) == 0 {
		return nil
	}
	for _, audience := range claims.List(o.AudienceClaim) {
		if slices.Contains(o.Audience, audience) {
			return nil
		}
	}
	return fmt.Errorf("claim %s names none of the accepted audiences", o.AudienceClaim)
}

// checkTimes checks exp, nbf and iat (RFC 7519, section 4.1). Like the npm
// packages jose and jsonwebtoken, it compares them with the whole seconds of the
// clock. Any number is a time, including 0, fractions and times in the far
// future.
func (o *JWTOptions) checkTimes(claims Claims) error {
	for _, name := range []string{"exp", "nbf", "iat"} {
		if claim, ok := claims[name]; ok {
			if _, ok := claim.(float64); !ok {
				return fmt.Errorf("claim %s is not a number", name)
			}
		}
	}
	now, leeway := float64(o.Now().Unix()), o.Leeway.Seconds()
	exp, expires := claims["exp"].(float64)
	nbf, delayed := claims["nbf"].(float64)
	switch {
	case !expires && o.Keys != nil:
		return errors.New("claim exp is required")
	case expires && exp <= now-leeway:
		return jwt.ErrTokenExpired
	case delayed && nbf > now+leeway:
		return jwt.ErrTokenNotValidYet
	}
	return nil
}
