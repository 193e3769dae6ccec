// The SDK signs a payload as JSON.stringify writes it.
import { WorkOS } from "@workos-inc/node";
import { now, record, sdk } from "./record.mjs";

const { webhooks } = new WorkOS("sk_test_unused");
const secret = "wh_secret_of_an_endpoint";

const delivery = async (name, payload, id) => {
  const timestamp = now * 1000;
  const signature = `t=${timestamp}, v1=${await webhooks.computeSignature(timestamp, payload, secret)}`;
  await webhooks.verifyHeader({ payload, sigHeader: signature, secret });
  return {
    name,
    body: JSON.stringify(payload),
    headers: { "Content-Type": "application/json", "WorkOS-Signature": signature },
    secret,
    time: now,
    id,
  };
};

const id = "event_01J8ZW6N0V7QYB6T3E8XK2M4RD";
record(sdk("@workos-inc/node"), [
  await delivery("event", { id, event: "dsync.user.created", data: { first_name: "Zoë", state: "active" }, created_at: "2026-01-01T00:00:00.000Z" }, id),
  await delivery("UTF-8", { name: "日本語 🎉 \u2028" }),
  await delivery("empty object", {}),
]);
