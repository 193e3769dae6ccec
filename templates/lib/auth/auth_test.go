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

// hs256 is a token as a provider issues it.
func hs256(tb testing.TB, claims jwt.MapClaims) string {
	tb.Helper()
	return token(tb, jwt.SigningMethodHS256, []byte(secret), claims)
}

// critical is a token that is valid but for an extension that nobody here understands.
func critical(tb testing.TB) string {
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

// logTo has the log go to a handler until the test ends.
func logTo(tb testing.TB, handler slog.Handler) {
	logger, writer, flags := slog.Default(), log.Writer(), log.Flags()
	tb.Cleanup(func() { // slog.SetDefault redirects package log, and does not undo that
		slog.SetDefault(logger)
		log.SetOutput(writer)
		log.SetFlags(flags)
	})
	slog.SetDefault(slog.New(handler))
}

func captureLog(t *testing.T) *bytes.Buffer {
	var buffer bytes.Buffer
	logTo(t, slog.NewTextHandler(&buffer, nil))
	return &buffer
}

// greet answers who is signed in.
func greet(ctx context.Context, _ events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	user := auth.CurrentUser(ctx)
	if user == nil {
		return fn.JSON(http.StatusOK, "nobody")
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
		"nobody":                      {nil, nil, false, false, auth.ErrUnauthenticated},
		"nobody, role asked":          {nil, []string{"admin"}, false, false, auth.ErrUnauthenticated},
		"somebody":                    {plain, nil, true, false, nil},
		"without roles, role asked":   {plain, []string{"admin"}, true, false, auth.ErrForbidden},
		"without roles, the empty":    {plain, []string{""}, true, false, auth.ErrForbidden},
		"with roles, none asked":      {admin, nil, true, false, nil},
		"has the role":                {admin, []string{"admin"}, true, true, nil},
		"has the second of its roles": {admin, []string{"editor"}, true, true, nil},
		"has one of those asked":      {admin, []string{"owner", "editor"}, true, true, nil},
		"has none of those asked":     {admin, []string{"owner", "reader"}, true, false, auth.ErrForbidden},
		"roles have a case":           {admin, []string{"Admin"}, true, false, auth.ErrForbidden},
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
		user   *auth.User // in the context already
		claims jwt.MapClaims
		roles  []string
		status int
	}{
		"nobody":              {nil, nil, nil, http.StatusUnauthorized},
		"nobody, role":        {nil, nil, []string{"admin"}, http.StatusUnauthorized},
		"user":                {&auth.User{ID: "1"}, nil, nil, http.StatusOK},
		"user lacks role":     {&auth.User{ID: "1"}, nil, []string{"admin"}, http.StatusForbidden},
		"user has role":       {&auth.User{ID: "1", Roles: []string{"admin"}}, nil, []string{"admin"}, http.StatusOK},
		"token":               {nil, jwt.MapClaims{"sub": "1"}, nil, http.StatusOK},
		"token lacks role":    {nil, jwt.MapClaims{"sub": "1"}, []string{"admin"}, http.StatusForbidden},
		"role as text":        {nil, jwt.MapClaims{"sub": "1", "roles": "admin"}, []string{"admin"}, http.StatusOK},
		"roles as list":       {nil, jwt.MapClaims{"sub": "1", "roles": []string{"editor", "admin"}}, []string{"admin"}, http.StatusOK},
		"list lacks role":     {nil, jwt.MapClaims{"sub": "1", "roles": []string{"editor"}}, []string{"admin"}, http.StatusForbidden},
		"text is no list":     {nil, jwt.MapClaims{"sub": "1", "roles": "editor,admin"}, []string{"admin"}, http.StatusForbidden},
		"role within a role":  {nil, jwt.MapClaims{"sub": "1", "roles": "administrator"}, []string{"admin"}, http.StatusForbidden},
		"roles of other kind": {nil, jwt.MapClaims{"sub": "1", "roles": map[string]any{"admin": true}}, []string{"admin"}, http.StatusForbidden},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			called := false
			handler := fn.Chain(func(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
				called = true
				return greet(ctx, event)
			}, auth.Require(tt.roles...))

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

// What arrives decides who is signed in: nobody, and the log says why, or user 1.
func TestTokens(t *testing.T) {
	claims := jwt.MapClaims{"sub": "1"}
	good := hs256(t, claims)
	now := time.Now()
	at := func(claim string, when time.Time) string {
		return "Bearer " + hs256(t, jwt.MapClaims{"sub": "1", claim: when.Unix()})
	}
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	parts := strings.Split(good, ".")
	forged := base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"2"}`))

	tests := map[string]struct {
		provider, authorization string
		secret                  string
		logged                  string // why nobody is signed in
	}{
		"good":                 {"custom", "Bearer " + good, secret, ""},
		"supabase":             {"supabase", "Bearer " + good, secret, ""},
		"netlify":              {"netlify", "Bearer " + good, secret, ""},
		"scheme in lower case": {"custom", "bearer " + good, secret, ""},
		"another scheme":       {"custom", "Basic " + good, secret, ""},
		"expires later":        {"custom", at("exp", now.Add(time.Hour)), secret, ""},
		"valid already":        {"custom", at("nbf", now.Add(-time.Hour)), secret, ""},

		"expired":                {"custom", at("exp", now.Add(-time.Hour)), secret, "expired"},
		"not valid yet":          {"custom", at("nbf", now.Add(time.Hour)), secret, "not valid yet"},
		"expiry is no time":      {"custom", "Bearer " + hs256(t, jwt.MapClaims{"sub": "1", "exp": "never"}), secret, "exp is invalid"},
		"wrong secret":           {"custom", "Bearer " + token(t, jwt.SigningMethodHS256, []byte("another"), claims), secret, "signature is invalid"},
		"empty secret":           {"custom", "Bearer " + token(t, jwt.SigningMethodHS256, []byte(""), claims), secret, "signature is invalid"},
		"HS384":                  {"custom", "Bearer " + token(t, jwt.SigningMethodHS384, []byte(secret), claims), secret, "signing method HS384 is invalid"},
		"HS512":                  {"custom", "Bearer " + token(t, jwt.SigningMethodHS512, []byte(secret), claims), secret, "signing method HS512 is invalid"},
		"none":                   {"custom", "Bearer " + token(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, claims), secret, "signing method none is invalid"},
		"RS256":                  {"custom", "Bearer " + token(t, jwt.SigningMethodRS256, private, claims), secret, "signing method RS256 is invalid"},
		"forged claims":          {"custom", "Bearer " + parts[0] + "." + forged + "." + parts[2], secret, "signature is invalid"},
		"signature cut off":      {"custom", "Bearer " + parts[0] + "." + parts[1] + ".", secret, "signature is invalid"},
		"two parts":              {"custom", "Bearer " + parts[0] + "." + parts[1], secret, "malformed"},
		"not a token":            {"custom", "Bearer token", secret, "malformed"},
		"secret unset":           {"custom", "Bearer " + good, "", auth.SecretEnv + " is empty"},
		"unset, empty signs":     {"custom", "Bearer " + token(t, jwt.SigningMethodHS256, []byte(""), claims), "", auth.SecretEnv + " is empty"},
		"unknown provider":       {"other", "Bearer " + good, secret, `no decoder for the provider \"other\"`},
		"provider has a case":    {"Custom", "Bearer " + good, secret, `no decoder for the provider \"Custom\"`},
		"no Authorization":       {"custom", "", secret, "want Bearer"},
		"scheme without a token": {"custom", "Bearer", secret, "want Bearer"},
		"token without a scheme": {"custom", good, secret, "want Bearer"},
		"three parts":            {"custom", "Bearer " + good + " more", secret, "want Bearer"},
		"two spaces":             {"custom", "Bearer  " + good, secret, "want Bearer"},
		"a tab for a space":      {"custom", "Bearer\t" + good, secret, "want Bearer"},
		"no scheme, a space":     {"custom", " " + good, secret, "want Bearer"},
		"scheme and a space":     {"custom", "Bearer ", secret, "want Bearer"},
		"Basic, no token":        {"custom", "Basic dXNlcjpwYXNz", secret, "malformed"},
		"huge":                   {"custom", "Bearer " + hs256(t, jwt.MapClaims{"sub": strings.Repeat("1", 16<<10)}), secret, "bytes, more than 16384"},
		"huge, no token":         {"custom", "Bearer " + strings.Repeat("a.", 1<<20), secret, "bytes, more than 16384"},
		"critical extension":     {"custom", "Bearer " + critical(t), secret, "extensions that must be understood"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Setenv(auth.SecretEnv, tt.secret)
			logged := captureLog(t)
			open := auth.UseRequireAuth(auth.Options{Handler: greet, GetCurrentUser: auth.GetCurrentUser, Decoders: auth.Decoders})
			event := request(tt.provider, tt.authorization)

			response, err := open(t.Context(), event)
			require.NoError(t, err)
			assert.Equal(t, http.StatusOK, response.StatusCode, "the wrapper refuses nobody")
			closed, err := fn.Chain(greet, auth.Require())(t.Context(), event)
			require.NoError(t, err)

			if tt.logged == "" {
				assert.Equal(t, `"1"`, response.Body)
				assert.Equal(t, http.StatusOK, closed.StatusCode)
				assert.Empty(t, logged.String())
				return
			}
			assert.Equal(t, `"nobody"`, response.Body)
			assert.Equal(t, http.StatusUnauthorized, closed.StatusCode)
			assert.Contains(t, logged.String(), tt.logged)
			assert.NotContains(t, logged.String(), secret)
			assert.NotContains(t, closed.Body, tt.logged, "the reason is for the log alone")
		})
	}
}

// A request that names no provider is an ordinary anonymous one, not a failure to log.
func TestNoProviderIsNobody(t *testing.T) {
	t.Setenv(auth.SecretEnv, secret)
	logged := captureLog(t)
	for _, authorization := range []string{"", "Bearer " + hs256(t, jwt.MapClaims{"sub": "1"}), "nonsense"} {
		response, err := fn.Chain(greet, auth.Require())(t.Context(), request("", authorization))
		require.NoError(t, err)
		assert.Equal(t, http.StatusUnauthorized, response.StatusCode)
	}
	assert.Empty(t, logged.String())
}

func TestHeadersInAnyCase(t *testing.T) {
	t.Setenv(auth.SecretEnv, secret)
	authorization := "Bearer " + hs256(t, jwt.MapClaims{"sub": "1"})
	for name, event := range map[string]events.APIGatewayProxyRequest{
		"canonical":    {Headers: map[string]string{"Auth-Provider": "custom", "Authorization": authorization}},
		"lower":        {Headers: map[string]string{"auth-provider": "custom", "authorization": authorization}},
		"multi-valued": {MultiValueHeaders: map[string][]string{"auth-provider": {"custom"}, "authorization": {authorization}}},
	} {
		t.Run(name, func(t *testing.T) {
			response, err := fn.Chain(greet, auth.Require())(t.Context(), event)
			require.NoError(t, err)
			assert.Equal(t, `"1"`, response.Body)
		})
	}
}

func TestGetCurrentUser(t *testing.T) {
	tests := map[string]struct {
		claims string
		want   auth.User
	}{
		"nothing":            {`{}`, auth.User{}},
		"subject":            {`{"sub": "1"}`, auth.User{ID: "1"}},
		"subject not text":   {`{"sub": 1}`, auth.User{}},
		"role":               {`{"sub": "1", "roles": "admin"}`, auth.User{ID: "1", Roles: []string{"admin"}}},
		"roles":              {`{"sub": "1", "roles": ["admin", "editor"]}`, auth.User{ID: "1", Roles: []string{"admin", "editor"}}},
		"no roles":           {`{"sub": "1", "roles": []}`, auth.User{ID: "1"}},
		"roles null":         {`{"sub": "1", "roles": null}`, auth.User{ID: "1"}},
		"some roles no text": {`{"sub": "1", "roles": [1, "admin", null, ["editor"]]}`, auth.User{ID: "1", Roles: []string{"admin"}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var claims auth.Claims
			require.NoError(t, json.Unmarshal([]byte(tt.claims), &claims))
			user, err := auth.GetCurrentUser(t.Context(), claims)
			require.NoError(t, err)
			assert.Equal(t, &tt.want, user)
		})
	}
}

// Whatever keeps a user from being found, the request goes on as nobody's: it is no 500.
func TestUseRequireAuthFindsNobody(t *testing.T) {
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
		"error":          {decodes, func(context.Context, auth.Claims) (*auth.User, error) { return nil, failing }, failing.Error()},
		"error and user": {decodes, func(context.Context, auth.Claims) (*auth.User, error) { return &auth.User{ID: "1"}, failing }, failing.Error()},
		"nil":            {decodes, func(context.Context, auth.Claims) (*auth.User, error) { return nil, nil }, ""},
		"decoder fails": {
			func(context.Context, string) (auth.Claims, error) { return auth.Claims{"sub": "1"}, failing },
			func(context.Context, auth.Claims) (*auth.User, error) { panic("called for claims that did not verify") },
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
			assert.Equal(t, `"nobody"`, response.Body)
			if tt.logged == "" {
				assert.Empty(t, logged.String())
			} else {
				assert.Contains(t, logged.String(), tt.logged)
			}
		})
	}
}

func TestUseRequireAuthPassesOn(t *testing.T) {
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

// A test signs somebody in by WithUser, whatever the event says.
func TestUserInContextStays(t *testing.T) {
	t.Setenv(auth.SecretEnv, secret)
	ctx := auth.WithUser(t.Context(), &auth.User{ID: "first"})
	for name, authorization := range map[string]string{
		"another's token": "Bearer " + hs256(t, jwt.MapClaims{"sub": "second"}),
		"bad token":       "Bearer bad",
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

func TestRequestsAtOnce(t *testing.T) {
	const requests = 16
	t.Setenv(auth.SecretEnv, secret)

	// All are inside the handler before the first one looks who it serves.
	var inside, done sync.WaitGroup
	inside.Add(requests)
	handler := fn.Chain(func(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		inside.Done()
		inside.Wait()
		return greet(ctx, event)
	}, auth.Require())

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

// signed tells, without the package that is used for it, whether a token has the
// algorithm HS256 and its signature.
func signed(token string) bool {
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

// FuzzToken: whatever a request has for a token, nothing panics, it is a 200 or a 401, and
// a 200 only for what the secret signed.
func FuzzToken(f *testing.F) {
	f.Setenv(auth.SecretEnv, secret)
	logTo(f, slog.DiscardHandler)

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
	f.Add("Bearer", hs256(f, jwt.MapClaims{"exp": -1e300, "nbf": "x", "roles": map[string]any{}}))
	handler := fn.Chain(greet, auth.Require())

	f.Fuzz(func(t *testing.T, scheme, token string) {
		response, err := handler(t.Context(), request("custom", scheme+" "+token))
		require.NoError(t, err)
		switch response.StatusCode {
		case http.StatusOK:
			require.True(t, signed(strings.TrimSpace(token)), "nobody with the secret signed this: %q", token)
		case http.StatusUnauthorized:
		default:
			require.Fail(t, "it is neither 200 nor 401", "%d", response.StatusCode)
		}
	})
}
