// The SDK verifies requests and does not sign them.
import { WebhooksHelper } from "square";
import { bodies, check, hmac, now, record, sdk } from "./record.mjs";

const secret = "signature-key-of-a-subscription";
const event = '{"merchant_id":"6SSW7HV8K2ST5","type":"payment.updated","event_id":"13b867cf-db3d-4b1c-90b6-2f32a9d78124","data":{"note":"Zoë"}}';

const delivery = async (name, url, body = event) => {
  const signature = hmac("sha256", secret, "base64", url, body);
  check(name, await WebhooksHelper.verifySignature({ requestBody: body, signatureHeader: signature, signatureKey: secret, notificationUrl: url }));
  return {
    name,
    url,
    body,
    headers: { "Content-Type": "application/json", "X-Square-HmacSha256-Signature": signature },
    secret,
    time: now,
    id: body === event ? "13b867cf-db3d-4b1c-90b6-2f32a9d78124" : undefined,
  };
};

record(`node:crypto, accepted by ${sdk("square")}`, [
  await delivery("event", "https://example.com/square"),
  await delivery("trailing slash", "https://example.com/square/"),
  await delivery("query", "https://example.com/square?location=L1&environment=sandbox"),
  await delivery("escaped query", "https://example.com/square/?z=a%20b+c&a=%c3%ab&empty=&flag&a=2"),
  ...(await Promise.all(Object.entries(bodies).map(([name, body]) => delivery(name, "https://example.com/square", body)))),
]);
