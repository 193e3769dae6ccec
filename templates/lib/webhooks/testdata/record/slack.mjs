// The SDK verifies requests and does not sign them.
import { verifySlackRequest } from "@slack/bolt";
import { bodies, hmac, now, record, sdk } from "./record.mjs";

const secret = "8f742231b10e8888abcd99yyyzzz85a5";

const delivery = (name, body, id, type = "application/json") => {
  const headers = {
    "Content-Type": type,
    "X-Slack-Request-Timestamp": String(now),
    "X-Slack-Signature": "v0=" + hmac("sha256", secret, "hex", `v0:${now}:`, body),
  };
  verifySlackRequest({
    signingSecret: secret,
    body,
    headers: { "x-slack-signature": headers["X-Slack-Signature"], "x-slack-request-timestamp": now },
  });
  return { name, body, headers, secret, time: now, id };
};

const command = "token=x&command=%2Fweather&text=94070+and+a%20b%2Bc&user_name=Zo%C3%AB&response_url=https%3A%2F%2Fhooks.slack.com%2F1";
record(`node:crypto, accepted by ${sdk("@slack/bolt")}`, [
  delivery("event", '{"type":"event_callback","event_id":"Ev08MFMKH6","event":{"type":"app_mention","text":"Zoë"}}', "Ev08MFMKH6"),
  delivery("slash command", command, undefined, "application/x-www-form-urlencoded"),
  ...Object.entries(bodies).map(([name, body]) => delivery(name, body)),
]);
