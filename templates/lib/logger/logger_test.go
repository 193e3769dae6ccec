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

// environment is what the tests run in: not on Lambda, and nothing set.
func environment(t *testing.T, pairs ...string) {
	for _, name := range []string{"AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_LOG_FORMAT", "AWS_LAMBDA_LOG_LEVEL", "LOG_LEVEL", "NO_COLOR"} {
		t.Setenv(name, "")
	}
	for i := 0; i < len(pairs); i += 2 {
		t.Setenv(pairs[i], pairs[i+1])
	}
}

func invocation(ctx context.Context) context.Context {
	return lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{AwsRequestID: "r-1"})
}

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

// What hides stays hidden, wherever it nests, in each format; what does not is there.
func TestRedacts(t *testing.T) {
	environment(t)
	cyclic := &node{Name: "root"}
	cyclic.Left, cyclic.Right = cyclic, &node{Name: "right", Left: cyclic}
	deep := any("end")
	for range 100 {
		deep = []any{deep}
	}
	tests := map[string]struct {
		attr slog.Attr
		want string // as JSON
	}{
		"attribute":              {slog.String("password", hidden), `"password":"[redacted]"`},
		"any case":               {slog.String("AUTHORIZATION", hidden), `"AUTHORIZATION":"[redacted]"`},
		"within a word":          {slog.String("dbpasswords", hidden), `"dbpasswords":"[redacted]"`},
		"joined":                 {slog.String("access_token", hidden), `"access_token":"[redacted]"`},
		"configured":             {slog.String("iban", hidden), `"iban":"[redacted]"`},
		"configured, words":      {slog.String("X-Card-Number", hidden), `"X-Card-Number":"[redacted]"`},
		"configured, camel":      {slog.String("theCARDNumber", hidden), `"theCARDNumber":"[redacted]"`},
		"configured, not within": {slog.String("shipping", "fast"), `"shipping":"fast"`},
		"number":                 {slog.Int("token", 42), `"token":"[redacted]"`},
		"group":                  {slog.Group("request", slog.Group("headers", slog.String("Cookie", hidden), slog.String("accept", "x"))), `"request":{"headers":{"Cookie":"[redacted]","accept":"x"}}`},
		"a whole group":          {slog.Group("secrets", slog.String("a", hidden)), `"secrets":"[redacted]"`},
		"header": {slog.Any("headers", http.Header{"Authorization": {hidden}, "Set-Cookie": {hidden}, "Accept": {"a", "b"}}),
			`"headers":{"Accept":["a","b"],"Authorization":"[redacted]","Set-Cookie":"[redacted]"}`},
		"map":        {slog.Any("m", map[string]any{"a": map[string]string{"secret": hidden, "b": "c"}}), `"m":{"a":{"b":"c","secret":"[redacted]"}}`},
		"map of int": {slog.Any("m", map[int]string{2: "two", 1: "one"}), `"m":{"1":"one","2":"two"}`},
		"struct":     {slog.Any("u", login{"anna", hidden, hidden, 0, hidden, hidden}), `"u":{"name":"anna","pw":"[redacted]","APIToken":"[redacted]"}`},
		"pointers, slices, maps": {slog.Any("a", &account{
			login: &login{Name: "anna", Password: hidden, Plain: 1}, Card: "4242", Logins: []login{{Name: "b", Password: hidden}},
			ByName: map[string]*login{"c": {Name: "c", Password: hidden}, "token": {Name: hidden}, "none": nil}, Any: []any{map[string]string{"Cookie": hidden}},
			Updated: time.Unix(0, 0).UTC(), Wait: time.Second, Addr: netip.MustParseAddr("::1"),
		}), `"a":{"Card":"**** 4242","Logins":[{"name":"b","pw":"[redacted]","APIToken":"[redacted]"}],` +
			`"ByName":{"c":{"name":"c","pw":"[redacted]","APIToken":"[redacted]"},"none":null,"token":"[redacted]"},"Any":[{"Cookie":"[redacted]"}],` +
			`"Updated":"1970-01-01T00:00:00Z","Wait":1000000000,"Addr":"::1","name":"anna","pw":"[redacted]","APIToken":"[redacted]","Plain":1}`},
		"LogValuer":              {slog.Any("who", groups{}), `"who":{"user":"anna","password":"[redacted]"}`},
		"LogValuer, nested":      {slog.Any("all", []any{groups{}, &[]groups{{}}}), `"all":[{"user":"anna","password":"[redacted]"},[{"user":"anna","password":"[redacted]"}]]`},
		"LogValuer, panics":      {slog.Any("p", panics{}), `"p":"LogValue panicked`},
		"nested, panics":         {slog.Any("p", []any{panics{}}), `LogValue panicked`},
		"json.Marshaler, panics": {slog.Any("p", failsToMarshal{}), `"p":"!PANIC: bug"`},
		"json.Marshaler":         {slog.Any("m", marshals{}), `"m":{"deep":[{"client_secret":"[redacted]"}],"n":12345678901234567890}`},
		"json.RawMessage":        {slog.Any("m", json.RawMessage(`{"token":"hunter2"}`)), `"m":{"token":"[redacted]"}`},
		"bad JSON":               {slog.Any("m", json.RawMessage(`{"token":"hunter2"`)), `"m":"!ERROR: unexpected EOF"`},
		"attributes":             {slog.Any("attrs", []slog.Attr{slog.String("secret", hidden)}), `"attrs":{"secret":"[redacted]"}`},
		"error":                  {slog.Any("err", fmt.Errorf("no: %w", io.EOF)), `"err":"no: EOF"`},
		"nil":                    {slog.Any("none", nil), `"none":null`},
		"nil pointer":            {slog.Any("none", (*login)(nil)), `"none":null`},
		"a cycle":                {slog.Any("n", cyclic), `"n":{"Name":"root","Left":"[cycle]","Right":{"Name":"right","Left":"[cycle]","Right":null}}`},
		"too deep":               {slog.Any("d", deep), `[too deep]`},
		"function":               {slog.Any("f", func() {}), `"f":"func()"`},
		"not a number":           {slog.Any("f", []float64{1.5, 0}), `"f":[1.5,0]`},
		"event": {slog.Any("event", events.APIGatewayProxyRequest{Headers: map[string]string{"authorization": hidden}, MultiValueHeaders: map[string][]string{"cookie": {hidden}}}),
			`"headers":{"authorization":"[redacted]"}`},
		"tags": {slog.Any("html", []string{"<b>"}), `"html":["<b>"]`},
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

// A group that was opened is a key like others.
func TestRedactsOpenGroup(t *testing.T) {
	environment(t)
	var out bytes.Buffer
	log := logger.New(logger.Options{Writer: &out, Format: logger.JSON})
	log.WithGroup("a").With("b", 1).WithGroup("secrets").With("c", hidden).InfoContext(invocation(t.Context()), "m", "d", hidden)
	assert.NotContains(t, out.String(), hidden)
	assert.Contains(t, out.String(), `"requestId":"r-1","a":{"b":1,"secrets":"[redacted]"}`, "the request's id is on top")
}

// It is a handler as slog wants one.
func TestIsAHandler(t *testing.T) {
	environment(t)
	var out bytes.Buffer
	slogtest.Run(t, func(*testing.T) slog.Handler {
		out.Reset()
		return logger.NewHandler(logger.Options{Writer: &out, Format: logger.JSON})
	}, func(t *testing.T) map[string]any {
		var record map[string]any
		require.NoError(t, json.Unmarshal(out.Bytes(), &record), out.String())
		for from, to := range map[string]string{"timestamp": "time", "message": "msg"} {
			if value, ok := record[from]; ok {
				record[to] = value
			}
		}
		return record
	})
}

func TestFormatsAndLevels(t *testing.T) {
	const function = "AWS_LAMBDA_FUNCTION_NAME"
	for name, tt := range map[string]struct {
		env  []string
		want string // what it writes of one message for each level
	}{
		"nothing set":         {nil, `{"timestamp":T,"level":"INFO","message":"info","requestId":"r-1"} {WARN} {ERROR} {FATAL}`},
		"debug":               {[]string{"LOG_LEVEL", "debug"}, `{DEBUG} {INFO} {WARN} {ERROR} {FATAL}`},
		"any case":            {[]string{"LOG_LEVEL", "Warn"}, `{WARN} {ERROR} {FATAL}`},
		"trace":               {[]string{"LOG_LEVEL", "trace"}, `{TRACE} {DEBUG} {INFO} {WARN} {ERROR} {FATAL}`},
		"fatal":               {[]string{"LOG_LEVEL", "FATAL"}, `{FATAL}`},
		"between":             {[]string{"LOG_LEVEL", "error+1"}, `{FATAL}`},
		"Lambda's":            {[]string{function, "f", "AWS_LAMBDA_LOG_FORMAT", "JSON", "AWS_LAMBDA_LOG_LEVEL", "ERROR"}, `{ERROR} {FATAL}`},
		"one's own is first":  {[]string{function, "f", "AWS_LAMBDA_LOG_LEVEL", "ERROR", "LOG_LEVEL", "warn"}, `{WARN} {ERROR} {FATAL}`},
		"Lambda, format text": {[]string{function, "f", "AWS_LAMBDA_LOG_FORMAT", "Text", "LOG_LEVEL", "fatal"}, `timestamp=T level=FATAL message=fatal requestId=r-1`},
		"Lambda, no format":   {[]string{function, "f", "LOG_LEVEL", "fatal"}, `{FATAL}`},
		"text is Lambda's":    {[]string{"AWS_LAMBDA_LOG_FORMAT", "Text", "LOG_LEVEL", "fatal"}, `{FATAL}`},
		"a level that is none": {[]string{"LOG_LEVEL", "loud"},
			`{"timestamp":T,"level":"WARN","message":"LOG_LEVEL is \"loud\": want trace, debug, info, warn, error or fatal"} {INFO} {WARN} {ERROR} {FATAL}`},
	} {
		t.Run(name, func(t *testing.T) {
			environment(t, tt.env...)
			var out bytes.Buffer
			log := logger.New(logger.Options{Writer: &out})
			levels := []string{"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"}
			for i, level := range []slog.Level{-8, -4, 0, 4, 8, 12} {
				log.Log(invocation(t.Context()), level, strings.ToLower(levels[i]))
			}
			want := tt.want
			for _, level := range levels {
				want = strings.ReplaceAll(want, "{"+level+"}", fmt.Sprintf(`{"timestamp":T,"level":%q,"message":%q,"requestId":"r-1"}`, level, strings.ToLower(level)))
			}
			got := regexp.MustCompile(`(timestamp"?[:=])"?[0-9T:.+Z-]+"?`).ReplaceAllString(out.String(), "${1}T")
			assert.Equal(t, want, strings.ReplaceAll(strings.TrimSpace(got), "\n", " "))
		})
	}
}

// The fields are lambdacontext's own.
func TestFieldsAreLambdas(t *testing.T) {
	environment(t, "AWS_LAMBDA_FUNCTION_NAME", "f", "AWS_LAMBDA_LOG_FORMAT", "JSON")
	record := slog.NewRecord(time.Unix(1, 2), slog.LevelWarn, "m", 0)
	record.AddAttrs(slog.Int("a", 1))
	var ours, theirs bytes.Buffer
	require.NoError(t, logger.NewHandler(logger.Options{Writer: &ours}).Handle(invocation(t.Context()), record))
	own := slog.NewJSONHandler(&theirs, &slog.HandlerOptions{ReplaceAttr: lambdacontext.ReplaceAttr})
	record.AddAttrs(slog.String("requestId", "r-1"))
	require.NoError(t, own.Handle(t.Context(), record))
	assert.JSONEq(t, theirs.String(), ours.String())
}

func TestTerminal(t *testing.T) {
	environment(t)
	var out bytes.Buffer
	log := logger.New(logger.Options{Writer: &out, Format: logger.Terminal, Level: slog.LevelDebug})
	at := time.Date(2026, 1, 2, 3, 4, 5, 6_000_000, time.UTC)
	record := slog.NewRecord(at, slog.LevelInfo, "hello world", 0)
	record.AddAttrs(slog.Int("n", 1), slog.String("text", "two words"), slog.String("empty", ""), slog.Group("g", slog.Any("list", []string{"a", "b"})), slog.Any("m", map[string]int{"x": 1}))
	require.NoError(t, log.With("with", "a=b").Handler().Handle(invocation(t.Context()), record))
	assert.Equal(t, `03:04:05.006 INFO  hello world with="a=b" requestId=r-1 n=1 text="two words" empty="" g.list=["a","b"] m={"x":1}`+"\n", out.String())

	// What callers send moves no cursor and begins no line.
	out.Reset()
	log.Debug("a\x1b[2Jb\nc", "k\x1b[31m", "v\x1b]0;t\a", "list", []string{"\x1b[2J"}, "say", `"hi"`)
	assert.NotContains(t, out.String(), "\x1b")
	assert.Equal(t, 1, strings.Count(out.String(), "\n"))
	assert.Contains(t, out.String(), `DEBUG a\x1b[2Jb\nc k\x1b[31m="v\x1b]0;t\a"`)
	assert.Contains(t, out.String(), `say="\"hi\""`)
}

func call(t *testing.T, handler fn.Handler, ctx context.Context, event events.APIGatewayProxyRequest) (map[string]any, any) {
	t.Helper()
	var out bytes.Buffer
	log := logger.New(logger.Options{Writer: &out, Format: logger.JSON})
	var panicked any
	func() {
		defer func() { panicked = recover() }()
		_, _ = fn.Chain(handler, logger.CallsTo(log, "orders"))(ctx, event)
	}()
	require.Equal(t, 1, strings.Count(out.String(), "\n"), "once")
	var record map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &record))
	return record, panicked
}

func TestCalls(t *testing.T) {
	environment(t)
	event := events.APIGatewayProxyRequest{HTTPMethod: "POST", Path: "/orders", Headers: map[string]string{"Authorization": hidden}}
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
		"refused":         {401, nil, nil, "WARN", 401, nil},
		"failed":          {503, nil, nil, "ERROR", 503, nil},
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
			record, panicked := call(t, handler, invocation(t.Context()), event)
			assert.Equal(t, tt.panics, panicked, "it goes on")
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

			record, _ = call(t, handler, t.Context(), event)
			assert.Equal(t, "gateway", record["requestId"], "where Lambda gives none")
		})
	}
}

// Calls goes to the logger that is the default when it is called.
func TestCallsDefault(t *testing.T) {
	environment(t)
	handler := fn.Chain(func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		return fn.JSON(http.StatusOK, "in")
	}, logger.Calls("orders"))
	before := slog.Default()
	defer slog.SetDefault(before)
	var out bytes.Buffer
	slog.SetDefault(logger.New(logger.Options{Writer: &out, Format: logger.JSON}))
	_, err := handler(t.Context(), events.APIGatewayProxyRequest{})
	require.NoError(t, err)
	assert.Contains(t, out.String(), `"function":"orders"`)
}

// Many at once, on one logger and those derived of it.
func TestConcurrent(t *testing.T) {
	environment(t)
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

// Whatever a key is and whatever JSON comes in, the line is one line, and what hides is hidden.
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
			log := logger.New(logger.Options{Writer: &out, Format: format, Redact: []string{configured}, Level: slog.LevelInfo})
			log.Info("m", slog.Any("all", []any{v, map[string]any{"my-" + "secret" + key: canary}, map[string]any{"token": v, key: v}}))
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
	var handler = fn.Chain(func(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		log.InfoContext(ctx, "transfer", "iban", "DE02 1203 0000 0000 2020 51", "headers", event.Headers)
		return fn.JSON(http.StatusOK, "done")
	}, logger.CallsTo(log, "transfer"))

	ctx := lambdacontext.NewContext(context.Background(), &lambdacontext.LambdaContext{AwsRequestID: "1"})
	_, _ = handler(ctx, events.APIGatewayProxyRequest{
		HTTPMethod: "POST", Path: "/transfer",
		Headers: map[string]string{"Authorization": "Bearer abc", "Accept": "*/*"},
	})
	// Output:
	// {"level":"INFO","message":"transfer","requestId":"1","iban":"[redacted]","headers":{"Accept":"*/*","Authorization":"[redacted]"}}
	// {"level":"INFO","message":"call","requestId":"1","function":"transfer","method":"POST","path":"/transfer","sourceIp":"","status":200}
}

// exampleWriter prints lines without what changes from run to run.
type exampleWriter struct{}

func (exampleWriter) Write(line []byte) (int, error) {
	fmt.Print(regexp.MustCompile(`"timestamp":"[^"]*",|,"durationMs":[0-9.]+`).ReplaceAllString(string(line), ""))
	return len(line), nil
}
