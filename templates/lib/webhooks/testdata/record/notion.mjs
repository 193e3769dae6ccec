import { signWebhookPayload, verifyWebhookSignature } from "@notionhq/client";
import { bodies, check, now, record, sdk } from "./record.mjs";

const verificationToken = "secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl";

const delivery = async (name, body, id) => {
  const signature = await signWebhookPayload({ body, verificationToken });
  check(name, await verifyWebhookSignature({ body, signature, verificationToken }));
  return {
    name,
    body,
    headers: { "Content-Type": "application/json", "X-Notion-Signature": signature },
    secret: verificationToken,
    time: now,
    id,
  };
};

const id = "367cba44-b6f3-4c92-81e7-6a2e9659efd4";
const event = `{"id":"${id}","timestamp":"2026-01-01T00:00:00.000Z","workspace_name":"Zoë’s","type":"page.created","authors":[],"attempt_number":1,"entity":{"id":"153104cd-477e-809d-8dc4-ff2d96ae3090","type":"page"},"data":{}}`;
record(sdk("@notionhq/client"), [
  await delivery("event", event, id),
  ...(await Promise.all(Object.entries(bodies).map(([name, body]) => delivery(name, body)))),
]);
