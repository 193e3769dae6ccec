package webhooks

// setBody replaces the body.
func (d *draft) setBody(body string) {
	d.body, d.event.Body, d.event.IsBase64Encoded = body, body, false
}
