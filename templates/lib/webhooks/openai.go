package webhooks

// OpenAI signs as Standard Webhooks does:
// https://developers.openai.com/api/docs/guides/webhooks
var OpenAI Scheme = openAI{}

type openAI struct{}

func (openAI) String() string { return "openai" }

func (openAI) verify(m message, secret string) error { return verifyStandard(m, secret, "Webhook") }

func (openAI) id(m *message) string { return m.header("Webhook-Id") }

func (openAI) sign(d *draft, secret string) error { return signStandard(d, secret, "Webhook") }
