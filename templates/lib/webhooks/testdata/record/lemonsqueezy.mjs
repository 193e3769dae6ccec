// Signs as the samples of Lemon Squeezy's documentation do. Its SDK has no
// webhooks.
import { bodies, hmac, now, record } from "./record.mjs";

const secret = "lemon squeezy signing secret";
const delivery = (name, body) => ({
  name,
  body,
  headers: {
    "Content-Type": "application/json",
    "X-Event-Name": "order_created",
    "X-Signature": hmac("sha256", secret, "hex", body),
  },
  secret,
  time: now,
});

const event = '{"meta":{"event_name":"order_created","custom_data":{"user":"Zoë"}},"data":{"type":"orders","id":"1","attributes":{"total":999}}}';
record("https://docs.lemonsqueezy.com/help/webhooks/signing-requests", [
  delivery("event", event),
  ...Object.entries(bodies).map(([name, body]) => delivery(name, body)),
]);
