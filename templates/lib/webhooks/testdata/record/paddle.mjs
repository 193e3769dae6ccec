// The SDK verifies requests and does not sign them.
import { Paddle } from "@paddle/paddle-node-sdk";
import { bodies, check, hmac, now, record, sdk } from "./record.mjs";

const secret = "pdl_ntfset_01hsdn8d43dt7mezr1ef2jtbaw_hKkRiCGyyRhbFwIUuqiTBgI7gnWoV0Gr";

const delivery = async (name, body, id) => {
  const signature = `ts=${now};h1=${hmac("sha256", secret, "hex", `${now}:`, body)}`;
  check(name, await new Paddle("unused").webhooks.isSignatureValid(body, secret, signature));
  return { name, body, headers: { "Content-Type": "application/json", "Paddle-Signature": signature }, secret, time: now, id };
};

const event = '{"event_id":"evt_01hsdn97563968dy0szkmgjwh3","event_type":"price.created","data":{"description":"Zoë"}}';
record(`node:crypto, accepted by ${sdk("@paddle/paddle-node-sdk")}`, [
  await delivery("event", event, "evt_01hsdn97563968dy0szkmgjwh3"),
  ...(await Promise.all(Object.entries(bodies).map(([name, body]) => delivery(name, body)))),
]);
