package webhooks

import (
	"cmp"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha1" // #nosec G505 -- signature version 1
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// SNS is for HTTPS subscriptions of Amazon SNS. The secret is the ARN of the
// topic: anyone can have SNS sign messages of a topic of their own. SNS signs
// fields of the body with the RSA key of a certificate, whose URL is in the
// body. It is downloaded only from the hosts of SNS, with HTTPS. The tolerance
// is 65 minutes, because SNS retries for an hour with the same timestamp. The
// message ID is in the body:
// https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
//
// A subscription to the topic is confirmed. With raw message delivery, SNS signs
// nothing.
var SNS = NewSNS(nil)

// NewSNS returns SNS with an HTTP client that downloads certificates and
// confirms subscriptions. The default gives up after 5 seconds.
func NewSNS(client *http.Client) Scheme {
	if client == nil {
		client = &http.Client{Timeout: 5 * time.Second}
	}
	noRedirects := *client
	noRedirects.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &sns{
		client:       &noRedirects,
		key:          sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) }),
		certificates: map[string]*x509.Certificate{},
	}
}

type sns struct {
	client *http.Client

	key func() (*rsa.PrivateKey, error) // signs in tests

	mu           sync.Mutex
	certificates map[string]*x509.Certificate // by URL; AWS replaces them about once a year
}

func (*sns) String() string { return "sns" }

func (s *sns) verify(m message, topic string) error {
	fields, err := readSNS(m.body())
	if err != nil {
		return err
	}
	if fields["TopicArn"] != topic {
		return errors.New("the message is from another topic")
	}
	at, err := time.Parse(time.RFC3339, fields["Timestamp"])
	if err != nil {
		return errors.New("the timestamp is not valid")
	}
	if err := m.options.checkOffset(m.options.now().Sub(at), time.Hour+DefaultTolerance); err != nil {
		return err
	}
	signature, err := base64.StdEncoding.Strict().DecodeString(fields["Signature"])
	if err != nil {
		return errors.New("the signature is not valid base64")
	}
	certificate, err := s.certificate(m.ctx, fields["SigningCertURL"])
	if err != nil {
		return fmt.Errorf("signing certificate: %w", err)
	}
	if now := m.options.now(); now.Before(certificate.NotBefore) || now.After(certificate.NotAfter) {
		return errors.New("the signing certificate is not valid at this time")
	}
	key, ok := certificate.PublicKey.(*rsa.PublicKey)
	if !ok {
		return errors.New("the signing certificate has no RSA key")
	}

	algorithm := crypto.SHA256
	switch fields["SignatureVersion"] {
	case "1":
		algorithm = crypto.SHA1
	case "2":
	default:
		return errors.New("the signature version is neither 1 nor 2")
	}
	hash := algorithm.New()
	for _, name := range snsSigned {
		if value, ok := fields[name]; ok {
			_, _ = io.WriteString(hash, name+"\n")
			_, _ = io.WriteString(hash, value)
			_, _ = io.WriteString(hash, "\n")
		}
	}
	if rsa.VerifyPKCS1v15(key, algorithm, hash.Sum(nil), signature) != nil {
		return errMismatch
	}
	return nil
}

// snsSigned has the names of the fields that are signed, if they are present.
var snsSigned = []string{
	"Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type",
}

// readSNS returns the text fields of a message. It fails if another reader could
// find other signed fields in the message.
func readSNS(body []byte) (map[string]string, error) {
	var message map[string]any
	if err := json.Unmarshal(body, &message); err != nil {
		return nil, errors.New("the body is not a JSON object")
	}
	fields := map[string]string{}
	for name, value := range message {
		text, isText := value.(string)
		for _, signed := range snsSigned {
			switch {
			case !strings.EqualFold(name, signed):
			case name != signed: // package json ignores case
				return nil, fmt.Errorf("the field %q is not %q", name, signed)
			case !isText && value != nil:
				return nil, fmt.Errorf("the field %q is not a string", name)
			case name != "Message" && strings.Contains(text, "\n"): // separates the signed fields
				return nil, fmt.Errorf("the field %q has more than one line", name)
			}
		}
		if isText {
			fields[name] = text
		}
	}
	return fields, nil
}

// snsHost matches the hosts of SNS in all regions, such as us-gov-west-1. It
// does not match sns.s3-us-west-2.amazonaws.com, which is a bucket named sns.
var snsHost = regexp.MustCompile(`^sns\.[a-z]+(-[a-z]+)+-[0-9]+\.amazonaws\.com(\.cn)?$`)

// certificate returns the certificate with the given URL.
func (s *sns) certificate(ctx context.Context, address string) (*x509.Certificate, error) {
	s.mu.Lock()
	certificate := s.certificates[address]
	s.mu.Unlock()
	if certificate != nil {
		return certificate, nil
	}
	if u, err := url.Parse(address); err != nil || u.RawQuery+u.Fragment != "" || !strings.HasSuffix(u.Path, ".pem") {
		return nil, errors.New("the URL is not that of a certificate")
	}
	text, err := s.get(ctx, address)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("the response is not PEM")
	}
	certificate, err = x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.certificates) >= 16 { // there is one for each region
		clear(s.certificates)
	}
	s.certificates[address] = certificate
	return certificate, nil
}

// get returns what a host of SNS responds. It does not follow redirects.
func (s *sns) get(ctx context.Context, address string) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil || !strings.HasPrefix(address, "https://") || u.User != nil || !snsHost.MatchString(u.Host) {
		return nil, errors.New("the URL is not one of SNS")
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	response, err := s.client.Do(request)
	if err != nil {
		return nil, errors.Unwrap(err) // without the URL, which may have a token
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s responded with %s", u.Host, response.Status)
	}
	return io.ReadAll(io.LimitReader(response.Body, 64<<10))
}

func (*sns) id(m *message) string {
	fields, _ := readSNS(m.body())
	return cmp.Or(fields["MessageId"], m.contentID(""))
}

// handshake confirms a subscription, and acknowledges the end of one, whose
// SubscribeURL would renew it.
func (s *sns) handshake(m *message) (events.APIGatewayProxyResponse, bool, error) {
	fields, _ := readSNS(m.body())
	switch fields["Type"] {
	case "SubscriptionConfirmation":
		if _, err := s.get(m.ctx, fields["SubscribeURL"]); err != nil {
			return events.APIGatewayProxyResponse{}, true, fmt.Errorf("confirming the subscription: %w", err)
		}
	case "UnsubscribeConfirmation":
		slog.WarnContext(m.ctx, "subscription ended", "topic", fields["TopicArn"])
	default:
		return events.APIGatewayProxyResponse{}, false, nil
	}
	return events.APIGatewayProxyResponse{StatusCode: http.StatusOK}, true, nil
}

// sign signs with a key of this process, which no other process accepts,
// because AWS keeps its own. A body that is not a message of SNS becomes the
// text of one.
func (s *sns) sign(d *draft, topic string) error {
	key, err := s.key()
	if err != nil {
		return err
	}
	const address = "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-test.pem"
	s.mu.Lock()
	s.certificates[address] = &x509.Certificate{PublicKey: &key.PublicKey, NotAfter: time.Unix(1<<40, 0)}
	s.mu.Unlock()

	var id [16]byte
	if _, err := rand.Read(id[:]); err != nil {
		return err
	}
	var message map[string]any
	if json.Unmarshal([]byte(d.body), &message) != nil || message["Type"] == nil {
		message = map[string]any{"Type": "Notification", "Message": strings.ToValidUTF8(d.body, "\ufffd")}
	}
	for name, value := range map[string]string{
		"MessageId": hex.EncodeToString(id[:]), "TopicArn": topic, "SignatureVersion": "2", "SigningCertURL": address,
		"Timestamp": d.at.UTC().Format("2006-01-02T15:04:05.000Z"),
	} {
		if message[name] == nil {
			message[name] = value
		}
	}
	hash := sha256.New()
	for _, name := range []string{
		"Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type",
	} {
		if value, ok := message[name]; ok {
			_, _ = fmt.Fprintf(hash, "%s\n%s\n", name, value)
		}
	}
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, hash.Sum(nil))
	if err != nil {
		return err
	}
	message["Signature"] = base64.StdEncoding.EncodeToString(signature)
	body, err := json.Marshal(message)
	d.setBody(string(body))
	return err
}
