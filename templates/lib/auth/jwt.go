package auth

import (
	"cmp"
	"context"
	"crypto"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// A Keys function returns the public keys that can verify a token, given the
// key ID (kid) and the algorithm (alg) of its header. The ID is "" if the
// header does not have one. Package jwks, which "fngen add jwks" adds to a
// project, fetches the keys that an issuer publishes.
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

	// AnyAudience accepts tokens for any audience. Set it instead of Audience
	// if the issuer serves only this application.
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
	if len(o.Algorithms) == 0 && o.Keys != nil {
		o.Algorithms = []string{"RS256"}
	} else if len(o.Algorithms) == 0 {
		o.Algorithms = []string{"HS256"}
	}
	if o.AudienceClaim == "" {
		o.AudienceClaim = "aud"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return func(ctx context.Context, token string) (Claims, error) {
		secret := os.Getenv(o.SecretEnv)
		if err := o.checkRequired(secret); err != nil {
			return nil, err
		}
		return verify(ctx, token, o.Algorithms, o.keyFunc(ctx, secret), o.checkClaims)
	}
}

// validate returns an error if the options contradict each other or name an
// unknown algorithm.
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

// checkRequired returns an error if a required option is empty. The options may
// come from the environment, so they are not checked before the first token.
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

// keyFunc returns the function that finds the keys for a token.
func (o *JWTOptions) keyFunc(ctx context.Context, secret string) jwt.Keyfunc {
	return func(token *jwt.Token) (any, error) {
		if o.Keys == nil {
			return []byte(secret), nil
		}
		id, isString := token.Header["kid"].(string)
		if _, present := token.Header["kid"]; present && !isString {
			return nil, errors.New("key ID (kid) is not a string")
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
	switch {
	case o.Keys != nil && claims["exp"] == nil:
		return errors.New("claim exp is required")
	case o.Issuer != "" && claims["iss"] != o.Issuer:
		return jwt.ErrTokenInvalidIssuer
	}
	return cmp.Or(claims.checkTimes(o.Now(), o.Leeway), claims.checkAudience(o.AudienceClaim, o.Audience))
}
