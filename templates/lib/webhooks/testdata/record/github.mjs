import { sign, verify } from "@octokit/webhooks-methods";
import { bodies, check, now, record, sdk } from "./record.mjs";

const secret = "It's a Secret to Everybody";
const id = "72d3162e-cc78-11e3-81ab-4c9367dc0958";

const delivery = async (name, body, type = "application/json") => {
  const signature = await sign(secret, body);
  check(name, await verify(secret, body, signature));
  return {
    name,
    body,
    headers: {
      "Content-Type": type,
      "X-GitHub-Delivery": id,
      "X-GitHub-Event": "issues",
      "X-Hub-Signature-256": signature,
    },
    secret,
    time: now,
    id,
  };
};

const event = '{"action":"opened","issue":{"number":1347,"title":"Zoë’s bug"},"repository":{"full_name":"octocat/Hello-World"}}';
const form = new URLSearchParams({ payload: event }).toString();
record(sdk("@octokit/webhooks-methods"), [
  await delivery("event", event),
  await delivery("form", form, "application/x-www-form-urlencoded"),
  ...(await Promise.all(Object.entries(bodies).map(([name, body]) => delivery(name, body)))),
]);
