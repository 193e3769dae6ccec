package webhooks

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"
)

// TimestampScheme signs with "t=TIMESTAMP,v1=SIGNATURE". The timestamp is in
// milliseconds, and the signature is the HMAC-SHA256 in hexadecimal of the
// timestamp, a dot and the body. VerifyEvent also accepts a timestamp in
// seconds and more than one v1 item.
var TimestampScheme Scheme = timestampScheme{}

type timestampScheme struct{}

func (timestampScheme) String() string { return "timestampSchemeVerifier" }

func (timestampScheme) verify(m message, secret string) error {
	header, err := m.signature(DefaultSignatureHeader)
	if err != nil {
		return err
	}
	timestamp, signatures := fields(header, ",", "t", "v1")
	want := hex.EncodeToString(m.mac(sha256.New, []byte(secret), timestamp+"."))
	if err := match(want, signatures...); err != nil {
		return err
	}
	// In seconds, 1e11 is the year 5138; in milliseconds, it is 1973.
	unit := time.Millisecond
	if n, err := strconv.ParseInt(timestamp, 10, 64); err == nil && n < 1e11 {
		unit = time.Second
	}
	return m.checkTime(timestamp, unit, DefaultTolerance)
}

func (timestampScheme) id(m *message) string {
	header, _ := m.signature(DefaultSignatureHeader)
	timestamp, _ := fields(header, ",", "t", "v1")
	return m.contentID(timestamp + ".")
}

func (timestampScheme) sign(d *draft, secret string) error {
	timestamp := d.timestamp(time.Millisecond)
	signature := hmacSum(sha256.New, []byte(secret), timestamp+"."+d.body)
	d.setSignature(DefaultSignatureHeader, "t="+timestamp+",v1="+hex.EncodeToString(signature))
	return nil
}
