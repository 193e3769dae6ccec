package webhooks

import (
	"cmp"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/templates/lib/fn"
)

// Discord signs interactions and webhook events: Ed25519 in hexadecimal of the
// timestamp in seconds and the body. The secret is the application's public key
// in hexadecimal. Discord documents no tolerance. The ID of an interaction is
// in the body: https://docs.discord.com/developers/interactions/overview
var Discord Scheme = discord{}

type discord struct{}

func (discord) String() string { return "discord" }

func (discord) verify(m message, secret string) error {
	key, err := discordKey(secret)
	if err != nil {
		return err
	}
	header, err := m.signature("X-Signature-Ed25519")
	if err != nil {
		return err
	}
	signature, err := hex.DecodeString(header)
	if err != nil {
		return errMismatch
	}
	timestamp := m.header("X-Signature-Timestamp")
	if err := matchEd25519(key, m.content(timestamp), signature); err != nil {
		return err
	}
	return m.checkTime(timestamp, time.Second, DefaultTolerance)
}

// id hashes only the body if there is no ID: a retry has a new timestamp.
func (discord) id(m *message) string {
	var event struct{ ID string }
	_ = json.Unmarshal(m.body(), &event)
	return cmp.Or(event.ID, m.contentID(""))
}

func (discord) sign(d *draft, secret string) error {
	key, err := discordKey(secret)
	if err != nil {
		return err
	}
	signature, err := signEd25519(key, []byte(d.timestamp(time.Second)+d.body))
	if err != nil {
		return err
	}
	d.setSignature("X-Signature-Ed25519", hex.EncodeToString(signature))
	d.setHeader("X-Signature-Timestamp", d.timestamp(time.Second))
	return nil
}

// discordKey does not wrap the error of package hex, which quotes a character
// of the secret.
func discordKey(secret string) ([]byte, error) {
	key, err := hex.DecodeString(secret)
	if err != nil {
		return nil, errors.New("the secret is not valid hexadecimal")
	}
	return key, nil
}

// handshake responds to PING. For interactions, PING is type 1. For webhook
// events, PING is type 0 and type 1 is an event:
// https://docs.discord.com/developers/events/webhook-events
func (discord) handshake(m *message) (events.APIGatewayProxyResponse, bool, error) {
	var request struct {
		Type  *int
		Event json.RawMessage
	}
	if json.Unmarshal(m.body(), &request) != nil || request.Type == nil {
		return events.APIGatewayProxyResponse{}, false, nil
	}
	switch {
	case *request.Type == 0:
		return events.APIGatewayProxyResponse{
			StatusCode: http.StatusNoContent,
			Headers:    map[string]string{"Content-Type": "application/json"},
		}, true, nil
	case *request.Type == 1 && request.Event == nil:
		response, err := fn.JSON(http.StatusOK, map[string]int{"type": 1})
		return response, true, err
	}
	return events.APIGatewayProxyResponse{}, false, nil
}
