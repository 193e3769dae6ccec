// HubSpot signs the URL with some characters of its query unescaped.
import { Signature } from "@hubspot/api-client";
import { bodies, check, now, record, sdk } from "./record.mjs";

const secret = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy";

const delivery = (name, body, url = "https://example.com/webhook", signedURL = url) => {
  const request = { clientSecret: secret, requestBody: body, url: signedURL, method: "POST", timestamp: now * 1000 };
  const signature = Signature.getSignature("POST", "v3", request);
  check(name, Signature.isValid({ ...request, signature, signatureVersion: "v3" }));
  return {
    name,
    url,
    body,
    headers: {
      "Content-Type": "application/json",
      "X-HubSpot-Request-Timestamp": String(now * 1000),
      "X-HubSpot-Signature-v3": signature,
    },
    secret,
    time: now,
  };
};

const event = '[{"eventId":1,"subscriptionId":12345,"portalId":62515,"appId":54321,"occurredAt":1767225600000,"subscriptionType":"contact.creation","attemptNumber":0,"objectId":123,"changeSource":"CRM","changeFlag":"NEW"}]';
record(sdk("@hubspot/api-client"), [
  delivery("event", event),
  delivery("trailing slash", event, "https://example.com/hubspot/"),
  delivery("query", event, "https://example.com/hubspot?z=1&a=2"),
  delivery("escaped query", event, "https://example.com/hubspot?to=a%40b.c%2Fd&x=%C3%AB%20%26", "https://example.com/hubspot?to=a@b.c/d&x=%C3%AB%20%26"),
  ...Object.entries(bodies).map(([name, body]) => delivery(name, body)),
]);
