// There is no SDK for webhooks. This is what
// https://www.typeform.com/developers/webhooks/secure-your-webhooks/ describes.
import { bodies, hmac, now, record } from "./record.mjs";

const secret = "typeform_test_secret";

const delivery = (name, body, id) => ({
  name,
  body,
  headers: { "Content-Type": "application/json", "Typeform-Signature": "sha256=" + hmac("sha256", secret, "base64", body) },
  secret,
  time: now,
  id,
});

record("node:crypto, https://www.typeform.com/developers/webhooks/secure-your-webhooks/", [
  delivery(
    "event",
    '{"event_id":"LtWXD3crgy","event_type":"form_response","form_response":{"form_id":"lT4Z3j","answers":[{"type":"text","text":"Zoë"}]}}',
    "LtWXD3crgy",
  ),
  ...Object.entries(bodies).map(([name, body]) => delivery(name, body)),
]);
