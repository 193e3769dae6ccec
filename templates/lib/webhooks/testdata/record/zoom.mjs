// The SDK verifies requests and does not sign them.
import { AwsLambdaReceiver } from "@zoom/rivet/users";
import { check, bodies, hmac, now, record, sdk } from "./record.mjs";

const secret = "zoom-secret-token";
const receive = new AwsLambdaReceiver({ webhooksSecretToken: secret }).start();
console.debug = () => {}; // the SDK prints each request

const delivery = async (name, body) => {
  const headers = {
    "Content-Type": "application/json; charset=utf-8",
    "X-Zm-Request-Timestamp": String(now),
    "X-Zm-Signature": "v0=" + hmac("sha256", secret, "hex", `v0:${now}:`, body),
  };
  // The SDK formats the body before it verifies it, which fails for others.
  if (JSON.stringify(JSON.parse(body)) === body && body !== "{}") {
    check(name, (await receive({ body, headers, isBase64Encoded: false }, {})).statusCode === 200);
  }
  return { name, body, headers, secret, time: now };
};

const event = '{"event":"meeting.started","payload":{"account_id":"AAAAAABBBB","object":{"topic":"Zoë ♥"}},"event_ts":1767225600000}';
record(`node:crypto, accepted by ${sdk("@zoom/rivet")}`, [
  await delivery("event", event),
  ...(await Promise.all(Object.entries(bodies).map(([name, body]) => delivery(name, body)))),
]);
