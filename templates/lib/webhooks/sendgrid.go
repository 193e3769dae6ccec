package webhooks

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"time"
)

// SendGrid is for the signed event webhook of Twilio SendGrid. It signs the
// timestamp in seconds and the body with ECDSA and SHA-256. The secret is the
// verification key that SendGrid displays. There is no message ID:
// https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features
var SendGrid Scheme = sendGrid{}

type sendGrid struct{}

func (sendGrid) String() string { return "sendgrid" }

func (sendGrid) verify(m message, secret string) error {
	der, err := base64.StdEncoding.DecodeString(secret)
	if err != nil {
		return errors.New("the verification key is not valid base64")
	}
	parsed, err := x509.ParsePKIXPublicKey(der)
	key, ok := parsed.(*ecdsa.PublicKey)
	if err != nil || !ok {
		return errors.New("the verification key is not an ECDSA public key")
	}
	header, err := m.signature("X-Twilio-Email-Event-Webhook-Signature")
	if err != nil {
		return err
	}
	signature, err := base64.StdEncoding.Strict().DecodeString(header)
	if err != nil {
		return errors.New("the signature is not valid base64")
	}
	timestamp := m.header("X-Twilio-Email-Event-Webhook-Timestamp")
	hash := sha256.New()
	_, _ = io.WriteString(hash, timestamp)
	m.writeBody(hash)
	if !ecdsa.VerifyASN1(key, hash.Sum(nil), signature) {
		return errMismatch
	}
	return m.checkTime(timestamp, time.Second, DefaultTolerance)
}

// id hashes only the body, because a retry may have a new timestamp.
func (sendGrid) id(m *message) string { return m.contentID("") }

// sign needs the private key in PKCS #8, in base64.
func (sendGrid) sign(d *draft, secret string) error {
	der, err := base64.StdEncoding.DecodeString(secret)
	if err != nil {
		return errors.New("the private key is not valid base64")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	key, ok := parsed.(*ecdsa.PrivateKey)
	if err != nil || !ok {
		return errors.New("the private key is not an ECDSA private key")
	}
	hash := sha256.Sum256([]byte(d.timestamp(time.Second) + d.body))
	signature, err := ecdsa.SignASN1(rand.Reader, key, hash[:])
	if err != nil {
		return err
	}
	d.setSignature("X-Twilio-Email-Event-Webhook-Signature", base64.StdEncoding.EncodeToString(signature))
	d.setHeader("X-Twilio-Email-Event-Webhook-Timestamp", d.timestamp(time.Second))
	return nil
}
