package webhooks_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"maps"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/lib/webhooks"
)

const (
	topic          = "arn:aws:sns:us-east-1:123456789012:orders"
	certificateURL = "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0123.pem"
)

// A snsSender signs messages as SNS does.
type snsSender struct {
	key         *rsa.PrivateKey
	certificate []byte
	requests    []string // URLs that the receiver requested
	respond     func(url string) (*http.Response, error)
}

// newSNSSender returns a sender whose certificate is valid for a day around now.
func newSNSSender(t *testing.T) *snsSender {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sns.amazonaws.com"},
		NotBefore: time.Now().Add(-12 * time.Hour), NotAfter: time.Now().Add(12 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	return &snsSender{key: key, certificate: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

// scheme returns SNS with a client that gets the sender's certificate from
// every URL.
func (s *snsSender) scheme() webhooks.Scheme {
	return webhooks.NewSNS(&http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		s.requests = append(s.requests, r.URL.String())
		if s.respond != nil {
			return s.respond(r.URL.String())
		}
		return response(http.StatusOK, string(s.certificate)), nil
	})})
}

func response(status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Body: io.NopCloser(strings.NewReader(body)),
		Header: http.Header{"Location": {"https://sns.us-east-1.amazonaws.com/other.pem"}},
	}
}

// sign returns a message with the signature of content.
func (s *snsSender) sign(t *testing.T, fields map[string]any, content string) events.APIGatewayProxyRequest {
	t.Helper()
	hash := sha256.Sum256([]byte(content))
	signature, err := rsa.SignPKCS1v15(nil, s.key, crypto.SHA256, hash[:])
	require.NoError(t, err)
	message := map[string]any{
		"SignatureVersion": "2", "SigningCertURL": certificateURL,
		"Signature": base64.StdEncoding.EncodeToString(signature),
	}
	maps.Copy(message, fields)
	body, err := json.Marshal(message)
	require.NoError(t, err)
	return events.APIGatewayProxyRequest{Body: string(body)}
}

// notification returns a message with some fields replaced. Its signature covers
// the original ones.
func (s *snsSender) notification(t *testing.T, replaced map[string]any) events.APIGatewayProxyRequest {
	t.Helper()
	at := time.Now().UTC().Format(time.RFC3339)
	fields := map[string]any{
		"Type": "Notification", "MessageId": "1", "TopicArn": topic, "Message": "Hello", "Timestamp": at,
	}
	content := "Message\nHello\nMessageId\n1\nTimestamp\n" + at + "\nTopicArn\n" + topic + "\nType\nNotification\n"
	maps.Copy(fields, replaced)
	return s.sign(t, fields, content)
}

func TestSNSSchemeCachesCertificates(t *testing.T) {
	sender := newSNSSender(t)
	scheme := sender.scheme()
	for range 3 {
		event := sender.notification(t, nil)
		require.NoError(t, webhooks.VerifyEvent(scheme, event, webhooks.Options{Secret: topic}))
	}
	assert.Equal(t, []string{certificateURL}, sender.requests)
}

// The certificate must come from a host of SNS. No other host gets a request.
func TestSNSCertificateURLs(t *testing.T) {
	for name, address := range map[string]string{
		"China":           "https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-0123.pem",
		"GovCloud":        "https://sns.us-gov-west-1.amazonaws.com/SimpleNotificationService-0123.pem",
		"http":            "http://sns.us-east-1.amazonaws.com/a.pem",
		"no scheme":       "sns.us-east-1.amazonaws.com/a.pem",
		"other scheme":    "file:///etc/ssl/a.pem",
		"port":            "https://sns.us-east-1.amazonaws.com:8443/a.pem",
		"user":            "https://sns.us-east-1.amazonaws.com@evil.example/a.pem",
		"password":        "https://user:password@sns.us-east-1.amazonaws.com/a.pem",
		"suffix":          "https://sns.us-east-1.amazonaws.com.evil.example/a.pem",
		"prefix":          "https://evil.sns.us-east-1.amazonaws.com/a.pem",
		"other service":   "https://s3.us-east-1.amazonaws.com/a.pem",
		"dot for a dot":   "https://snsxus-east-1.amazonaws.com/a.pem",
		"bucket":          "https://sns.us-east-1.s3.amazonaws.com/a.pem",
		"old bucket":      "https://sns.s3-us-west-2.amazonaws.com/a.pem",
		"fast bucket":     "https://sns.s3-accelerate.amazonaws.com/a.pem",
		"upper case":      "https://SNS.us-east-1.amazonaws.com/a.pem",
		"trailing dot":    "https://sns.us-east-1.amazonaws.com./a.pem",
		"line break":      "https://sns.us-east-1.amazonaws.com\n.evil.example/a.pem",
		"backslash":       `https://evil.example\@sns.us-east-1.amazonaws.com/a.pem`,
		"query":           "https://sns.us-east-1.amazonaws.com/?a.pem",
		"query after pem": "https://sns.us-east-1.amazonaws.com/a.pem?x",
		"fragment":        "https://sns.us-east-1.amazonaws.com/a.pem#x",
		"no pem":          "https://sns.us-east-1.amazonaws.com/a.crt",
		"empty":           "",
	} {
		sender := newSNSSender(t)
		event := sender.notification(t, map[string]any{"SigningCertURL": address})
		err := webhooks.VerifyEvent(sender.scheme(), event, webhooks.Options{Secret: topic})
		if name == "China" || name == "GovCloud" {
			require.NoError(t, err, name)
			continue
		}
		requireRejected(t, err, name)
		assert.Empty(t, sender.requests, name)
	}
}

func TestSNSRejectsOtherCertificates(t *testing.T) {
	sender := newSNSSender(t)
	event := sender.notification(t, nil)
	other := newSNSSender(t)
	tooLong := strings.Repeat("\n", 1<<17) + string(sender.certificate)
	for name, test := range map[string]struct {
		status int
		body   string
		err    error
	}{
		"other key":     {status: 200, body: string(other.certificate)},
		"redirect":      {status: 302, body: string(sender.certificate)},
		"not found":     {status: 404, body: string(sender.certificate)},
		"no PEM":        {status: 200, body: "<html>"},
		"no X.509":      {status: 200, body: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE"}))},
		"too long":      {status: 200, body: tooLong},
		"network error": {err: errors.New("no route to host")},
	} {
		sender.requests = nil
		sender.respond = func(string) (*http.Response, error) { return response(test.status, test.body), test.err }
		requireRejected(t, webhooks.VerifyEvent(sender.scheme(), event, webhooks.Options{Secret: topic}), name)
		assert.Equal(t, []string{certificateURL}, sender.requests, name)
	}

	sender.respond = nil
	for _, offset := range []time.Duration{-24 * time.Hour, 24 * time.Hour} {
		options := webhooks.Options{Secret: topic, Tolerance: 48 * time.Hour, Now: clock(time.Now().Add(offset))}
		err := webhooks.VerifyEvent(sender.scheme(), event, options)
		requireRejected(t, err)
		assert.ErrorContains(t, err, "not valid at this time")
	}
}

// SNS separates the signed fields with line breaks, and anyone can have it sign
// messages of a topic of their own. A message of another topic must not pass as
// one of this topic by moving text from field to field.
func TestSNSFieldsCannotMove(t *testing.T) {
	sender := newSNSSender(t)
	at := time.Now().UTC().Format(time.RFC3339)
	tail := "\nTimestamp\n" + at + "\nTopicArn\narn:aws:sns:us-east-1:666666666666:evil\nType\nNotification\n"
	forged := "Message\nevil\nMessageId\n1\nTimestamp\n" + at + "\nTopicArn\n" + topic + "\nType\nNotification"
	content := forged + "\nMessageId\n2" + tail // is the content of a message with the text after "Message\n"

	event := sender.sign(t, map[string]any{
		"Message": "evil", "MessageId": "1", "Timestamp": at, "TopicArn": topic,
		"Type": "Notification\nMessageId\n2" + strings.TrimSuffix(tail, "\n"),
	}, content)
	requireRejected(t, webhooks.VerifyEvent(sender.scheme(), event, webhooks.Options{Secret: topic}))
	assert.Empty(t, sender.requests)
}

// A handler could read another value than the one that is signed, because
// package json ignores case.
func TestSNSRejectsAmbiguousFields(t *testing.T) {
	sender := newSNSSender(t)
	scheme := sender.scheme()
	for name, fields := range map[string]map[string]any{
		"case":        {"message": "evil"},
		"folded case": {"Me\u017f\u017fage": "evil"}, // ſ folds to s
		"number":      {"Subject": 1},
		"object":      {"Subject": map[string]any{}},
	} {
		event := sender.notification(t, fields)
		requireRejected(t, webhooks.VerifyEvent(scheme, event, webhooks.Options{Secret: topic}), name)
	}
	event := sender.notification(t, map[string]any{"Subject": nil, "UnsubscribeURL": "https://example.com"})
	require.NoError(t, webhooks.VerifyEvent(scheme, event, webhooks.Options{Secret: topic}))

	for name, body := range map[string]string{"empty": "", "array": "[]", "null": "null", "text": `"a"`} {
		requireRejected(t, webhooks.VerifyEvent(scheme, events.APIGatewayProxyRequest{Body: body},
			webhooks.Options{Secret: topic}), name)
	}
}

func TestSNSTopicsAndTime(t *testing.T) {
	sender := newSNSSender(t)
	scheme := sender.scheme()
	event := sender.notification(t, nil)
	requireRejected(t, webhooks.VerifyEvent(scheme, event, webhooks.Options{Secret: topic + "2"}))
	assert.Empty(t, sender.requests, "certificate of another topic's message")
	require.NoError(t, webhooks.VerifyEvent(scheme, event,
		webhooks.Options{Secret: topic + "2", Secrets: []string{topic}}))

	for offset, ok := range map[time.Duration]bool{64 * time.Minute: true, 66 * time.Minute: false} {
		options := webhooks.Options{Secret: topic, Now: clock(time.Now().Add(offset))}
		assert.Equal(t, ok, webhooks.VerifyEvent(scheme, event, options) == nil, offset)
	}
	for _, replaced := range []map[string]any{{"SignatureVersion": "3"}, {"Timestamp": "now"}, {"Signature": "!"}} {
		event := sender.notification(t, replaced)
		requireRejected(t, webhooks.VerifyEvent(scheme, event, webhooks.Options{Secret: topic}))
	}
}

func TestSNSConfirmsSubscriptions(t *testing.T) {
	const subscribe = "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&Token=1"
	for name, test := range map[string]struct {
		url    string
		status int // of SNS
		ok     bool
	}{
		"confirmed":  {subscribe, http.StatusOK, true},
		"expired":    {subscribe, http.StatusBadRequest, false},
		"redirect":   {subscribe, http.StatusFound, false},
		"other host": {"https://evil.example/?Action=ConfirmSubscription", http.StatusOK, false},
		"http":       {strings.Replace(subscribe, "https", "http", 1), http.StatusOK, false},
	} {
		sender := newSNSSender(t)
		sender.respond = func(url string) (*http.Response, error) {
			if url == certificateURL {
				return response(http.StatusOK, string(sender.certificate)), nil
			}
			return response(test.status, ""), nil
		}
		at := time.Now().UTC().Format(time.RFC3339)
		event := sender.sign(t,
			map[string]any{
				"Type": "SubscriptionConfirmation", "MessageId": "1", "TopicArn": topic, "Message": "Hello",
				"Timestamp": at, "Token": "1", "SubscribeURL": test.url,
			},
			"Message\nHello\nMessageId\n1\nSubscribeURL\n"+test.url+"\nTimestamp\n"+at+"\nToken\n1\nTopicArn\n"+topic+
				"\nType\nSubscriptionConfirmation\n")
		called := false
		handler := webhooks.Require(sender.scheme(), webhooks.Options{Secret: topic})(
			func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
				called = true
				return events.APIGatewayProxyResponse{}, nil
			})
		response, err := handler(t.Context(), event)
		assert.False(t, called, name)
		if test.ok {
			require.NoError(t, err, name)
			assert.Equal(t, http.StatusOK, response.StatusCode, name)
			assert.Equal(t, []string{certificateURL, test.url}, sender.requests, name)
			continue
		}
		require.Error(t, err, name) // SNS retries
		assert.NotContains(t, err.Error(), "Token", name)
	}
}
