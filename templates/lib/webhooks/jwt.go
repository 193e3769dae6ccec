package webhooks

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// JWT signs with a JSON Web Token (RFC 7519): HS256, HS384 or HS512. If the
// token has an expiry or a sha256 claim with the hash of the body in
// hexadecimal, it is checked. A token without that claim does not protect the
// body. If Options.Issuer is set, the token must have that issuer.
var JWT Scheme = &jwtScheme{
	name: "jwtVerifier", header: DefaultSignatureHeader, methods: []string{"HS256", "HS384", "HS512"},
}

type jwtScheme struct {
	name, header string
	methods      []string // accepted signing methods; the first one signs
	issuer       string   // expected unless Options.Issuer is set; "" accepts any
	requireHash  bool     // reject tokens without the sha256 claim
}

func (s *jwtScheme) String() string { return s.name }

func (s *jwtScheme) verify(m message, secret string) error {
	token, err := m.signature(s.header)
	if err != nil {
		return err
	}
	claims := jwt.MapClaims{}
	parser := jwt.NewParser(jwt.WithValidMethods(s.methods), jwt.WithoutClaimsValidation())
	if _, err := parser.ParseWithClaims(token, claims, func(*jwt.Token) (any, error) {
		return []byte(secret), nil
	}); err != nil {
		return err
	}
	if err := s.checkClaims(claims, &m.options); err != nil {
		return err
	}
	hash := sha256.New()
	m.writeBody(hash)
	claimed, ok := claims["sha256"]
	if ok && claimed != hex.EncodeToString(hash.Sum(nil)) || !ok && s.requireHash {
		return errors.New("the token's sha256 claim does not match the payload")
	}
	return nil
}

// checkClaims checks the issuer and the times of a token. The parser would
// ignore exp if it is 0, and overflow for large times. Like the npm package
// jsonwebtoken, checkClaims compares times with the whole seconds of the clock.
func (s *jwtScheme) checkClaims(claims jwt.MapClaims, o *Options) error {
	if issuer := s.expectedIssuer(o); issuer != "" && claims["iss"] != issuer {
		return jwt.ErrTokenInvalidIssuer
	}
	for _, name := range []string{"exp", "nbf"} {
		if claim, ok := claims[name]; ok {
			if _, ok := claim.(float64); !ok {
				return fmt.Errorf("claim %s is not a number", name)
			}
		}
	}
	now := float64(o.now().Unix())
	if exp, ok := claims["exp"].(float64); ok && exp <= now {
		return jwt.ErrTokenExpired
	}
	if nbf, ok := claims["nbf"].(float64); ok && nbf > now {
		return jwt.ErrTokenNotValidYet
	}
	return nil
}

func (s *jwtScheme) expectedIssuer(o *Options) string {
	if o.Issuer != "" {
		return o.Issuer
	}
	return s.issuer
}

// id leaves out the token's signature, which has several valid encodings.
func (s *jwtScheme) id(m *message) string {
	token, _ := m.signature(s.header)
	return m.contentID(token[:strings.LastIndex(token, ".")] + ".")
}

func (s *jwtScheme) sign(d *draft, secret string) error {
	hash := sha256.Sum256([]byte(d.body))
	claims := jwt.MapClaims{"iat": d.options.now().Unix(), "sha256": hex.EncodeToString(hash[:])}
	if issuer := s.expectedIssuer(&d.options); issuer != "" {
		claims["iss"] = issuer
	}
	token, err := jwt.NewWithClaims(jwt.GetSigningMethod(s.methods[0]), claims).SignedString([]byte(secret))
	if err != nil {
		return err
	}
	d.setSignature(s.header, token)
	return nil
}
