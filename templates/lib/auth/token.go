package auth

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// SecretEnv names the environment variable of the secret that this function
// shares with who issues its tokens.
const SecretEnv = "AUTH_JWT_SECRET" // #nosec G101 -- a name, no secret

// maxToken bounds what is decoded. API Gateway takes headers of 10 KB, and a browser cookies of 4 KB.
const maxToken = 16 << 10

// A Decoder verifies a token and returns what it says. An error means that nobody is signed in,
// and is logged; no claims and no error mean it too, and are not. [RequestCredentials] has what else
// says whose the request is; anything more of it, middleware in front can put into the context.
type Decoder func(ctx context.Context, token string) (Claims, error)

// Claims are what a token says: the members of its JSON object (RFC 7519, section 4).
type Claims map[string]any

// Text is a claim that is a string, or "".
func (c Claims) Text(name string) string {
	text, _ := c[name].(string)
	return text
}

// ID is a claim that is a string or a number, as text, or "".
func (c Claims) ID(name string) string {
	if number, ok := c[name].(float64); ok {
		return strconv.FormatFloat(number, 'f', -1, 64)
	}
	return c.Text(name)
}

// List is a claim that is a string or a list of strings. What is neither is left out.
func (c Claims) List(name string) []string {
	switch claim := c[name].(type) {
	case string:
		return []string{claim}
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

// Keys finds the public keys that may have signed a token, by the id and the algorithm that
// its header has. The id is "" where the header has none. Package jwks, which fngen add jwks
// brings, has those that an issuer publishes.
type Keys func(ctx context.Context, id, algorithm string) ([]crypto.PublicKey, error)

// JWTOptions say which tokens count. One of SecretEnv and Keys has to be set.
type JWTOptions struct {
	// SecretEnv names the environment variable of the secret that signs. It is
	// read for each token.
	SecretEnv string

	// Keys has the public keys of who signs. Who does it for one function mostly does it for others:
	// so Issuer and Audience are needed then, and a token has to have an expiry.
	Keys Keys

	// Algorithms may sign, and no other: HS256 where it is empty and there is a secret, RS256 where
	// there are keys. With a secret it is of HS256, HS384 and HS512, with keys of
	// RS, PS and ES with 256, 384 and 512, and EdDSA.
	Algorithms []string

	// Issuer is the claim iss, to the letter.
	Issuer string

	// Audience are those of whom the token has to be for one.
	Audience []string

	// AudienceClaim is the claim that has the audience, where it is not aud: azp, or client_id.
	AudienceClaim string

	// AnyAudience is for an issuer that serves no other application, instead of an Audience.
	AnyAudience bool

	// Leeway is how far this clock and the issuer's may differ. Zero is not at all.
	Leeway time.Duration

	// Now is the clock, time.Now where it is nil.
	Now func() time.Time
}

// JWT decodes JSON Web Tokens (RFC 7519) whose signature, issuer, audience, expiry and not-before are
// as the options have it. What is unset, as what comes from the environment may be, refuses every
// token and says so in the log. Options that can never be right panic.
func JWT(o JWTOptions) Decoder {
	if err := o.check(); err != nil {
		panic("auth: JWT: " + err.Error())
	}
	if o.AudienceClaim == "" {
		o.AudienceClaim = "aud"
	}
	parser := jwt.NewParser(o.parserOptions()...)
	return func(ctx context.Context, token string) (Claims, error) {
		secret := o.secret()
		if err := o.unset(secret); err != nil {
			return nil, err
		}
		if len(token) > maxToken {
			return nil, fmt.Errorf("the token has %d bytes, more than %d", len(token), maxToken)
		}
		claims := jwt.MapClaims{}
		if _, err := parser.ParseWithClaims(token, claims, o.key(ctx, secret)); err != nil {
			return nil, fmt.Errorf("verifying: %w", err)
		}
		if err := o.checkAudience(Claims(claims)); err != nil {
			return nil, err
		}
		return Claims(claims), nil
	}
}

// SharedSecret decodes JSON Web Tokens that are signed by HMAC-SHA256 (HS256, and no other algorithm)
// with the secret in an environment variable, which is read for each token. A token
// that has expired or is not valid yet is refused, and all are while the variable is unset.
func SharedSecret(env string) Decoder { return JWT(JWTOptions{SecretEnv: env}) }

// check finds what can never be right.
func (o *JWTOptions) check() error {
	allowed := []string{"HS256", "HS384", "HS512"}
	if o.Keys != nil {
		allowed = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
	}
	switch {
	case (o.SecretEnv == "") == (o.Keys == nil):
		return errors.New("want one of SecretEnv and Keys")
	case o.Leeway < 0:
		return fmt.Errorf("the leeway %s is negative", o.Leeway)
	case o.AnyAudience && len(o.Audience) > 0:
		return errors.New("want one of Audience and AnyAudience")
	}
	for _, algorithm := range o.Algorithms {
		if !slices.Contains(allowed, algorithm) {
			return fmt.Errorf("the algorithm %q is none of %v", algorithm, allowed)
		}
	}
	return nil
}

// unset finds what is missing, and may be there in another environment.
func (o *JWTOptions) unset(secret string) error {
	switch {
	case o.Keys == nil && secret == "":
		return errors.New("the secret is unset: " + o.SecretEnv + " is empty")
	case slices.Contains(o.Audience, ""):
		return errors.New("an audience is empty")
	case o.Keys == nil:
		return nil
	case o.Issuer == "":
		return errors.New("the issuer is unset")
	case len(o.Audience) == 0 && !o.AnyAudience:
		return errors.New("the audience is unset")
	}
	return nil
}

// secret is the one that signs, "" where there are keys.
func (o *JWTOptions) secret() string {
	if o.Keys != nil {
		return ""
	}
	return os.Getenv(o.SecretEnv)
}

func (o *JWTOptions) parserOptions() []jwt.ParserOption {
	algorithms := o.Algorithms
	options := []jwt.ParserOption{jwt.WithLeeway(o.Leeway)}
	switch {
	case o.Keys != nil:
		options = append(options, jwt.WithExpirationRequired())
		if len(algorithms) == 0 {
			algorithms = []string{"RS256"}
		}
	case len(algorithms) == 0:
		algorithms = []string{"HS256"}
	}
	options = append(options, jwt.WithValidMethods(algorithms))
	if o.Issuer != "" {
		options = append(options, jwt.WithIssuer(o.Issuer))
	}
	if o.Now != nil {
		options = append(options, jwt.WithTimeFunc(o.Now))
	}
	return options
}

// key is what the parser asks for keys. The kind of a key fits the algorithm: HMAC takes
// bytes alone, which no public key is.
func (o *JWTOptions) key(ctx context.Context, secret string) jwt.Keyfunc {
	return func(token *jwt.Token) (any, error) {
		if _, ok := token.Header["crit"]; ok { // RFC 7515, section 4.1.11
			return nil, errors.New("its header has extensions that must be understood, and none is")
		}
		if o.Keys == nil {
			return []byte(secret), nil
		}
		id, ok := token.Header["kid"].(string)
		if _, has := token.Header["kid"]; has && !ok {
			return nil, errors.New("the key's id is not text")
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

func (o *JWTOptions) checkAudience(claims Claims) error {
	if len(o.Audience) == 0 {
		return nil
	}
	for _, audience := range claims.List(o.AudienceClaim) {
		if slices.Contains(o.Audience, audience) {
			return nil
		}
	}
	return fmt.Errorf("verifying: its claim %s names none of the audience", o.AudienceClaim)
}
