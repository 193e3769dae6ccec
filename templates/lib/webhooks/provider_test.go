package webhooks_test

import (
	"maps"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/schemes"
	"github.com/fngen/fngen/templates/lib/webhooks"
)

// A delivery is a webhook that a provider published, or that was signed without
// the code under test.
type delivery struct {
	source  string // where it was published, or "independent" and the command that signed it
	scheme  webhooks.Scheme
	secret  string
	url     string
	now     int64 // seconds
	headers map[string]string
	query   map[string]string
	body    string
}

func (d delivery) event() events.APIGatewayProxyRequest {
	return events.APIGatewayProxyRequest{
		HTTPMethod:            "POST",
		Headers:               maps.Clone(d.headers),
		QueryStringParameters: d.query,
		Body:                  d.body,
	}
}

func (d delivery) options() webhooks.Options {
	return webhooks.Options{Secret: d.secret, URL: d.url, Now: clock(time.Unix(d.now, 0))}
}

const (
	stripeBody = `{
  "id": "evt_123",
  "object": "event",
  "account": "acct_123",
  "api_version": "2017-05-25",
  "created": 1533204620,
  "data": {
    "object": {
      "id": "cus_123",
      "object": "customer",
      "created": 123456789,
      "email": "test@stripe.com",
      "livemode": false,
      "metadata": {}
    }
  },
  "livemode": false,
  "pending_webhooks": 1,
  "request": {
    "id": "req_123",
    "idempotency_key": "idempotency-key-123"
  },
  "type": "customer.created"
}
`
	slackBody = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
	zoomBody  = `{"event":"session.started","payload":{"account_id":"{ACCOUNT_ID}","object":{"start_time":"2022-07-27T16:56:34Z","id":"{SESSION_ID}"}},"event_ts":1658940994914}`
	clerkBody = `{"data":{"id":"user_29w83sxmDNGwOuEthce5gg56FcC","object":"user","first_name":"Example"},"instance_id":"ins_123","object":"event","timestamp":1654012591835,"type":"user.created"}`
	paddleGo  = `{"data":{"id":"pri_01hsdn96k2hxjzsq5yerecdj9j","name":null,"status":"active","quantity":{"maximum":999999,"minimum":1},"tax_mode":"account_setting","product_id":"pro_01hsdn8qp7yydry3x1yeg6a9rv","unit_price":{"amount":"1000","currency_code":"USD"},"custom_data":null,"description":"testing","import_meta":null,"trial_period":null,"billing_cycle":{"interval":"month","frequency":1},"unit_price_overrides":[]},"event_id":"evt_01hsdn97563968dy0szkmgjwh3","event_type":"price.created","occurred_at":"2024-03-20T10:07:35.590857Z","notification_id":"ntf_01hsdn977e920kbgzt6r6c9rqc"}`
	paddlePy  = `{"data":{"id":"ctm_01hs0t94g83hs5jdw282ztqa4z","name":"\u00dc\u00c4\u00c5\u00e5\u00d6\u00dc\u00c4\u00c5\u00e5\u00d6","email":"blackhole+verification1@paddle.com","locale":"en","status":"active","created_at":"2024-03-15T10:24:48.136Z","updated_at":"2024-03-15T10:24:48.136Z","custom_data":null,"import_meta":null,"marketing_consent":false},"event_id":"evt_01hs0t94tjvtv62azjmkbeysz7","event_type":"customer.created","occurred_at":"2024-03-15T10:24:48.466759Z","notification_id":"ntf_01hs0t94ws0ay8keh5t4rq70ht"}`
	square    = `{"merchant_id":"MLEFBHHSJGVHD","type":"webhooks.test_notification","event_id":"ac3ac95b-f97d-458c-a6e6-18981597e05f","created_at":"2022-07-13T20:30:59.037339943Z","data":{"type":"webhooks","id":"bc368e64-01aa-407e-b46e-3231809b1129"}}`
)

func header(name, value string) map[string]string { return map[string]string{name: value} }

func svix(prefix, id, timestamp, signature string) map[string]string {
	return map[string]string{prefix + "-id": id, prefix + "-timestamp": timestamp, prefix + "-signature": signature}
}

func deliveries() map[string]delivery {
	return map[string]delivery{
		"github": {
			source: "docs.github.com, validating webhook deliveries: testing the webhook payload validation",
			scheme: webhooks.GitHub, secret: "It's a Secret to Everybody", body: "Hello, World!",
			headers: header("X-Hub-Signature-256",
				"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"),
		},
		"github, octokit": {
			source: "octokit/webhooks-methods.js test/sign.test.ts",
			scheme: webhooks.GitHub, secret: "mysecret", body: `{"foo":"bar"}`,
			headers: header("X-Hub-Signature-256",
				"sha256=4864d2759938a15468b5df9ade20bf161da9b4f737ea61794142f3484236bda3"),
		},
		"github, octokit, unicode": {
			source: "octokit/webhooks-methods.js test/verify.test.ts",
			scheme: webhooks.GitHub, secret: "development", body: `{"foo":"Foo\n\u001B[34mbar: ♥♥♥♥♥♥♥♥\nthis-is-lost\u001B[0m\u001B[2K"}`,
			headers: header("X-Hub-Signature-256",
				"sha256=afecc3caa27548bb90d51a50384cb2868b9a3327b4ad6a01c9bd4ed0f8b0b12c"),
		},
		"gitlab, token": {
			source: "docs.gitlab.com, webhooks: the example of a secret token, which is sent unchanged",
			scheme: webhooks.GitLab, secret: "my-secret-token", body: `{"object_kind":"push"}`,
			headers: header("X-Gitlab-Token", "my-secret-token"),
		},
		"gitlab, signing token": {
			source: `independent: python3 -c "import hmac,base64;print('v1,'+base64.b64encode(hmac.new(base64.b64decode('dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0dGVzdHRlc3Q='),b'f5e5f430-f57b-4e6e-9fac-d9128cd7232f.1767225600.'+b'{\"object_kind\":\"push\",\"ref\":\"refs/heads/main\",\"project_id\":15}','sha256').digest()).decode())"`,
			scheme: webhooks.GitLab, secret: "whsec_dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0dGVzdHRlc3Q=", now: 1767225600,
			headers: svix("webhook", "f5e5f430-f57b-4e6e-9fac-d9128cd7232f", "1767225600",
				"v1,xoqhA4E9goG/JaSagYgK9l3T4AtqxpUghH4CHsEa+n4="),
			body: `{"object_kind":"push","ref":"refs/heads/main","project_id":15}`,
		},
		"discourse": {
			source: "discourse/discourse spec/jobs/emit_web_hook_event_spec.rb, spec/fabricators/web_hook_fabricator.rb",
			scheme: webhooks.Discourse, secret: "my_lovely_secret_for_web_hook", body: `{"ping":"OK"}`,
			headers: header("X-Discourse-Event-Signature",
				"sha256=162f107f6b5022353274eb1a7197885cfd35744d8d08e5bcea025d309386b7d6"),
		},
		"vercel": {
			source: `independent: python3 -c "import hmac;print(hmac.new(b'vercel_test_secret',b'{\"id\":\"evt_1\",\"type\":\"deployment.created\"}','sha1').hexdigest())"`,
			scheme: webhooks.Vercel, secret: "vercel_test_secret", body: `{"id":"evt_1","type":"deployment.created"}`,
			headers: header("x-vercel-signature", "9dcfa819c7ca91881f2d9bfcb680078f9cc66744"),
		},
		"netlify": {
			source: `independent: python3 -c "
import hmac,hashlib,base64,json
u=lambda x:base64.urlsafe_b64encode(x).rstrip(b'=').decode()
b=b'{\"id\":\"5ebc34bf4fea0b01f02efa3a\",\"state\":\"ready\"}'
p=u(b'{\"alg\":\"HS256\"}')+'.'+u(json.dumps({'iss':'netlify','sha256':hashlib.sha256(b).hexdigest()},separators=(',',':')).encode())
print(p+'.'+u(hmac.new(b'netlify_test_secret',p.encode(),'sha256').digest()))"`,
			scheme: webhooks.Netlify, secret: "netlify_test_secret", body: `{"id":"5ebc34bf4fea0b01f02efa3a","state":"ready"}`,
			headers: header("X-Webhook-Signature",
				"eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJuZXRsaWZ5Iiwic2hhMjU2IjoiZWI0NWQ3MDA4YTgyNjMxZjBiM2M0ZjgyYmM4NzgxZWIwZGM0NGZiNzQwM2EzNzVhNGJmNTZhN2RmZWJmNWQyYiJ9.ICT65_5sSP7JQZZscs_fbUBXumyZNeCOdjpTS4QVsq8"),
		},
		"linear": {
			source: `independent: python3 -c "import hmac;print(hmac.new(b'linear_test_secret',b'{\"action\":\"create\",\"type\":\"Comment\",\"webhookTimestamp\":1676056940508}','sha256').hexdigest())"`,
			scheme: webhooks.Linear, secret: "linear_test_secret", now: 1676056940, body: `{"action":"create","type":"Comment","webhookTimestamp":1676056940508}`,
			headers: header("Linear-Signature", "f1625d30c1361ee810d548dd3d3c26eaf5b4d54f21de1931b7a5ae457e44e10e"),
		},
		"discord": {
			// The key pair is that of RFC 8032, section 7.1, test 1.
			source: `independent: printf '%s%s' 1767225600 '{"version":1,"application_id":"1234560123453231555","type":0}' >msg; openssl pkeyutl -sign -inkey key.pem -rawin -in msg | xxd -p -c 128`,
			scheme: webhooks.Discord, secret: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
			now: 1767225600,
			headers: map[string]string{
				"X-Signature-Ed25519":   "bdb5f37ba0cc260833b85486aea5b498d8e413f822bf9f15359023761eb151aa84bf9c677a3929397726b3c9395cd5c78cbfb6462bbcdb8274b18c30e9e7c702",
				"X-Signature-Timestamp": "1767225600",
			},
			body: `{"version":1,"application_id":"1234560123453231555","type":0}`,
		},
		"cloudevents": {
			source: "cloudevents/spec http-webhook.md, 3.1",
			scheme: webhooks.CloudEvents, secret: "mF_9.B5f-4.1JqM", body: `{"specversion":"1.0","id":"1","source":"/a"}`,
			headers: header("Authorization", "Bearer mF_9.B5f-4.1JqM"),
		},
		"graph": {
			source: "learn.microsoft.com/graph, receive change notifications through webhooks; the fields of its example",
			scheme: webhooks.Graph, secret: "secretClientValue",
			body: `{"value":[{"id":"lsgTZMr9KwAAA","subscriptionId":"076990e3-d0b6-4f5c-8f93-ff4e2a3ea3b6","clientState":"secretClientValue","changeType":"created"}]}`,
		},
		"stripe": {
			source: "stripe/stripe-dotnet src/StripeTests/Services/Events/EventUtilityTest.cs",
			scheme: webhooks.Stripe, secret: "webhook_secret", now: 1533204720, body: stripeBody,
			headers: header("Stripe-Signature",
				"t=1533204620,v1=2220f87ef101a04665f11cdf770523143f875572008577fa0f20882ddb9cc3c7,v0=63f3a72374a733066c4be69ed7f8e5ac85c22c9f0a6a612ab9a025a9e4ee7eef"),
		},
		"stripe, whsec_ and two signatures": {
			source: `independent: python3 -c "import hmac;[print(hmac.new(k,b'1700000000.{\"id\":\"evt_test_webhook\",\"object\":\"event\"}','sha256').hexdigest()) for k in (b'whsec_old_secret',b'whsec_test_secret')]"`,
			scheme: webhooks.Stripe, secret: "whsec_test_secret", now: 1700000000, body: `{"id":"evt_test_webhook","object":"event"}`,
			headers: header("Stripe-Signature",
				"t=1700000000,v1=e016b64cc4263f90e0336f3975e8d4ac9cc185935edc3ebdd405db64ad0bb1c5,v1=d95c6b7477fbd7e9f90b1b0ef5f9c7ac25abca5382460e0d988c2b2a5b71b990,v1=potato"),
		},
		"paddle": {
			source: "PaddleHQ/paddle-go-sdk webhook_verifier_test.go",
			scheme: webhooks.Paddle, secret: "pdl_ntfset_01hsdn8d43dt7mezr1ef2jtbaw_hKkRiCGyyRhbFwIUuqiTBgI7gnWoV0Gr", now: 1710929255, body: paddleGo,
			headers: header("Paddle-Signature",
				"ts=1710929255;h1=6c05ef8fa83c44d751be6d259ec955ce5638e2c54095bf128e408e2fce1589c8"),
		},
		"paddle, two signatures": {
			source: "PaddleHQ/paddle-php-sdk tests/Unit/Notifications/VerifierTest.php",
			scheme: webhooks.Paddle, secret: "pdl_ntf_01hbpjmytsa32fhr36nqgc3kgb_WvRO0eL4Bj9rgYYIBZY6wZhG4EHy9jzh", now: 1696195954, body: "hello-world",
			headers: header("Paddle-Signature",
				"ts=1696195954;h1=dummy;h1=d96299976a6eb066f484d7fde011ac56fc32b38fc9940bc419d6e537fdc6ef02"),
		},
		"paddle, an unknown h2": {
			source: "PaddleHQ/paddle-node-sdk src/__tests__/notifications/webhooks-validator.node.test.ts",
			scheme: webhooks.Paddle, secret: "VALID_SECRET", now: 1698796805, body: `{"data": "value"}`,
			headers: header("Paddle-Signature",
				"ts=1698796800;h1=28981e941fae76e53db32f3d2a83cb69db41476595e84e1970a1b5d98f62b261;h2=RANDOM_HASH"),
		},
		"paddle, escapes": {
			source: "PaddleHQ/paddle-python-sdk tests/Unit/Notification/test_Verifier.py",
			scheme: webhooks.Paddle, secret: "pdl_ntfset_01hs0t3tw21j988db1pam5xg8m_GrOWLNef+vmtjJYq4mSnHNzvc8uWoJ1I", now: 1710498288, body: paddlePy,
			headers: header("Paddle-Signature",
				"ts=1710498288;h1=38219b3ba1578184e625c29d201a27cd25bd69e2ec9c3ab87dcb90d87ff73a41"),
		},
		"shopify": {
			source: "Shopify/shopify-app-js packages/apps/shopify-api/lib/webhooks/__tests__/validate.test.ts",
			scheme: webhooks.Shopify, secret: "test_secret_key", body: `{"foo": "bar"}`,
			headers: header("X-Shopify-Hmac-Sha256", "B23tXN681gZ0qIWNRrgtzBE9XSDo5yaUu6wfmhu3a7g="),
		},
		"shopify, header of Events": {
			source: "the same delivery; the header is documented at shopify.dev, Events: verify deliveries",
			scheme: webhooks.Shopify, secret: "test_secret_key", body: `{"foo": "bar"}`,
			headers: header("shopify-hmac-sha256", "B23tXN681gZ0qIWNRrgtzBE9XSDo5yaUu6wfmhu3a7g="),
		},
		"slack": {
			source: "docs.slack.dev, verifying requests from Slack",
			scheme: webhooks.Slack, secret: "8f742231b10e8888abcd99yyyzzz85a5", now: 1531420618, body: slackBody,
			headers: map[string]string{
				"X-Slack-Request-Timestamp": "1531420618",
				"X-Slack-Signature":         "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
			},
		},
		"zoom": {
			// The body is from Zoom's documentation. The signature printed there is
			// not hexadecimal.
			source: `independent: printf 'v0:1658940994:%s' "$body" | openssl dgst -sha256 -hmac zoom-test-secret-token`,
			scheme: webhooks.Zoom, secret: "zoom-test-secret-token", now: 1658940994, body: zoomBody,
			headers: map[string]string{
				"x-zm-request-timestamp": "1658940994",
				"x-zm-signature":         "v0=800817e6aa16c1f58a377febd85fafcbc480702f0c0787e4cdb298aba553594c",
			},
		},
		"svix": {
			source: "docs.svix.com, verifying webhooks manually; svix/svix-webhooks javascript/src/webhook.test.ts",
			scheme: webhooks.Svix, secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", now: 1614265330, body: `{"test": 2432232314}`,
			headers: svix("svix", "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330",
				"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
		},
		"svix, headers of Standard Webhooks": {
			source: "the same delivery, with the alternative headers of the libraries",
			scheme: webhooks.Svix, secret: "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", now: 1614265330, body: `{"test": 2432232314}`,
			headers: svix("webhook", "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330",
				"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
		},
		"svix, rust": {
			source: "svix/svix-webhooks rust/src/webhooks.rs",
			scheme: webhooks.Svix, secret: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", now: 1649367553, body: `{"email":"test@example.com","username":"test_user"}`,
			headers: svix("svix", "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", "1649367553",
				"v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw="),
		},
		"clerk": {
			source: `independent: printf 'msg_2KWPBgLlAfxdpx2AI54pPJ85f4W.1654012592.%s' "$body" | openssl dgst -sha256 -mac hmac -macopt hexkey:$(echo dGVzdF9zaWduaW5nX3NlY3JldF8zMl9jaGFyc19sb25n | base64 -d | xxd -p -c 99) -binary | base64`,
			scheme: webhooks.Clerk, secret: "whsec_dGVzdF9zaWduaW5nX3NlY3JldF8zMl9jaGFyc19sb25n", now: 1654012592, body: clerkBody,
			headers: svix("svix", "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W", "1654012592",
				"v1,yPwqkt/ulMpLu59vk/Mx3g7sQNaCgvjoFxng1RHcIMI="),
		},
		"standard": {
			source: "standard-webhooks/standard-webhooks libraries/javascript/src/webhook.test.ts, with several signatures",
			scheme: webhooks.Standard, secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", now: 1614265330, body: `{"test": 2432232314}`,
			headers: svix("webhook", "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330",
				"v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= v2,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="),
		},
		"standard, Ed25519": {
			source: "svix/svix-webhooks server/svix-server/src/worker.rs, test_asymmetric_key_signing",
			scheme: webhooks.Standard, secret: "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=", now: 1614265330, body: `{"test": 2432232314}`,
			headers: svix("webhook", "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330",
				"v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="),
		},
		"square": {
			source: "square/square-nodejs-sdk tests/integration/webhooks.test.ts",
			scheme: webhooks.Square, secret: "Ibxx_5AKakO-3qeNVR61Dw", url: "https://webhook.site/679a4f3a-dcfa-49ee-bac5-9d0edad886b9", body: square,
			headers: header("x-square-hmacsha256-signature", "GF4YkrJgGBDZ9NIYbNXBnMzqb2HoL4RW/S6vkZ9/2N4="),
		},
		"square, angle brackets": {
			source: "square/square-nodejs-sdk tests/integration/webhooks.test.ts",
			scheme: webhooks.Square, secret: "signature-key", url: "https://webhook.site/webhooks", body: `{"data":{"type":"webhooks","id":">id<"}}`,
			headers: header("x-square-hmacsha256-signature", "Cxt7+aTi4rKgcA0bC4g9EHdVtLSDWdqccmL5MvihU4U="),
		},
		"twilio, JSON": {
			source: "twilio/twilio-go client/request_validator_test.go",
			scheme: webhooks.Twilio, secret: "12345", url: "https://mycompany.com/myapp.php?foo=1&bar=2", body: `{"property": "value", "boolean": true}`,
			query: map[string]string{
				"foo": "1", "bar": "2", "bodySHA256": "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620",
			},
			headers: map[string]string{"X-Twilio-Signature": "a9nBmqA0ju/hNViExpshrM61xv4=",
				"Content-Type": "application/json"},
		},
		"twilio, JSON and no other parameter": {
			source: "twilio/twilio-go client/request_validator_test.go",
			scheme: webhooks.Twilio, secret: "12345", url: "https://mycompany.com/myapp.php", body: `{"property": "value", "boolean": true}`,
			query:   map[string]string{"bodySHA256": "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"},
			headers: map[string]string{"X-Twilio-Signature": "y77kIzt2vzLz71DgmJGsen2scGs="},
		},
		"twilio, no body": {
			source: "twilio/twilio-java RequestValidatorTest",
			scheme: webhooks.Twilio, secret: "12345", url: "https://mycompany.com/myapp.php?foo=1&bar=2",
			headers: header("X-Twilio-Signature", "zYQTYrRWXE7LtzbG4PfP7/bkkGo="),
		},
	}
}

// twilioForms returns forms from the tests of Twilio's libraries. The auth
// token is 12345.
func twilioForms() map[string]struct{ url, form, signature string } {
	const (
		app    = "https://mycompany.com/myapp.php?foo=1&bar=2"
		call   = "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212"
		reason = call + "&ReasonConferenceEnded=test&Reason=Participant"
		port   = "https://mycompany.com:1234/myapp.php?foo=1&bar=2"
	)
	return map[string]struct{ url, form, signature string }{
		"twilio-python, -node, -java":      {app, call, "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
		"the same, removes the port":       {port, call, "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
		"the same, adds the port of https": {app, call, "kvajT1Ptam85bY51eRf/AJRuM3w="},
		"the same, adds the port of http": {
			"http://mycompany.com/myapp.php?foo=1&bar=2", call, "0ZXoZLH/DfblKGATFgpif+LLRf4=",
		},
		"the same, keeps the port": {
			"http://mycompany.com:1234/myapp.php?foo=1&bar=2", call, "Zmvh+3yNM1Phv2jhDCwEM3q5ebU=",
		},
		"twilio-go, a name that is a prefix of another": {app, reason, "vOEb5UThFn24KEfnOFLQY2AE5FY="},
		"twilio-go, http": {
			"http://mycompany.com/myapp.php?foo=1&bar=2", reason, "n2xBNyzSW7rfYStDtOFiFMv7qNo=",
		},
		"twilio-python, values twice": {
			app, "Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234&Digits=1234", "IK+Dwps556ElfBT0I3Rgjkr1wJU=",
		},
		"twilio-node, two values": {
			app, "MessagingBinding.Address=%2B1415xxxxxxx&MessagingBinding.Address=%2B1325xxxxxxx", "83O6e2vORAoJHUNzJjDWN1jz+BA=",
		},
		"twilio-node, user and password": {
			"https://user:pass@mycompany.com/myapp.php?foo=1&bar=2", call, "CukzLTc1tT5dXEDIHm/tKBanW10=",
		},
		"the same, adds the port": {
			"https://user:pass@mycompany.com/myapp.php?foo=1&bar=2", call, "ZQFR1PTIZXF2MXB8ZnKCvnnA+rI=",
		},
		"twilio-java, special characters": {
			app, url.Values{"Message": {"Hello & goodbye! @#$%^*()"}, "From": {"+1 (415) 867-5309"},
				"Special": {"unicode: ñáéíóú"}}.Encode(), "dCPiR4WtQ6QFN6pJh81CtlCcWLQ=",
		},
		"twilio-java, empty values": {
			app, "Digits=&CallSid=CA1234567890ABCDE&EmptyParam=", "9HHp/OqQMEwdrVebHDdA/+tqjX8=",
		},
		"twilio-java, letter case": {
			app, "callSid=lowercase&CallSid=uppercase&CALLSID=allcaps", "jDK7WKT8wiNrwggd4ceTv4e1MJ4=",
		},
		"twilio-java, a double slash": {
			"https://mycompany.com:443//myapp.php?foo=1&bar=2", call, "A9lH3u16NjyiiM/+wylw5rirFUs=",
		},
		"twilio-java, percent-encoded query": {
			"https://mycompany.com/myapp.php?foo=hello%20world&bar=test%2Bvalue", call, "er2tvAP1Wx+iuTTE2BPgvEaN1cs=",
		},
	}
}

func TestDeliveries(t *testing.T) {
	all := deliveries()
	for name, form := range twilioForms() {
		all["twilio, form, "+name] = delivery{
			source: name,
			scheme: webhooks.Twilio, secret: "12345", url: form.url, body: form.form,
			headers: map[string]string{
				"X-Twilio-Signature": form.signature,
				"Content-Type":       "application/x-www-form-urlencoded; charset=UTF-8",
			},
		}
	}
	covered := map[webhooks.Scheme]bool{}
	for name, d := range all {
		covered[d.scheme] = true
		t.Run(name, func(t *testing.T) {
			require.NoError(t, webhooks.VerifyEvent(d.scheme, d.event(), d.options()), d.source)
			assertRejected := func(name string, event events.APIGatewayProxyRequest, options webhooks.Options) {
				t.Helper()
				err := webhooks.VerifyEvent(d.scheme, event, options)
				requireRejected(t, err, name)
				assert.NotContains(t, err.Error(), d.secret, name)
			}

			rotated := d.options()
			rotated.Secret, rotated.Secrets = otherSecret(d.secret), []string{d.secret}
			require.NoError(t, webhooks.VerifyEvent(d.scheme, d.event(), rotated), "rotated secret")

			wrong := d.options()
			wrong.Secret = otherSecret(d.secret)
			assertRejected("wrong secret", d.event(), wrong)

			unset := d.options()
			unset.Secret = ""
			assertRejected("no secret", d.event(), unset)

			// Changing or removing any header or the body must be detected.
			for header, value := range d.headers {
				if header == "Content-Type" {
					continue
				}
				event := d.event()
				delete(event.Headers, header)
				assertRejected("without "+header, event, d.options())
				event.Headers[header] = ""
				assertRejected("empty "+header, event, d.options())
				event.Headers[header] = strings.Repeat("1", len(value))
				assertRejected("wrong "+header, event, d.options())
			}
			if name != "gitlab, token" && name != "cloudevents" { // which do not sign the body
				event := d.event()
				event.Body += "&a=b"
				assertRejected("wrong body", event, d.options())
				if d.body != "" {
					event.Body = ""
					assertRejected("no body", event, d.options())
				}
			}
			if d.url != "" {
				wrongURL := d.options()
				wrongURL.URL = strings.Replace(d.url, "://", "://not-", 1)
				assertRejected("wrong URL", d.event(), wrongURL)
				wrongURL.URL = ""
				assertRejected("no URL", d.event(), wrongURL)
			}
			if d.now != 0 {
				for _, offset := range []time.Duration{-time.Hour, time.Hour} {
					late := d.options()
					late.Now = clock(time.Unix(d.now, 0).Add(offset))
					assertRejected("clock off by "+offset.String(), d.event(), late)
				}
			}
		})
	}
	for _, provider := range recordedProviders() {
		covered[provider.scheme] = true
	}
	for _, scheme := range providers() {
		assert.True(t, covered[scheme], "no delivery tests %s", scheme)
	}
}

// providers returns the schemes of providers.
func providers() []webhooks.Scheme {
	var list []webhooks.Scheme
	for _, scheme := range schemes.All() {
		if name := scheme.String(); !strings.HasSuffix(name, "Verifier") && !strings.HasPrefix(name, "hmac") {
			list = append(list, scheme)
		}
	}
	return list
}

// otherSecret returns another secret of the same kind.
func otherSecret(secret string) string {
	if prefix, key, ok := strings.Cut(secret, "_"); ok && (prefix == "whsec" || prefix == "whpk") {
		return prefix + "_AAAA" + key[4:]
	}
	if len(secret) == 64 { // in hex
		return "aa" + secret[2:]
	}
	return "AAAA" + secret
}
