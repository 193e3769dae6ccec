// The SDK verifies requests and does not sign them.
import { LinearWebhookClient } from "@linear/sdk/webhooks";
import { check, hmac, now, record, sdk } from "./record.mjs";

const secret = "lin_wh_Ol7dYhvPuLSkhTSxOwUC";
const id = "234d1a4e-b617-4388-90fe-adc3633d6b72";

const delivery = (name, fields) => {
  const body = `{${fields}"webhookTimestamp":${now * 1000 + 508}}`;
  const signature = hmac("sha256", secret, "hex", body);
  check(name, new LinearWebhookClient(secret).verify(Buffer.from(body), signature));
  return {
    name,
    body,
    headers: { "Content-Type": "application/json", "Linear-Delivery": id, "Linear-Event": "Issue", "Linear-Signature": signature },
    secret,
    time: now,
    id,
  };
};

record(`node:crypto, accepted by ${sdk("@linear/sdk")}`, [
  delivery("event", '"action":"create","type":"Issue","data":{"id":"2174add1","title":"Bug"},'),
  delivery("UTF-8", '"action":"update","data":{"title":"Zoë ♥ 日本語 🎉","body":"\u2028\\u00eb"},'),
  delivery("only a timestamp", ""),
  delivery("line breaks", '\r\n\t"data": { "webhookTimestamp": 1 },\r\n'),
]);
