package webhooks

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"strings"
	"time"
)

// HubSpot signs the method, the public URL, the body and the timestamp in
// milliseconds with the app's client secret: their HMAC-SHA256 in base64,
// version 3. The tolerance is 5 minutes. There is no message ID, and a retry
// has another attemptNumber in the body. Include the query in Options.URL if it
// has one: nothing separates it from the body in what is signed.
// https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/request-validation
var HubSpot Scheme = hubSpot{}

type hubSpot struct{}

func (hubSpot) String() string { return "hubspot" }

func (hubSpot) verify(m message, secret string) error {
	signature, err := m.signature("X-HubSpot-Signature-v3")
	if err != nil {
		return err
	}
	url, err := m.publicURL("")
	if err != nil {
		return err
	}
	timestamp := m.header("X-HubSpot-Request-Timestamp")
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = io.WriteString(mac, m.event.HTTPMethod+hubSpotURL(url))
	m.writeBody(mac)
	_, _ = io.WriteString(mac, timestamp)
	if err := match(base64.StdEncoding.EncodeToString(mac.Sum(nil)), signature); err != nil {
		return err
	}
	return m.checkTime(timestamp, time.Millisecond, DefaultTolerance)
}

// hubSpotURL returns a URL without the escapes that HubSpot removes before it
// signs.
func hubSpotURL(url string) string {
	return strings.NewReplacer(
		"%3A", ":", "%2F", "/", "%3F", "?", "%40", "@", "%21", "!", "%24", "$",
		"%27", "'", "%28", "(", "%29", ")", "%2A", "*", "%2C", ",", "%3B", ";",
	).Replace(url)
}

// id hashes only the body, because a retry may have a new timestamp.
func (hubSpot) id(m *message) string { return m.contentID("") }

func (hubSpot) sign(d *draft, secret string) error {
	url, err := d.publicURL()
	if err != nil {
		return err
	}
	timestamp := d.timestamp(time.Millisecond)
	signature := hmacSum(sha256.New, []byte(secret), d.event.HTTPMethod+hubSpotURL(url)+d.body+timestamp)
	d.setSignature("X-HubSpot-Signature-v3", base64.StdEncoding.EncodeToString(signature))
	d.setHeader("X-HubSpot-Request-Timestamp", timestamp)
	return nil
}
