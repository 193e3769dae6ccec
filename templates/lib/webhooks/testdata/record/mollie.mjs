// Signs as the sample of Mollie's documentation does. The JavaScript SDK has no
// webhooks; the PHP SDK accepts the prefix "sha256=" as well.
import { bodies, hmac, now, record } from "./record.mjs";

const secret = "mollie signing secret";
const delivery = (name, body, id, prefix = "") => ({
  name,
  body,
  headers: { "Content-Type": "application/json", "X-Mollie-Signature": prefix + hmac("sha256", secret, "hex", body) },
  secret,
  time: now,
  id,
});

const id = "event_GvJ8WHrp5isUdRub9CJyH";
const event = `{"resource":"event","id":"${id}","type":"payment-link.paid","entityId":"pl_qng5gbbv8NAZ5gpM5ZYgx","createdAt":"2026-01-01T00:00:00.0Z","_embedded":{"entity":{"description":"Zoë"}}}`;
record("https://docs.mollie.com/reference/webhooks-best-practices, github.com/mollie/mollie-api-php SignatureValidator.php", [
  delivery("event", event, id),
  delivery("prefix", event, id, "sha256="),
  ...Object.entries(bodies).map(([name, body]) => delivery(name, body)),
]);
