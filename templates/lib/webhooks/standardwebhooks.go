package webhooks

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fngen/fngen/templates/lib/fn"
)

// This file has the symmetric signatures of Standard Webhooks, which several
// senders use: https://www.standardwebhooks.com

// verifyStandard verifies a message with the headers PREFIX-Id,
// PREFIX-Timestamp and PREFIX-Signature. It signs the ID, a dot, the timestamp
// in seconds, a dot and the body: "v1," and the HMAC-SHA256 in base64. Further
// signatures follow after a space. The tolerance is 5 minutes.
func verifyStandard(m message, secret, prefix string) error {
	key, err := standardKey(secret, "whsec_")
	if err != nil {
		return err
	}
	content, header, err := standardContent(m, prefix)
	if err != nil {
		return err
	}
	want := base64.StdEncoding.EncodeToString(m.mac(sha256.New, key, content))
	if err := match(want, items(header, " ", "v1,")...); err != nil {
		return err
	}
	return m.checkTime(m.header(prefix+"-Timestamp"), time.Second, 5*time.Minute)
}

// standardContent returns what is signed before the body, and the signature
// header.
func standardContent(m message, prefix string) (content, signatures string, err error) {
	signatures, err = m.signature(prefix + "-Signature")
	if err != nil {
		return "", "", err
	}
	id, timestamp := m.header(prefix+"-Id"), m.header(prefix+"-Timestamp")
	if id == "" {
		return "", "", fmt.Errorf("no message ID in the header %s-Id", prefix)
	}
	// An ID may have dots. If a timestamp follows one of them, text of the body
	// may have been moved to the headers: the signed text has no other separators.
	if slices.ContainsFunc(strings.Split(id, ".")[1:], isTimestamp) {
		return "", "", errors.New("the message ID contains a timestamp")
	}
	return id + "." + timestamp + ".", signatures, nil
}

// isTimestamp reports whether text has ten digits, as seconds since 1970 have
// from 2001 to 2286.
func isTimestamp(text string) bool { return len(text) == 10 && strings.Trim(text, "0123456789") == "" }

// signStandard signs an event with the headers that verifyStandard reads.
func signStandard(d *draft, secret, prefix string) error {
	key, err := standardKey(secret, "whsec_")
	if err != nil {
		return err
	}
	id := d.messageID(prefix + "-Id")
	signature := hmacSum(sha256.New, key, id+"."+d.timestamp(time.Second)+"."+d.body)
	d.setSignature(prefix+"-Signature", "v1,"+base64.StdEncoding.EncodeToString(signature))
	d.setHeader(prefix+"-Id", id)
	d.setHeader(prefix+"-Timestamp", d.timestamp(time.Second))
	return nil
}

// messageID returns the value of the named header or, if the event has none,
// a new ID.
func (d *draft) messageID(header string) string {
	if id := fn.Header(d.event, header); id != "" {
		return id
	}
	var random [16]byte
	if _, err := rand.Read(random[:]); err != nil {
		panic(err) // cannot happen on systems that Go supports
	}
	return "msg_" + hex.EncodeToString(random[:])
}

// standardKey decodes a secret in base64. The prefix and the padding are
// optional, since people copy secrets without them. Some senders show the
// version of the signature before the prefix.
func standardKey(secret, prefix string) ([]byte, error) {
	secret = strings.TrimPrefix(secret, "v1,")
	digits := strings.TrimRight(strings.TrimPrefix(secret, prefix), "=")
	key, err := base64.RawStdEncoding.DecodeString(digits)
	if err != nil {
		return nil, errors.New("the secret is not valid base64")
	}
	if len(key) == 0 {
		return nil, errors.New("the secret contains no key")
	}
	return key, nil
}
