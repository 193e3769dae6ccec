package auth_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/lib/auth"
	"github.com/fngen/fngen/templates/lib/fn"
)

const (
	issuer   = "https://issuer.example.com/"
	audience = "https://api.example.com"
)

var noon = time.Date(2026, time.January, 1, 12, 0, 0, 0, time.UTC)

// claims returns the claims of a token that is valid at noon. Changes are pairs
// of a name and a value; nil deletes the claim.
func claims(changes ...any) jwt.MapClaims {
	all := jwt.MapClaims{"sub": "1", "iss": issuer, "aud": audience, "exp": noon.Add(time.Hour).Unix()}
	for i := 0; i < len(changes); i += 2 {
		if changes[i+1] == nil {
			delete(all, changes[i].(string))
		} else {
			all[changes[i].(string)] = changes[i+1]
		}
	}
	return all
}

// staticKeys returns the same keys for every token.
func staticKeys(keys ...crypto.PublicKey) auth.Keys {
	return func(context.Context, string, string) ([]crypto.PublicKey, error) { return keys, nil }
}

func TestJWTClaims(t *testing.T) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	at := func(offset time.Duration) int64 { return noon.Add(offset).Unix() }
	options := func(change func(*auth.JWTOptions)) auth.JWTOptions {
		o := auth.JWTOptions{
			Keys:       staticKeys(private.Public()),
			Algorithms: []string{"EdDSA"},
			Issuer:     issuer,
			Audience:   []string{"https://other.example.com", audience},
			Now:        func() time.Time { return noon },
		}
		if change != nil {
			change(&o)
		}
		return o
	}
	lenient := options(func(o *auth.JWTOptions) { o.Leeway = time.Minute })
	azp := options(func(o *auth.JWTOptions) { o.AudienceClaim = "azp" })
	anyone := options(func(o *auth.JWTOptions) { o.AnyAudience, o.Audience = true, nil })

	tests := map[string]struct {
		options auth.JWTOptions
		claims  jwt.MapClaims
		err     string
	}{
		"valid":                    {options(nil), claims(), ""},
		"one of several audiences": {options(nil), claims("aud", []string{"https://third.example.com", audience}), ""},
		"another audience": {
			options(nil), claims("aud", "https://third.example.com"), "names none of the accepted audiences",
		},
		"prefix of audience": {
			options(nil), claims("aud", audience+"/"), "names none of the accepted audiences",
		},
		"comma-separated audiences": {
			options(nil), claims("aud", "a,"+audience), "names none of the accepted audiences",
		},
		"no audience":              {options(nil), claims("aud", nil), "names none of the accepted audiences"},
		"empty audience":           {options(nil), claims("aud", ""), "names none of the accepted audiences"},
		"audience is number":       {options(nil), claims("aud", 1), "names none of the accepted audiences"},
		"audiences are numbers":    {options(nil), claims("aud", []any{1}), "names none of the accepted audiences"},
		"any audience":             {anyone, claims("aud", "https://third.example.com"), ""},
		"any audience, none given": {anyone, claims("aud", nil), ""},
		"audience in azp":          {azp, claims("azp", audience, "aud", nil), ""},
		"audience in aud, not azp": {azp, claims(), "claim azp names none of the accepted audiences"},
		"another issuer":           {options(nil), claims("iss", "https://other.example.com/"), "invalid issuer"},
		"issuer without slash":     {options(nil), claims("iss", strings.TrimSuffix(issuer, "/")), "invalid issuer"},
		"prefix of issuer":         {options(nil), claims("iss", issuer+"x"), "invalid issuer"},
		"no issuer":                {options(nil), claims("iss", nil), "invalid issuer"},
		"issuer is list":           {options(nil), claims("iss", []string{issuer}), "invalid issuer"},
		"no expiry":                {options(nil), claims("exp", nil), "claim exp is required"},
		"expiry is not a time":     {options(nil), claims("exp", "tomorrow"), "claim exp is not a number"},
		"expires this second":      {options(nil), claims("exp", at(0)), "expired"},
		"expires next second":      {options(nil), claims("exp", at(time.Second)), ""},
		"expired":                  {options(nil), claims("exp", at(-time.Second)), "expired"},
		"expired, within leeway":   {lenient, claims("exp", at(-59*time.Second)), ""},
		"expired, at the leeway":   {lenient, claims("exp", at(-time.Minute)), "expired"},
		"valid from this second":   {options(nil), claims("nbf", at(0)), ""},
		"valid from next second":   {options(nil), claims("nbf", at(time.Second)), "not valid yet"},
		"not yet valid, in leeway": {lenient, claims("nbf", at(time.Minute)), ""},
		"not yet valid":            {lenient, claims("nbf", at(61*time.Second)), "not valid yet"},
		"not-before is not a time": {options(nil), claims("nbf", true), "claim nbf is not a number"},
		"issued in the future":     {options(nil), claims("iat", at(30*time.Second)), ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := auth.JWT(tt.options)(t.Context(), token(t, jwt.SigningMethodEdDSA, private, tt.claims))
			if tt.err != "" {
				require.ErrorContains(t, err, tt.err)
				assert.Nil(t, got)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, "1", got.Text("sub"))
		})
	}
}

// TestJWTTimes compares the times that JWT accepts with what the npm packages
// jose 5.10.0 and jsonwebtoken 9.0.3 did with the same tokens when the clock
// showed 700 ms after noon.
func TestJWTTimes(t *testing.T) {
	t.Setenv(auth.SecretEnv, secret)
	decode := auth.JWT(auth.JWTOptions{
		SecretEnv: auth.SecretEnv, Now: func() time.Time { return noon.Add(700 * time.Millisecond) },
	})
	for _, tt := range []struct {
		payload            string
		jose, jsonwebtoken bool // whether the package accepted the token
	}{
		{`{"sub":"1","exp":0}`, false, false},
		{`{"sub":"1","exp":-0}`, false, false},
		{`{"sub":"1","exp":1}`, false, false},
		{`{"sub":"1","exp":-1e300}`, false, false},
		{`{"sub":"1","exp":1e300}`, true, true},
		{`{"sub":"1","exp":1e400}`, true, true},
		{`{"sub":"1","exp":-1e400}`, false, false},
		{`{"sub":"1","exp":1767268799}`, false, false},
		{`{"sub":"1","exp":1767268800}`, false, false},
		{`{"sub":"1","exp":1767268800.5}`, true, true},
		{`{"sub":"1","exp":1767268800.9}`, true, true},
		{`{"sub":"1","exp":1767268801}`, true, true},
		{`{"sub":"1","exp":1.7672688005e9}`, true, true},
		{`{"sub":"1","exp":9223372036854775808}`, true, true},
		{`{"sub":"1","exp":"1767272400"}`, false, false},
		{`{"sub":"1","exp":"2099-01-01T00:00:00Z"}`, false, false},
		{`{"sub":"1","exp":true}`, false, false},
		{`{"sub":"1","exp":null}`, false, false},
		{`{"sub":"1","exp":[]}`, false, false},
		{`{"sub":"1","exp":{}}`, false, false},
		{`{"sub":"1","nbf":0}`, true, true},
		{`{"sub":"1","nbf":-0}`, true, true},
		{`{"sub":"1","nbf":1}`, true, true},
		{`{"sub":"1","nbf":-1e300}`, true, true},
		{`{"sub":"1","nbf":1e300}`, false, false},
		{`{"sub":"1","nbf":1e400}`, false, false},
		{`{"sub":"1","nbf":-1e400}`, true, true},
		{`{"sub":"1","nbf":1767268799}`, true, true},
		{`{"sub":"1","nbf":1767268800}`, true, true},
		{`{"sub":"1","nbf":1767268800.5}`, false, false},
		{`{"sub":"1","nbf":1767268800.9}`, false, false},
		{`{"sub":"1","nbf":1767268801}`, false, false},
		{`{"sub":"1","nbf":1.7672688005e9}`, false, false},
		{`{"sub":"1","nbf":9223372036854775808}`, false, false},
		{`{"sub":"1","nbf":"1767272400"}`, false, false},
		{`{"sub":"1","nbf":"2099-01-01T00:00:00Z"}`, false, false},
		{`{"sub":"1","nbf":true}`, false, false},
		{`{"sub":"1","nbf":null}`, false, false},
		{`{"sub":"1","nbf":[]}`, false, false},
		{`{"sub":"1","nbf":{}}`, false, false},
		{`{"sub":"1","iat":0}`, true, true},
		{`{"sub":"1","iat":1}`, true, true},
		{`{"sub":"1","iat":-1e300}`, true, true},
		{`{"sub":"1","iat":1e300}`, true, true},
		{`{"sub":"1","iat":9223372036854775808}`, true, true},
		{`{"sub":"1","iat":"1767272400"}`, false, true},
		{`{"sub":"1","iat":true}`, false, true},
		{`{"sub":"1","iat":null}`, false, true},
		{`{"sub":"1","iat":[]}`, false, true},
		{`{"sub":"1","iat":{}}`, false, true},
		{`{"sub":"1","exp":NaN}`, false, false},
		{`{"sub":"1","exp":1767272400,"exp":0}`, false, false},
		{`{"sub":"1","exp":0,"exp":1767272400}`, true, true},
		{`{"sub":"1","EXP":0}`, true, true},
		{`{"sub":"1","exp":1767272400,"nbf":1e300}`, false, false},
		{`{"sub":"1","exp":0,"nbf":0}`, false, false},
	} {
		// jsonwebtoken does not check iat. JSON.parse returns Infinity for
		// 1e400, which encoding/json rejects.
		want := tt.jose && tt.jsonwebtoken && !strings.Contains(tt.payload, "1e400")
		_, err := decode(t.Context(), signRaw(tt.payload))
		if want {
			assert.NoError(t, err, tt.payload)
		} else {
			assert.Error(t, err, tt.payload)
		}
	}
}

// Tokens that are verified with public keys must expire, and an expiry of 0 is
// in the past.
func TestJWTExpiryZeroWithKeys(t *testing.T) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	decode := auth.JWT(auth.JWTOptions{
		Keys: staticKeys(private.Public()), Algorithms: []string{"EdDSA"}, Issuer: issuer, AnyAudience: true,
	})
	_, err = decode(t.Context(), token(t, jwt.SigningMethodEdDSA, private, claims("exp", 0)))
	require.ErrorIs(t, err, jwt.ErrTokenExpired)
}

// The token's algorithm must be listed and must match the type of the key, so
// that clients can choose neither.
func TestJWTAlgorithms(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	edPublic, edKey, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	der, err := x509.MarshalPKIXPublicKey(&rsaKey.PublicKey)
	require.NoError(t, err)
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})

	rs := staticKeys(&rsaKey.PublicKey)
	tests := map[string]struct {
		keys       auth.Keys
		algorithms []string
		method     jwt.SigningMethod
		key        any
		err        string
	}{
		"RS256": {rs, nil, jwt.SigningMethodRS256, rsaKey, ""},
		"RS384": {rs, []string{"RS256", "RS384"}, jwt.SigningMethodRS384, rsaKey, ""},
		"PS256": {rs, []string{"PS256"}, jwt.SigningMethodPS256, rsaKey, ""},
		"ES256": {staticKeys(&ecKey.PublicKey), []string{"ES256"}, jwt.SigningMethodES256, ecKey, ""},
		"EdDSA": {staticKeys(edPublic), []string{"EdDSA"}, jwt.SigningMethodEdDSA, edKey, ""},
		"second of two keys": {
			staticKeys(edPublic, &rsaKey.PublicKey), nil, jwt.SigningMethodRS256, rsaKey, "",
		},
		"PS256, not listed": {rs, nil, jwt.SigningMethodPS256, rsaKey, "signing method PS256 is invalid"},
		"ES256, not listed": {
			staticKeys(&ecKey.PublicKey), nil, jwt.SigningMethodES256, ecKey, "signing method ES256 is invalid",
		},
		"HS256 with public key as PEM": {rs, nil, jwt.SigningMethodHS256, public, "signing method HS256 is invalid"},
		"HS256 with public key as DER": {rs, nil, jwt.SigningMethodHS256, der, "signing method HS256 is invalid"},
		"none": {
			rs, nil, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, "signing method none is invalid",
		},
		"key of another algorithm": {
			rs, []string{"ES256"}, jwt.SigningMethodES256, ecKey, "key is of invalid type",
		},
		"no key": {staticKeys(), nil, jwt.SigningMethodRS256, rsaKey, "empty verification key set"},
		"another key": {
			staticKeys(&ecKey.PublicKey), []string{"EdDSA"}, jwt.SigningMethodEdDSA, edKey, "key is of invalid type",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			decode := auth.JWT(auth.JWTOptions{
				Keys:        tt.keys,
				Algorithms:  tt.algorithms,
				Issuer:      issuer,
				AnyAudience: true,
				Now:         func() time.Time { return noon },
			})
			_, err := decode(t.Context(), token(t, tt.method, tt.key, claims()))
			if tt.err == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, tt.err)
			}
		})
	}
}

func TestJWTKeys(t *testing.T) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	withID := func(id any) string {
		unsigned := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims())
		if id != nil {
			unsigned.Header["kid"] = id
		}
		signed, err := unsigned.SignedString(private)
		require.NoError(t, err)
		return signed
	}
	type key struct{}
	down := errors.New("the endpoint is down")
	var lookups []string
	decode := auth.JWT(auth.JWTOptions{
		Algorithms: []string{"EdDSA"}, Issuer: issuer, AnyAudience: true, Now: func() time.Time { return noon },
		Keys: func(ctx context.Context, id, algorithm string) ([]crypto.PublicKey, error) {
			assert.Equal(t, "here", ctx.Value(key{}))
			lookups = append(lookups, id+" "+algorithm)
			if id == "bad" {
				return []crypto.PublicKey{private.Public()}, down
			}
			return []crypto.PublicKey{private.Public()}, nil
		},
	})
	ctx := context.WithValue(t.Context(), key{}, "here")

	for _, id := range []any{nil, "", "a"} {
		_, err = decode(ctx, withID(id))
		require.NoError(t, err)
	}
	_, err = decode(ctx, withID("bad"))
	require.ErrorIs(t, err, down)
	assert.Equal(t, []string{" EdDSA", " EdDSA", "a EdDSA", "bad EdDSA"}, lookups)
	_, err = decode(ctx, withID(1))
	require.ErrorContains(t, err, "key ID (kid) is not a string")
	assert.Len(t, lookups, 4)
}

// Options that contradict each other panic. Options that are not set reject
// every token, since they may come from the environment.
func TestJWTOptions(t *testing.T) {
	keys := staticKeys()
	for name, o := range map[string]auth.JWTOptions{
		"neither secret nor keys": {Issuer: issuer, AnyAudience: true},
		"secret and keys":         {SecretEnv: "X", Keys: keys},
		"algorithm none":          {SecretEnv: "X", Algorithms: []string{"HS256", "none"}},
		"unknown algorithm":       {SecretEnv: "X", Algorithms: []string{"hs256"}},
		"empty algorithm":         {SecretEnv: "X", Algorithms: []string{""}},
		"secret with RS256":       {SecretEnv: "X", Algorithms: []string{"RS256"}},
		"keys with HS256":         {Keys: keys, Algorithms: []string{"RS256", "HS256"}},
		"negative leeway":         {SecretEnv: "X", Leeway: -time.Second},
		"any audience and one":    {Keys: keys, AnyAudience: true, Audience: []string{audience}},
	} {
		assert.Panics(t, func() { auth.JWT(o) }, name)
	}

	t.Setenv("X", secret)
	good := hs256(t, jwt.MapClaims{"sub": "1", "iss": issuer, "aud": audience})
	for name, tt := range map[string]struct {
		options auth.JWTOptions
		err     string
	}{
		"secret":            {auth.JWTOptions{SecretEnv: "X"}, ""},
		"secret and claims": {auth.JWTOptions{SecretEnv: "X", Issuer: issuer, Audience: []string{audience}}, ""},
		"another issuer":    {auth.JWTOptions{SecretEnv: "X", Issuer: "https://other.example.com"}, "invalid issuer"},
		"another audience": {
			auth.JWTOptions{SecretEnv: "X", Audience: []string{"other"}}, "none of the accepted audiences",
		},
		"another algorithm": {auth.JWTOptions{SecretEnv: "X", Algorithms: []string{"HS512"}}, "HS256 is invalid"},
		"secret unset":      {auth.JWTOptions{SecretEnv: "FNGEN_UNSET"}, "FNGEN_UNSET is not set"},
		"issuer unset":      {auth.JWTOptions{Keys: keys, AnyAudience: true}, "option Issuer is not set"},
		"audience unset":    {auth.JWTOptions{Keys: keys, Issuer: issuer}, "option Audience is not set"},
		"an empty audience": {
			auth.JWTOptions{Keys: keys, Issuer: issuer, Audience: []string{""}}, "contains an empty string",
		},
		"empty, with secret": {
			auth.JWTOptions{SecretEnv: "X", Audience: []string{audience, ""}}, "contains an empty string",
		},
	} {
		_, err := auth.JWT(tt.options)(t.Context(), good)
		if tt.err == "" {
			assert.NoError(t, err, name)
		} else {
			assert.ErrorContains(t, err, tt.err, name)
		}
	}
}

// A panic in a decoder or in GetCurrentUser is handled like an error.
func TestDecoderPanics(t *testing.T) {
	logged := captureLog(t)
	handler := auth.UseRequireAuth(auth.Options{
		Handler:        greet,
		GetCurrentUser: func(_ context.Context, claims auth.Claims) (*auth.User, error) { panic("no such column") },
		Decoders: map[string]auth.Decoder{
			"broken":  func(_ context.Context, token string) (auth.Claims, error) { return auth.Claims{"x": token[99]}, nil },
			"current": func(context.Context, string) (auth.Claims, error) { return auth.Claims{}, nil },
			"nil":     nil,
		},
	})
	for provider, reason := range map[string]string{
		"broken":  "index out of range",
		"current": "no such column",
		"nil":     "no decoder",
	} {
		response, err := handler(t.Context(), request(provider, "Bearer t"))
		require.NoError(t, err)
		assert.Equal(t, `"anonymous"`, response.Body)
		assert.Contains(t, logged.String(), reason)
	}
}

// Control characters in a request add no header to the response and no line to
// the log.
func TestNoHeaderOrLogInjection(t *testing.T) {
	t.Setenv(auth.SecretEnv, secret)
	const evil = "a\r\nSet-Cookie: a=b\r\n\r\n\x1b[2J<script>"
	unsigned := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{})
	unsigned.Header["kid"], unsigned.Header["alg"] = evil, evil
	head, err := unsigned.SigningString()
	require.NoError(t, err)
	want, err := fn.Chain(greet, auth.Require())(t.Context(), request("", ""))
	require.NoError(t, err)
	for name, event := range map[string]map[string]string{
		"provider":        {"auth-provider": evil, "Authorization": "Bearer t"},
		"cookie":          {"Cookie": "auth-provider=a<script>"},
		"percent-encoded": {"Cookie": "auth-provider=a%0d%0aSet-Cookie:%20a=b"},
		"scheme":          {"auth-provider": "custom", "Authorization": strings.ReplaceAll(evil, " ", "") + " t"},
		"token":           {"auth-provider": "custom", "Authorization": "Bearer " + strings.ReplaceAll(evil, " ", "")},
		"header of token": {"auth-provider": "custom", "Authorization": "Bearer " + head + ".AAAA"},
	} {
		t.Run(name, func(t *testing.T) {
			logged := captureLog(t)
			request := request("", "")
			request.Headers = event
			got, err := fn.Chain(greet, auth.Require())(t.Context(), request)
			require.NoError(t, err)
			assert.Equal(t, want, got)
			assert.Equal(t, http.StatusUnauthorized, got.StatusCode)
			assert.Equal(t, 1, strings.Count(logged.String(), "\n"), logged.String())
			assert.NotContains(t, logged.String(), "\x1b")
		})
	}
}

// A hundred concurrent users of different providers never see each other's
// identity, and anonymous requests stay anonymous.
func TestConcurrentUsers(t *testing.T) {
	const users, rounds = 100, 20
	t.Setenv(auth.SecretEnv, secret)
	t.Setenv(auth.SessionSecretEnv, sessionSecret)
	captureLog(t)

	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	handler := auth.UseRequireAuth(auth.Options{
		Handler: greet,
		GetCurrentUser: func(_ context.Context, claims auth.Claims) (*auth.User, error) {
			return &auth.User{ID: claims.ID("sub") + claims.ID("id")}, nil
		},
		Decoders: map[string]auth.Decoder{
			"secret": auth.SharedSecret(auth.SecretEnv),
			"dbAuth": auth.DBAuth("session"),
			"keys": auth.JWT(auth.JWTOptions{
				Keys: staticKeys(&private.PublicKey), Algorithms: []string{"ES256"}, Issuer: issuer, AnyAudience: true,
				Now: func() time.Time { return noon },
			}),
		},
	})
	var done sync.WaitGroup
	start := make(chan struct{})
	for i := range users {
		want := fmt.Sprint(i)
		var event = request("", "")
		switch i % 4 {
		case 0:
			event = request("secret", "Bearer "+hs256(t, jwt.MapClaims{"sub": want}))
		case 1:
			event = request("keys", "Bearer "+token(t, jwt.SigningMethodES256, private, claims("sub", want)))
		case 2:
			event.Headers["Cookie"] = "auth-provider=dbAuth; session=" + encryptSession(t, sessionSecret, `{"id":`+want+`}`)
		default:
			event, want = request("secret", "Bearer bad"), "anonymous"
		}
		done.Go(func() {
			<-start
			for range rounds {
				response, err := handler(t.Context(), event)
				assert.NoError(t, err)
				assert.Equal(t, `"`+want+`"`, response.Body)
			}
		})
	}
	close(start)
	done.Wait()
}

// BenchmarkRequire reports the cost of Require with a shared secret relative to
// parsing the token. The two are interleaved, so that other load on the machine
// affects both.
func BenchmarkRequire(b *testing.B) {
	b.Setenv(auth.SecretEnv, secret)
	bearer := hs256(b, jwt.MapClaims{
		"sub": "8f3c9d1e-5b7a-4c2d-9e1f-0a1b2c3d4e5f", "roles": []string{"admin", "editor"}, "aud": "authenticated",
		"iss": "https://project.supabase.co/auth/v1", "exp": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Unix(),
	})
	event := request("supabase", "Bearer "+bearer)
	event.Headers["Accept"], event.Headers["Host"], event.Headers["User-Agent"] = "*/*", "example.com", "benchmark"
	ok, err := fn.JSON(http.StatusOK, nil)
	require.NoError(b, err)
	handle := func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		return ok, nil
	}
	handler := fn.Chain(handle, auth.Require("admin"))

	parser := jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}))
	key := func(*jwt.Token) (any, error) { return []byte(secret), nil }

	const batch = 100
	var ratios []float64
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		for range batch {
			response, err := handler(b.Context(), event)
			if err != nil || response.StatusCode != http.StatusOK {
				b.Fatal(response.StatusCode, err)
			}
		}
		middle := time.Now()
		for range batch {
			if _, err := parser.ParseWithClaims(bearer, jwt.MapClaims{}, key); err != nil {
				b.Fatal(err)
			}
		}
		ratios = append(ratios, float64(middle.Sub(start))/float64(time.Since(middle)))
	}
	slices.Sort(ratios)
	b.ReportMetric(ratios[len(ratios)/2], "x-parse")
}
