package auth_test

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/json"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/lib/auth"
)

// A vector records a request and how RedwoodJS 8.9 handled it.
type vector struct {
	Op, Name      string
	SessionSecret string `json:"session_secret"`
	CookieName    string `json:"cookie_name"`
	Event         events.APIGatewayProxyRequest
	Headers       map[string]string
	Result        struct {
		OK, None bool
		Decoded  auth.Claims
		Auth     struct{ Type, Schema, Token string }
	}
}

func readVectors(tb testing.TB) []vector {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "..", "testdata", "vectors", "auth.jsonl"))
	require.NoError(tb, err)
	var all []vector
	for _, line := range bytes.SplitAfter(data, []byte("\n")) {
		if len(line) == 0 {
			continue
		}
		var v vector
		require.NoError(tb, json.Unmarshal(line, &v))
		all = append(all, v)
	}
	return all
}

func TestVectors(t *testing.T) {
	counts := map[string]int{}
	for _, v := range readVectors(t) {
		counts[v.Op]++
		t.Run(v.Op+"/"+v.Name, func(t *testing.T) {
			switch v.Op {
			case "dbAuth":
				testSession(t, v)
			case "authContext":
				testCredentials(t, v)
			default:
				t.Errorf("unknown op %q", v.Op)
			}
		})
	}
	assert.Equal(t, map[string]int{"dbAuth": 22, "authContext": 8}, counts)
}

// testSession checks that UseRequireAuth decodes the session as RedwoodJS did.
func testSession(t *testing.T, v vector) {
	t.Setenv(auth.SessionSecretEnv, v.SessionSecret)
	logged := captureLog(t)
	var got auth.Claims
	handler := auth.UseRequireAuth(auth.Options{
		Handler: greet,
		GetCurrentUser: func(_ context.Context, claims auth.Claims) (*auth.User, error) {
			got = claims
			return &auth.User{ID: claims.ID("id")}, nil
		},
		Decoders: map[string]auth.Decoder{"dbAuth": auth.DBAuth(v.CookieName)},
	})
	response, err := handler(t.Context(), v.Event)
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, response.StatusCode)
	assert.Equal(t, v.Result.Decoded, got)
	if v.Result.Decoded == nil {
		assert.Equal(t, `"anonymous"`, response.Body)
	} else {
		assert.Equal(t, `"`+v.Result.Decoded.ID("id")+`"`, response.Body)
	}
	assert.Equal(t, v.Result.OK, logged.Len() == 0, "only failures are logged")
	assert.NotContains(t, logged.String(), v.SessionSecret)
}

// testCredentials checks that a decoder receives the same provider, scheme and
// token as in RedwoodJS.
func testCredentials(t *testing.T, v vector) {
	logged := captureLog(t)
	var got []auth.Credentials
	decode := func(ctx context.Context, token string) (auth.Claims, error) {
		c, ok := auth.RequestCredentials(ctx)
		assert.True(t, ok)
		assert.Equal(t, token, c.Token)
		assert.Equal(t, v.Headers["cookie"], c.Cookies)
		got = append(got, c)
		return auth.Claims{"token": token, "type": c.Provider}, nil
	}
	var decoded auth.Claims
	handler := auth.UseRequireAuth(auth.Options{
		Handler: greet,
		GetCurrentUser: func(ctx context.Context, claims auth.Claims) (*auth.User, error) {
			_, ok := auth.RequestCredentials(ctx)
			assert.True(t, ok)
			decoded = claims
			return &auth.User{ID: "1"}, nil
		},
		Decoders: map[string]auth.Decoder{"supabase": decode, "custom": decode, "dbAuth": decode},
	})
	response, err := handler(t.Context(), events.APIGatewayProxyRequest{Headers: v.Headers})
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, response.StatusCode)
	assert.Equal(t, v.Result.Decoded, decoded)
	assert.Equal(t, v.Result.OK, logged.Len() == 0)
	if v.Result.Decoded == nil {
		assert.Empty(t, got)
		assert.Equal(t, `"anonymous"`, response.Body)
		return
	}
	require.Len(t, got, 1)
	want := v.Result.Auth
	assert.Equal(t, want.Type, got[0].Provider)
	assert.Equal(t, want.Schema, got[0].Scheme)
	assert.Equal(t, want.Token, got[0].Token)
}

// TestProviderCookie checks when a cookie names the provider and how it is
// parsed. RedwoodJS and the npm package cookie behave the same way.
func TestProviderCookie(t *testing.T) {
	tests := map[string]struct {
		cookie, provider, authorization string
		want                            string // provider and scheme
	}{
		"cookie before header":    {"auth-provider=dbAuth", "supabase", "Bearer t", "dbAuth cookie"},
		"header without a cookie": {"", "supabase", "Bearer t", "supabase Bearer"},
		"similar cookie names": {
			"auth-provider2=dbAuth; my-auth-provider=dbAuth", "supabase", "Bearer t", "supabase Bearer",
		},
		"empty cookie":             {"auth-provider=", "supabase", "Bearer t", "supabase Bearer"},
		"cookie without a value":   {"auth-provider; a=b", "supabase", "Bearer t", "supabase Bearer"},
		"first of two cookies":     {"auth-provider=dbAuth; auth-provider=other", "", "", "dbAuth cookie"},
		"white space":              {"a=b;  auth-provider = dbAuth ;c=d", "", "", "dbAuth cookie"},
		"no white space":           {"a=b;auth-provider=dbAuth;c=d", "", "", "dbAuth cookie"},
		"quoted":                   {`auth-provider="dbAuth"`, "", "", "dbAuth cookie"},
		"percent-encoded":          {"auth-provider=db%41uth", "", "", "dbAuth cookie"},
		"names are case-sensitive": {"Auth-Provider=dbAuth", "", "", ""},
		"neither":                  {"theme=dark", "", "Bearer t", ""},
		"invalid percent-encoding": {"auth-provider=%zz", "", "", `log: no decoder for provider \"%zz\"`},
		"token without a scheme":   {"theme=dark", "supabase", "t", "log: missing or malformed Authorization header"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			logged := captureLog(t)
			got := ""
			decode := func(ctx context.Context, _ string) (auth.Claims, error) {
				c, _ := auth.RequestCredentials(ctx)
				got = c.Provider + " " + c.Scheme
				return nil, nil
			}
			handler := auth.UseRequireAuth(auth.Options{
				Handler:  greet,
				Decoders: map[string]auth.Decoder{"supabase": decode, "dbAuth": decode},
			})
			event := request(tt.provider, tt.authorization)
			if tt.cookie != "" {
				event.Headers["cookie"] = tt.cookie
			}
			response, err := handler(t.Context(), event)
			require.NoError(t, err)
			assert.Equal(t, `"anonymous"`, response.Body, "no claims, no user")
			if reason, ok := strings.CutPrefix(tt.want, "log: "); ok {
				assert.Empty(t, got)
				assert.Contains(t, logged.String(), reason)
				return
			}
			assert.Equal(t, tt.want, got)
			assert.Empty(t, logged.String())
		})
	}
}

const sessionSecret = "0123456789abcdef0123456789abcdef"

// encryptSession returns a session as dbAuth encrypts it.
func encryptSession(tb testing.TB, key, plain string) string {
	tb.Helper()
	iv := []byte("an iv of 16 byte")
	padding := aes.BlockSize - len(plain)%aes.BlockSize
	return encryptPaddedSession(tb, key, plain+strings.Repeat(string(rune(padding)), padding), iv)
}

func encryptPaddedSession(tb testing.TB, key, padded string, iv []byte) string {
	tb.Helper()
	block, err := aes.NewCipher([]byte(key))
	require.NoError(tb, err)
	data := make([]byte, len(padded))
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(data, []byte(padded))
	return base64.StdEncoding.EncodeToString(data) + "|" + base64.StdEncoding.EncodeToString(iv)
}

func TestDBAuth(t *testing.T) {
	const csrf = ";e0b1a7a4-3a5c-4d6e-9f10-2b3c4d5e6f70"
	good := encryptSession(t, sessionSecret, `{"id":1}`+csrf)
	data, iv, _ := strings.Cut(good, "|")
	encrypted := func(plain string) string { return "session=" + encryptSession(t, sessionSecret, plain) }
	padded := func(plain string) string {
		return "session=" + encryptPaddedSession(t, sessionSecret, plain, make([]byte, aes.BlockSize))
	}
	encode := base64.StdEncoding.EncodeToString
	one := auth.Claims{"id": 1.0}
	tests := map[string]struct {
		cookies string
		secret  string
		want    auth.Claims
		err     string
	}{
		"valid":                    {"session=" + good, sessionSecret, one, ""},
		"among other cookies":      {"a=b; session=" + good + "; c=d", sessionSecret, one, ""},
		"longer secret":            {"session=" + good, sessionSecret + "and more", one, ""},
		"without a CSRF token":     {encrypted(`{"id":1}`), sessionSecret, one, ""},
		"empty object":             {encrypted(`{}` + csrf), sessionSecret, auth.Claims{}, ""},
		"extra field after the iv": {"session=" + good + "|more", sessionSecret, one, ""},
		"block of padding": {
			encrypted(`{"id":1,"a":"b"}`), sessionSecret, auth.Claims{"id": 1.0, "a": "b"}, "",
		},
		"not UTF-8":                {encrypted("{\"id\":\"\xff\"}"), sessionSecret, auth.Claims{"id": "\ufffd"}, ""},
		"encrypted by OpenSSL":     {"session=" + legacySession, sessionSecret, auth.Claims{"id": 7.0}, ""},
		"first of two cookies":     {"session=" + good + "; session=x", sessionSecret, one, ""},
		"missing":                  {"other=" + good, sessionSecret, nil, ""},
		"empty":                    {"session=; a=b", sessionSecret, nil, ""},
		"blank":                    {" session= ", sessionSecret, nil, ""},
		"no cookies":               {"", sessionSecret, nil, ""},
		"names are case-sensitive": {"Session=" + good, sessionSecret, nil, ""},
		"missing, secret unset":    {"other=" + good, "", nil, ""},
		"secret unset":             {"session=" + good, "", nil, "SESSION_SECRET is not set"},
		"secret too short":         {"session=" + good, sessionSecret[:31], nil, "must start with 32 ASCII characters"},
		"secret not ASCII": {
			"session=" + good, strings.Repeat("é", 40), nil, "must start with 32 ASCII characters",
		},
		"another secret":          {"session=" + good, strings.Repeat("x", 32), nil, "tampered with"},
		"another secret, OpenSSL": {"session=" + legacySession, strings.Repeat("x", 32), nil, "tampered with"},
		"name without a value":    {"session", sessionSecret, nil, "tampered with"},
		"space after the name":    {"session =" + good, sessionSecret, nil, "tampered with"},
		"no iv":                   {"session=" + data, sessionSecret, nil, "tampered with"},
		"empty iv":                {"session=" + data + "|", sessionSecret, nil, "tampered with"},
		"no data":                 {"session=|" + iv, sessionSecret, nil, "tampered with"},
		"iv too short":            {"session=" + data + "|QUJD", sessionSecret, nil, "tampered with"},
		"iv not base64":           {"session=" + data + "|!", sessionSecret, nil, "tampered with"},
		"data not base64":         {"session=!" + good, sessionSecret, nil, "tampered with"},
		"data not whole blocks":   {"session=QUJD|" + iv, sessionSecret, nil, "tampered with"},
		"data truncated": {
			"session=" + encode(make([]byte, 16)) + "|" + iv, sessionSecret, nil, "tampered with",
		},
		"salt without data": {
			"session=" + encode([]byte("Salted__12345678")), sessionSecret, nil, "tampered with",
		},
		"a number":                {encrypted(`1` + csrf), sessionSecret, nil, "tampered with"},
		"null":                    {encrypted(`null` + csrf), sessionSecret, nil, "tampered with"},
		"a list":                  {encrypted(`[{"id":1}]` + csrf), sessionSecret, nil, "tampered with"},
		"empty plaintext":         {encrypted(``), sessionSecret, nil, "tampered with"},
		"two objects":             {encrypted(`{"id":1}{"id":2}` + csrf), sessionSecret, nil, "tampered with"},
		"semicolon in a value":    {encrypted(`{"id":"a;b"}` + csrf), sessionSecret, nil, "tampered with"},
		"padding of zero bytes":   {padded("{\"id\":1};123456\x00"), sessionSecret, nil, "tampered with"},
		"padding too long":        {padded("{\"id\":1};123456\x11"), sessionSecret, nil, "tampered with"},
		"padding not uniform":     {padded("{\"id\":1};1234\x02\x01\x03"), sessionSecret, nil, "tampered with"},
		"bad padding, valid JSON": {padded(`{"id":1}        `), sessionSecret, nil, "tampered with"},
		"oversized":               {"session=" + strings.Repeat("A", 1<<20), sessionSecret, nil, "exceeds 16384"},
		"many cookies":            {strings.Repeat("a=b;", 1<<18) + "session=" + good, sessionSecret, one, ""},
		"many separators":         {strings.Repeat(";=|", 1<<18), sessionSecret, nil, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Setenv(auth.SessionSecretEnv, tt.secret)
			claims, err := auth.DBAuth("")(t.Context(), tt.cookies)
			if tt.err == "" {
				require.NoError(t, err)
				assert.Equal(t, tt.want, claims)
				return
			}
			assert.Nil(t, claims)
			require.ErrorContains(t, err, tt.err)
			if tt.secret != "" {
				assert.NotContains(t, err.Error(), tt.secret)
			}
		})
	}
}

// legacySession is a session as dbAuth encrypted it before it used node:crypto:
//
//	printf '{"id":7};e0b1a7a4-...' |
//		openssl enc -aes-256-cbc -md md5 -pass pass:0123456789abcdef0123456789abcdef -base64 -A
const legacySession = "U2FsdGVkX19yRGEqgzb5QgoKR+lQLkd/zamH3FlVQHxe+k+CWLr0qvXD1ahROO9ONjcGit6x3CdeTcWVaGHe5Q=="

func TestClaimsID(t *testing.T) {
	var claims auth.Claims
	const text = `{"string":"c0ffee","number":1,"large":9007199254740992,"inexact":9007199254740993000,
		"zero":0,"fraction":1.5,"null":null,"empty":"","list":[1]}`
	require.NoError(t, json.Unmarshal([]byte(text), &claims))
	// A decoder may return numbers that do not come from JSON.
	claims["int"], claims["int64"], claims["uint32"] = 7, int64(math.MaxInt64), uint32(7)
	claims["json.Number"], claims["NaN"] = json.Number("9007199254740993"), math.NaN()
	for name, want := range map[string]string{
		"string": "c0ffee", "number": "1", "large": "9007199254740992", "inexact": "",
		"zero": "0", "fraction": "1.5", "null": "", "empty": "", "list": "", "missing": "",
		"int": "7", "int64": "9223372036854775807", "uint32": "7", "json.Number": "9007199254740993", "NaN": "",
	} {
		assert.Equal(t, want, claims.ID(name), name)
	}
}

// FuzzSession checks that no cookie causes a panic, that errors do not contain
// the secret, and that a user is signed in only if a cookie names the provider
// and the session decrypts.
func FuzzSession(f *testing.F) {
	f.Setenv(auth.SessionSecretEnv, sessionSecret)
	for _, v := range readVectors(f) {
		if v.Op == "dbAuth" {
			for _, cookies := range v.Event.Headers {
				f.Add(cookies, "session")
			}
		}
	}
	f.Add("session="+legacySession, "session")
	f.Add("session=|", "")
	f.Add("session=U2FsdGVkX18=|AAAAAAAAAAAAAAAAAAAAAA==", "%port%")
	f.Fuzz(func(t *testing.T, cookies, name string) {
		claims, err := auth.DBAuth(name)(t.Context(), cookies)
		if err != nil {
			require.Nil(t, claims)
			require.NotContains(t, err.Error(), sessionSecret)
			return
		}
		if claims != nil {
			text, err := json.Marshal(claims)
			require.NoError(t, err)
			require.NotEmpty(t, text)
		}
		response, err := auth.UseRequireAuth(auth.Options{
			Handler:        greet,
			GetCurrentUser: func(context.Context, auth.Claims) (*auth.User, error) { return &auth.User{ID: "somebody"}, nil },
			Decoders:       map[string]auth.Decoder{"dbAuth": auth.DBAuth(name)},
		})(t.Context(), events.APIGatewayProxyRequest{Headers: map[string]string{"Cookie": cookies}})
		require.NoError(t, err)
		if response.Body != `"anonymous"` {
			require.Contains(t, cookies, "auth-provider")
			require.NotNil(t, claims)
		}
	})
}
