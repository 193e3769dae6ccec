// The SDK verifies deliveries and does not sign them.
import { WebflowClient } from "webflow-api";
import { bodies, check, hmac, now, record, sdk } from "./record.mjs";

const { webhooks } = new WebflowClient({ accessToken: "unused" });
const secret = "webflow client secret";

const delivery = async (name, body) => {
  const timestamp = String(now * 1000);
  const signature = hmac("sha256", secret, "hex", `${timestamp}:`, body);
  check(name, await webhooks.verifySignature({ body, secret, headers: { "x-webflow-timestamp": timestamp, "x-webflow-signature": signature } }));
  return {
    name,
    body,
    headers: { "Content-Type": "application/json", "X-Webflow-Timestamp": timestamp, "X-Webflow-Signature": signature },
    secret,
    time: now,
  };
};

const event = '{"triggerType":"form_submission","payload":{"name":"Contact us","siteId":"65427cf400e02b306eaa049c","data":{"name":"Zoë"},"id":"6321ca84df3949bfc6752327"}}';
record(`node:crypto, accepted by ${sdk("webflow-api")}`, [
  await delivery("event", event),
  ...(await Promise.all(Object.entries(bodies).map(([name, body]) => delivery(name, body)))),
]);
