package logger_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/slogtest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/lib/fn"
	"github.com/fngen/fngen/templates/lib/logger"
)

// setEnv unsets the environment variables that package logger reads and then
// sets those in pairs, a name and a value each.
func setEnv(t *testing.T, pairs ...string) {
	for _, name := range []string{
		"AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_LOG_FORMAT", "AWS_LAMBDA_LOG_LEVEL", "LOG_LEVEL", "LOG_FORMAT", "NO_COLOR",
		"CLICOLOR_FORCE",
	} {
		t.Setenv(name, "")
	}
	for i := 0; i < len(pairs); i += 2 {
		t.Setenv(pairs[i], pairs[i+1])
	}
}

func lambdaContext(ctx context.Context) context.Context {
	return lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{AwsRequestID: "r-1"})
}

// hidden is a secret that must never be logged.
const hidden = "hunter2"

type login struct {
	Name     string `json:"name"`
	Password string `json:"pw"`
	APIToken string
	Plain    int    `json:",omitempty"`
	Skipped  string `json:"-"`
	unseen   string
}

type account struct {
	*login
	Card    cardNumber
	Logins  []login
	ByName  map[string]*login
	Any     any
	Updated time.Time
	Wait    time.Duration
	Addr    netip.Addr
}

type cardNumber string

func (cardNumber) LogValue() slog.Value { return slog.StringValue("**** 4242") }

type node struct {
	Name        string
	Left, Right *node
}

type panics struct{}

func (panics) LogValue() slog.Value { panic("bug") }

type failsToMarshal struct{}

func (failsToMarshal) MarshalJSON() ([]byte, error) { panic("bug") }

type groups struct{}

func (groups) LogValue() slog.Value {
	return slog.GroupValue(slog.String("user", "anna"), slog.String("password", hidden))
}

type marshals struct{}

func (marshals) MarshalJSON() ([]byte, error) {
	return []byte(`{"n":12345678901234567890,"deep":[{"client_secret":"hunter2"}]}`), nil
}

// TestRedact checks that secrets are redacted in every format and at every
// depth, and that all other values are logged.
func TestRedact(t *testing.T) {
	setEnv(t)
	cyclic := &node{Name: "root"}
	cyclic.Left, cyclic.Right = cyclic, &node{Name: "right", Left: cyclic}
	deep := any("end")
	for range 100 {
		deep = []any{deep}
	}
	tests := map[string]struct {
		attr slog.Attr
		want string // in the JSON format
	}{
		"attribute":              {slog.String("password", hidden), `"password":"[redacted]"`},
		"upper case":             {slog.String("AUTHORIZATION", hidden), `"AUTHORIZATION":"[redacted]"`},
		"substring of a word":    {slog.String("dbpasswords", hidden), `"dbpasswords":"[redacted]"`},
		"one of two words":       {slog.String("access_token", hidden), `"access_token":"[redacted]"`},
		"configured":             {slog.String("iban", hidden), `"iban":"[redacted]"`},
		"configured, header":     {slog.String("X-Card-Number", hidden), `"X-Card-Number":"[redacted]"`},
		"configured, camel case": {slog.String("theCARDNumber", hidden), `"theCARDNumber":"[redacted]"`},
		"configured, substring":  {slog.String("shipping", "fast"), `"shipping":"fast"`},
		"number":                 {slog.Int("token", 42), `"token":"[redacted]"`},
		"group": {
			slog.Group("request", slog.Group("headers", slog.String("Cookie", hidden), slog.String("accept", "x"))),
			`"request":{"headers":{"Cookie":"[redacted]","accept":"x"}}`,
		},
		"name of a group": {slog.Group("secrets", slog.String("a", hidden)), `"secrets":"[redacted]"`},
		"header": {slog.Any("headers", http.Header{"Authorization": {hidden}, "Set-Cookie": {hidden}, "Accept": {"a", "b"}}),
			`"headers":{"Accept":["a","b"],"Authorization":"[redacted]","Set-Cookie":"[redacted]"}`},
		"map": {
			slog.Any("m", map[string]any{"a": map[string]string{"secret": hidden, "b": "c"}}),
			`"m":{"a":{"b":"c","secret":"[redacted]"}}`,
		},
		"map of int": {slog.Any("m", map[int]string{2: "two", 1: "one"}), `"m":{"1":"one","2":"two"}`},
		"struct": {
			slog.Any("u", login{"anna", hidden, hidden, 0, hidden, hidden}),
			`"u":{"name":"anna","pw":"[redacted]","APIToken":"[redacted]"}`,
		},
		"pointers, slices, maps": {
			slog.Any("a", &account{
				login:  &login{Name: "anna", Password: hidden, Plain: 1},
				Card:   "4242",
				Logins: []login{{Name: "b", Password: hidden}},
				ByName: map[string]*login{
					"c": {Name: "c", Password: hidden}, "token": {Name: hidden}, "none": nil,
				},
				Any:     []any{map[string]string{"Cookie": hidden}},
				Updated: time.Unix(0, 0).UTC(),
				Wait:    time.Second,
				Addr:    netip.MustParseAddr("::1"),
			}),
			`"a":{"Card":"**** 4242","Logins":[{"name":"b","pw":"[redacted]","APIToken":"[redacted]"}],` +
				`"ByName":{"c":{"name":"c","pw":"[redacted]","APIToken":"[redacted]"},"none":null,"token":"[redacted]"},` +
				`"Any":[{"Cookie":"[redacted]"}],"Updated":"1970-01-01T00:00:00Z","Wait":1000000000,"Addr":"::1",` +
				`"name":"anna","pw":"[redacted]","APIToken":"[redacted]","Plain":1}`,
		},
		"LogValuer": {slog.Any("who", groups{}), `"who":{"user":"anna","password":"[redacted]"}`},
		"LogValuer, nested": {
			slog.Any("all", []any{groups{}, &[]groups{{}}}),
			`"all":[{"user":"anna","password":"[redacted]"},[{"user":"anna","password":"[redacted]"}]]`,
		},
		"LogValuer, panics":      {slog.Any("p", panics{}), `"p":"LogValue panicked`},
		"nested, panics":         {slog.Any("p", []any{panics{}}), `LogValue panicked`},
		"json.Marshaler, panics": {slog.Any("p", failsToMarshal{}), `"p":"!PANIC: bug"`},
		"json.Marshaler": {
			slog.Any("m", marshals{}), `"m":{"deep":[{"client_secret":"[redacted]"}],"n":12345678901234567890}`,
		},
		"json.RawMessage": {slog.Any("m", json.RawMessage(`{"token":"hunter2"}`)), `"m":{"token":"[redacted]"}`},
		"bad JSON": {
			slog.Any("m", json.RawMessage(`{"token":"hunter2"`)),
			`"m":"!ERROR: unexpected EOF"`,
		},
		"attributes": {
			slog.Any("attrs", []slog.Attr{slog.String("secret", hidden)}),
			`"attrs":{"secret":"[redacted]"}`,
		},
		"error":       {slog.Any("err", fmt.Errorf("no: %w", io.EOF)), `"err":"no: EOF"`},
		"nil":         {slog.Any("none", nil), `"none":null`},
		"nil pointer": {slog.Any("none", (*login)(nil)), `"none":null`},
		"cycle": {
			slog.Any("n", cyclic), `"n":{"Name":"root","Left":"[cycle]","Right":{"Name":"right","Left":"[cycle]","Right":null}}`,
		},
		"too deep": {slog.Any("d", deep), `[too deep]`},
		"function": {slog.Any("f", func() {}), `"f":"func()"`},
		"numbers":  {slog.Any("f", []float64{1.5, 0}), `"f":[1.5,0]`},
		"event": {
			slog.Any("event", events.APIGatewayProxyRequest{
				Headers:           map[string]string{"authorization": hidden},
				MultiValueHeaders: map[string][]string{"cookie": {hidden}},
			}),
			`"headers":{"authorization":"[redacted]"}`,
		},
		"HTML": {slog.Any("html", []string{"<b>"}), `"html":["<b>"]`},
		"cookie": {
			slog.Any("c", http.Cookie{Name: "session", Value: hidden, Raw: "session=" + hidden, Unparsed: []string{hidden}}),
			`"c":{"Name":"session","Value":"[redacted]",`,
		},
		"cookies": {
			slog.Any("c", []any{&http.Cookie{Name: "a", Value: hidden}, struct{ C *http.Cookie }{&http.Cookie{Value: hidden}}}),
			`"c":[{"Name":"a","Value":"[redacted]",`,
		},
		"API key": {slog.Any("headers", http.Header{"X-Api-Key": {hidden}}), `"headers":{"X-Api-Key":"[redacted]"}`},
		"identity": {
			slog.Any("identity", events.APIGatewayRequestIdentity{APIKey: hidden, APIKeyID: hidden, SourceIP: "192.0.2.1"}),
			`"apiKey":"[redacted]"`,
		},
		"body of an event": {
			slog.Any("event", events.APIGatewayProxyRequest{Body: ` {"user":{"name":"anna","password":"hunter2"}}`}),
			`"body":"{\"user\":{\"name\":\"anna\",\"password\":\"[redacted]\"}}"`,
		},
		"form in an event": {
			slog.Any("event", events.APIGatewayProxyRequest{Body: `name=anna&password=hunter2`}),
			`"body":"name=anna&password=[redacted]"`,
		},
		"JSON as text": {slog.String("m", `[{"jwt":"hunter2","n":1}]`), `"m":"[{\"jwt\":\"[redacted]\",\"n\":1}]"`},
		"nested JSON as text": {
			slog.Any("m", []string{`{"body":"{\"token\":\"hunter2\"}"}`}),
			`{\"body\":\"{\\\"token\\\":\\\"[redacted]\\\"}\"}`,
		},
		"URL": {
			slog.String("redis", "redis://:hunter2@localhost:6379/0"), `"redis":"redis://:[redacted]@localhost:6379/0"`,
		},
		"URL as error": {
			slog.Any("err", errors.New(`parse "postgres://u:hunter2@h/d?password=hunter2": bad`)),
			`"err":"parse \"postgres://u:[redacted]@h/d?password=[redacted]\": bad"`,
		},
		"URL as value": {
			slog.Any("url", &url.URL{Scheme: "https", User: url.UserPassword("u", hidden), RawQuery: "a=b&api_key=" + hidden}),
			`"RawQuery":"a=b&api_key=[redacted]"`,
		},
		"request": {
			slog.Any("r", map[string]any{"uri": "/x?access_token=hunter2&page=2"}),
			`"uri":"/x?access_token=[redacted]&page=2"`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, format := range []logger.Format{logger.JSON, logger.Text, logger.Terminal} {
				var out bytes.Buffer
				log := logger.New(logger.Options{Writer: &out, Format: format, Redact: []string{"iban", "card number", "pin"}})
				log.Info("m", tt.attr)
				if format == logger.JSON {
					assert.Contains(t, out.String(), tt.want)
				}
				log.With(tt.attr).Info("m")
				log.WithGroup("g").With(tt.attr).WithGroup("h").Info("m", tt.attr)
				log.With(slog.Group("g", tt.attr)).Info("m")
				assert.NotContains(t, out.String(), hidden, format)
				assert.Equal(t, 4, strings.Count(out.String(), "\n"), out.String())
			}
		})
	}
}

// TestSecretKeys checks which keys are redacted by default, in any notation.
func TestSecretKeys(t *testing.T) {
	setEnv(t)
	logged := func(key string) string {
		var out bytes.Buffer
		logger.New(logger.Options{Writer: &out, Format: logger.JSON}).Info("m", key, hidden)
		return out.String()
	}
	for _, key := range []string{
		"Authorization", "Proxy-Authorization", "authorizationToken",
		"cookie", "Set-Cookie", "cookies", "COOKIE",
		"password", "passwords", "hashedPassword", "DB_PASSWORD", "pass_word",
		"pass", "SMTP_PASS", "dbPass", "pwd", "PWD", "userPwd", "passwd", "MYSQL_PASSWD", "passphrase", "passPhrase",
		"secret", "clientSecret", "AWS_SECRET_ACCESS_KEY", "secrets",
		"token", "accessToken", "ACCESS_TOKEN", "id-token", "X-Amz-Security-Token", "X-CSRF-Token",
		"apiKey", "APIKey", "api_key", "api-key", "API_KEY", "apikey", "X-Api-Key", "X-API-KEY", "x-api-key", "stripeApiKey",
		"privateKey", "PRIVATE_KEY", "private-key", "rsaPrivateKey", "signingKey", "encryption_key",
		"accessKey", "AccountKey", "SharedAccessKey",
		"DATABASE_URL", "databaseUrl", "databaseURL", "database-url", "TEST_DATABASE_URL", "dsn", "DSN", "SENTRY_DSN",
		"connectionString", "CONNECTION_STRING",
		"jwt", "JWT", "jwtToken", "userJwt", "credential", "credentials", "awsCredentials", "sessionId", "session_id",
		"email", "EMAIL", "e-mail", "userEmail", "emails", "salt",
		// These are harmless, but look like a secret.
		"tokens_used", "maxTokens", "emailSent", "cookiesAccepted",
	} {
		assert.Contains(t, logged(key), `:"[redacted]"`, key)
	}
	for _, key := range []string{
		"key", "keyId", "keyboard", "monkey", "primaryKey", "publicKey", "auth-provider", "author", "authorizer", "user",
		"name", "id", "sub", "url", "host", "params", "passenger", "passed", "bypass", "compass", "saltwater", "basalt",
		"jwks", "mail", "path", "method", "status", "sourceIp", "requestId", "user-agent", "signature", "session", "hash",
	} {
		assert.Contains(t, logged(key), hidden, key)
	}
}

// TestText checks that secrets are redacted in the text of values, errors and
// messages.
func TestText(t *testing.T) {
	setEnv(t)
	for text, want := range map[string]string{
		// URLs
		"postgres://u:hunter2@h:5432/d":               "postgres://u:[redacted]@h:5432/d",
		"redis://:hunter2@h":                          "redis://:[redacted]@h",
		"at postgres://u:hunter2@h/d failed":          "at postgres://u:[redacted]@h/d failed",
		"a://u:hunter2@h/,b://v:hunter2@i/":           "a://u:[redacted]@h/,b://v:[redacted]@i/",
		"a://u:hunter2@h,b://v:hunter2@i":             "a://u:[redacted]@h,b://v:[redacted]@i",
		"postgres://u:hunter2@hunter2@h/d":            "postgres://u:[redacted]@h/d",
		"postgres://u:hunter2/hunter2?#hunter2@h/d":   "postgres://u:[redacted]@h/d",
		"postgres://u:hunter2@h1:1,h2:2/d":            "postgres://u:[redacted]@h1:1,h2:2/d",
		"postgres://u:@h/d":                           "postgres://u:[redacted]@h/d",
		"postgres://u@h/d?password=hunter2":           "postgres://u@h/d?password=[redacted]",
		"h://h/d?sslpassword=hunter2&sslmode=require": "h://h/d?sslpassword=[redacted]&sslmode=require",
		"/callback?id_token=hunter2#top":              "/callback?id_token=[redacted]#top",
		"/x?a=1&api-key=hunter2&b=2":                  "/x?a=1&api-key=[redacted]&b=2",
		`Get "http://h/?token=hunter2": EOF`:          `Get "http://h/?token=[redacted]": EOF`,
		"/x?user[password]=hunter2":                   "/x?user[password]=[redacted]",

		// Connection strings and forms
		"host=h user=u password=hunter2 dbname=d":        "host=h user=u password=[redacted] dbname=d",
		"password=hunter2":                               "password=[redacted]",
		"password = hunter2 dbname=d":                    "password =[redacted] dbname=d",
		`password='hunter2 \' hunter2' dbname=d`:         `password=[redacted] dbname=d`,
		"password='hunter2 hunter2":                      "password=[redacted]",
		"password=a&hunter2;hunter2,hunter2 dbname=d":    "password=[redacted] dbname=d",
		"Server=h;Password=hunter2;Database=d":           "Server=h;Password=[redacted]",
		"AccountName=a;AccountKey=hunter2==;EndpointS=x": "AccountName=a;AccountKey=[redacted]",
		"a=b&password=hunter2":                           "a=b&password=[redacted]",
		"iban=hunter2":                                   "iban=[redacted]",

		// Harmless texts
		"":                                 "",
		"=":                                "=",
		"password=":                        "password=",
		"the password is wrong":            "the password is wrong",
		"invalid token: unexpected EOF":    "invalid token: unexpected EOF",
		"a=b c=d":                          "a=b c=d",
		"x == y":                           "x == y",
		"http://localhost:8910/@anna":      "http://localhost:8910/@anna",
		"http://[::1]:8910/x?mail=a@b":     "http://[::1]:8910/x?mail=a@b",
		"https://anna@example.com:443/x@y": "https://anna@example.com:443/x@y",
		"https://example.com/a:b@c":        "https://example.com/a:b@c",
		"://":                              "://",
		"{not JSON}":                       "{not JSON}",
		"anna@example.com: 1:2@3":          "anna@example.com: 1:2@3",
	} {
		var out bytes.Buffer
		log := logger.New(logger.Options{Writer: &out, Format: logger.JSON, Redact: []string{"iban"}})
		log.Info(text, "text", text, "err", errors.New(text), "list", []string{text})
		var record struct {
			Message, Text, Err string
			List               []string
		}
		require.NoError(t, json.Unmarshal(out.Bytes(), &record))
		assert.Equal(t, want, record.Message, text)
		assert.Equal(t, want, record.Text, text)
		assert.Equal(t, want, record.Err, text)
		assert.Equal(t, []string{want}, record.List, text)
	}
}

// The name of a group from WithGroup can be a secret key too.
func TestRedactOpenGroup(t *testing.T) {
	setEnv(t)
	var out bytes.Buffer
	log := logger.New(logger.Options{Writer: &out, Format: logger.JSON})
	log = log.WithGroup("a").With("b", 1).WithGroup("secrets").With("c", hidden)
	log.InfoContext(lambdaContext(t.Context()), "m", "d", hidden)
	assert.NotContains(t, out.String(), hidden)
	assert.Contains(t, out.String(), `"requestId":"r-1","a":{"b":1,"secrets":"[redacted]"}`)
}

func TestHandlerConformance(t *testing.T) {
	setEnv(t)
	var out bytes.Buffer
	slogtest.Run(t, func(*testing.T) slog.Handler {
		out.Reset()
		return logger.NewHandler(logger.Options{Writer: &out, Format: logger.JSON})
	}, func(t *testing.T) map[string]any {
		var record map[string]any
		require.NoError(t, json.Unmarshal(out.Bytes(), &record), out.String())
		// slogtest expects slog's own names.
		for name, slogName := range map[string]string{"timestamp": "time", "message": "msg"} {
			if value, ok := record[name]; ok {
				record[slogName] = value
			}
		}
		return record
	})
}

func TestFormatsAndLevels(t *testing.T) {
	const function = "AWS_LAMBDA_FUNCTION_NAME"
	for name, tt := range map[string]struct {
		env  []string
		want string // output for one message per level
	}{
		"default": {
			nil, `{"timestamp":T,"level":"INFO","message":"info","requestId":"r-1"} {WARN} {ERROR} {FATAL}`,
		},
		"debug":          {[]string{"LOG_LEVEL", "debug"}, `{DEBUG} {INFO} {WARN} {ERROR} {FATAL}`},
		"mixed case":     {[]string{"LOG_LEVEL", "Warn"}, `{WARN} {ERROR} {FATAL}`},
		"trace":          {[]string{"LOG_LEVEL", "trace"}, `{TRACE} {DEBUG} {INFO} {WARN} {ERROR} {FATAL}`},
		"fatal":          {[]string{"LOG_LEVEL", "FATAL"}, `{FATAL}`},
		"between levels": {[]string{"LOG_LEVEL", "error+1"}, `{FATAL}`},
		"Lambda's level": {
			[]string{function, "f", "AWS_LAMBDA_LOG_FORMAT", "JSON", "AWS_LAMBDA_LOG_LEVEL", "ERROR"}, `{ERROR} {FATAL}`,
		},
		"LOG_LEVEL wins": {
			[]string{function, "f", "AWS_LAMBDA_LOG_LEVEL", "ERROR", "LOG_LEVEL", "warn"}, `{WARN} {ERROR} {FATAL}`,
		},
		"Lambda, text": {
			[]string{function, "f", "AWS_LAMBDA_LOG_FORMAT", "Text", "LOG_LEVEL", "fatal"},
			`timestamp=T level=FATAL message=fatal requestId=r-1`,
		},
		"Lambda, default":     {[]string{function, "f", "LOG_LEVEL", "fatal"}, `{FATAL}`},
		"text, not on Lambda": {[]string{"AWS_LAMBDA_LOG_FORMAT", "Text", "LOG_LEVEL", "fatal"}, `{FATAL}`},
		"LOG_FORMAT wins": {
			[]string{function, "f", "LOG_FORMAT", "Text", "AWS_LAMBDA_LOG_FORMAT", "JSON", "LOG_LEVEL", "fatal"},
			`timestamp=T level=FATAL message=fatal requestId=r-1`,
		},
		"unknown format": {[]string{"LOG_FORMAT", "xml", "LOG_LEVEL", "fatal"}, `{FATAL}`},
		"unknown level": {
			[]string{"LOG_LEVEL", "loud"},
			`{"timestamp":T,"level":"WARN","message":` +
				`"unknown LOG_LEVEL \"loud\", want trace, debug, info, warn, error or fatal"} ` +
				`{INFO} {WARN} {ERROR} {FATAL}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			setEnv(t, tt.env...)
			var out bytes.Buffer
			log := logger.New(logger.Options{Writer: &out})
			levels := []string{"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"}
			for i, level := range []slog.Level{-8, -4, 0, 4, 8, 12} {
				log.Log(lambdaContext(t.Context()), level, strings.ToLower(levels[i]))
			}
			want := tt.want
			for _, level := range levels {
				const line = `{"timestamp":T,"level":%q,"message":%q,"requestId":"r-1"}`
				want = strings.ReplaceAll(want, "{"+level+"}", fmt.Sprintf(line, level, strings.ToLower(level)))
			}
			got := regexp.MustCompile(`(timestamp"?[:=])"?[0-9T:.+Z-]+"?`).ReplaceAllString(out.String(), "${1}T")
			assert.Equal(t, want, strings.ReplaceAll(strings.TrimSpace(got), "\n", " "))
		})
	}
}

// The output on Lambda equals that of lambdacontext's handler.
func TestMatchesLambdaHandler(t *testing.T) {
	setEnv(t, "AWS_LAMBDA_FUNCTION_NAME", "f", "AWS_LAMBDA_LOG_FORMAT", "JSON")
	record := slog.NewRecord(time.Unix(1, 2), slog.LevelWarn, "m", 0)
	record.AddAttrs(slog.Int("a", 1))
	var ours, theirs bytes.Buffer
	require.NoError(t, logger.NewHandler(logger.Options{Writer: &ours}).Handle(lambdaContext(t.Context()), record))
	handler := slog.NewJSONHandler(&theirs, &slog.HandlerOptions{ReplaceAttr: lambdacontext.ReplaceAttr})
	record.AddAttrs(slog.String("requestId", "r-1"))
	require.NoError(t, handler.Handle(t.Context(), record))
	assert.JSONEq(t, theirs.String(), ours.String())
}

func TestTerminal(t *testing.T) {
	setEnv(t)
	var out bytes.Buffer
	log := logger.New(logger.Options{Writer: &out, Format: logger.Terminal, Level: slog.LevelDebug})
	at := time.Date(2026, 1, 2, 3, 4, 5, 6_000_000, time.UTC)
	record := slog.NewRecord(at, slog.LevelInfo, "hello world", 0)
	record.AddAttrs(
		slog.Int("n", 1), slog.String("text", "two words"), slog.String("empty", ""),
		slog.Group("g", slog.Any("list", []string{"a", "b"})), slog.Any("m", map[string]int{"x": 1}),
	)
	require.NoError(t, log.With("with", "a=b").Handler().Handle(lambdaContext(t.Context()), record))
	want := `03:04:05.006 INFO  hello world with="a=b" requestId=r-1 n=1 text="two words" empty="" ` +
		`g.list=["a","b"] m={"x":1}` + "\n"
	assert.Equal(t, want, out.String())

	// Control characters are escaped, so that clients cannot control the
	// terminal.
	out.Reset()
	log.Debug("a\x1b[2Jb\nc", "k\x1b[31m", "v\x1b]0;t\a", "list", []string{"\x1b[2J"}, "say", `"hi"`)
	assert.NotContains(t, out.String(), "\x1b")
	assert.Equal(t, 1, strings.Count(out.String(), "\n"))
	assert.Contains(t, out.String(), `DEBUG a\x1b[2Jb\nc k\x1b[31m="v\x1b]0;t\a"`)
	assert.Contains(t, out.String(), `say="\"hi\""`)
}

// A program whose output is passed on to a terminal, as by fngen dev, is told so
// by its environment.
func TestTerminalByEnvironment(t *testing.T) {
	for _, tt := range []struct {
		env   []string
		color bool
	}{
		{[]string{"LOG_FORMAT", "terminal"}, false},
		{[]string{"LOG_FORMAT", "terminal", "CLICOLOR_FORCE", "1"}, true},
		{[]string{"LOG_FORMAT", "terminal", "CLICOLOR_FORCE", "0"}, false},
		{[]string{"LOG_FORMAT", "terminal", "CLICOLOR_FORCE", "1", "NO_COLOR", "1"}, false},
	} {
		setEnv(t, tt.env...)
		var out bytes.Buffer
		logger.New(logger.Options{Writer: &out}).Error("hello")
		assert.Contains(t, out.String(), "hello\n", tt.env)
		assert.NotContains(t, out.String(), "{", tt.env)
		assert.Equal(t, tt.color, strings.Contains(out.String(), "\x1b["), tt.env)
	}
}

// call calls handler with the middleware CallsTo. It returns the logged record
// and the value of a panic.
func call(
	ctx context.Context, t *testing.T, handler fn.Handler, event events.APIGatewayProxyRequest,
) (map[string]any, any) {
	t.Helper()
	var out bytes.Buffer
	log := logger.New(logger.Options{Writer: &out, Format: logger.JSON})
	var panicked any
	func() {
		defer func() { panicked = recover() }()
		_, _ = fn.Chain(handler, logger.CallsTo(log, "orders"))(ctx, event)
	}()
	require.Equal(t, 1, strings.Count(out.String(), "\n"))
	var record map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &record))
	return record, panicked
}

func TestCalls(t *testing.T) {
	setEnv(t)
	event := events.APIGatewayProxyRequest{
		HTTPMethod: "POST",
		Path:       "/orders",
		Headers:    map[string]string{"Authorization": hidden},
	}
	event.RequestContext.Identity.SourceIP = "203.0.113.7"
	event.RequestContext.RequestID = "gateway"
	for name, tt := range map[string]struct {
		status int
		err    error
		panics any
		level  string
		logged int
		error  any
	}{
		"ok":              {200, nil, nil, "INFO", 200, nil},
		"redirect":        {302, nil, nil, "INFO", 302, nil},
		"rejected":        {401, nil, nil, "WARN", 401, nil},
		"unavailable":     {503, nil, nil, "ERROR", 503, nil},
		"error":           {0, errors.New("database down"), nil, "ERROR", 500, "database down"},
		"error, response": {200, errors.New("database down"), nil, "ERROR", 500, "database down"},
		"panic":           {0, nil, "bug", "ERROR", 500, "panic"},
	} {
		t.Run(name, func(t *testing.T) {
			handler := func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
				if tt.panics != nil {
					panic(tt.panics)
				}
				return events.APIGatewayProxyResponse{StatusCode: tt.status}, tt.err
			}
			record, panicked := call(lambdaContext(t.Context()), t, handler, event)
			assert.Equal(t, tt.panics, panicked, "recovered from the panic")
			assert.Equal(t, tt.level, record["level"])
			assert.EqualValues(t, tt.logged, record["status"])
			assert.Equal(t, tt.error, record["error"])
			assert.Equal(t, "call", record["message"])
			assert.Equal(t, "orders", record["function"])
			assert.Equal(t, "POST", record["method"])
			assert.Equal(t, "/orders", record["path"])
			assert.Equal(t, "203.0.113.7", record["sourceIp"])
			assert.Equal(t, "r-1", record["requestId"])
			assert.GreaterOrEqual(t, record["durationMs"], 0.0)

			record, _ = call(t.Context(), t, handler, event)
			assert.Equal(t, "gateway", record["requestId"], "without a Lambda context")
		})
	}
}

// Calls uses the logger that is the default at the time of the request.
func TestCallsDefault(t *testing.T) {
	setEnv(t)
	handle := func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		return fn.JSON(http.StatusOK, "in")
	}
	handler := fn.Chain(handle, logger.Calls("orders"))
	defaultLogger := slog.Default()
	defer slog.SetDefault(defaultLogger)
	var out bytes.Buffer
	slog.SetDefault(logger.New(logger.Options{Writer: &out, Format: logger.JSON}))
	_, err := handler(t.Context(), events.APIGatewayProxyRequest{})
	require.NoError(t, err)
	assert.Contains(t, out.String(), `"function":"orders"`)
}

// A logger and loggers derived from it are safe for concurrent use.
func TestConcurrentUse(t *testing.T) {
	setEnv(t)
	for _, format := range []logger.Format{logger.JSON, logger.Text, logger.Terminal} {
		var out bytes.Buffer
		log := logger.New(logger.Options{Writer: &out, Format: format}).WithGroup("g").With("a", 1)
		var all sync.WaitGroup
		for i := range 50 {
			all.Add(1)
			go func() {
				defer all.Done()
				log.With("i", i).WithGroup("h").Info("m", "token", hidden, "j", i)
			}()
		}
		all.Wait()
		assert.Equal(t, 50, strings.Count(out.String(), "\n"))
		assert.NotContains(t, out.String(), hidden)
	}
}

// FuzzRedact checks that no key or value adds a line or reveals a secret.
func FuzzRedact(f *testing.F) {
	f.Add("password", "iban", `{"a":{"Token":"x"}}`)
	f.Add("X-Card-Number", "card number", `[1,{"cardNumber":{"a":"b"}}]`)
	f.Add("\x1b[2J\n", "-", `"\u0000"`)
	f.Add("äÖ", "ÄÖ", `{"":null}`)
	f.Fuzz(func(t *testing.T, key, configured, text string) {
		const canary = "c4n4ry"
		if strings.Contains(key+configured+text, canary) {
			return
		}
		var v any
		if json.Unmarshal([]byte(text), &v) != nil {
			v = text
		}
		for _, format := range []logger.Format{logger.JSON, logger.Text, logger.Terminal} {
			var out bytes.Buffer
			log := logger.New(logger.Options{
				Writer: &out, Format: format, Redact: []string{configured}, Level: slog.LevelInfo,
			})
			secret := map[string]any{"my-secret" + key: canary}
			log.Info(key+"?password="+canary, "text", text+" a://u:"+canary+"@h")
			require.NotContains(t, out.String(), canary)
			out.Reset()
			log.Info("m", slog.Any("all", []any{v, secret, map[string]any{"token": v, key: v}}))
			require.Equal(t, 1, strings.Count(out.String(), "\n"))
			require.NotContains(t, out.String(), canary)
			if format == logger.JSON {
				require.True(t, json.Valid(out.Bytes()), out.String())
			}
		}
	})
}

func ExampleCalls() {
	log := logger.New(logger.Options{
		Format: logger.JSON,
		Redact: []string{"iban"},
		Writer: exampleWriter{},
	})
	handle := func(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		log.InfoContext(ctx, "transfer", "iban", "DE02 1203 0000 0000 2020 51", "headers", event.Headers)
		return fn.JSON(http.StatusOK, "done")
	}
	handler := fn.Chain(handle, logger.CallsTo(log, "transfer"))

	ctx := lambdacontext.NewContext(context.Background(), &lambdacontext.LambdaContext{AwsRequestID: "1"})
	_, _ = handler(ctx, events.APIGatewayProxyRequest{
		HTTPMethod: "POST", Path: "/transfer",
		Headers: map[string]string{"Authorization": "Bearer abc", "Accept": "*/*"},
	})
	// Output:
	// {"level":"INFO","message":"transfer","requestId":"1","iban":"[redacted]","headers":{"Accept":"*/*","Authorization":"[redacted]"}}
	// {"level":"INFO","message":"call","requestId":"1","function":"transfer","method":"POST","path":"/transfer","sourceIp":"","status":200}
}

// An exampleWriter prints log lines without the time and the duration.
type exampleWriter struct{}

func (exampleWriter) Write(line []byte) (int, error) {
	fmt.Print(regexp.MustCompile(`"timestamp":"[^"]*",|,"durationMs":[0-9.]+`).ReplaceAllString(string(line), ""))
	return len(line), nil
}
