package webhooks

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"time"
)

// Paddle is for Paddle Billing. It signs the timestamp in seconds, a colon and
// the body: their HMAC-SHA256 in hexadecimal. A message must not be older than
// 5 seconds. The message ID is in the body:
// https://developer.paddle.com/webhooks/signature-verification
var Paddle Scheme = paddle{}

type paddle struct{}

func (paddle) String() string { return "paddle" }

func (paddle) verify(m message, secret string) error {
	header, err := m.signature("Paddle-Signature") // ts=TIMESTAMP;h1=SIGNATURE;h1=…
	if err != nil {
		return err
	}
	timestamp, signatures := fields(header, ";", "ts", "h1")
	want := hex.EncodeToString(m.mac(sha256.New, []byte(secret), timestamp+":"))
	if err := match(want, signatures...); err != nil {
		return err
	}
	tolerance := 5 * time.Second
	if seconds, err := strconv.ParseInt(timestamp, 10, 64); err == nil && seconds > m.options.now().Unix() {
		tolerance = DefaultTolerance // the receiver's clock is slow
	}
	return m.checkTime(timestamp, time.Second, tolerance)
}

func (paddle) id(m *message) string {
	var event struct {
		ID string `json:"event_id"`
	}
	_ = json.Unmarshal(m.body(), &event)
	return cmp.Or(event.ID, m.contentID(""))
}

func (paddle) sign(d *draft, secret string) error {
	signature := hmacSum(sha256.New, []byte(secret), d.timestamp(time.Second)+":"+d.body)
	d.setSignature("Paddle-Signature", "ts="+d.timestamp(time.Second)+";h1="+hex.EncodeToString(signature))
	return nil
}
