package webhooks

import "encoding/base64"

// setBody replaces the body.
func (d *draft) setBody(body string) {
	d.body, d.event.Body = body, body
	if d.event.IsBase64Encoded {
		d.event.Body = base64.StdEncoding.EncodeToString([]byte(body))
	}
}
