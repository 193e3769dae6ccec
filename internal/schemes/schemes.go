// Package schemes lists the signature schemes of package webhooks. That package
// has no list of its own, because projects get only the schemes that they use.
package schemes

import "github.com/fngen/fngen/templates/lib/webhooks"

// All returns all schemes in the order of generator.Schemes: schemes for
// senders of your own, then providers by name.
func All() []webhooks.Scheme {
	return []webhooks.Scheme{
		webhooks.Skip,
		webhooks.SecretKey,
		webhooks.SHA1,
		webhooks.SHA256,
		webhooks.Base64SHA1,
		webhooks.Base64SHA256,
		webhooks.TimestampScheme,
		webhooks.JWT,
		webhooks.HMACSHA1Hex,
		webhooks.HMACSHA1Base64,
		webhooks.HMACSHA256Hex,
		webhooks.HMACSHA256Base64,
		webhooks.HMACSHA512Hex,
		webhooks.HMACSHA512Base64,

		webhooks.Bitbucket,
		webhooks.Calendly,
		webhooks.Clerk,
		webhooks.CloudEvents,
		webhooks.Discord,
		webhooks.Discourse,
		webhooks.DocuSign,
		webhooks.Dropbox,
		webhooks.GitHub,
		webhooks.GitLab,
		webhooks.Graph,
		webhooks.HubSpot,
		webhooks.Intercom,
		webhooks.Jira,
		webhooks.LemonSqueezy,
		webhooks.Line,
		webhooks.Linear,
		webhooks.Mailgun,
		webhooks.Meta,
		webhooks.Mollie,
		webhooks.Netlify,
		webhooks.Notion,
		webhooks.Okta,
		webhooks.OpenAI,
		webhooks.Paddle,
		webhooks.PagerDuty,
		webhooks.Razorpay,
		webhooks.Replicate,
		webhooks.Resend,
		webhooks.SendGrid,
		webhooks.Sentry,
		webhooks.Shopify,
		webhooks.Slack,
		webhooks.SNS,
		webhooks.Square,
		webhooks.Standard,
		webhooks.Stripe,
		webhooks.Svix,
		webhooks.Telegram,
		webhooks.Twilio,
		webhooks.Typeform,
		webhooks.Vercel,
		webhooks.Webflow,
		webhooks.WorkOS,
		webhooks.Zoom,
	}
}

// Named returns the scheme with the given name, such as "github". It returns
// nil, which rejects every event, if there is none.
func Named(name string) webhooks.Scheme {
	for _, scheme := range All() {
		if scheme.String() == name {
			return scheme
		}
	}
	return nil
}
