// Signs as DocuSign's documentation does. Its SDK has no webhooks.
import { bodies, hmac, now, record } from "./record.mjs";

const secret = "hP6tJ0Qv9y3T5pQ1mJd8nM2cYw7sKx4bVu1oRzEaLgA=";
const other = "4rT6uY8iO0pA2sD4fG6hJ8kL0zX2cV4bN6mQ8wE0rTs=";

const delivery = (name, body, secrets = [secret], ignored) => ({
  name,
  body,
  headers: {
    "Content-Type": "application/json; charset=utf-8",
    ...Object.fromEntries(secrets.map((key, i) => [`X-DocuSign-Signature-${i + 1}`, hmac("sha256", key, "base64", body)])),
  },
  secret,
  time: now,
  ignored,
});

const event = '{"event":"envelope-completed","apiVersion":"v2.1","retryCount":0,"generatedDateTime":"2026-01-01T00:00:00.0000000Z","data":{"accountId":"a1","envelopeId":"e1","envelopeSummary":{"emailSubject":"Zoë’s contract"}}}';
record("https://developers.docusign.com/platform/webhooks/connect/hmac/", [
  delivery("event", event),
  // Each key of the account has a header.
  delivery("two keys", event, [other, secret], [hmac("sha256", other, "base64", event)]),
  ...Object.entries(bodies).map(([name, body]) => delivery(name, body)),
]);
