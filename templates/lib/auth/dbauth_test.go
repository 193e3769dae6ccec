package auth_test

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/json"
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

// A vector is what RedwoodJS 8.9 made of a request.
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

func vectors(tb testing.TB) []vector {
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
	for _, v := range vectors(t) {
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

// testSession: the wrapper finds the session that RedwoodJS found, or nobody.
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
		assert.Equal(t, `"nobody"`, response.Body)
	} else {
		assert.Equal(t, `"`+v.Result.Decoded.ID("id")+`"`, response.Body)
	}
	assert.Equal(t, v.Result.OK, logged.Len() == 0, "what fails is logged, and nothing else")
	assert.NotContains(t, logged.String(), v.SessionSecret)
}

// testCredentials: a decoder gets the provider, the scheme and the token that RedwoodJS's got.
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
		assert.Equal(t, `"nobody"`, response.Body)
		return
	}
	require.Len(t, got, 1)
	want := v.Result.Auth
	assert.Equal(t, [3]string{want.Type, want.Schema, want.Token}, [3]string{got[0].Provider, got[0].Scheme, got[0].Token})
}

// Which of cookie and header counts, and how a cookie is read, as RedwoodJS and the package cookie do it.
func TestProviderOfCookies(t *testing.T) {
	tests := map[string]struct {
		cookie, provider, authorization string
		want                            string // provider and scheme
	}{
		"cookie before header":     {"auth-provider=dbAuth", "supabase", "Bearer t", "dbAuth cookie"},
		"header without a cookie":  {"", "supabase", "Bearer t", "supabase Bearer"},
		"cookie of another name":   {"auth-provider2=dbAuth; my-auth-provider=dbAuth", "supabase", "Bearer t", "supabase Bearer"},
		"empty cookie":             {"auth-provider=", "supabase", "Bearer t", "supabase Bearer"},
		"cookie without a value":   {"auth-provider; a=b", "supabase", "Bearer t", "supabase Bearer"},
		"the first one counts":     {"auth-provider=dbAuth; auth-provider=other", "", "", "dbAuth cookie"},
		"white space":              {"a=b;  auth-provider = dbAuth ;c=d", "", "", "dbAuth cookie"},
		"no white space":           {"a=b;auth-provider=dbAuth;c=d", "", "", "dbAuth cookie"},
		"in quotes":                {`auth-provider="dbAuth"`, "", "", "dbAuth cookie"},
		"percent-encoded":          {"auth-provider=db%41uth", "", "", "dbAuth cookie"},
		"names have a case":        {"Auth-Provider=dbAuth", "", "", ""},
		"neither":                  {"theme=dark", "", "Bearer t", ""},
		"cookie of an odd percent": {"auth-provider=%zz", "", "", `log: no decoder for the provider \"%zz\"`},
		"no scheme for the header": {"theme=dark", "supabase", "t", "log: want Bearer"},
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
			handler := auth.UseRequireAuth(auth.Options{Handler: greet, Decoders: map[string]auth.Decoder{"supabase": decode, "dbAuth": decode}})
			event := request(tt.provider, tt.authorization)
			if tt.cookie != "" {
				event.Headers["cookie"] = tt.cookie
			}
			response, err := handler(t.Context(), event)
			require.NoError(t, err)
			assert.Equal(t, `"nobody"`, response.Body, "no claims are nobody's")
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

// encrypt is a session as dbAuth encrypts it.
func encrypt(tb testing.TB, key, plain string) string {
	tb.Helper()
	iv := []byte("an iv of 16 byte")
	padding := aes.BlockSize - len(plain)%aes.BlockSize
	return encryptPadded(tb, key, plain+strings.Repeat(string(rune(padding)), padding), iv)
}

func encryptPadded(tb testing.TB, key, padded string, iv []byte) string {
	tb.Helper()
	block, err := aes.NewCipher([]byte(key))
	require.NoError(tb, err)
	data := make([]byte, len(padded))
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(data, []byte(padded))
	return base64.StdEncoding.EncodeToString(data) + "|" + base64.StdEncoding.EncodeToString(iv)
}

func TestDBAuth(t *testing.T) {
	const csrf = ";e0b1a7a4-3a5c-4d6e-9f10-2b3c4d5e6f70"
	good := encrypt(t, sessionSecret, `{"id":1}`+csrf)
	data, iv, _ := strings.Cut(good, "|")
	one := auth.Claims{"id": 1.0}
	tests := map[string]struct {
		cookies string
		secret  string
		want    auth.Claims
		err     string
	}{
		"good":                      {"session=" + good, sessionSecret, one, ""},
		"among others":              {"a=b; session=" + good + "; c=d", sessionSecret, one, ""},
		"longer secret":             {"session=" + good, sessionSecret + "and more", one, ""},
		"without a csrf token":      {"session=" + encrypt(t, sessionSecret, `{"id":1}`), sessionSecret, one, ""},
		"empty object":              {"session=" + encrypt(t, sessionSecret, `{}`+csrf), sessionSecret, auth.Claims{}, ""},
		"more after the iv":         {"session=" + good + "|more", sessionSecret, one, ""},
		"block of padding":          {"session=" + encrypt(t, sessionSecret, `{"id":1,"a":"b"}`), sessionSecret, auth.Claims{"id": 1.0, "a": "b"}, ""},
		"not UTF-8":                 {"session=" + encrypt(t, sessionSecret, "{\"id\":\"\xff\"}"), sessionSecret, auth.Claims{"id": "\ufffd"}, ""},
		"made by OpenSSL with MD5":  {"session=" + legacy, sessionSecret, auth.Claims{"id": 7.0}, ""},
		"the first of two":          {"session=" + good + "; session=x", sessionSecret, one, ""},
		"absent":                    {"other=" + good, sessionSecret, nil, ""},
		"empty":                     {"session=; a=b", sessionSecret, nil, ""},
		"blank":                     {" session= ", sessionSecret, nil, ""},
		"nothing":                   {"", sessionSecret, nil, ""},
		"names have a case":         {"Session=" + good, sessionSecret, nil, ""},
		"absent, secret unset":      {"other=" + good, "", nil, ""},
		"secret unset":              {"session=" + good, "", nil, "SESSION_SECRET is empty"},
		"secret too short":          {"session=" + good, sessionSecret[:31], nil, "not 32 characters of ASCII"},
		"secret not ASCII":          {"session=" + good, strings.Repeat("é", 40), nil, "not 32 characters of ASCII"},
		"another secret":            {"session=" + good, strings.Repeat("x", 32), nil, "tampered with"},
		"another secret, MD5":       {"session=" + legacy, strings.Repeat("x", 32), nil, "tampered with"},
		"name without a value":      {"session", sessionSecret, nil, "tampered with"},
		"blank after the name":      {"session =" + good, sessionSecret, nil, "tampered with"},
		"no iv":                     {"session=" + data, sessionSecret, nil, "tampered with"},
		"empty iv":                  {"session=" + data + "|", sessionSecret, nil, "tampered with"},
		"iv alone":                  {"session=|" + iv, sessionSecret, nil, "tampered with"},
		"iv too short":              {"session=" + data + "|QUJD", sessionSecret, nil, "tampered with"},
		"iv not base64":             {"session=" + data + "|!", sessionSecret, nil, "tampered with"},
		"data not base64":           {"session=!" + good, sessionSecret, nil, "tampered with"},
		"data no whole block":       {"session=QUJD|" + iv, sessionSecret, nil, "tampered with"},
		"data cut off":              {"session=" + base64.StdEncoding.EncodeToString(make([]byte, 16)) + "|" + iv, sessionSecret, nil, "tampered with"},
		"salt alone":                {"session=" + base64.StdEncoding.EncodeToString([]byte("Salted__12345678")), sessionSecret, nil, "tampered with"},
		"a number":                  {"session=" + encrypt(t, sessionSecret, `1`+csrf), sessionSecret, nil, "tampered with"},
		"null":                      {"session=" + encrypt(t, sessionSecret, `null`+csrf), sessionSecret, nil, "tampered with"},
		"a list":                    {"session=" + encrypt(t, sessionSecret, `[{"id":1}]`+csrf), sessionSecret, nil, "tampered with"},
		"nothing in it":             {"session=" + encrypt(t, sessionSecret, ``), sessionSecret, nil, "tampered with"},
		"two objects":               {"session=" + encrypt(t, sessionSecret, `{"id":1}{"id":2}`+csrf), sessionSecret, nil, "tampered with"},
		"a semicolon in it":         {"session=" + encrypt(t, sessionSecret, `{"id":"a;b"}`+csrf), sessionSecret, nil, "tampered with"},
		"padding of no bytes":       {"session=" + encryptPadded(t, sessionSecret, "{\"id\":1};123456\x00", make([]byte, 16)), sessionSecret, nil, "tampered with"},
		"padding of too many":       {"session=" + encryptPadded(t, sessionSecret, "{\"id\":1};123456\x11", make([]byte, 16)), sessionSecret, nil, "tampered with"},
		"padding of different ones": {"session=" + encryptPadded(t, sessionSecret, "{\"id\":1};1234\x02\x01\x03", make([]byte, 16)), sessionSecret, nil, "tampered with"},
		"padding, JSON after all":   {"session=" + encryptPadded(t, sessionSecret, `{"id":1}        `, make([]byte, 16)), sessionSecret, nil, "tampered with"},
		"huge":                      {"session=" + strings.Repeat("A", 1<<20), sessionSecret, nil, "bytes, more than 16384"},
		"huge, many cookies":        {strings.Repeat("a=b;", 1<<18) + "session=" + good, sessionSecret, one, ""},
		"huge, many separators":     {strings.Repeat(";=|", 1<<18), sessionSecret, nil, ""},
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

// As dbAuth before it moved to node:crypto:
//
//	printf '{"id":7};e0b1a7a4-...' | openssl enc -aes-256-cbc -md md5 -pass pass:0123456789abcdef0123456789abcdef -base64 -A
const legacy = "U2FsdGVkX19yRGEqgzb5QgoKR+lQLkd/zamH3FlVQHxe+k+CWLr0qvXD1ahROO9ONjcGit6x3CdeTcWVaGHe5Q=="

func TestClaimsID(t *testing.T) {
	var claims auth.Claims
	require.NoError(t, json.Unmarshal([]byte(`{"text":"c0ffee","number":1,"large":9007199254740992,"fraction":1.5,"null":null,"list":[1]}`), &claims))
	for name, want := range map[string]string{
		"text": "c0ffee", "number": "1", "large": "9007199254740992", "fraction": "1.5", "null": "", "list": "", "absent": "",
	} {
		assert.Equal(t, want, claims.ID(name), name)
	}
}

// FuzzSession: whatever a cookie has, nothing panics, and somebody is signed in by what the secret encrypts alone.
func FuzzSession(f *testing.F) {
	f.Setenv(auth.SessionSecretEnv, sessionSecret)
	for _, v := range vectors(f) {
		if v.Op == "dbAuth" {
			for _, cookies := range v.Event.Headers {
				f.Add(cookies, "session")
			}
		}
	}
	f.Add("session="+legacy, "session")
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
		// With no provider named by a cookie, no cookie signs anyone in.
		response, err := auth.UseRequireAuth(auth.Options{
			Handler:        greet,
			GetCurrentUser: func(context.Context, auth.Claims) (*auth.User, error) { return &auth.User{ID: "somebody"}, nil },
			Decoders:       map[string]auth.Decoder{"dbAuth": auth.DBAuth(name)},
		})(t.Context(), events.APIGatewayProxyRequest{Headers: map[string]string{"Cookie": cookies}})
		require.NoError(t, err)
		if response.Body != `"nobody"` {
			require.Contains(t, cookies, "auth-provider")
			require.NotNil(t, claims)
		}
	})
}
