package webhooks

// Clerk signs as Svix does, with its headers:
// https://clerk.com/docs/webhooks/overview
var Clerk Scheme = clerk{}

type clerk struct{}

func (clerk) String() string { return "clerk" }

func (clerk) verify(m message, secret string) error { return verifyStandard(m, secret, "Svix") }

func (clerk) id(m *message) string { return m.header("Svix-Id") }

func (clerk) sign(d *draft, secret string) error { return signStandard(d, secret, "Svix") }
