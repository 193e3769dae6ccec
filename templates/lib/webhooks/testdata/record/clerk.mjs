// Clerk delivers through Svix, so Svix's SDK signs and Clerk's verifies.
import { verifyWebhook } from "@clerk/backend/webhooks";
import { Webhook } from "svix";
import { bodies, now, record, sdk } from "./record.mjs";

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const id = "msg_2bVL7nqSBWvl2YkOd6NFtvK3pWr";

const delivery = async (name, body) => {
  const headers = {
    "Content-Type": "application/json",
    "svix-id": id,
    "svix-timestamp": String(now),
    "svix-signature": new Webhook(secret).sign(id, new Date(now * 1000), body),
  };
  const request = new Request("https://example.com/webhook", { method: "POST", headers, body });
  await verifyWebhook(request, { signingSecret: secret });
  return { name, body, headers, secret, time: now, id };
};

const event = '{"data":{"id":"user_29w83sxmDNGwOuEthce5gg56FcC","first_name":"Zoë"},"object":"event","type":"user.created"}';
record(`${sdk("svix")}, ${sdk("@clerk/backend")}`, [
  await delivery("event", event),
  ...(await Promise.all(Object.entries(bodies).map(([name, body]) => delivery(name, body)))),
]);
