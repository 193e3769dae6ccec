import Stripe from "stripe";
import { bodies, now, record, sdk } from "./record.mjs";

const { webhooks } = new Stripe("sk_test_unused");
const secret = "whsec_stripe_new";

// sign returns the v1 items that the SDK signs with each secret.
const sign = (payload, ...secrets) =>
  secrets.map((secret) => webhooks.generateTestHeaderString({ payload, secret, timestamp: now }).split(",")[1]);

const delivery = (name, body, id, items, ignored) => {
  const signature = [`t=${now}`, ...items].join(",");
  webhooks.constructEvent(body, signature, secret);
  return { name, body, headers: { "Content-Type": "application/json", "Stripe-Signature": signature }, secret, time: now, id, ignored };
};

const event = '{"id":"evt_1Nx","object":"event","type":"customer.created","data":{"object":{"name":"Zoë"}}}';
const [old, current] = sign(event, "whsec_stripe_old", secret);
const v0 = "v0=63f3a72374a733066c4be69ed7f8e5ac85c22c9f0a6a612ab9a025a9e4ee7eef";
record(sdk("stripe"), [
  delivery("event", event, "evt_1Nx", [current]),
  // v0 is the signature of test mode, which is not verified.
  delivery("v0 after v1", event, "evt_1Nx", [current, v0], [v0]),
  // While a secret is rotated, Stripe signs with both.
  delivery("rotated secret", event, "evt_1Nx", [old, current], [old]),
  delivery("rotated secret and v0", event, "evt_1Nx", [current, old, v0], [`${old},${v0}`]),
  ...Object.entries(bodies).map(([name, body]) => delivery(name, body, undefined, sign(body, secret))),
]);
