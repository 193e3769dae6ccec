// There is no SDK. "ping" is the delivery that Discourse's own tests expect:
// spec/jobs/emit_web_hook_event_spec.rb in github.com/discourse/discourse.
import { bodies, check, hmac, now, record } from "./record.mjs";

const secret = "my_lovely_secret_for_web_hook";

const delivery = (name, body) => ({
  name,
  body,
  headers: {
    "Content-Type": "application/json",
    "X-Discourse-Event-Id": "1337",
    "X-Discourse-Event-Signature": "sha256=" + hmac("sha256", secret, "hex", body),
  },
  secret,
  time: now,
  id: "1337",
});

const ping = delivery("ping", '{"ping":"OK"}');
const published = "sha256=162f107f6b5022353274eb1a7197885cfd35744d8d08e5bcea025d309386b7d6";
check("ping", ping.headers["X-Discourse-Event-Signature"] === published);

record("node:crypto, https://meta.discourse.org/t/configure-webhooks/49045", [
  ping,
  delivery("event", '{"post":{"id":1,"username":"Zoë","raw":"Hello"}}'),
  ...Object.entries(bodies).map(([name, body]) => delivery(name, body)),
]);
