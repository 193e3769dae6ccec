package webhooks

// Svix signs as Standard Webhooks with headers of its own. Like its libraries,
// this scheme also accepts the headers of Standard Webhooks:
// https://docs.svix.com/receiving/verifying-payloads/how-manual
var Svix Scheme = svix{}

type svix struct{}

func (svix) String() string { return "svix" }

func (svix) verify(m message, secret string) error {
	return verifyStandard(m, secret, svixPrefix(m))
}

func (svix) id(m *message) string { return m.header(svixPrefix(*m) + "-Id") }

func (svix) sign(d *draft, secret string) error { return signStandard(d, secret, "Svix") }

// svixPrefix returns the prefix of the headers. Those of Svix count only if
// all of them are present.
func svixPrefix(m message) string {
	_, err := m.signature("Svix-Signature")
	if err != nil || m.header("Svix-Id") == "" || m.header("Svix-Timestamp") == "" {
		return "Webhook"
	}
	return "Svix"
}
