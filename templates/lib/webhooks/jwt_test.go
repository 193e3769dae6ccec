package webhooks_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/lib/webhooks"
)

func TestJWT(t *testing.T) {
	now := time.Unix(1700000000, 0)
	digest := sha256.Sum256([]byte(payload))
	hash := hex.EncodeToString(digest[:])
	sign := func(method jwt.SigningMethod, key any, claims jwt.MapClaims) string {
		signed, err := jwt.NewWithClaims(method, claims).SignedString(key)
		require.NoError(t, err)
		return signed
	}
	hs := func(claims jwt.MapClaims) string { return sign(jwt.SigningMethodHS256, []byte(secret), claims) }
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)

	good := jwt.MapClaims{"iss": "netlify", "sha256": hash}
	parts := strings.Split(hs(good), ".")
	tests := map[string]struct {
		token        string
		jwt, netlify bool // whether it verifies
	}{
		"valid":   {hs(good), true, true},
		"HS384":   {sign(jwt.SigningMethodHS384, []byte(secret), good), true, false},
		"HS512":   {sign(jwt.SigningMethodHS512, []byte(secret), good), true, false},
		"no hash": {hs(jwt.MapClaims{"iss": "netlify"}), true, false},
		"hash of another payload": {
			hs(jwt.MapClaims{"iss": "netlify", "sha256": strings.Repeat("0", 64)}), false, false,
		},
		"hash is null":     {hs(jwt.MapClaims{"iss": "netlify", "sha256": nil}), false, false},
		"hash is a number": {hs(jwt.MapClaims{"iss": "netlify", "sha256": 1}), false, false},
		"hash is a list":   {hs(jwt.MapClaims{"iss": "netlify", "sha256": []string{hash}}), false, false},
		"wrong issuer":     {hs(jwt.MapClaims{"iss": "evil", "sha256": hash}), true, false},
		"no issuer":        {hs(jwt.MapClaims{"sha256": hash}), true, false},
		"expired": {
			hs(jwt.MapClaims{"iss": "netlify", "sha256": hash, "exp": now.Unix() - 1}), false, false,
		},
		"about to expire": {
			hs(jwt.MapClaims{"iss": "netlify", "sha256": hash, "exp": now.Unix() + 1}), true, true,
		},
		"not valid yet": {
			hs(jwt.MapClaims{"iss": "netlify", "sha256": hash, "nbf": now.Unix() + 1}), false, false,
		},
		"malformed expiry": {hs(jwt.MapClaims{"iss": "netlify", "sha256": hash, "exp": "never"}), false, false},
		// jsonwebtoken 9.0.3 does the same with these times.
		"expires at 0": {
			hs(jwt.MapClaims{"iss": "netlify", "sha256": hash, "exp": 0}), false, false,
		},
		"expires before 1970": {
			hs(jwt.MapClaims{"iss": "netlify", "sha256": hash, "exp": -1}), false, false,
		},
		"expires now": {
			hs(jwt.MapClaims{"iss": "netlify", "sha256": hash, "exp": now.Unix()}), false, false,
		},
		"expires in the far future": {
			hs(jwt.MapClaims{"iss": "netlify", "sha256": hash, "exp": 1e300}), true, true,
		},
		"expires in a fraction": {
			hs(jwt.MapClaims{"iss": "netlify", "sha256": hash, "exp": float64(now.Unix()) + 0.5}), true, true,
		},
		"expiry is null": {
			hs(jwt.MapClaims{"iss": "netlify", "sha256": hash, "exp": nil}), false, false,
		},
		"expiry is bool": {
			hs(jwt.MapClaims{"iss": "netlify", "sha256": hash, "exp": true}), false, false,
		},
		"valid from 0": {
			hs(jwt.MapClaims{"iss": "netlify", "sha256": hash, "nbf": 0}), true, true,
		},
		"valid from the far future": {
			hs(jwt.MapClaims{"iss": "netlify", "sha256": hash, "nbf": 1e300}), false, false,
		},
		"valid in a fraction": {
			hs(jwt.MapClaims{"iss": "netlify", "sha256": hash, "nbf": float64(now.Unix()) + 0.5}), false, false,
		},
		"not-before is string": {
			hs(jwt.MapClaims{"iss": "netlify", "sha256": hash, "nbf": "1"}), false, false,
		},
		"wrong secret":         {sign(jwt.SigningMethodHS256, []byte(other), good), false, false},
		"empty secret":         {sign(jwt.SigningMethodHS256, []byte(""), good), false, false},
		"alg none":             {sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, good), false, false},
		"RS256":                {sign(jwt.SigningMethodRS256, private, good), false, false},
		"no signature":         {parts[0] + "." + parts[1] + ".", false, false},
		"two segments":         {parts[0] + "." + parts[1], false, false},
		"header with alg none": {"eyJhbGciOiJub25lIn0." + parts[1] + "." + parts[2], false, false},
		"Bearer":               {"Bearer " + hs(good), false, false},
		"not a token":          {"token", false, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for scheme, want := range map[webhooks.Scheme]bool{webhooks.JWT: tt.jwt, webhooks.Netlify: tt.netlify} {
				err := webhooks.VerifySignature(scheme, payload, tt.token,
					webhooks.Options{Secret: secret, Now: clock(now)})
				assert.Equal(t, want, err == nil, "%s: %v", scheme, err)
				if err != nil {
					assert.ErrorIs(t, err, webhooks.ErrVerification)
					assert.NotContains(t, err.Error(), secret)
				}
			}
		})
	}

	// A public key in place of the secret must not verify RS256 tokens.
	confused := sign(jwt.SigningMethodRS256, private, good)
	requireRejected(t,
		webhooks.VerifySignature(webhooks.JWT, payload, confused,
			webhooks.Options{Secret: "-----BEGIN PUBLIC KEY-----"}))
}

func TestIssuer(t *testing.T) {
	options := webhooks.Options{Secret: secret, Issuer: "builder"}
	event := events.APIGatewayProxyRequest{Body: payload}
	signed, err := webhooks.SignEvent(webhooks.JWT, event, options)
	require.NoError(t, err)
	require.NoError(t, webhooks.VerifyEvent(webhooks.JWT, signed, options))
	for _, issuer := range []string{"Builder", "builder ", "another"} {
		requireRejected(t, webhooks.VerifyEvent(webhooks.JWT, signed, webhooks.Options{Secret: secret, Issuer: issuer}))
	}

	// The default issuer of the Netlify scheme is netlify.
	signed, err = webhooks.SignEvent(webhooks.Netlify, event, webhooks.Options{Secret: secret})
	require.NoError(t, err)
	require.NoError(t,
		webhooks.VerifyEvent(webhooks.Netlify, signed, webhooks.Options{Secret: secret, Issuer: "netlify"}))
	requireRejected(t, webhooks.VerifyEvent(webhooks.Netlify, signed, options))

	// The token is a standard JWT.
	claims := jwt.MapClaims{}
	token, err := jwt.ParseWithClaims(signed.Headers["x-webhook-signature"], claims,
		func(*jwt.Token) (any, error) { return []byte(secret), nil })
	require.NoError(t, err)
	assert.Equal(t, "HS256", token.Method.Alg())
	digest := sha256.Sum256([]byte(payload))
	assert.Equal(t, hex.EncodeToString(digest[:]), claims["sha256"])
	assert.Equal(t, "netlify", claims["iss"])
}
