package webhooks

// Resend signs as Svix does, with its headers:
// https://resend.com/docs/webhooks/verify-webhooks-requests
var Resend Scheme = resend{}

type resend struct{}

func (resend) String() string { return "resend" }

func (resend) verify(m message, secret string) error { return verifyStandard(m, secret, "Svix") }

func (resend) id(m *message) string { return m.header("Svix-Id") }

func (resend) sign(d *draft, secret string) error { return signStandard(d, secret, "Svix") }
