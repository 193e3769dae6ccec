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

// A signer signs tokens, as an issuer does.
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

// token is one that the signer issued for subject, valid for an hour from now.
func (s signer) token(tb testing.TB, subject string, now time.Time) string {
	tb.Helper()
	unsigned := jwt.NewWithClaims(s.method, jwt.MapClaims{"sub": subject, "iss": issuer, "aud": audience, "exp": now.Add(time.Hour).Unix()})
	if s.id != "" {
		unsigned.Header["kid"] = s.id
	}
	signed, err := unsigned.SignedString(s.key)
	require.NoError(tb, err)
	return signed
}

type jwk = map[string]any

// jwk is the signer's public key, as RFC 7518 writes it in section 6.
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
		point, err := public.Bytes() // 4, x, y
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

// An endpoint is an issuer's, on this machine.
type endpoint struct {
	*httptest.Server
	hits   atomic.Int64
	answer atomic.Pointer[http.HandlerFunc]
}

func newEndpoint(tb testing.TB, start func(http.Handler) *httptest.Server) *endpoint {
	tb.Helper()
	e := &endpoint{}
	e.Server = start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.hits.Add(1)
		(*e.answer.Load())(w, r)
	}))
	tb.Cleanup(e.Close)
	return e
}

func (e *endpoint) serve(h http.HandlerFunc) { e.answer.Store(&h) }

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

func text(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, body)
	}
}

// A clock stands still, unless it is set.
type clock struct{ at atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.at.Store(time.Date(2026, time.January, 1, 12, 0, 0, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) now() time.Time          { return time.Unix(0, c.at.Load()) }
func (c *clock) advance(d time.Duration) { c.at.Add(int64(d)) }

// decoder decodes what the endpoint's keys sign.
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
				assert.Equal(t, other == algorithm, err == nil, "listed is %s: %v", other, err)
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
	t.Run("another algorithm of the same kind", func(t *testing.T) {
		s := signers["RS256"]
		s.method = jwt.SigningMethodPS256
		_, err := decode(t.Context(), s.token(t, "1", c.now()))
		require.ErrorContains(t, err, "no key")
	})
	t.Run("the id of another key", func(t *testing.T) {
		s := signers["ES256"]
		s.id = signers["EdDSA"].id
		_, err := decode(t.Context(), s.token(t, "1", c.now()))
		require.ErrorContains(t, err, "no key")
	})
	t.Run("HS256 by the public key", func(t *testing.T) {
		der, err := x509.MarshalPKIXPublicKey(signers["RS256"].key.Public())
		require.NoError(t, err)
		for _, secret := range [][]byte{der, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})} {
			unsigned := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"sub": "1", "iss": issuer, "aud": audience, "exp": c.now().Add(time.Hour).Unix()})
			unsigned.Header["kid"] = "id of RS256"
			signed, err := unsigned.SignedString(secret)
			require.NoError(t, err)
			_, err = decode(t.Context(), signed)
			require.ErrorContains(t, err, "signing method HS256 is invalid")
		}
	})
}

// What issuers publish, and what their tokens say, as they document it; the requests end on this machine.
func TestIssuers(t *testing.T) {
	const (
		tenant  = "11111111-2222-3333-4444-555555555555"
		cognito = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abcdefghi"
	)
	tests := map[string]struct {
		algorithm string
		key       []any // changes of the key
		options   jwks.Options
		tokens    auth.JWTOptions
		claims    jwt.MapClaims
		others    jwt.MapClaims // that make it another application's
	}{
		"auth0": {
			"RS256", []any{"x5t", "AAAA", "x5c", []string{"MIIB"}},
			jwks.Options{URL: "https://tenant.auth0.com/.well-known/jwks.json"},
			auth.JWTOptions{Issuer: "https://tenant.auth0.com/", Audience: []string{"https://api.example.com"}},
			jwt.MapClaims{"iss": "https://tenant.auth0.com/", "aud": []string{"https://api.example.com", "https://tenant.auth0.com/userinfo"}, "azp": "client"},
			jwt.MapClaims{"aud": []string{"https://other.example.com", "https://tenant.auth0.com/userinfo"}},
		},
		"clerk": {
			"RS256", nil,
			jwks.Options{URL: "https://clerk.example.com/.well-known/jwks.json"},
			auth.JWTOptions{Issuer: "https://clerk.example.com", Audience: []string{"https://example.com"}, AudienceClaim: "azp"},
			jwt.MapClaims{"iss": "https://clerk.example.com", "azp": "https://example.com", "sid": "sess_1"},
			jwt.MapClaims{"azp": "https://evil.example.com"},
		},
		"azure": {
			"RS256", []any{"alg", nil, "x5t", "AAAA", "x5c", []string{"MIIB"}, "issuer", "https://login.microsoftonline.com/" + tenant + "/v2.0"},
			jwks.Options{URL: "https://login.microsoftonline.com/" + tenant + "/discovery/v2.0/keys"},
			auth.JWTOptions{Issuer: "https://login.microsoftonline.com/" + tenant + "/v2.0", Audience: []string{"client"}},
			jwt.MapClaims{"iss": "https://login.microsoftonline.com/" + tenant + "/v2.0", "aud": "client", "tid": tenant, "ver": "2.0", "roles": []string{"admin"}},
			jwt.MapClaims{"iss": "https://login.microsoftonline.com/99999999-2222-3333-4444-555555555555/v2.0"},
		},
		"firebase": {
			"RS256", nil,
			jwks.Options{URL: "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com"},
			auth.JWTOptions{Issuer: "https://securetoken.google.com/project", Audience: []string{"project"}},
			jwt.MapClaims{"iss": "https://securetoken.google.com/project", "aud": "project", "firebase": map[string]any{"sign_in_provider": "password"}},
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
			auth.JWTOptions{Issuer: "https://project.supabase.co/auth/v1", Audience: []string{"authenticated"}, Algorithms: []string{"ES256"}},
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
			require.Error(t, err, "it is another application's")
			assert.EqualValues(t, 1, e.hits.Load())
		})
	}
}

// A set is fetched once, however many ask at once, and kept until it is old.
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

// A key that is new is found at once; one that is gone counts no more once the set is old. Ids that nobody
// has make for one fetch in a while.
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
		require.ErrorContains(t, signs(newSigner(t, "nobody's", "ES256")), "no key")
	}
	assert.EqualValues(t, 2, e.hits.Load(), "not for each of them")

	e.serve(set(second.jwk(), third.jwk()))
	require.ErrorContains(t, signs(third), "no key")
	c.advance(jwks.DefaultMinInterval)
	require.NoError(t, signs(third))
	assert.EqualValues(t, 3, e.hits.Load())
	require.ErrorContains(t, signs(first), "no key", "it was revoked")

	// The same id for another key, which no issuer should do.
	impostor := newSigner(t, "3", "ES256")
	e.serve(set(impostor.jwk()))
	require.ErrorContains(t, signs(impostor), "signature is invalid")
	require.NoError(t, signs(third))
	c.advance(jwks.DefaultMaxAge)
	require.NoError(t, signs(impostor))
	require.ErrorContains(t, signs(third), "signature is invalid")
}

// An endpoint that fails is asked less and less often, and what was known of it counts for a day.
func TestBackOff(t *testing.T) {
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
	for _, pause := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300} {
		hits++
		for range 3 {
			require.ErrorContains(t, signs(), "503")
			assert.NotContains(t, signs().Error(), "secret detail")
		}
		assert.Equal(t, hits, e.hits.Load())
		c.advance(pause*time.Second - 1)
		require.Error(t, signs())
		assert.Equal(t, hits, e.hits.Load(), "not before %d seconds", pause)
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
	assert.Equal(t, hits+2, e.hits.Load(), "after a success, the pauses start from the first")

	c.advance(jwks.DefaultMaxStale - jwks.DefaultMaxAge - 2*time.Second)
	require.NoError(t, signs())
	c.advance(time.Second)
	require.ErrorContains(t, signs(), "503", "a day later, they count no more")
	c.advance(5 * time.Minute)
	e.serve(set(s.jwk()))
	require.NoError(t, signs())
}

// Whatever an endpoint answers, nobody is signed in by it who was not before, and what was known stays.
func TestEndpointLies(t *testing.T) {
	s := newSigner(t, "a", "RS256")
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	ed := newSigner(t, "ed", "EdDSA")
	weak := signer{"a", jwt.SigningMethodRS256, small}
	private := s.key.(*rsa.PrivateKey)
	tests := map[string]struct {
		answer http.HandlerFunc
		err    string
	}{
		"nothing":           {text(""), "not a key set"},
		"HTML":              {text("<!doctype html><title>Sign in</title>"), "not a key set"},
		"cut off":           {text(`{"keys":[{"kty":"RSA",`), "not a key set"},
		"a list":            {text(`[]`), "not a key set"},
		"null":              {text(`null`), "no keys"},
		"no keys":           {text(`{"keys":[]}`), "no keys"},
		"keys no list":      {text(`{"keys":{"a":{}}}`), "not a key set"},
		"keys no objects":   {text(`{"keys":[1,null,"x",[]]}`), "none of 4 keys"},
		"deeply nested":     {text(strings.Repeat(`{"keys":[`, 20_000)), "not a key set"},
		"too many":          {text(`{"keys":[` + strings.Repeat(`{},`, 100) + `{}]}`), "more than 100 keys"},
		"huge":              {text(`{"keys":[{"x":"` + strings.Repeat("A", 1<<20)), "more than 524288 bytes"},
		"huge, compressed":  {bomb(t), "more than 524288 bytes"},
		"endless":           {endless, "more than 524288 bytes"},
		"another status":    {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(203); set(s.jwk())(w, r) }, "203"},
		"not found":         {http.NotFound, "404"},
		"hangs up":          {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF"},
		"hangs up halfway":  {halfway, "unexpected EOF"},
		"redirects forever": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/again", http.StatusFound) }, "more than 3 redirects"},
		"redirects to http": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://issuer.invalid/keys", http.StatusFound)
		}, "not https"},
		"redirects to a file": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		}, "not https"},
		"a secret":             {set(jwk{"kty": "oct", "kid": "a", "k": "c2VjcmV0", "alg": "HS256"}), "none of 1 keys"},
		"a secret, for RS256":  {set(jwk{"kty": "oct", "kid": "a", "k": "c2VjcmV0", "alg": "RS256"}), "none of 1 keys"},
		"unknown kind":         {set(s.jwk("kty", "XYZ")), "none of 1 keys"},
		"no kind":              {set(s.jwk("kty", nil)), "none of 1 keys"},
		"for encryption":       {set(s.jwk("use", "enc")), "not for signatures"},
		"to sign":              {set(s.jwk("key_ops", []string{"sign"})), "not to verify"},
		"another algorithm":    {set(s.jwk("alg", "ES256")), "not of its algorithm"},
		"algorithm none":       {set(s.jwk("alg", "none")), "not of its algorithm"},
		"algorithm HS256":      {set(s.jwk("alg", "HS256")), "not of its algorithm"},
		"algorithm RSA-OAEP":   {set(s.jwk("alg", "RSA-OAEP")), "not of its algorithm"},
		"1024 bits":            {set(weak.jwk()), "1024 bits"},
		"too many bits":        {set(s.jwk("n", base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte{0xff}, 8<<10)))), "65536 bits"},
		"exponent 1":           {set(s.jwk("e", "AQ")), "none of 1 keys"},
		"exponent too large":   {set(s.jwk("e", "AQAAAAAAAAAD")), "none of 1 keys"},
		"no modulus":           {set(s.jwk("n", "")), "none of 1 keys"},
		"modulus not base64":   {set(s.jwk("n", "!")), "none of 1 keys"},
		"not on the curve":     {set(jwk{"kty": "EC", "crv": "P-256", "kid": "a", "x": "AQ", "y": "AQ"}), "none of 1 keys"},
		"curve of Bitcoin":     {set(jwk{"kty": "EC", "crv": "secp256k1", "kid": "a", "x": "AQ", "y": "AQ"}), "none of 1 keys"},
		"key agreement":        {set(jwk{"kty": "OKP", "crv": "X25519", "kid": "a", "x": strings.Repeat("A", 43)}), "no kind that signs"},
		"half an Ed25519 key":  {set(jwk{"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": "AQ"}), "none of 1 keys"},
		"an id that injects":   {set(s.jwk("kid", "a\r\nSet-Cookie: x", "use", "enc")), `"a\r\nSet-Cookie: x" is not for signatures`},
		"an id that is a list": {set(s.jwk("kid", []string{"a"})), "none of 1 keys"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, e := newClock(), newEndpoint(t, httptest.NewServer)
			e.Config.ErrorLog = log.New(new(bytes.Buffer), "", 0)
			e.serve(tt.answer)
			decode := c.decoder(jwks.Options{URL: e.URL}, "RS256", "ES256", "EdDSA")
			_, err := decode(t.Context(), s.token(t, "1", c.now()))
			require.ErrorContains(t, err, tt.err)

			c.advance(time.Minute)
			e.serve(set(s.jwk()))
			_, err = decode(t.Context(), s.token(t, "1", c.now()))
			require.NoError(t, err)
			c.advance(jwks.DefaultMaxAge)
			e.serve(tt.answer)
			_, err = decode(t.Context(), s.token(t, "1", c.now()))
			require.NoError(t, err, "what was known stays")
			_, err = decode(t.Context(), weak.token(t, "1", c.now()))
			require.ErrorContains(t, err, "signature is invalid")
		})
	}

	// What other issuers do, and is no lie.
	for name, answer := range map[string]http.HandlerFunc{
		"among others":         set(jwk{"kty": "XYZ"}, s.jwk("use", "enc", "kid", "b"), s.jwk()),
		"no algorithm":         set(s.jwk("alg", nil)),
		"no use":               set(s.jwk("use", nil)),
		"Ed25519 by its name":  set(ed.jwk("alg", "Ed25519"), s.jwk()),
		"operations":           set(s.jwk("key_ops", []string{"sign", "verify"})),
		"padded":               set(s.jwk("n", s.jwk()["n"].(string)+"==")),
		"private, by mistake":  set(s.jwk("d", base64.RawURLEncoding.EncodeToString(private.D.Bytes()))),
		"unread certificates":  set(s.jwk("x5c", []string{"!"}, "x5u", "http://issuer.invalid/", "x5t", "!")),
		"two of an id":         set(newSigner(t, "a", "RS256").jwk(), s.jwk()),
		"no type, by redirect": func(w http.ResponseWriter, r *http.Request) { redirectOnce(w, r, set(s.jwk())) },
	} {
		t.Run(name, func(t *testing.T) {
			c, e := newClock(), newEndpoint(t, httptest.NewServer)
			e.serve(answer)
			signer, algorithm := s, "RS256"
			if strings.HasPrefix(name, "Ed25519") {
				signer, algorithm = ed, "EdDSA"
			}
			_, err := c.decoder(jwks.Options{URL: e.URL}, algorithm)(t.Context(), signer.token(t, "1", c.now()))
			require.NoError(t, err)
		})
	}
}

func bomb(tb testing.TB) http.HandlerFunc {
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

func halfway(w http.ResponseWriter, _ *http.Request) {
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

// A slow endpoint costs a request its own deadline at the most, and all of them no more than the timeout.
func TestEndpointIsSlow(t *testing.T) {
	c, e, s := newClock(), newEndpoint(t, httptest.NewServer), newSigner(t, "a", "ES256")
	gone := make(chan struct{})
	e.serve(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done(); close(gone) })
	keys := jwks.New(jwks.Options{URL: e.URL, Timeout: 50 * time.Millisecond, Now: c.now})

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := keys.Keys(ctx, "a", "ES256")
	require.ErrorIs(t, err, context.Canceled, "one who waits no longer")
	_, err = keys.Keys(t.Context(), "a", "ES256")
	require.ErrorIs(t, err, context.DeadlineExceeded, "the fetch goes on for the others, as long as the timeout")
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

// The timeout is the default, and covers what comes after the headers.
func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})}
		start := time.Now()
		_, err := jwks.New(jwks.Options{URL: "https://issuer.example.com/keys", Client: client}).Keys(t.Context(), "a", "ES256")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, jwks.DefaultTimeout, time.Since(start))
	})
}

func TestEndpointIsDown(t *testing.T) {
	c, e, s := newClock(), newEndpoint(t, httptest.NewServer), newSigner(t, "a", "ES256")
	e.Close()
	_, err := c.decoder(jwks.Options{URL: e.URL}, "ES256")(t.Context(), s.token(t, "1", c.now()))
	require.ErrorContains(t, err, "connection refused")
}

func TestAddress(t *testing.T) {
	unreachable := &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) { return nil, fmt.Errorf("asked") })}
	for address, want := range map[string]string{
		"":                             "want one of URL and Issuer",
		"https://issuer.example.com/k": "asked",
		"http://127.0.0.1:80/k":        "asked",
		"http://[::1]/k":               "asked",
		"http://localhost/k":           "asked",
		"http://issuer.example.com/k":  "not https",
		"http://localhost.example.com": "not https",
		"http://127.0.0.1.example.com": "not https",
		"HTTPS://issuer.example.com/k": "asked",
		"//issuer.example.com/k":       "not https",
		"issuer.example.com":           "not https",
		"https://":                     "not https",
		"https:///k":                   "not https",
		"file:///etc/passwd":           "not https",
		"https://u:p@example.com/k":    "has a user or a password",
		"http://u:p@localhost/k":       "has a user or a password",
		"https://exa mple.com":         "invalid character",
		"https://example.com\r\nX: y":  "invalid control character",
	} {
		_, err := jwks.New(jwks.Options{URL: address, Client: unreachable}).Keys(t.Context(), "a", "RS256")
		require.ErrorContains(t, err, want, address)
	}
	_, err := jwks.New(jwks.Options{URL: "http://issuer.example.com/k", Client: unreachable, AllowHTTP: true}).Keys(t.Context(), "a", "RS256")
	require.ErrorContains(t, err, "asked")
	_, err = jwks.New(jwks.Options{URL: "https://a.example.com", Issuer: "https://a.example.com", Client: unreachable}).Keys(t.Context(), "a", "RS256")
	require.ErrorContains(t, err, "want one of URL and Issuer")
}

// Over TLS, certificates count, and a redirect does not leave it.
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
	_, err = c.decoder(jwks.Options{URL: e.URL, Client: e.Client(), AllowHTTP: true}, "ES256")(t.Context(), s.token(t, "1", c.now()))
	require.ErrorContains(t, err, "not https")
	assert.Zero(t, plain.hits.Load())
}

// The configuration of OpenID Connect says where the keys are.
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
		"as it should be": {httptest.NewServer, "", func(e *endpoint) any {
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
		}, "of the issuer"},
		"no issuer":     {httptest.NewServer, "", func(e *endpoint) any { return map[string]any{"jwks_uri": e.URL + "/keys"} }, "of the issuer"},
		"no keys":       {httptest.NewServer, "", func(e *endpoint) any { return map[string]any{"issuer": e.URL + "/tenant"} }, "not https"},
		"not an object": {httptest.NewServer, "", func(e *endpoint) any { return "x" }, "the configuration"},
		"keys not by TLS": {httptest.NewTLSServer, "", func(e *endpoint) any {
			return map[string]any{"issuer": e.URL + "/tenant", "jwks_uri": "http://localhost/keys"}
		}, "not https"},
		"keys in the open": {httptest.NewServer, "", func(e *endpoint) any {
			return map[string]any{"issuer": e.URL + "/tenant", "jwks_uri": "http://a.example.com/"}
		}, "not https"},
		"keys in a file": {httptest.NewServer, "", func(e *endpoint) any {
			return map[string]any{"issuer": e.URL + "/tenant", "jwks_uri": "file:///etc/passwd"}
		}, "not https"},
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

// A hundred users at once, while keys rotate: each is who signed in, or nobody for a moment.
func TestUsersAtOnce(t *testing.T) {
	const users, rounds = 100, 10
	slogged := slog.Default()
	t.Cleanup(func() { slog.SetDefault(slogged) })
	slog.SetDefault(slog.New(slog.DiscardHandler))

	c, e := newClock(), newEndpoint(t, httptest.NewServer)
	signers := []signer{newSigner(t, "1", "ES256"), newSigner(t, "2", "ES256"), newSigner(t, "3", "ES256")}
	e.serve(set(signers[0].jwk(), signers[1].jwk(), signers[2].jwk()))
	handler := auth.UseRequireAuth(auth.Options{
		Handler: func(ctx context.Context, _ events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
			user := auth.CurrentUser(ctx)
			if user == nil {
				return fn.JSON(http.StatusOK, "nobody")
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
			s, want = newSigner(t, "1", "ES256"), "nobody"
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

// FuzzSet: whatever an endpoint answers, nothing panics, and there are keys or there is a reason.
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
		keys, err := jwks.New(jwks.Options{URL: "https://issuer.example.com", Client: client}).Keys(t.Context(), id, algorithm)
		require.Equal(t, err == nil, len(keys) > 0)
		for _, key := range keys {
			_, secret := key.([]byte)
			require.False(t, secret)
		}
	})
}
