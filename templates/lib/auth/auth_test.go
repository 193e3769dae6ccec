package auth_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
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

const secret = "0123456789abcdef0123456789abcdef"

func token(tb testing.TB, method jwt.SigningMethod, key any, claims jwt.MapClaims) string {
	tb.Helper()
	signed, err := jwt.NewWithClaims(method, claims).SignedString(key)
	require.NoError(tb, err)
	return signed
}

// hs256 returns a token that is signed with secret.
func hs256(tb testing.TB, claims jwt.MapClaims) string {
	tb.Helper()
	return token(tb, jwt.SigningMethodHS256, []byte(secret), claims)
}

// signRaw returns a token with the given text as its payload, signed with
// secret.
func signRaw(payload string) string {
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode([]byte(payload))
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(signed))
	return signed + "." + encode(mac.Sum(nil))
}

// tokenWithCrit returns a token that is valid except for a critical header
// extension that the verifier does not know.
func tokenWithCrit(tb testing.TB) string {
	tb.Helper()
	unsigned := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"sub": "1"})
	unsigned.Header["crit"] = []string{"b64"}
	unsigned.Header["b64"] = true
	signed, err := unsigned.SignedString([]byte(secret))
	require.NoError(tb, err)
	return signed
}

func request(provider, authorization string) events.APIGatewayProxyRequest {
	event := events.APIGatewayProxyRequest{Path: "/orders", Headers: map[string]string{}}
	if provider != "" {
		event.Headers["auth-provider"] = provider
	}
	if authorization != "" {
		event.Headers["Authorization"] = authorization
	}
	return event
}

// setLogHandler makes handler the default until the test ends.
func setLogHandler(tb testing.TB, handler slog.Handler) {
	logger, writer, flags := slog.Default(), log.Writer(), log.Flags()
	tb.Cleanup(func() { // slog.SetDefault also redirects package log
		slog.SetDefault(logger)
		log.SetOutput(writer)
		log.SetFlags(flags)
	})
	slog.SetDefault(slog.New(handler))
}

func captureLog(t *testing.T) *bytes.Buffer {
	var buffer bytes.Buffer
	setLogHandler(t, slog.NewTextHandler(&buffer, nil))
	return &buffer
}

// greet is a handler that responds with the ID of the signed-in user.
func greet(ctx context.Context, _ events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	user := auth.CurrentUser(ctx)
	if user == nil {
		return fn.JSON(http.StatusOK, "anonymous")
	}
	return fn.JSON(http.StatusOK, user.ID)
}

func TestUserInContext(t *testing.T) {
	admin := &auth.User{ID: "1", Roles: []string{"admin", "editor"}}
	plain := &auth.User{ID: "2"}
	tests := map[string]struct {
		user          *auth.User
		roles         []string
		authenticated bool
		has           bool
		err           error
	}{
		"anonymous":                  {nil, nil, false, false, auth.ErrUnauthenticated},
		"anonymous, role required":   {nil, []string{"admin"}, false, false, auth.ErrUnauthenticated},
		"signed in":                  {plain, nil, true, false, nil},
		"no roles, role required":    {plain, []string{"admin"}, true, false, auth.ErrForbidden},
		"no roles, empty role":       {plain, []string{""}, true, false, auth.ErrForbidden},
		"roles, none required":       {admin, nil, true, false, nil},
		"first of the user's roles":  {admin, []string{"admin"}, true, true, nil},
		"second of the user's roles": {admin, []string{"editor"}, true, true, nil},
		"one of the required roles":  {admin, []string{"owner", "editor"}, true, true, nil},
		"none of the required roles": {admin, []string{"owner", "reader"}, true, false, auth.ErrForbidden},
		"roles are case-sensitive":   {admin, []string{"Admin"}, true, false, auth.ErrForbidden},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			ctx := auth.WithUser(t.Context(), tt.user)
			assert.Same(t, tt.user, auth.CurrentUser(ctx))
			assert.Equal(t, tt.authenticated, auth.IsAuthenticated(ctx))
			assert.Equal(t, tt.has, auth.HasRole(ctx, tt.roles...))
			assert.Equal(t, tt.err, auth.RequireAuth(ctx, tt.roles...))
		})
	}

	assert.Nil(t, auth.CurrentUser(t.Context()))
	assert.ErrorIs(t, auth.RequireAuth(t.Context()), auth.ErrUnauthenticated)
}

func TestRequire(t *testing.T) {
	t.Setenv(auth.SecretEnv, secret)
	tests := map[string]struct {
		user   *auth.User // in the context of the request
		claims jwt.MapClaims
		roles  []string
		status int
	}{
		"anonymous":        {nil, nil, nil, http.StatusUnauthorized},
		"anonymous, role":  {nil, nil, []string{"admin"}, http.StatusUnauthorized},
		"user":             {&auth.User{ID: "1"}, nil, nil, http.StatusOK},
		"user lacks role":  {&auth.User{ID: "1"}, nil, []string{"admin"}, http.StatusForbidden},
		"user has role":    {&auth.User{ID: "1", Roles: []string{"admin"}}, nil, []string{"admin"}, http.StatusOK},
		"token":            {nil, jwt.MapClaims{"sub": "1"}, nil, http.StatusOK},
		"token lacks role": {nil, jwt.MapClaims{"sub": "1"}, []string{"admin"}, http.StatusForbidden},
		"role as string":   {nil, jwt.MapClaims{"sub": "1", "roles": "admin"}, []string{"admin"}, http.StatusOK},
		"roles as list": {
			nil, jwt.MapClaims{"sub": "1", "roles": []string{"editor", "admin"}}, []string{"admin"}, http.StatusOK,
		},
		"list lacks role": {
			nil, jwt.MapClaims{"sub": "1", "roles": []string{"editor"}}, []string{"admin"}, http.StatusForbidden,
		},
		"comma-separated": {
			nil, jwt.MapClaims{"sub": "1", "roles": "editor,admin"}, []string{"admin"}, http.StatusForbidden,
		},
		"prefix of a role": {
			nil, jwt.MapClaims{"sub": "1", "roles": "administrator"}, []string{"admin"}, http.StatusForbidden,
		},
		"roles as object": {
			nil, jwt.MapClaims{"sub": "1", "roles": map[string]any{"admin": true}}, []string{"admin"}, http.StatusForbidden,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			called := false
			handle := func(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
				called = true
				return greet(ctx, event)
			}
			handler := fn.Chain(handle, auth.Require(tt.roles...))

			ctx, event := t.Context(), request("", "")
			if tt.user != nil {
				ctx = auth.WithUser(ctx, tt.user)
			}
			if tt.claims != nil {
				event = request("custom", "Bearer "+hs256(t, tt.claims))
			}
			response, err := handler(ctx, event)
			require.NoError(t, err)
			assert.Equal(t, tt.status, response.StatusCode)
			assert.Equal(t, tt.status == http.StatusOK, called)

			challenge := ""
			switch tt.status {
			case http.StatusOK:
				assert.Equal(t, `"1"`, response.Body)
				return
			case http.StatusUnauthorized:
				challenge = "Bearer"
			}
			assert.Equal(t, challenge, response.Headers["WWW-Authenticate"])
			assert.Equal(t, "application/json", response.Headers["Content-Type"])
			assert.JSONEq(t, `{"message":"`+http.StatusText(tt.status)+`"}`, response.Body)
		})
	}
}

// TestTokens checks which tokens sign user 1 in, and that the log has the
// reason for those that do not.
func TestTokens(t *testing.T) {
	claims := jwt.MapClaims{"sub": "1"}
	good := hs256(t, claims)
	supabase := hs256(t, jwt.MapClaims{"sub": "1", "aud": "authenticated", "role": "authenticated"})
	now := time.Now()
	at := func(claim string, when time.Time) string {
		return "Bearer " + hs256(t, jwt.MapClaims{"sub": "1", claim: when.Unix()})
	}
	bearer := func(method jwt.SigningMethod, key any) string { return "Bearer " + token(t, method, key, claims) }
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	parts := strings.Split(good, ".")
	forged := base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"2"}`))

	tests := map[string]struct {
		provider, authorization string
		secret                  string
		logged                  string // the reason, "" for a valid token
	}{
		"custom":               {"custom", "Bearer " + good, secret, ""},
		"supabase":             {"supabase", "Bearer " + supabase, secret, ""},
		"netlify":              {"netlify", "Bearer " + good, secret, ""},
		"scheme in lower case": {"custom", "bearer " + good, secret, ""},
		"two spaces":           {"custom", "Bearer  " + good, secret, ""},
		"spaces around":        {"custom", " Bearer    " + good + " ", secret, ""},
		"expires later":        {"custom", at("exp", now.Add(time.Hour)), secret, ""},
		"valid since earlier":  {"custom", at("nbf", now.Add(-time.Hour)), secret, ""},

		"expired":       {"custom", at("exp", now.Add(-time.Hour)), secret, "expired"},
		"not yet valid": {"custom", at("nbf", now.Add(time.Hour)), secret, "not valid yet"},
		"expiry is not a time": {
			"custom", "Bearer " + hs256(t, jwt.MapClaims{"sub": "1", "exp": "never"}), secret, "claim exp is not a number",
		},
		"wrong secret": {
			"custom", bearer(jwt.SigningMethodHS256, []byte("another")), secret, "signature is invalid",
		},
		"empty secret": {"custom", bearer(jwt.SigningMethodHS256, []byte("")), secret, "signature is invalid"},
		"HS384": {
			"custom", bearer(jwt.SigningMethodHS384, []byte(secret)), secret, "signing method HS384 is invalid",
		},
		"HS512": {
			"custom", bearer(jwt.SigningMethodHS512, []byte(secret)), secret, "signing method HS512 is invalid",
		},
		"none": {
			"custom", bearer(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType), secret, "signing method none is invalid",
		},
		"RS256": {"custom", bearer(jwt.SigningMethodRS256, private), secret, "signing method RS256 is invalid"},
		"forged claims": {
			"custom", "Bearer " + parts[0] + "." + forged + "." + parts[2], secret, "signature is invalid",
		},
		"signature cut off": {
			"custom", "Bearer " + parts[0] + "." + parts[1] + ".", secret, "signature is invalid",
		},
		"two segments": {"custom", "Bearer " + parts[0] + "." + parts[1], secret, "malformed"},
		"not a token":  {"custom", "Bearer token", secret, "malformed"},
		"secret unset": {"custom", "Bearer " + good, "", auth.SecretEnv + " is not set"},
		"unset, empty secret": {
			"custom", bearer(jwt.SigningMethodHS256, []byte("")), "", auth.SecretEnv + " is not set",
		},
		"unknown provider":       {"other", "Bearer " + good, secret, `no decoder for provider \"other\"`},
		"provider in upper case": {"Custom", "Bearer " + good, secret, `no decoder for provider \"Custom\"`},
		"no Authorization":       {"custom", "", secret, "missing or malformed Authorization header"},
		"scheme without a token": {"custom", "Bearer", secret, "missing or malformed Authorization header"},
		"token without a scheme": {"custom", good, secret, "missing or malformed Authorization header"},
		"three words": {
			"custom", "Bearer " + good + " more", secret, "missing or malformed Authorization header",
		},
		"tab instead of space": {"custom", "Bearer\t" + good, secret, "missing or malformed Authorization header"},
		"empty scheme":         {"custom", " " + good, secret, "missing or malformed Authorization header"},
		"empty token":          {"custom", "Bearer ", secret, "missing or malformed Authorization header"},
		"tab after the space":  {"custom", "Bearer \t" + good, secret, "missing or malformed Authorization header"},
		"Basic credentials":    {"custom", "Basic dXNlcjpwYXNz", secret, "scheme is not Bearer"},
		"Basic with a token":   {"custom", "Basic " + good, secret, "scheme is not Bearer"},
		"another scheme":       {"custom", "Token " + good, secret, "scheme is not Bearer"},
		"scheme of cookies":    {"custom", "cookie " + good, secret, "missing or malformed Authorization header"},
		"supabase, no audience": {
			"supabase", "Bearer " + good, secret, "claim aud names none of the accepted audiences",
		},
		"supabase, another audience": {
			"supabase", "Bearer " + hs256(t, jwt.MapClaims{"sub": "1", "aud": "anon"}), secret, "accepted audiences",
		},
		"expires at 0": {"custom", "Bearer " + hs256(t, jwt.MapClaims{"sub": "1", "exp": 0}), secret, "expired"},
		"valid from 1e300": {
			"custom", "Bearer " + hs256(t, jwt.MapClaims{"sub": "1", "nbf": 1e300}), secret, "not valid yet",
		},
		"oversized": {
			"custom", "Bearer " + hs256(t, jwt.MapClaims{"sub": strings.Repeat("1", 16<<10)}), secret, "exceeds 16384",
		},
		"oversized, not a token": {"custom", "Bearer " + strings.Repeat("a.", 1<<20), secret, "exceeds 16384"},
		"critical extension":     {"custom", "Bearer " + tokenWithCrit(t), secret, "critical header extensions"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Setenv(auth.SecretEnv, tt.secret)
			logged := captureLog(t)
			permissive := auth.UseRequireAuth(auth.Options{
				Handler:        greet,
				GetCurrentUser: auth.GetCurrentUser,
				Decoders:       auth.Decoders,
			})
			event := request(tt.provider, tt.authorization)

			response, err := permissive(t.Context(), event)
			require.NoError(t, err)
			assert.Equal(t, http.StatusOK, response.StatusCode, "UseRequireAuth rejects no request")
			guarded, err := fn.Chain(greet, auth.Require())(t.Context(), event)
			require.NoError(t, err)

			if tt.logged == "" {
				assert.Equal(t, `"1"`, response.Body)
				assert.Equal(t, http.StatusOK, guarded.StatusCode)
				assert.Empty(t, logged.String())
				return
			}
			assert.Equal(t, `"anonymous"`, response.Body)
			assert.Equal(t, http.StatusUnauthorized, guarded.StatusCode)
			assert.Contains(t, logged.String(), tt.logged)
			assert.NotContains(t, logged.String(), secret)
			assert.NotContains(t, guarded.Body, tt.logged, "the response does not contain the reason")
		})
	}
}

// A request that names no provider is anonymous, which is nothing to log.
func TestNoProviderIsAnonymous(t *testing.T) {
	t.Setenv(auth.SecretEnv, secret)
	logged := captureLog(t)
	for _, authorization := range []string{"", "Bearer " + hs256(t, jwt.MapClaims{"sub": "1"}), "nonsense"} {
		response, err := fn.Chain(greet, auth.Require())(t.Context(), request("", authorization))
		require.NoError(t, err)
		assert.Equal(t, http.StatusUnauthorized, response.StatusCode)
	}
	assert.Empty(t, logged.String())
}

func TestHeaderNamesIgnoreCase(t *testing.T) {
	t.Setenv(auth.SecretEnv, secret)
	authorization := "Bearer " + hs256(t, jwt.MapClaims{"sub": "1"})
	for name, event := range map[string]events.APIGatewayProxyRequest{
		"canonical": {Headers: map[string]string{"Auth-Provider": "custom", "Authorization": authorization}},
		"lower":     {Headers: map[string]string{"auth-provider": "custom", "authorization": authorization}},
		"multi-valued": {
			MultiValueHeaders: map[string][]string{"auth-provider": {"custom"}, "authorization": {authorization}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			response, err := fn.Chain(greet, auth.Require())(t.Context(), event)
			require.NoError(t, err)
			assert.Equal(t, `"1"`, response.Body)
		})
	}
}

// A token without a subject signs nobody in, whichever provider the request
// names.
func TestNobodyWithoutSubject(t *testing.T) {
	t.Setenv(auth.SecretEnv, secret)
	const anonKey = `{"iss":"supabase","ref":"abcdefghijklmnopqrst","role":"anon","iat":1700000000,"exp":2015360000}`
	for _, payload := range []string{
		anonKey,
		strings.Replace(anonKey, "anon", "service_role", 1),
		strings.Replace(anonKey, "{", `{"aud":"authenticated",`, 1),
		`{}`,
		`{"id":null}`,
		`{"id":"1"}`,
		`{"sub":null}`,
		`{"sub":""}`,
		`{"sub":" \t\u00a0"}`,
		`{"sub":1}`,
		`{"sub":["1"]}`,
		`{"sub":{"id":"1"}}`,
		`{"SUB":"1"}`,
		`{"roles":["admin"],"app_metadata":{"roles":["admin"]}}`,
		`null`,
		`[]`,
		`"1"`,
	} {
		for provider := range auth.Decoders {
			logged := captureLog(t)
			event := request(provider, "Bearer "+signRaw(payload))
			for _, roles := range [][]string{nil, {"admin"}} {
				response, err := fn.Chain(greet, auth.Require(roles...))(t.Context(), event)
				require.NoError(t, err)
				assert.Equal(t, http.StatusUnauthorized, response.StatusCode, "%s %s", provider, payload)
			}
			assert.Contains(t, logged.String(), "authentication failed")
		}
	}
}

func TestGetCurrentUser(t *testing.T) {
	admin := &auth.User{ID: "1", Roles: []string{"admin"}}
	nobody := &auth.User{ID: "1"}
	tests := map[string]struct {
		claims string
		want   *auth.User // nil for an error
	}{
		"no claims":         {`{}`, nil},
		"subject":           {`{"sub": "1"}`, nobody},
		"subject is number": {`{"sub": 1}`, nil},
		"subject is empty":  {`{"sub": ""}`, nil},
		"subject is blank":  {`{"sub": " "}`, nil},
		"role":              {`{"sub": "1", "roles": "admin"}`, admin},
		"roles": {
			`{"sub": "1", "roles": ["admin", "editor"]}`, &auth.User{ID: "1", Roles: []string{"admin", "editor"}},
		},
		"no roles":    {`{"sub": "1", "roles": []}`, nobody},
		"roles null":  {`{"sub": "1", "roles": null}`, nobody},
		"mixed roles": {`{"sub": "1", "roles": [1, "admin", null, ["editor"]]}`, admin},

		// RedwoodJS reads these too.
		"app_metadata":             {`{"sub": "1", "app_metadata": {"provider": "email", "roles": ["admin"]}}`, admin},
		"app_metadata, string":     {`{"sub": "1", "app_metadata": {"roles": "admin"}}`, admin},
		"authorization":            {`{"sub": "1", "app_metadata": {"authorization": {"roles": ["admin"]}}}`, admin},
		"roles take precedence":    {`{"sub": "1", "roles": ["admin"], "app_metadata": {"roles": ["owner"]}}`, admin},
		"no roles take precedence": {`{"sub": "1", "roles": [], "app_metadata": {"roles": ["admin"]}}`, nobody},
		"null does not":            {`{"sub": "1", "roles": null, "app_metadata": {"roles": ["admin"]}}`, admin},
		"app_metadata is list":     {`{"sub": "1", "app_metadata": [{"roles": ["admin"]}]}`, nobody},
		"app_metadata is null":     {`{"sub": "1", "app_metadata": null}`, nobody},
		"authorization is string":  {`{"sub": "1", "app_metadata": {"authorization": "admin"}}`, nobody},

		// Users can change their own user_metadata, and Supabase's role is a
		// role of the database.
		"user_metadata":        {`{"sub": "1", "user_metadata": {"roles": ["admin"]}}`, nobody},
		"user_metadata, inner": {`{"sub": "1", "user_metadata": {"app_metadata": {"roles": ["admin"]}}}`, nobody},
		"role of the database": {`{"sub": "1", "role": "admin"}`, nobody},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var claims auth.Claims
			require.NoError(t, json.Unmarshal([]byte(tt.claims), &claims))
			user, err := auth.GetCurrentUser(t.Context(), claims)
			assert.Equal(t, tt.want, user)
			assert.Equal(t, tt.want == nil, err != nil, err)
		})
	}
}

// A decoder may return claims that do not come from JSON, or none.
func TestOwnDecoder(t *testing.T) {
	tests := map[string]struct {
		claims auth.Claims
		status int
		logged bool
	}{
		"user":             {auth.Claims{"sub": "1"}, http.StatusForbidden, false},
		"roles as strings": {auth.Claims{"sub": "1", "roles": []string{"admin"}}, http.StatusOK, false},
		"app_metadata": {
			auth.Claims{"sub": "1", "app_metadata": map[string]any{"roles": []string{"admin"}}}, http.StatusOK, false,
		},
		"no ID":     {auth.Claims{"roles": []string{"admin"}}, http.StatusUnauthorized, true},
		"ID is nil": {auth.Claims{"sub": nil, "roles": []string{"admin"}}, http.StatusUnauthorized, true},
		"empty":     {auth.Claims{}, http.StatusUnauthorized, true},
		"nil":       {nil, http.StatusUnauthorized, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			logged := captureLog(t)
			handler := auth.UseRequireAuth(auth.Options{
				Handler: func(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
					switch err := auth.RequireAuth(ctx, "admin"); {
					case errors.Is(err, auth.ErrUnauthenticated):
						return fn.JSON(http.StatusUnauthorized, nil)
					case err != nil:
						return fn.JSON(http.StatusForbidden, nil)
					}
					return greet(ctx, event)
				},
				GetCurrentUser: auth.GetCurrentUser,
				Decoders: map[string]auth.Decoder{
					"mine": func(context.Context, string) (auth.Claims, error) { return tt.claims, nil },
				},
			})
			response, err := handler(t.Context(), request("mine", "Basic dXNlcjpwYXNz"))
			require.NoError(t, err)
			assert.Equal(t, tt.status, response.StatusCode)
			assert.Equal(t, tt.logged, strings.Contains(logged.String(), "authentication failed"))
		})
	}
}

// A decoder may take a token from a cookie and pass it to the decoder of JWT.
func TestTokenFromCookie(t *testing.T) {
	t.Setenv(auth.SecretEnv, secret)
	decode := auth.SharedSecret(auth.SecretEnv)
	handler := auth.UseRequireAuth(auth.Options{
		Handler:        greet,
		GetCurrentUser: auth.GetCurrentUser,
		Decoders: map[string]auth.Decoder{"mine": func(ctx context.Context, cookies string) (auth.Claims, error) {
			_, token, _ := strings.Cut(cookies, "jwt=")
			return decode(ctx, token)
		}},
	})
	event := request("", "")
	event.Headers["Cookie"] = "auth-provider=mine; jwt=" + hs256(t, jwt.MapClaims{"sub": "1"})
	response, err := handler(t.Context(), event)
	require.NoError(t, err)
	assert.Equal(t, `"1"`, response.Body)
}

// If the user cannot be determined, the request continues as anonymous instead
// of failing with 500.
func TestUseRequireAuthContinuesAnonymously(t *testing.T) {
	type (
		decoder = auth.Decoder
		current = func(context.Context, auth.Claims) (*auth.User, error)
	)
	failing := errors.New("the database is down")
	decodes := func(context.Context, string) (auth.Claims, error) { return auth.Claims{"sub": "1"}, nil }
	tests := map[string]struct {
		decoder decoder
		current current
		logged  string
	}{
		"error": {
			decodes, func(context.Context, auth.Claims) (*auth.User, error) { return nil, failing }, failing.Error(),
		},
		"error and user": {
			decodes,
			func(context.Context, auth.Claims) (*auth.User, error) { return &auth.User{ID: "1"}, failing },
			failing.Error(),
		},
		"nil": {decodes, func(context.Context, auth.Claims) (*auth.User, error) { return nil, nil }, ""},
		"decoder fails": {
			func(context.Context, string) (auth.Claims, error) { return auth.Claims{"sub": "1"}, failing },
			func(context.Context, auth.Claims) (*auth.User, error) { panic("called for unverified claims") },
			failing.Error(),
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			logged := captureLog(t)
			handler := auth.UseRequireAuth(auth.Options{
				Handler: func(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
					assert.False(t, auth.IsAuthenticated(ctx))
					assert.ErrorIs(t, auth.RequireAuth(ctx), auth.ErrUnauthenticated)
					return greet(ctx, event)
				},
				GetCurrentUser: tt.current,
				Decoders:       map[string]auth.Decoder{"mine": tt.decoder},
			})
			response, err := handler(t.Context(), request("mine", "Bearer t"))
			require.NoError(t, err)
			assert.Equal(t, http.StatusOK, response.StatusCode)
			assert.Equal(t, `"anonymous"`, response.Body)
			if tt.logged == "" {
				assert.Empty(t, logged.String())
			} else {
				assert.Contains(t, logged.String(), tt.logged)
			}
		})
	}
}

func TestUseRequireAuthPassesContextAndToken(t *testing.T) {
	type key struct{}
	handler := auth.UseRequireAuth(auth.Options{
		Handler: greet,
		Decoders: map[string]auth.Decoder{"mine": func(ctx context.Context, token string) (auth.Claims, error) {
			assert.Equal(t, "here", ctx.Value(key{}))
			assert.Equal(t, "opaque", token)
			return auth.Claims{"name": "Zoë"}, nil
		}},
		GetCurrentUser: func(ctx context.Context, claims auth.Claims) (*auth.User, error) {
			assert.Equal(t, "here", ctx.Value(key{}))
			return &auth.User{ID: claims.Text("name")}, nil
		},
	})
	response, err := handler(context.WithValue(t.Context(), key{}, "here"), request("mine", "Bearer opaque"))
	require.NoError(t, err)
	assert.Equal(t, `"Zoë"`, response.Body)
}

// A user from WithUser takes precedence over the credentials of the event.
func TestWithUserTakesPrecedence(t *testing.T) {
	t.Setenv(auth.SecretEnv, secret)
	ctx := auth.WithUser(t.Context(), &auth.User{ID: "first"})
	for name, authorization := range map[string]string{
		"valid token":   "Bearer " + hs256(t, jwt.MapClaims{"sub": "second"}),
		"invalid token": "Bearer bad",
	} {
		t.Run(name, func(t *testing.T) {
			logged := captureLog(t)
			response, err := fn.Chain(greet, auth.Require(), auth.Require())(ctx, request("custom", authorization))
			require.NoError(t, err)
			assert.Equal(t, `"first"`, response.Body)
			assert.Empty(t, logged.String())
		})
	}
}

func TestAs(t *testing.T) {
	ctx := auth.As(&auth.User{ID: "first"})(t.Context())
	assert.Equal(t, "first", auth.CurrentUser(ctx).ID)
	assert.Nil(t, auth.CurrentUser(auth.As(nil)(ctx)))
}

func TestConcurrentRequests(t *testing.T) {
	const requests = 16
	t.Setenv(auth.SecretEnv, secret)

	// No request reads its user before all of them are inside the handler.
	var inside, done sync.WaitGroup
	inside.Add(requests)
	handle := func(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		inside.Done()
		inside.Wait()
		return greet(ctx, event)
	}
	handler := fn.Chain(handle, auth.Require())

	for i := range requests {
		id := fmt.Sprint("user ", i)
		event := request("custom", "Bearer "+hs256(t, jwt.MapClaims{"sub": id}))
		done.Go(func() {
			response, err := handler(t.Context(), event)
			assert.NoError(t, err)
			assert.Equal(t, `"`+id+`"`, response.Body)
		})
	}
	done.Wait()
}

// signedWithHS256 reports whether token is signed with HS256 and secret. It
// does not use the JWT library, so that it can check it.
func signedWithHS256(token string) bool {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return false
	}
	data, err := base64.RawURLEncoding.DecodeString(parts[0])
	if err != nil {
		return false
	}
	var header struct {
		Alg string `json:"alg"`
	}
	if json.Unmarshal(data, &header) != nil || header.Alg != "HS256" {
		return false
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(parts[0] + "." + parts[1]))
	return hmac.Equal(mac.Sum(nil), signature)
}

// FuzzToken checks that no token causes a panic, that the status is 200 or 401,
// and that it is 200 only for tokens signed with the secret.
func FuzzToken(f *testing.F) {
	f.Setenv(auth.SecretEnv, secret)
	setLogHandler(f, slog.DiscardHandler)

	good := hs256(f, jwt.MapClaims{"sub": "1", "roles": []string{"admin"}})
	f.Add("Bearer", good)
	f.Add("bearer", good)
	f.Add("Basic", good)
	f.Add("", good)
	f.Add("Bearer", "")
	f.Add("Bearer", good+"A")
	f.Add("Bearer", good[:len(good)-1])
	f.Add("Bearer", good+" "+good)
	f.Add("Bearer", strings.Repeat(".", 1000))
	f.Add("Bearer", token(f, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, jwt.MapClaims{"sub": "1"}))
	f.Add("Bearer", token(f, jwt.SigningMethodHS384, []byte(secret), jwt.MapClaims{"sub": "1"}))
	f.Add("Bearer", token(f, jwt.SigningMethodHS256, []byte(""), jwt.MapClaims{"sub": "1"}))
	f.Add("Bearer", hs256(f, jwt.MapClaims{"exp": 1}))
	f.Add("Bearer", signRaw(`{"sub":"1","exp":1e400}`))
	f.Add("Bearer", signRaw(`{}`))
	f.Add("Bearer ", good)
	f.Add("", "Bearer  "+good+" ")
	f.Add("Bearer", hs256(f, jwt.MapClaims{"exp": -1e300, "nbf": "x", "roles": map[string]any{}}))
	handler := fn.Chain(greet, auth.Require())

	f.Fuzz(func(t *testing.T, scheme, token string) {
		response, err := handler(t.Context(), request("custom", scheme+" "+token))
		require.NoError(t, err)
		switch response.StatusCode {
		case http.StatusOK:
			words := strings.Fields(scheme + " " + token)
			require.Len(t, words, 2)
			require.True(t, strings.EqualFold(words[0], "Bearer"), "accepted the scheme %q", words[0])
			require.True(t, signedWithHS256(words[1]), "accepted, but not signed with the secret: %q", words[1])
		case http.StatusUnauthorized:
		default:
			require.Fail(t, "unexpected status", "%d, want 200 or 401", response.StatusCode)
		}
	})
}
