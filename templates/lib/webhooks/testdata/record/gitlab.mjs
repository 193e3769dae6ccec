// GitLab signs as Standard Webhooks does, or sends a token unchanged:
// https://docs.gitlab.com/user/project/integrations/webhooks/
import { Webhook } from "standardwebhooks";
import { bodies, now, record, sdk } from "./record.mjs";

const id = "f5e5f430-f57b-4e6e-9fac-d9128cd7232f";
const event = '{"object_kind":"push","ref":"refs/heads/main","project":{"name":"Zoë"}}';

const signed = (name, body) => {
  const secret = "whsec_dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0dGVzdHRlc3Q=";
  const headers = {
    "Content-Type": "application/json",
    "X-Gitlab-Event": "Push Hook",
    "webhook-id": id,
    "webhook-timestamp": String(now),
    "webhook-signature": new Webhook(secret).sign(id, new Date(now * 1000), body),
  };
  new Webhook(secret).verify(body, headers);
  return { name, body, headers, secret, time: now, id };
};

const token = (name, body) => ({
  name,
  body,
  headers: { "Content-Type": "application/json", "Idempotency-Key": id, "X-Gitlab-Token": "my-secret-token" },
  secret: "my-secret-token",
  unsignedBody: true,
  time: now,
  id,
});

record(`${sdk("standardwebhooks")}; tokens: https://docs.gitlab.com/user/project/integrations/webhooks/`, [
  signed("event", event),
  token("token", event),
  ...Object.entries(bodies).map(([name, body]) => signed(name, body)),
]);
