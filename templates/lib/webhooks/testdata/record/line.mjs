// The SDK verifies deliveries and does not sign them.
import { validateSignature } from "@line/bot-sdk";
import { bodies, check, hmac, now, record, sdk } from "./record.mjs";

const secret = "8c570fa6dd201bb328f1c1eac23a96d8";

const delivery = (name, body, id) => {
  const signature = hmac("sha256", secret, "base64", body);
  check(name, validateSignature(body, secret, signature));
  return {
    name,
    body,
    headers: { "Content-Type": "application/json; charset=utf-8", "x-line-signature": signature },
    secret,
    time: now,
    id,
  };
};

const event = (id) => `{"type":"message","message":{"type":"text","id":"14353798921116","text":"Zoë 🎉"},"webhookEventId":"${id}","deliveryContext":{"isRedelivery":false},"timestamp":1767225600000,"mode":"active"}`;
const events = (...list) => `{"destination":"xxxxxxxxxx","events":[${list}]}`;
record(`node:crypto, accepted by ${sdk("@line/bot-sdk")}`, [
  delivery("message", events(event("01FZ74A0TDDPYRVKNK77XKC3ZR")), "01FZ74A0TDDPYRVKNK77XKC3ZR"),
  delivery("two messages", events(event("01FZ74A0TDDPYRVKNK77XKC3ZR"), event("01FZ74ASS536FW97EX38NKCZQK"))),
  delivery("check of the URL", events()),
  ...Object.entries(bodies).map(([name, body]) => delivery(name, body)),
]);
