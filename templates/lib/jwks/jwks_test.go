package jwks_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/lib/auth"
	"github.com/fngen/fngen/templates/lib/fn"
	"github.com/fngen/fngen/templates/lib/jwks"
)

const (
	issuer   = "https://issuer.example.com/"
	audience = "https://api.example.com"
)

// A signer is the private key of an issuer.
type signer struct {
	id     string
	method jwt.SigningMethod
	key    crypto.Signer
}

func newSigner(tb testing.TB, id, algorithm string) signer {
	tb.Helper()
	var (
		key crypto.Signer
		err error
	)
	switch algorithm {
	case "RS256", "RS512", "PS256":
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	case "ES256":
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ES384":
		key, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "ES512":
		key, err = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case "EdDSA":
		_, key, err = ed25519.GenerateKey(rand.Reader)
	default:
		tb.Fatal(algorithm)
	}
	require.NoError(tb, err)
	return signer{id, jwt.GetSigningMethod(algorithm), key}
}

// token returns a token for subject that is valid for an hour from now.
func (s signer) token(tb testing.TB, subject string, now time.Time) string {
	tb.Helper()
	unsigned := jwt.NewWithClaims(s.method, jwt.MapClaims{
		"sub": subject, "iss": issuer, "aud": audience, "exp": now.Add(time.Hour).Unix(),
	})
	if s.id != "" {
		unsigned.Header["kid"] = s.id
	}
	signed, err := unsigned.SignedString(s.key)
	require.NoError(tb, err)
	return signed
}

type jwk = map[string]any

// jwk returns the signer's public key as a JSON Web Key (RFC 7518, section 6).
// Changes are pairs of a name and a value; nil deletes the member.
func (s signer) jwk(changes ...any) jwk {
	b64 := base64.RawURLEncoding.EncodeToString
	k := jwk{"use": "sig", "alg": s.method.Alg()}
	if s.id != "" {
		k["kid"] = s.id
	}
	switch public := s.key.Public().(type) {
	case *rsa.PublicKey:
		k["kty"], k["n"], k["e"] = "RSA", b64(public.N.Bytes()), b64(big.NewInt(int64(public.E)).Bytes())
	case *ecdsa.PublicKey:
		size := (public.Params().BitSize + 7) / 8
		point, err := public.Bytes() // the byte 4, x, y
		if err != nil {
			panic(err)
		}
		k["kty"], k["crv"], k["x"], k["y"] = "EC", public.Params().Name, b64(point[1:1+size]), b64(point[1+size:])
	case ed25519.PublicKey:
		k["kty"], k["crv"], k["x"] = "OKP", "Ed25519", b64(public)
	}
	for i := 0; i < len(changes); i += 2 {
		if changes[i+1] == nil {
			delete(k, changes[i].(string))
		} else {
			k[changes[i].(string)] = changes[i+1]
		}
	}
	return k
}

// An endpoint is a local HTTP server of an issuer.
type endpoint struct {
	*httptest.Server
	hits    atomic.Int64
	handler atomic.Pointer[http.HandlerFunc]
}

func newEndpoint(tb testing.TB, start func(http.Handler) *httptest.Server) *endpoint {
	tb.Helper()
	e := &endpoint{}
	e.Server = start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.hits.Add(1)
		(*e.handler.Load())(w, r)
	}))
	tb.Cleanup(e.Close)
	return e
}

func (e *endpoint) serve(h http.HandlerFunc) { e.handler.Store(&h) }

// set returns a handler that responds with a key set.
func set(keys ...jwk) http.HandlerFunc {
	if keys == nil {
		keys = []jwk{}
	}
	data, err := json.Marshal(map[string]any{"keys": keys})
	if err != nil {
		panic(err)
	}
	return text(string(data))
}

// text returns a handler that responds with body.
func text(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, body)
	}
}

// A clock only moves when it is advanced.
type clock struct{ at atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.at.Store(time.Date(2026, time.January, 1, 12, 0, 0, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) now() time.Time          { return time.Unix(0, c.at.Load()) }
func (c *clock) advance(d time.Duration) { c.at.Add(int64(d)) }

// decoder returns a decoder of tokens that are signed with the keys of o.
func (c *clock) decoder(o jwks.Options, algorithms ...string) auth.Decoder {
	o.Now = c.now
	return auth.JWT(auth.JWTOptions{
		Keys: jwks.New(o).Keys, Algorithms: algorithms, Issuer: issuer, Audience: []string{audience}, Now: c.now,
	})
}

func TestAlgorithms(t *testing.T) {
	all := []string{"RS256", "RS512", "PS256", "ES256", "ES384", "ES512", "EdDSA"}
	c, e := newClock(), newEndpoint(t, httptest.NewServer)
	var keys []jwk
	signers := map[string]signer{}
	for _, algorithm := range all {
		s := newSigner(t, "id of "+algorithm, algorithm)
		signers[algorithm] = s
		keys = append(keys, s.jwk())
	}
	e.serve(set(keys...))
	decode := c.decoder(jwks.Options{URL: e.URL}, all...)
	for algorithm, s := range signers {
		t.Run(algorithm, func(t *testing.T) {
			claims, err := decode(t.Context(), s.token(t, "1", c.now()))
			require.NoError(t, err)
			assert.Equal(t, "1", claims.Text("sub"))

			for _, other := range all {
				_, err := c.decoder(jwks.Options{URL: e.URL}, other)(t.Context(), s.token(t, "1", c.now()))
				assert.Equal(t, other == algorithm, err == nil, "decoder for %s: %v", other, err)
			}
			forger := newSigner(t, s.id, algorithm)
			_, err = decode(t.Context(), forger.token(t, "1", c.now()))
			require.ErrorContains(t, err, "signature is invalid")
		})
	}
	t.Run("no id", func(t *testing.T) {
		s := signers["ES256"]
		s.id = ""
		_, err := decode(t.Context(), s.token(t, "1", c.now()))
		require.NoError(t, err)
	})
	t.Run("another algorithm for the same key", func(t *testing.T) {
		s := signers["RS256"]
		s.method = jwt.SigningMethodPS256
		_, err := decode(t.Context(), s.token(t, "1", c.now()))
		require.ErrorContains(t, err, "no key")
	})
	t.Run("id of another key", func(t *testing.T) {
		s := signers["ES256"]
		s.id = signers["EdDSA"].id
		_, err := decode(t.Context(), s.token(t, "1", c.now()))
		require.ErrorContains(t, err, "no key")
	})
	t.Run("HS256 with the public key as secret", func(t *testing.T) {
		der, err := x509.MarshalPKIXPublicKey(signers["RS256"].key.Public())
		require.NoError(t, err)
		for _, secret := range [][]byte{der, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})} {
			unsigned := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
				"sub": "1", "iss": issuer, "aud": audience, "exp": c.now().Add(time.Hour).Unix(),
			})
			unsigned.Header["kid"] = "id of RS256"
			signed, err := unsigned.SignedString(secret)
			require.NoError(t, err)
			_, err = decode(t.Context(), signed)
			require.ErrorContains(t, err, "signing method HS256 is invalid")
		}
	})
}

// TestIssuers decodes tokens as issuers document them, with keys as they
// publish them. A local server replaces the issuers.
func TestIssuers(t *testing.T) {
	const (
		tenant  = "11111111-2222-3333-4444-555555555555"
		azure   = "https://login.microsoftonline.com/" + tenant + "/v2.0"
		cognito = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abcdefghi"
	)
	tests := map[string]struct {
		algorithm string
		key       []any // changes to the key
		options   jwks.Options
		tokens    auth.JWTOptions
		claims    jwt.MapClaims
		others    jwt.MapClaims // claims of a token for another application
	}{
		"auth0": {
			"RS256", []any{"x5t", "AAAA", "x5c", []string{"MIIB"}},
			jwks.Options{URL: "https://tenant.auth0.com/.well-known/jwks.json"},
			auth.JWTOptions{Issuer: "https://tenant.auth0.com/", Audience: []string{"https://api.example.com"}},
			jwt.MapClaims{
				"iss": "https://tenant.auth0.com/",
				"aud": []string{"https://api.example.com", "https://tenant.auth0.com/userinfo"},
				"azp": "client",
			},
			jwt.MapClaims{"aud": []string{"https://other.example.com", "https://tenant.auth0.com/userinfo"}},
		},
		"clerk": {
			"RS256", nil,
			jwks.Options{URL: "https://clerk.example.com/.well-known/jwks.json"},
			auth.JWTOptions{
				Issuer: "https://clerk.example.com", Audience: []string{"https://example.com"}, AudienceClaim: "azp",
			},
			jwt.MapClaims{"iss": "https://clerk.example.com", "azp": "https://example.com", "sid": "sess_1"},
			jwt.MapClaims{"azp": "https://evil.example.com"},
		},
		"azure": {
			"RS256", []any{"alg", nil, "x5t", "AAAA", "x5c", []string{"MIIB"}, "issuer", azure},
			jwks.Options{URL: "https://login.microsoftonline.com/" + tenant + "/discovery/v2.0/keys"},
			auth.JWTOptions{Issuer: azure, Audience: []string{"client"}},
			jwt.MapClaims{"iss": azure, "aud": "client", "tid": tenant, "ver": "2.0", "roles": []string{"admin"}},
			jwt.MapClaims{"iss": "https://login.microsoftonline.com/99999999-2222-3333-4444-555555555555/v2.0"},
		},
		"firebase": {
			"RS256", nil,
			jwks.Options{URL: "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com"},
			auth.JWTOptions{Issuer: "https://securetoken.google.com/project", Audience: []string{"project"}},
			jwt.MapClaims{
				"iss": "https://securetoken.google.com/project", "aud": "project",
				"firebase": map[string]any{"sign_in_provider": "password"},
			},
			jwt.MapClaims{"iss": "https://securetoken.google.com/other", "aud": "other"},
		},
		"cognito, id": {
			"RS256", nil,
			jwks.Options{URL: cognito + "/.well-known/jwks.json"},
			auth.JWTOptions{Issuer: cognito, Audience: []string{"client"}},
			jwt.MapClaims{"iss": cognito, "aud": "client", "token_use": "id"},
			jwt.MapClaims{"aud": nil, "client_id": "client", "token_use": "access"},
		},
		"cognito, access": {
			"RS256", nil,
			jwks.Options{URL: cognito + "/.well-known/jwks.json"},
			auth.JWTOptions{Issuer: cognito, Audience: []string{"client"}, AudienceClaim: "client_id"},
			jwt.MapClaims{"iss": cognito, "client_id": "client", "token_use": "access"},
			jwt.MapClaims{"client_id": nil, "aud": "client", "token_use": "id"},
		},
		"supabase": {
			"ES256", []any{"key_ops", []string{"verify"}, "ext", true},
			jwks.Options{URL: "https://project.supabase.co/auth/v1/.well-known/jwks.json"},
			auth.JWTOptions{
				Issuer: "https://project.supabase.co/auth/v1", Audience: []string{"authenticated"},
				Algorithms: []string{"ES256"},
			},
			jwt.MapClaims{"iss": "https://project.supabase.co/auth/v1", "aud": "authenticated", "role": "authenticated"},
			jwt.MapClaims{"aud": "anon"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, e, s := newClock(), newEndpoint(t, httptest.NewServer), newSigner(t, "a", tt.algorithm)
			e.serve(set(newSigner(t, "old", tt.algorithm).jwk(tt.key...), s.jwk(tt.key...)))
			tt.options.Now, tt.tokens.Now = c.now, c.now
			tt.options.Client = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				assert.Equal(t, tt.options.URL, r.URL.String())
				local, err := http.NewRequestWithContext(r.Context(), r.Method, e.URL, http.NoBody)
				require.NoError(t, err)
				return http.DefaultTransport.RoundTrip(local)
			})}
			tt.tokens.Keys = jwks.New(tt.options).Keys
			decode := auth.JWT(tt.tokens)

			all := maps.Clone(tt.claims)
			all["sub"], all["iat"], all["exp"] = "1", c.now().Unix(), c.now().Add(time.Minute).Unix()
			sign := func() string {
				unsigned := jwt.NewWithClaims(s.method, all)
				unsigned.Header["kid"] = s.id
				signed, err := unsigned.SignedString(s.key)
				require.NoError(t, err)
				return signed
			}
			claims, err := decode(t.Context(), sign())
			require.NoError(t, err)
			assert.Equal(t, "1", claims.Text("sub"))
			for claim, value := range tt.others {
				all[claim] = value
			}
			_, err = decode(t.Context(), sign())
			require.Error(t, err, "accepted a token for another application")
			assert.EqualValues(t, 1, e.hits.Load())
		})
	}
}

// Concurrent requests share one fetch, and the keys are cached for MaxAge.
func TestCache(t *testing.T) {
	c, e, s := newClock(), newEndpoint(t, httptest.NewServer), newSigner(t, "a", "ES256")
	started, release := make(chan struct{}, 1), make(chan struct{})
	e.serve(func(w http.ResponseWriter, r *http.Request) {
		started <- struct{}{}
		<-release
		set(s.jwk())(w, r)
	})
	decode := c.decoder(jwks.Options{URL: e.URL}, "ES256")
	token := s.token(t, "1", c.now())
	var done sync.WaitGroup
	for range 100 {
		done.Go(func() {
			_, err := decode(t.Context(), token)
			assert.NoError(t, err)
		})
	}
	<-started
	close(release)
	done.Wait()
	assert.EqualValues(t, 1, e.hits.Load())

	e.serve(set(s.jwk()))
	c.advance(jwks.DefaultMaxAge - time.Second)
	_, err := decode(t.Context(), token)
	require.NoError(t, err)
	assert.EqualValues(t, 1, e.hits.Load())

	c.advance(time.Second)
	for range 2 {
		_, err = decode(t.Context(), token)
		require.NoError(t, err)
	}
	assert.EqualValues(t, 2, e.hits.Load())
}

// A new key is found at once, a removed key is rejected after MaxAge, and
// unknown keys cause at most one fetch per MinInterval.
func TestRotation(t *testing.T) {
	c, e := newClock(), newEndpoint(t, httptest.NewServer)
	first, second, third := newSigner(t, "1", "ES256"), newSigner(t, "2", "ES256"), newSigner(t, "3", "ES256")
	decode := c.decoder(jwks.Options{URL: e.URL}, "ES256")
	signs := func(s signer) error {
		_, err := decode(t.Context(), s.token(t, "1", c.now()))
		return err
	}

	e.serve(set(first.jwk()))
	require.NoError(t, signs(first))
	e.serve(set(first.jwk(), second.jwk()))
	require.NoError(t, signs(second))
	require.NoError(t, signs(first))
	assert.EqualValues(t, 2, e.hits.Load())

	for range 100 {
		require.ErrorContains(t, signs(newSigner(t, "unknown", "ES256")), "no key")
	}
	assert.EqualValues(t, 2, e.hits.Load(), "fetched for each unknown key")

	e.serve(set(second.jwk(), third.jwk()))
	require.ErrorContains(t, signs(third), "no key")
	c.advance(jwks.DefaultMinInterval)
	require.NoError(t, signs(third))
	assert.EqualValues(t, 3, e.hits.Load())
	require.ErrorContains(t, signs(first), "no key", "accepted a removed key")

	// An issuer should not reuse an id for another key.
	impostor := newSigner(t, "3", "ES256")
	e.serve(set(impostor.jwk()))
	require.ErrorContains(t, signs(impostor), "signature is invalid")
	require.NoError(t, signs(third))
	c.advance(jwks.DefaultMaxAge)
	require.NoError(t, signs(impostor))
	require.ErrorContains(t, signs(third), "signature is invalid")
}

// Failed fetches are retried with exponential backoff, and the cached keys are
// used for MaxStale.
func TestBackoff(t *testing.T) {
	c, e, s := newClock(), newEndpoint(t, httptest.NewServer), newSigner(t, "a", "ES256")
	down := func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "secret detail", http.StatusServiceUnavailable)
	}
	decode := c.decoder(jwks.Options{URL: e.URL}, "ES256")
	signs := func() error {
		_, err := decode(t.Context(), s.token(t, "1", c.now()))
		return err
	}

	e.serve(down)
	hits := int64(0)
	for _, delay := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300} {
		hits++
		for range 3 {
			require.ErrorContains(t, signs(), "503")
			assert.NotContains(t, signs().Error(), "secret detail")
		}
		assert.Equal(t, hits, e.hits.Load())
		c.advance(delay*time.Second - 1)
		require.Error(t, signs())
		assert.Equal(t, hits, e.hits.Load(), "fetched again before %d seconds", delay)
		c.advance(1)
	}

	e.serve(set(s.jwk()))
	require.NoError(t, signs())
	e.serve(down)
	c.advance(jwks.DefaultMaxAge)
	hits = e.hits.Load()
	require.NoError(t, signs())
	require.NoError(t, signs())
	assert.Equal(t, hits+1, e.hits.Load())
	c.advance(time.Second)
	require.NoError(t, signs())
	assert.Equal(t, hits+2, e.hits.Load(), "the delay does not start over after a success")

	c.advance(jwks.DefaultMaxStale - jwks.DefaultMaxAge - 2*time.Second)
	require.NoError(t, signs())
	c.advance(time.Second)
	require.ErrorContains(t, signs(), "503", "used keys for longer than MaxStale")
	c.advance(5 * time.Minute)
	e.serve(set(s.jwk()))
	require.NoError(t, signs())
}

// An invalid response makes no token valid and does not replace the cached
// keys.
func TestInvalidResponses(t *testing.T) {
	s := newSigner(t, "a", "RS256")
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	ed := newSigner(t, "ed", "EdDSA")
	weak := signer{"a", jwt.SigningMethodRS256, small}
	private := s.key.(*rsa.PrivateKey)
	tests := map[string]struct {
		handler http.HandlerFunc
		err     string
	}{
		"empty":                {text(""), "decoding the key set"},
		"HTML":                 {text("<!doctype html><title>Sign in</title>"), "decoding the key set"},
		"truncated":            {text(`{"keys":[{"kty":"RSA",`), "decoding the key set"},
		"a list":               {text(`[]`), "decoding the key set"},
		"null":                 {text(`null`), "key set is empty"},
		"no keys":              {text(`{"keys":[]}`), "key set is empty"},
		"keys is not a list":   {text(`{"keys":{"a":{}}}`), "decoding the key set"},
		"keys are not objects": {text(`{"keys":[1,null,"x",[]]}`), "none of the 4 keys"},
		"deeply nested":        {text(strings.Repeat(`{"keys":[`, 20_000)), "decoding the key set"},
		"too many keys":        {text(`{"keys":[` + strings.Repeat(`{},`, 100) + `{}]}`), "key set has 101 keys"},
		"oversized":            {text(`{"keys":[{"x":"` + strings.Repeat("A", 1<<20)), "exceeds 524288 bytes"},
		"oversized after gzip": {gzipBomb(t), "exceeds 524288 bytes"},
		"endless":              {endless, "exceeds 524288 bytes"},
		"status 203": {
			func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(203); set(s.jwk())(w, r) }, "203",
		},
		"not found":         {http.NotFound, "404"},
		"connection closed": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF"},
		"response aborted":  {abort, "unexpected EOF"},
		"redirects forever": {
			func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/again", http.StatusFound) },
			"more than 3 redirects",
		},
		"redirects to http": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://issuer.invalid/keys", http.StatusFound)
		}, "does not use https"},
		"redirects to a file": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		}, "does not use https"},
		"symmetric key": {
			set(jwk{"kty": "oct", "kid": "a", "k": "c2VjcmV0", "alg": "HS256"}), "none of the 1 keys",
		},
		"symmetric key, RS256": {
			set(jwk{"kty": "oct", "kid": "a", "k": "c2VjcmV0", "alg": "RS256"}), "none of the 1 keys",
		},
		"unknown key type":   {set(s.jwk("kty", "XYZ")), "none of the 1 keys"},
		"no key type":        {set(s.jwk("kty", nil)), "none of the 1 keys"},
		"for encryption":     {set(s.jwk("use", "enc")), "not for signatures"},
		"for signing only":   {set(s.jwk("key_ops", []string{"sign"})), "not for verifying"},
		"another algorithm":  {set(s.jwk("alg", "ES256")), "cannot be used with its algorithm"},
		"algorithm none":     {set(s.jwk("alg", "none")), "cannot be used with its algorithm"},
		"algorithm HS256":    {set(s.jwk("alg", "HS256")), "cannot be used with its algorithm"},
		"algorithm RSA-OAEP": {set(s.jwk("alg", "RSA-OAEP")), "cannot be used with its algorithm"},
		"RSA, 1024 bits":     {set(weak.jwk()), "1024 bits"},
		"RSA, 65536 bits": {
			set(s.jwk("n", base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte{0xff}, 8<<10)))), "65536 bits",
		},
		"exponent 1":         {set(s.jwk("e", "AQ")), "none of the 1 keys"},
		"exponent too large": {set(s.jwk("e", "AQAAAAAAAAAD")), "none of the 1 keys"},
		"no modulus":         {set(s.jwk("n", "")), "none of the 1 keys"},
		"modulus not base64": {set(s.jwk("n", "!")), "none of the 1 keys"},
		"not on the curve": {
			set(jwk{"kty": "EC", "crv": "P-256", "kid": "a", "x": "AQ", "y": "AQ"}), "none of the 1 keys",
		},
		"curve secp256k1": {
			set(jwk{"kty": "EC", "crv": "secp256k1", "kid": "a", "x": "AQ", "y": "AQ"}), "none of the 1 keys",
		},
		"key agreement": {
			set(jwk{"kty": "OKP", "crv": "X25519", "kid": "a", "x": strings.Repeat("A", 43)}), "unsupported key type or curve",
		},
		"short Ed25519 key": {set(jwk{"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": "AQ"}), "none of the 1 keys"},
		"id with line break": {
			set(s.jwk("kid", "a\r\nSet-Cookie: x", "use", "enc")), `"a\r\nSet-Cookie: x" is not for signatures`,
		},
		"id is a list": {set(s.jwk("kid", []string{"a"})), "none of the 1 keys"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, e := newClock(), newEndpoint(t, httptest.NewServer)
			e.Config.ErrorLog = log.New(new(bytes.Buffer), "", 0)
			e.serve(tt.handler)
			decode := c.decoder(jwks.Options{URL: e.URL}, "RS256", "ES256", "EdDSA")
			_, err := decode(t.Context(), s.token(t, "1", c.now()))
			require.ErrorContains(t, err, tt.err)

			c.advance(time.Minute)
			e.serve(set(s.jwk()))
			_, err = decode(t.Context(), s.token(t, "1", c.now()))
			require.NoError(t, err)
			c.advance(jwks.DefaultMaxAge)
			e.serve(tt.handler)
			_, err = decode(t.Context(), s.token(t, "1", c.now()))
			require.NoError(t, err, "lost the cached keys")
			_, err = decode(t.Context(), weak.token(t, "1", c.now()))
			require.ErrorContains(t, err, "signature is invalid")
		})
	}

	// Valid sets with features that this package does not need.
	for name, handler := range map[string]http.HandlerFunc{
		"among unusable keys":  set(jwk{"kty": "XYZ"}, s.jwk("use", "enc", "kid", "b"), s.jwk()),
		"no algorithm":         set(s.jwk("alg", nil)),
		"no use":               set(s.jwk("use", nil)),
		"Ed25519 as algorithm": set(ed.jwk("alg", "Ed25519"), s.jwk()),
		"key_ops":              set(s.jwk("key_ops", []string{"sign", "verify"})),
		"padded base64":        set(s.jwk("n", s.jwk()["n"].(string)+"==")),
		"private key":          set(s.jwk("d", base64.RawURLEncoding.EncodeToString(private.D.Bytes()))),
		"invalid certificates": set(s.jwk("x5c", []string{"!"}, "x5u", "http://issuer.invalid/", "x5t", "!")),
		"two keys with one id": set(newSigner(t, "a", "RS256").jwk(), s.jwk()),
		"redirect":             func(w http.ResponseWriter, r *http.Request) { redirectOnce(w, r, set(s.jwk())) },
	} {
		t.Run(name, func(t *testing.T) {
			c, e := newClock(), newEndpoint(t, httptest.NewServer)
			e.serve(handler)
			signer, algorithm := s, "RS256"
			if strings.HasPrefix(name, "Ed25519") {
				signer, algorithm = ed, "EdDSA"
			}
			_, err := c.decoder(jwks.Options{URL: e.URL}, algorithm)(t.Context(), signer.token(t, "1", c.now()))
			require.NoError(t, err)
		})
	}
}

// gzipBomb returns a handler that responds with 10 MB of spaces, compressed.
func gzipBomb(tb testing.TB) http.HandlerFunc {
	var data bytes.Buffer
	w := gzip.NewWriter(&data)
	_, err := w.Write(append([]byte(`{"keys":[]`), bytes.Repeat([]byte(" "), 10<<20)...))
	require.NoError(tb, err)
	require.NoError(tb, w.Close())
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(data.Bytes())
	}
}

func endless(w http.ResponseWriter, _ *http.Request) {
	for {
		if _, err := w.Write(bytes.Repeat([]byte(" "), 64<<10)); err != nil {
			return
		}
	}
}

func abort(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	fmt.Fprint(w, `{"keys":[`)
	w.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

func redirectOnce(w http.ResponseWriter, r *http.Request, then http.HandlerFunc) {
	if r.URL.Path != "/moved" {
		http.Redirect(w, r, "/moved", http.StatusMovedPermanently)
		return
	}
	then(w, r)
}

// A request waits for a slow endpoint until its own deadline or the timeout of
// the fetch, whichever is first.
func TestSlowEndpoint(t *testing.T) {
	c, e, s := newClock(), newEndpoint(t, httptest.NewServer), newSigner(t, "a", "ES256")
	gone := make(chan struct{})
	e.serve(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done(); close(gone) })
	keys := jwks.New(jwks.Options{URL: e.URL, Timeout: 50 * time.Millisecond, Now: c.now})

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := keys.Keys(ctx, "a", "ES256")
	require.ErrorIs(t, err, context.Canceled, "waited after the request was canceled")
	_, err = keys.Keys(t.Context(), "a", "ES256")
	require.ErrorIs(t, err, context.DeadlineExceeded, "the fetch does not outlive the canceled request")
	<-gone
	assert.EqualValues(t, 1, e.hits.Load())

	c.advance(time.Second)
	e.serve(set(s.jwk()))
	got, err := keys.Keys(t.Context(), "a", "ES256")
	require.NoError(t, err)
	assert.Equal(t, []crypto.PublicKey{s.key.Public()}, got)
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestDefaultTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})}
		start := time.Now()
		keys := jwks.New(jwks.Options{URL: "https://issuer.example.com/keys", Client: client})
		_, err := keys.Keys(t.Context(), "a", "ES256")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, jwks.DefaultTimeout, time.Since(start))
	})
}

func TestUnreachableEndpoint(t *testing.T) {
	c, e, s := newClock(), newEndpoint(t, httptest.NewServer), newSigner(t, "a", "ES256")
	e.Close()
	_, err := c.decoder(jwks.Options{URL: e.URL}, "ES256")(t.Context(), s.token(t, "1", c.now()))
	require.ErrorContains(t, err, "connection refused")
}

func TestURL(t *testing.T) {
	unreachable := &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
		return nil, errors.New("request sent")
	})}
	fetch := func(o jwks.Options) error {
		o.Client = unreachable
		_, err := jwks.New(o).Keys(t.Context(), "a", "RS256")
		return err
	}
	for address, want := range map[string]string{
		"":                                "set either URL or Issuer",
		"https://issuer.example.com/k":    "request sent",
		"http://127.0.0.1:80/k":           "request sent",
		"http://[::1]/k":                  "request sent",
		"http://localhost/k":              "request sent",
		"http://issuer.example.com/k":     "does not use https",
		"http://localhost.example.com":    "does not use https",
		"http://127.0.0.1.example.com":    "does not use https",
		"HTTPS://issuer.example.com/k":    "request sent",
		"//issuer.example.com/k":          "does not use https",
		"issuer.example.com":              "does not use https",
		"https://":                        "does not use https",
		"https:///k":                      "does not use https",
		"file:///etc/passwd":              "does not use https",
		"https://u:hunter2@example.com/k": "contains a user name or password",
		"http://example.com/k?k=hunter2":  `URL "http://example.com/k" does not use https`,
		"https://127.0.0.1:1/k?k=hunter2": "GET https://127.0.0.1:1/k: ",
		"https://u:hunter2/@example.com/": "URL is not valid",
		"http://u:hunter2@localhost/k":    "contains a user name or password",
		"https://exa mple.com":            "URL is not valid",
		"https://example.com\r\nX: y":     "URL is not valid",
	} {
		err := fetch(jwks.Options{URL: address})
		require.ErrorContains(t, err, want, address)
		require.NotContains(t, err.Error(), "hunter2", address)
	}
	err := fetch(jwks.Options{URL: "http://issuer.example.com/k", AllowHTTP: true})
	require.ErrorContains(t, err, "request sent")
	err = fetch(jwks.Options{URL: "https://a.example.com", Issuer: "https://a.example.com"})
	require.ErrorContains(t, err, "set either URL or Issuer")
}

// Certificates are verified, and a redirect from https to http fails.
func TestTLS(t *testing.T) {
	c, e, s := newClock(), newEndpoint(t, httptest.NewTLSServer), newSigner(t, "a", "ES256")
	e.Config.ErrorLog = log.New(new(bytes.Buffer), "", 0)
	e.serve(set(s.jwk()))
	_, err := c.decoder(jwks.Options{URL: e.URL, Client: e.Client()}, "ES256")(t.Context(), s.token(t, "1", c.now()))
	require.NoError(t, err)
	_, err = c.decoder(jwks.Options{URL: e.URL}, "ES256")(t.Context(), s.token(t, "1", c.now()))
	require.ErrorAs(t, err, new(*tls.CertificateVerificationError))

	plain := newEndpoint(t, httptest.NewServer)
	plain.serve(set(s.jwk()))
	e.serve(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, plain.URL, http.StatusFound) })
	decode := c.decoder(jwks.Options{URL: e.URL, Client: e.Client(), AllowHTTP: true}, "ES256")
	_, err = decode(t.Context(), s.token(t, "1", c.now()))
	require.ErrorContains(t, err, "does not use https")
	assert.Zero(t, plain.hits.Load())
}

// The OpenID configuration names the address of the keys.
func TestDiscovery(t *testing.T) {
	s := newSigner(t, "a", "ES256")
	serve := func(e *endpoint, configuration func() any) {
		e.serve(func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/tenant/.well-known/openid-configuration":
				data, err := json.Marshal(configuration())
				assert.NoError(t, err)
				text(string(data))(w, r)
			case "/keys":
				set(s.jwk())(w, r)
			default:
				http.NotFound(w, r)
			}
		})
	}
	for name, tt := range map[string]struct {
		start         func(http.Handler) *httptest.Server
		suffix        string
		configuration func(e *endpoint) any
		err           string
	}{
		"valid": {httptest.NewServer, "", func(e *endpoint) any {
			return map[string]any{"issuer": e.URL + "/tenant", "jwks_uri": e.URL + "/keys", "more": 1}
		}, ""},
		"issuer with a slash": {httptest.NewServer, "/", func(e *endpoint) any {
			return map[string]any{"issuer": e.URL + "/tenant/", "jwks_uri": e.URL + "/keys"}
		}, ""},
		"over TLS": {httptest.NewTLSServer, "", func(e *endpoint) any {
			return map[string]any{"issuer": e.URL + "/tenant", "jwks_uri": e.URL + "/keys"}
		}, ""},
		"another issuer": {httptest.NewServer, "", func(e *endpoint) any {
			return map[string]any{"issuer": "https://evil.example.com", "jwks_uri": e.URL + "/keys"}
		}, "OpenID configuration of issuer"},
		"no issuer": {
			httptest.NewServer, "",
			func(e *endpoint) any { return map[string]any{"jwks_uri": e.URL + "/keys"} },
			"OpenID configuration of issuer",
		},
		"no jwks_uri": {
			httptest.NewServer, "",
			func(e *endpoint) any { return map[string]any{"issuer": e.URL + "/tenant"} },
			"does not use https",
		},
		"not an object": {httptest.NewServer, "", func(e *endpoint) any { return "x" }, "OpenID configuration"},
		"keys not over TLS": {httptest.NewTLSServer, "", func(e *endpoint) any {
			return map[string]any{"issuer": e.URL + "/tenant", "jwks_uri": "http://localhost/keys"}
		}, "does not use https"},
		"keys over http": {httptest.NewServer, "", func(e *endpoint) any {
			return map[string]any{"issuer": e.URL + "/tenant", "jwks_uri": "http://a.example.com/"}
		}, "does not use https"},
		"keys in a file": {httptest.NewServer, "", func(e *endpoint) any {
			return map[string]any{"issuer": e.URL + "/tenant", "jwks_uri": "file:///etc/passwd"}
		}, "does not use https"},
	} {
		t.Run(name, func(t *testing.T) {
			c, e := newClock(), newEndpoint(t, tt.start)
			serve(e, func() any { return tt.configuration(e) })
			decode := c.decoder(jwks.Options{Issuer: e.URL + "/tenant" + tt.suffix, Client: e.Client()}, "ES256")
			_, err := decode(t.Context(), s.token(t, "1", c.now()))
			if tt.err == "" {
				require.NoError(t, err)
				assert.EqualValues(t, 2, e.hits.Load())
			} else {
				require.ErrorContains(t, err, tt.err)
			}
		})
	}
}

// A hundred concurrent users, whose keys are fetched again meanwhile, never see
// each other's identity.
func TestConcurrentUsers(t *testing.T) {
	const users, rounds = 100, 10
	defaultLogger := slog.Default()
	t.Cleanup(func() { slog.SetDefault(defaultLogger) })
	slog.SetDefault(slog.New(slog.DiscardHandler))

	c, e := newClock(), newEndpoint(t, httptest.NewServer)
	signers := []signer{newSigner(t, "1", "ES256"), newSigner(t, "2", "ES256"), newSigner(t, "3", "ES256")}
	e.serve(set(signers[0].jwk(), signers[1].jwk(), signers[2].jwk()))
	handler := auth.UseRequireAuth(auth.Options{
		Handler: func(ctx context.Context, _ events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
			user := auth.CurrentUser(ctx)
			if user == nil {
				return fn.JSON(http.StatusOK, "anonymous")
			}
			return fn.JSON(http.StatusOK, user.ID)
		},
		GetCurrentUser: auth.GetCurrentUser,
		Decoders:       map[string]auth.Decoder{"issuer": c.decoder(jwks.Options{URL: e.URL}, "ES256")},
	})
	var done sync.WaitGroup
	for i := range users {
		s, want := signers[i%len(signers)], fmt.Sprint("user ", i)
		if i%10 == 9 {
			s, want = newSigner(t, "1", "ES256"), "anonymous"
		}
		event := events.APIGatewayProxyRequest{Headers: map[string]string{
			"auth-provider": "issuer", "authorization": "Bearer " + s.token(t, want, c.now()),
		}}
		done.Go(func() {
			for range rounds {
				response, err := handler(t.Context(), event)
				assert.NoError(t, err)
				assert.Equal(t, `"`+want+`"`, response.Body)
				c.advance(time.Second)
			}
		})
	}
	done.Wait()
}

// FuzzSet checks that no response causes a panic, and that Keys returns either
// keys or an error.
func FuzzSet(f *testing.F) {
	for _, algorithm := range []string{"RS256", "ES256", "EdDSA"} {
		data, err := json.Marshal(map[string]any{"keys": []jwk{newSigner(f, "a", algorithm).jwk()}})
		require.NoError(f, err)
		f.Add(data, "a", algorithm)
	}
	f.Add([]byte(`{"keys":[{"kty":"oct","kid":"a","k":"AA"}]}`), "a", "HS256")
	f.Add([]byte(`{"keys":[{"kty":"EC","crv":"P-256","x":"AQ","y":"AQ"}]}`), "", "ES256")
	f.Add([]byte(`null`), "", "")
	f.Fuzz(func(t *testing.T, data []byte, id, algorithm string) {
		client := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			w := httptest.NewRecorder()
			_, _ = w.Write(data)
			response := w.Result()
			response.Request = r
			return response, nil
		})}
		set := jwks.New(jwks.Options{URL: "https://issuer.example.com", Client: client})
		keys, err := set.Keys(t.Context(), id, algorithm)
		require.Equal(t, err == nil, len(keys) > 0)
		for _, key := range keys {
			_, secret := key.([]byte)
			require.False(t, secret)
		}
	})
}
