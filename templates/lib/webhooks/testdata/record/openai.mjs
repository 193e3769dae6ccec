// OpenAI signs as Standard Webhooks does. Its SDK verifies.
import OpenAI from "openai";
import { Webhook } from "standardwebhooks";
import { bodies, now, record, sdk } from "./record.mjs";

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const id = "wh_685342e6c53c8190a1be43f081506c52";
const { webhooks } = new OpenAI({ apiKey: "unused", webhookSecret: secret });

const delivery = async (name, body) => {
  const headers = {
    "Content-Type": "application/json",
    "webhook-id": id,
    "webhook-timestamp": String(now),
    "webhook-signature": new Webhook(secret).sign(id, new Date(now * 1000), body),
  };
  await webhooks.verifySignature(body, headers);
  return { name, body, headers, secret, time: now, id };
};

record(`${sdk("standardwebhooks")}, ${sdk("openai")}`, [
  await delivery("event", '{"object":"event","id":"evt_685343a1381c819085d44c354e1b330e","type":"response.completed","data":{"id":"resp_1"}}'),
  ...(await Promise.all(Object.entries(bodies).map(([name, body]) => delivery(name, body)))),
]);
