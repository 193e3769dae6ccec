// There is no SDK for webhooks. This is what
// https://developers.intercom.com/docs/webhooks/webhook-notifications describes.
import { bodies, hmac, now, record } from "./record.mjs";

const secret = "intercom_client_secret";

const delivery = (name, body, id) => ({
  name,
  body,
  headers: { "Content-Type": "application/json", "X-Hub-Signature": "sha1=" + hmac("sha1", secret, "hex", body) },
  secret,
  time: now,
  id,
});

record("node:crypto, https://developers.intercom.com/docs/webhooks/webhook-notifications", [
  delivery(
    "event",
    '{"type":"notification_event","id":"notif_78c122d0-23ba-11e4-9464-79b01267cc2e","topic":"contact.created","data":{"item":{"name":"Zoë"}}}',
    "notif_78c122d0-23ba-11e4-9464-79b01267cc2e",
  ),
  delivery("ping", '{"type":"notification_event","id":null,"topic":"ping","data":{"item":{"message":"something something interzen"}}}'),
  ...Object.entries(bodies).map(([name, body]) => delivery(name, body)),
]);
