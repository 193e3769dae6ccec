package webhooks_test

import (
	"context"
	"encoding/base64"
	"net/url"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/lib/webhooks"
)

// rawContext returns the context of a request with a path and a query as they
// were sent.
func rawContext(path, query string) context.Context {
	return lambdacontext.NewContext(context.Background(), &lambdacontext.LambdaContext{
		ClientContext: lambdacontext.ClientContext{
			Custom: map[string]string{"rawPath": path, "rawQueryString": query},
		},
	})
}

// The URL that is verified is the one that the sender called. Without a context
// it must be configured with its query.
func TestPublicURL(t *testing.T) {
	const env = "TEST_WEBHOOK_URL"
	for name, tt := range map[string]struct {
		options webhooks.Options
		env     string
		event   events.APIGatewayProxyRequest
		context context.Context
		signed  string // the URL that the sender called
		err     string
	}{
		"option": {
			options: webhooks.Options{URL: "https://a.example/hook", URLEnv: env}, env: "https://b.example",
			signed: "https://a.example/hook",
		},
		"variable": {
			env: "https://b.example/hook", signed: "https://b.example/hook",
		},
		"not set": {
			event:  events.APIGatewayProxyRequest{Path: "/hook", Headers: map[string]string{"Host": "evil.example"}},
			signed: "https://evil.example/hook", err: env + " is empty",
		},
		"not from the request context": {
			event: events.APIGatewayProxyRequest{
				Path:           "/hook",
				RequestContext: events.APIGatewayProxyRequestContext{DomainName: "c.example", Path: "/prod/hook"},
			}, signed: "https://c.example/prod/hook", err: env + " is empty",
		},
		"malformed": {env: "/hook", signed: "/hook", err: "malformed"},

		"query, configured": {
			options: webhooks.Options{URL: "https://a.example/hook?b=2&a=1"},
			event:   events.APIGatewayProxyRequest{QueryStringParameters: map[string]string{"a": "1", "b": "2"}},
			signed:  "https://a.example/hook?b=2&a=1",
		},
		"query, configured with other values": {
			options: webhooks.Options{URL: "https://a.example/hook?b=2&a=1"},
			event:   events.APIGatewayProxyRequest{QueryStringParameters: map[string]string{"a": "1", "b": "3"}},
			signed:  "https://a.example/hook?b=2&a=1", err: `"b" differs`,
		},
		"query, of the event": {
			options: webhooks.Options{URL: "https://a.example/hook"},
			event:   events.APIGatewayProxyRequest{QueryStringParameters: map[string]string{"a": "1"}},
			signed:  "https://a.example/hook?a=1", err: "payload format 1.0",
		},
		"query, as sent": {
			options: webhooks.Options{URL: "https://a.example/hook"},
			event: events.APIGatewayProxyRequest{
				MultiValueQueryStringParameters: map[string][]string{"b": {"x y", "z"}, "a": {"&"}, "c": {""}},
			},
			context: rawContext("/hook", "b=x%20y&a=%26&c&b=z"),
			signed:  "https://a.example/hook?b=x%20y&a=%26&c&b=z",
		},
		"query, not the one of the event": {
			options: webhooks.Options{URL: "https://a.example/hook"},
			event:   events.APIGatewayProxyRequest{QueryStringParameters: map[string]string{"a": "2"}},
			context: rawContext("/hook", "a=1"),
			signed:  "https://a.example/hook?a=1", err: "differs from the event's",
		},
		"query, only in the event": {
			options: webhooks.Options{URL: "https://a.example/hook"},
			event:   events.APIGatewayProxyRequest{QueryStringParameters: map[string]string{"admin": "1"}},
			context: rawContext("/hook", ""),
			signed:  "https://a.example/hook", err: "differs from the event's",
		},
		"query, only in the context": {
			options: webhooks.Options{URL: "https://a.example/hook"},
			context: rawContext("/hook", "a=1"),
			signed:  "https://a.example/hook?a=1", err: "differs from the event's",
		},
		"query, malformed": {
			options: webhooks.Options{URL: "https://a.example/hook"},
			context: rawContext("/hook", "a=%zz"),
			signed:  "https://a.example/hook?a=%zz", err: "differs from the event's",
		},
		"query, configured and as sent": {
			options: webhooks.Options{URL: "https://a.example/hook?a=1#rc=2"},
			event:   events.APIGatewayProxyRequest{QueryStringParameters: map[string]string{"a": "1", "b": "2"}},
			context: rawContext("/hook", "a=1&b=2"),
			signed:  "https://a.example/hook?a=1&b=2",
		},
		"query, configured and not sent": {
			options: webhooks.Options{URL: "https://a.example/hook?a=1"},
			context: rawContext("/hook", ""),
			signed:  "https://a.example/hook?a=1", err: "does not match",
		},

		"origin": {
			options: webhooks.Options{URL: "https://a.example"}, event: events.APIGatewayProxyRequest{Path: "/hook"},
			signed: "https://a.example/hook",
		},
		"origin, with a slash and a trailing slash": {
			options: webhooks.Options{URL: "https://a.example/"}, event: events.APIGatewayProxyRequest{Path: "/hook"},
			context: rawContext("/hook/", ""), signed: "https://a.example/hook/",
		},
		"origin, path as sent": {
			options: webhooks.Options{URL: "https://a.example:8443"},
			event:   events.APIGatewayProxyRequest{Path: "/hook/a b"},
			context: rawContext("/hook/a%20b", ""), signed: "https://a.example:8443/hook/a%20b",
		},
		"origin, path with escapes": {
			options: webhooks.Options{URL: "https://a.example"}, event: events.APIGatewayProxyRequest{Path: "/hook/a b"},
			signed: "https://a.example/hook/a%20b", err: "path as it was sent",
		},
		"origin, only the path as sent": {
			options: webhooks.Options{URL: "https://a.example"}, event: events.APIGatewayProxyRequest{Path: "/hook/"},
			context: lambdacontext.NewContext(context.Background(), &lambdacontext.LambdaContext{
				ClientContext: lambdacontext.ClientContext{Custom: map[string]string{"rawPath": "/hook%2F"}},
			}), signed: "https://a.example/hook%2F",
		},
		"origin, only the query as sent": {
			options: webhooks.Options{URL: "https://a.example"},
			event: events.APIGatewayProxyRequest{
				Path: "/hook", QueryStringParameters: map[string]string{"a": "1", "b": "2"},
			},
			context: rawContext("", "b=2&a=1"), signed: "https://a.example/hook?b=2&a=1",
		},
		"origin, path and query as sent": {
			options: webhooks.Options{URL: "https://a.example"},
			event: events.APIGatewayProxyRequest{
				Path: "/hook", QueryStringParameters: map[string]string{"a": "1", "b": "2"},
			},
			context: rawContext("/hook", "b=2&a=1"), signed: "https://a.example/hook?b=2&a=1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(env, tt.env)
			tt.options.Secret = secret
			if tt.options.URL == "" {
				tt.options.URLEnv = env
			}
			if tt.event.Headers == nil {
				tt.event.Headers = map[string]string{}
			}
			tt.event.Headers["X-Square-HmacSha256-Signature"] = referenceSignature(webhooks.Base64SHA256,
				tt.signed+payload, base64.StdEncoding.EncodeToString([]byte(secret)))
			tt.event.Body = payload
			if tt.context == nil {
				tt.context = t.Context()
			}
			_, err := webhooks.VerifyEventContext(tt.context, webhooks.Square, tt.event, tt.options)
			if tt.err == "" {
				require.NoError(t, err)
				return
			}
			requireRejected(t, err)
			require.ErrorContains(t, err, tt.err)
		})
	}
	for _, malformed := range []string{"/hook", "example.com/hook", "https://%zz"} {
		_, err := webhooks.SignEvent(webhooks.Twilio, events.APIGatewayProxyRequest{},
			webhooks.Options{Secret: secret, URL: malformed})
		require.ErrorIs(t, err, webhooks.ErrSign, malformed)
	}
}

// twilioSignature signs what Twilio signs with an auth token of 12345.
func twilioSignature(content string) map[string]string {
	return map[string]string{"X-Twilio-Signature": referenceSignature(webhooks.HMACSHA1Base64, content, "12345")}
}

// Each query is one that Twilio sends for a GET request.
func TestTwilioQueryAsSent(t *testing.T) {
	options := webhooks.Options{Secret: "12345", URL: "https://example.com/h"}
	for raw, parameters := range map[string]map[string][]string{
		"ToCountry=US&SmsSid=SM1&Body=a+b": {"ToCountry": {"US"}, "SmsSid": {"SM1"}, "Body": {"a b"}},
		"Retry=1&Digits=1":                 {"Retry": {"1"}, "Digits": {"1"}},
		"a=1&b=x%20y":                      {"a": {"1"}, "b": {"x y"}},
	} {
		event := events.APIGatewayProxyRequest{
			HTTPMethod: "GET", MultiValueQueryStringParameters: parameters,
			Headers: twilioSignature("https://example.com/h?" + raw),
		}
		_, err := webhooks.VerifyEventContext(rawContext("/h", raw), webhooks.Twilio, event, options)
		assert.NoError(t, err, raw)

		require.ErrorContains(t, webhooks.VerifyEvent(webhooks.Twilio, event, options), "payload format 1.0", raw)
		parsed, err := url.ParseQuery(raw)
		require.NoError(t, err)
		_, err = webhooks.VerifyEventContext(rawContext("/h", parsed.Encode()), webhooks.Twilio, event, options)
		requireRejected(t, err, "the query in another order")
	}
}

// One variable with the origin serves all functions and all their URLs.
func TestTwilioPathsAsSent(t *testing.T) {
	const form = "Body=hi&From=%2B15005550006"
	for _, sent := range []string{
		"/twil", "/twil/", "/twil/a%20b", "/twil/a/", "/twil?x=1", "/twil?", "/twil?a=b%20c&d=e+f",
		"/twil?a=%2f&b=%C3%A9", "/twil?b=2&a=1&b=1", "/twil?flag", "/twil?flag=", "/twil//x",
	} {
		address, err := url.Parse(sent)
		require.NoError(t, err)
		headers := twilioSignature("https://hooks.example" + sent + "BodyhiFrom+15005550006")
		headers["Content-Type"] = "application/x-www-form-urlencoded"
		event := events.APIGatewayProxyRequest{
			HTTPMethod: "POST", Path: address.Path, Headers: headers, Body: form,
			MultiValueQueryStringParameters: address.Query(),
		}
		ctx := rawContext(address.EscapedPath(), address.RawQuery)
		_, err = webhooks.VerifyEventContext(ctx, webhooks.Twilio, event,
			webhooks.Options{Secret: "12345", URL: "https://hooks.example"})
		assert.NoError(t, err, sent)
	}
}

// A field of the form cannot be moved to the query.
func TestTwilioFormMovedToQuery(t *testing.T) {
	signed := func(address string) map[string]string {
		headers := twilioSignature(address + "Bodyhi" + "From1")
		headers["Content-Type"] = "application/x-www-form-urlencoded"
		return headers
	}
	for name, tt := range map[string]struct{ url, query, form string }{
		"a field":                     {"https://example.com/h", "Body=hi", "From=1"},
		"all fields":                  {"https://example.com/h", "Body=hi&From=1", ""},
		"text after a configured one": {"https://example.com/h?x=1", "x=1Bodyhi", "From=1"},
		"all text":                    {"https://example.com/h?x=1", "x=1BodyhiFrom1", ""},
	} {
		parameters, err := url.ParseQuery(tt.query)
		require.NoError(t, err)
		event := events.APIGatewayProxyRequest{
			HTTPMethod: "POST", Path: "/h", Headers: signed(tt.url), Body: tt.form,
			MultiValueQueryStringParameters: parameters,
		}
		for _, ctx := range []context.Context{t.Context(), rawContext("/h", tt.query)} {
			_, err := webhooks.VerifyEventContext(ctx, webhooks.Twilio, event,
				webhooks.Options{Secret: "12345", URL: tt.url})
			requireRejected(t, err, name)
		}
	}
}
