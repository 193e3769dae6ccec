// Atlassian publishes the first delivery. The others are signed in the same
// way, because there is no SDK.
import { bodies, check, hmac, now, record } from "./record.mjs";

const secret = "It's a Secret to Everybody";
const id = "35d59cf5-0f1f-4dbd-9c4b-7e3d1b4ad1a3";

const delivery = (name, body, type = "application/json") => ({
  name,
  body,
  headers: {
    "Content-Type": type,
    "X-Event-Key": "repo:push",
    "X-Request-UUID": id,
    "X-Hub-Signature": `sha256=${hmac("sha256", secret, "hex", body)}`,
  },
  secret,
  time: now,
  id,
});

const published = delivery("published", "Hello World!", "text/plain");
check(published.name, published.headers["X-Hub-Signature"] === "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9");
const event = '{"push":{"changes":[{"new":{"type":"branch","name":"zoë"}}]},"repository":{"full_name":"team/repository"}}';
record("https://support.atlassian.com/bitbucket-cloud/docs/manage-webhooks/", [
  published,
  delivery("event", event),
  ...Object.entries(bodies).map(([name, body]) => delivery(name, body)),
]);
