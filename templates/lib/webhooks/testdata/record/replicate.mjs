// Replicate signs as Standard Webhooks does. Its SDK verifies.
import { validateWebhook } from "replicate";
import { Webhook } from "standardwebhooks";
import { bodies, check, now, record, sdk } from "./record.mjs";

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const id = "msg_p5jXN8AQM9LWM0D4loKWxJek";

const delivery = async (name, body) => {
  const headers = {
    "Content-Type": "application/json",
    "webhook-id": id,
    "webhook-timestamp": String(now),
    "webhook-signature": new Webhook(secret).sign(id, new Date(now * 1000), body),
  };
  check(name, await validateWebhook({ headers, body }, secret));
  return { name, body, headers, secret, time: now, id };
};

record(`${sdk("standardwebhooks")}, ${sdk("replicate")}`, [
  await delivery("event", '{"id":"ufawqhfynnddngldkgtslldrkq","status":"succeeded","input":{"prompt":"Zoë"},"output":["https://replicate.delivery/1"]}'),
  ...(await Promise.all(Object.entries(bodies).map(([name, body]) => delivery(name, body)))),
]);
