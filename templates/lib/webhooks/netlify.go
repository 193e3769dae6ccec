package webhooks

// Netlify sends a JSON Web Token in the header X-Webhook-Signature. It is
// signed with HS256, its issuer is netlify, and its sha256 claim has the hash
// of the body. Netlify sends no message ID:
// https://docs.netlify.com/site-deploys/notifications/
var Netlify Scheme = &jwtScheme{
	name: "netlify", header: "X-Webhook-Signature", methods: []string{"HS256"}, issuer: "netlify", requireHash: true,
}
