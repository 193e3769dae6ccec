package webhooks

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/templates/lib/fn"
)

// Zoom signs "v0:", the timestamp in seconds, a colon and the body: "v0=" and
// their HMAC-SHA256 in hexadecimal. Zoom documents no tolerance and sends no
// message ID: https://developers.zoom.us/docs/api/webhooks/
var Zoom Scheme = zoom{}

type zoom struct{}

func (zoom) String() string { return "zoom" }

func (zoom) verify(m message, secret string) error {
	signature, err := m.signature("X-Zm-Signature")
	if err != nil {
		return err
	}
	timestamp := m.header("X-Zm-Request-Timestamp")
	want := "v0=" + hex.EncodeToString(m.mac(sha256.New, []byte(secret), "v0:"+timestamp+":"))
	if err := match(want, signature); err != nil {
		return err
	}
	return m.checkTime(timestamp, time.Second, DefaultTolerance)
}

// id hashes only the body, because a retry has a new timestamp.
func (zoom) id(m *message) string { return m.contentID("") }

func (zoom) sign(d *draft, secret string) error {
	signature := hmacSum(sha256.New, []byte(secret), "v0:"+d.timestamp(time.Second)+":"+d.body)
	d.setSignature("X-Zm-Signature", "v0="+hex.EncodeToString(signature))
	d.setHeader("X-Zm-Request-Timestamp", d.timestamp(time.Second))
	return nil
}

// handshake signs the token of an endpoint.url_validation event, which Zoom
// sends when you add an endpoint and every 72 hours
// (https://developers.zoom.us/docs/api/webhooks/#validate-your-webhook-endpoint).
func (zoom) handshake(m *message) (events.APIGatewayProxyResponse, bool, error) {
	var request struct {
		Event   string
		Payload struct{ PlainToken string }
	}
	if json.Unmarshal(m.body(), &request) != nil || request.Event != "endpoint.url_validation" {
		return events.APIGatewayProxyResponse{}, false, nil
	}
	mac := hmac.New(sha256.New, []byte(m.secret))
	mac.Write([]byte(request.Payload.PlainToken))
	response, err := fn.JSON(http.StatusOK, struct {
		PlainToken     string `json:"plainToken"`
		EncryptedToken string `json:"encryptedToken"`
	}{request.Payload.PlainToken, hex.EncodeToString(mac.Sum(nil))})
	return response, true, err
}
