// Sentry's SDKs report errors and do not know webhooks. This is what
// https://docs.sentry.io/integrations/integration-platform/webhooks/ describes.
import { bodies, hmac, now, record } from "./record.mjs";

const secret = "4d8b1c0f6c1e4d1fa3bbd6c0a1c2e3f4";
const id = "7a485448a9e2466c8e3c9d5a8d9fcb7a";

const delivery = (name, body) => ({
  name,
  body,
  headers: {
    "Content-Type": "application/json",
    "Request-ID": id,
    "Sentry-Hook-Resource": "issue",
    "Sentry-Hook-Signature": hmac("sha256", secret, "hex", body),
    "Sentry-Hook-Timestamp": String(now),
  },
  secret,
  time: now,
  id,
});

record("node:crypto, https://docs.sentry.io/integrations/integration-platform/webhooks/", [
  delivery("event", '{"action": "resolved", "installation": {"uuid": "7a485448"}, "data": {"issue": {"id": "1170820242", "title": "Zo\\u00eb"}}}'),
  ...Object.entries(bodies).map(([name, body]) => delivery(name, body)),
]);
