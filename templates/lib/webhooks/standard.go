package webhooks

import (
	"crypto/ed25519"
	"encoding/base64"
	"strings"
	"time"
)

// Standard is Standard Webhooks. The secret is a symmetric key (whsec_) or a
// public key (whpk_), whose private key (whsk_) signs. A secret without a
// prefix is a symmetric key. The message ID is in the header Webhook-Id, which
// is signed:
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
var Standard Scheme = standard{}

type standard struct{}

func (standard) String() string { return "standard" }

func (standard) verify(m message, secret string) error {
	key, err := standardKeyPair(secret)
	if err != nil {
		return err
	}
	if key == nil {
		return verifyStandard(m, secret, "Webhook")
	}
	prefix, header, err := standardContent(m, "Webhook")
	if err != nil {
		return err
	}
	var signatures [][]byte
	for _, item := range items(header, " ", "v1a,") {
		if signature, err := base64.StdEncoding.DecodeString(item); err == nil {
			signatures = append(signatures, signature)
		}
	}
	if err := matchEd25519(key, m.content(prefix), signatures...); err != nil {
		return err
	}
	return m.checkTime(m.header("Webhook-Timestamp"), time.Second, 5*time.Minute)
}

func (standard) id(m *message) string { return m.header("Webhook-Id") }

func (standard) sign(d *draft, secret string) error {
	key, err := standardKeyPair(secret)
	if err != nil {
		return err
	}
	if key == nil {
		return signStandard(d, secret, "Webhook")
	}
	id := d.messageID("Webhook-Id")
	signature, err := signEd25519(key, []byte(id+"."+d.timestamp(time.Second)+"."+d.body))
	if err != nil {
		return err
	}
	d.setSignature("Webhook-Signature", "v1a,"+base64.StdEncoding.EncodeToString(signature))
	d.setHeader("Webhook-Id", id)
	d.setHeader("Webhook-Timestamp", d.timestamp(time.Second))
	return nil
}

// standardKeyPair returns the public key (whpk_) or the private key (whsk_) in
// a secret, or nil if the secret is a symmetric key.
func standardKeyPair(secret string) ([]byte, error) {
	switch {
	case strings.HasPrefix(secret, "whpk_"):
		return standardKey(secret, "whpk_")
	case strings.HasPrefix(secret, "whsk_"):
		key, err := standardKey(secret, "whsk_")
		if len(key) == ed25519.SeedSize {
			key = ed25519.NewKeyFromSeed(key)
		}
		return key, err
	}
	return nil, nil
}
