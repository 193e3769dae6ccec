import { Webhook } from "svix";
import { bodies, now, record, sdk } from "./record.mjs";

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const old = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

const delivery = (name, body, id, prefix, signatures, ignored) => {
  const headers = {
    "Content-Type": "application/json",
    [`${prefix}-id`]: id,
    [`${prefix}-timestamp`]: String(now),
    [`${prefix}-signature`]: signatures.join(" "),
  };
  new Webhook(secret).verify(body, headers);
  return { name, body, headers, secret, time: now, id, ignored };
};

const sign = (id, body, key = secret) => new Webhook(key).sign(id, new Date(now * 1000), body);

const event = '{"type":"invoice.paid","data":{"id":"inv_1","customer":"Zoë"}}';
const id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const [current, previous, asymmetric] = [sign(id, event), sign(id, event, old), `v1a,${"A".repeat(86)}==`];
record(sdk("svix"), [
  delivery("event", event, id, "svix", [current]),
  delivery("headers of Standard Webhooks", event, id, "webhook", [current]),
  // While a secret is rotated, Svix signs with both.
  delivery("rotated secret", event, id, "svix", [previous, current], [previous]),
  delivery("rotated secret and v1a", event, id, "svix", [current, previous, asymmetric], [`${previous} ${asymmetric}`]),
  ...Object.entries(bodies).map(([name, body]) => delivery(name, body, id, "svix", [sign(id, body)])),
]);
