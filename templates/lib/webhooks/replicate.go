package webhooks

// Replicate signs as Standard Webhooks does:
// https://replicate.com/docs/topics/webhooks/verify-webhook
var Replicate Scheme = replicate{}

type replicate struct{}

func (replicate) String() string { return "replicate" }

func (replicate) verify(m message, secret string) error { return verifyStandard(m, secret, "Webhook") }

func (replicate) id(m *message) string { return m.header("Webhook-Id") }

func (replicate) sign(d *draft, secret string) error { return signStandard(d, secret, "Webhook") }
