// Atlassian publishes the first delivery. The others are signed in the same
// way, because there is no SDK.
import { bodies, check, hmac, now, record } from "./record.mjs";

const secret = "It's a Secret to Everybody";
const id = "5a5e1c8a-7a0f-4dbd-8e9d-4fd5e6a5bd1b";

const delivery = (name, body, type = "application/json;charset=UTF-8") => ({
  name,
  body,
  headers: {
    "Content-Type": type,
    "X-Atlassian-Webhook-Identifier": id,
    "X-Hub-Signature": `sha256=${hmac("sha256", secret, "hex", body)}`,
  },
  secret,
  time: now,
  id,
});

const published = delivery("published", "Hello World!", "text/plain");
check(published.name, published.headers["X-Hub-Signature"] === "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9");
const event = '{"timestamp":1767225600000,"webhookEvent":"jira:issue_updated","issue":{"id":"10001","key":"SHOP-1","fields":{"summary":"Zoë’s order"}}}';
record("https://developer.atlassian.com/cloud/jira/platform/webhooks/", [
  published,
  delivery("event", event),
  ...Object.entries(bodies).map(([name, body]) => delivery(name, body)),
]);
