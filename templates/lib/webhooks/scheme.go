package webhooks

import (
	"crypto/sha1" // #nosec G505 -- some senders use HMAC-SHA1, which is not broken
	"crypto/sha256"
	"encoding/hex"
	"hash"

	"github.com/aws/aws-lambda-go/events"
)

// A Scheme is the way in which a sender signs webhooks. A nil Scheme rejects
// every event.
type Scheme interface {
	// String returns the name of the scheme, such as "github".
	String() string

	// verify returns nil if the message was signed with the secret. It gets a
	// copy, which stays on the stack.
	verify(m message, secret string) error

	// id returns the ID of a verified message. It is the same for all tries of
	// the sender.
	id(m *message) string

	// sign signs an event as the sender does. It does not use the code of verify,
	// so that tests detect an error in either.
	sign(d *draft, secret string) error
}

// A handshaker is a Scheme whose sender checks endpoints with a signed request.
// Its method returns false if the message is meant for the handler.
type handshaker interface {
	handshake(m *message) (response events.APIGatewayProxyResponse, ok bool, err error)
}

// A challenger is a Scheme whose sender checks endpoints with a request that it
// does not sign. The response must reveal nothing that the client does not know.
// Its method returns false for all other requests.
type challenger interface {
	challenge(m *message) (response events.APIGatewayProxyResponse, ok bool)
}

// Skip accepts every event without a signature. Use it only for development.
var Skip Scheme = skip{}

type skip struct{}

func (skip) String() string               { return "skipVerifier" }
func (skip) verify(message, string) error { return nil }
func (skip) id(m *message) string         { return m.contentID("") }
func (skip) sign(*draft, string) error    { return nil }

// SHA1 and SHA256 sign the body with an HMAC whose key is the text of the
// secret: "sha1=" or "sha256=" and the signature in hexadecimal.
var (
	SHA1   Scheme = &hmacScheme{"sha1Verifier", "sha1=", sha1.New, hex.EncodeToString}
	SHA256 Scheme = &hmacScheme{"sha256Verifier", "sha256=", sha256.New, hex.EncodeToString}
)

type hmacScheme struct {
	name, prefix string
	hash         func() hash.Hash
	encode       func([]byte) string
}

func (s *hmacScheme) String() string { return s.name }

func (s *hmacScheme) verify(m message, secret string) error {
	signature, err := m.signature(DefaultSignatureHeader)
	if err != nil {
		return err
	}
	return match(s.prefix+s.encode(m.mac(s.hash, []byte(secret), "")), signature)
}

func (s *hmacScheme) id(m *message) string { return m.contentID("") }

func (s *hmacScheme) sign(d *draft, secret string) error {
	d.setSignature(DefaultSignatureHeader, s.prefix+s.encode(hmacSum(s.hash, []byte(secret), d.body)))
	return nil
}
