package webhooks

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/fngen/fngen/templates/lib/fn"
)

// Mailgun signs a timestamp in seconds and a token, which are in the body: their
// HMAC-SHA256 in hexadecimal, with the HTTP webhook signing key. It does not
// sign the event. The tolerance is 5 minutes. The token is the message ID, so
// Once rejects another event with the same token. Webhooks are JSON, routes send
// forms:
// https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks
var Mailgun Scheme = mailgun{}

type mailgun struct{}

func (mailgun) String() string { return "mailgun" }

func (mailgun) verify(m message, secret string) error {
	s, err := readMailgunSignature(m)
	if err != nil {
		return err
	}
	want := hex.EncodeToString(hmacSum(sha256.New, []byte(secret), s.Timestamp.String()+s.Token))
	if err := match(want, s.Signature, s.ParentSignature); err != nil {
		return err
	}
	return m.checkTime(s.Timestamp.String(), time.Second, DefaultTolerance)
}

// A mailgunSignature is the field "signature" of a webhook. Events of a
// subaccount are also signed with the key of the parent account.
type mailgunSignature struct {
	Timestamp       json.Number `json:"timestamp"`
	Token           string      `json:"token"`
	Signature       string      `json:"signature"`
	ParentSignature string      `json:"parent-signature,omitempty"`
}

func readMailgunSignature(m message) (mailgunSignature, error) {
	var webhook struct{ Signature mailgunSignature }
	if json.Unmarshal(m.body(), &webhook) == nil {
		return webhook.Signature, nil
	}
	form, err := fn.Form(m.event)
	if err != nil {
		return mailgunSignature{}, errors.New("the body is neither JSON nor a form")
	}
	return mailgunSignature{
		Timestamp: json.Number(form.Get("timestamp")),
		Token:     form.Get("token"),
		Signature: form.Get("signature"),
	}, nil
}

func (mailgun) id(m *message) string {
	s, _ := readMailgunSignature(*m)
	return cmp.Or(s.Token, m.contentID(""))
}

func (mailgun) sign(d *draft, secret string) error {
	var random [25]byte
	if _, err := rand.Read(random[:]); err != nil {
		return err
	}
	token := hex.EncodeToString(random[:])
	signature := hex.EncodeToString(hmacSum(sha256.New, []byte(secret), d.timestamp(time.Second)+token))

	var fields map[string]any
	if json.Unmarshal([]byte(d.body), &fields) == nil && fields != nil {
		fields["signature"] = mailgunSignature{json.Number(d.timestamp(time.Second)), token, signature, ""}
		body, err := json.Marshal(fields)
		d.setBody(string(body))
		return err
	}
	if !strings.HasPrefix(fn.Header(d.event, "Content-Type"), "application/x-www-form-urlencoded") {
		return errors.New("the body is neither a JSON object nor a form")
	}
	form := url.Values{"timestamp": {d.timestamp(time.Second)}, "token": {token}, "signature": {signature}}
	d.setBody(strings.TrimPrefix(d.body+"&"+form.Encode(), "&"))
	return nil
}
