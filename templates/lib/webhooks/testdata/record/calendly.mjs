// Signs as the samples of Calendly's documentation do. There is no SDK.
import { bodies, hmac, now, record } from "./record.mjs";

const secret = "5mEzn9C-I28UtwOjZJtFoob0sAAFZ95GbZkqj4y3i0I";
const delivery = (name, body) => ({
  name,
  body,
  headers: {
    "Content-Type": "application/json",
    "Calendly-Webhook-Signature": `t=${now},v1=${hmac("sha256", secret, "hex", `${now}.`, body)}`,
  },
  secret,
  time: now,
});

const event = '{"created_at":"2026-01-01T00:00:00.000000Z","created_by":"https://api.calendly.com/users/AAAA","event":"invitee.created","payload":{"email":"zoe@example.com","name":"Zoë","uri":"https://api.calendly.com/scheduled_events/E1/invitees/I1"}}';
record("https://developer.calendly.com/api-docs/4c305798a61d3-webhook-signatures", [
  delivery("event", event),
  ...Object.entries(bodies).map(([name, body]) => delivery(name, body)),
]);
