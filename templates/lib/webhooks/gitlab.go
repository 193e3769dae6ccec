package webhooks

import (
	"cmp"
	"errors"
	"slices"
	"strings"
)

// GitLab accepts a signing token (whsec_ and a key in base64) or a plain secret
// token. A signing token signs as Standard Webhooks. A plain token is sent in
// the header X-Gitlab-Token and does not protect the body. If one of the
// secrets is a signing token, plain tokens are rejected, because anyone who saw
// a request could send them. The message ID is in the header Webhook-Id or
// Idempotency-Key: https://docs.gitlab.com/user/project/integrations/webhooks/
var GitLab Scheme = gitlab{}

type gitlab struct{}

func (gitlab) String() string { return "gitlab" }

func (gitlab) verify(m message, secret string) error {
	if isSigningToken(secret) {
		return verifyStandard(m, secret, "Webhook")
	}
	first, _ := m.options.secret()
	if isSigningToken(first) || slices.ContainsFunc(m.options.Secrets, isSigningToken) {
		return errors.New("a plain token is not accepted in place of a signature")
	}
	token, err := m.signature("X-Gitlab-Token")
	if err != nil {
		return err
	}
	return matchSecret(secret, token)
}

func (gitlab) id(m *message) string {
	return cmp.Or(m.header("Webhook-Id"), m.header("Idempotency-Key"), m.contentID(""))
}

func (gitlab) sign(d *draft, secret string) error {
	if isSigningToken(secret) {
		return signStandard(d, secret, "Webhook")
	}
	d.setSignature("X-Gitlab-Token", secret)
	return nil
}

func isSigningToken(secret string) bool { return strings.HasPrefix(secret, "whsec_") }
