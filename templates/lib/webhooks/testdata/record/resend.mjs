// Resend delivers through Svix, so Svix's SDK signs and Resend's verifies.
import { Resend } from "resend";
import { Webhook } from "svix";
import { bodies, now, record, sdk } from "./record.mjs";

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const id = "msg_2lGQ8nqKXk4zYkq8gGyQ4wBkXbq";

const delivery = (name, body) => {
  const signature = new Webhook(secret).sign(id, new Date(now * 1000), body);
  new Resend("re_unused").webhooks.verify({
    payload: body,
    headers: { id, timestamp: String(now), signature },
    webhookSecret: secret,
  });
  const headers = {
    "Content-Type": "application/json",
    "svix-id": id,
    "svix-timestamp": String(now),
    "svix-signature": signature,
  };
  return { name, body, headers, secret, time: now, id };
};

record(`${sdk("svix")}, ${sdk("resend")}`, [
  delivery("event", '{"type":"email.bounced","created_at":"2026-01-01T00:00:00.000Z","data":{"email_id":"56761188","subject":"Zoë"}}'),
  ...Object.entries(bodies).map(([name, body]) => delivery(name, body)),
]);
