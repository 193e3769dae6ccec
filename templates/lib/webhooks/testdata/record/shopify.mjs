// The SDK verifies requests and does not sign them.
import "@shopify/shopify-api/adapters/node";
import { shopifyApi } from "@shopify/shopify-api";
import { bodies, check, hmac, now, record, sdk } from "./record.mjs";

const secret = "hush_shopify_client_secret";
const shopify = shopifyApi({
  apiKey: "unused",
  apiSecretKey: secret,
  apiVersion: "2026-01",
  hostName: "example.com",
  isEmbeddedApp: false,
  logger: { level: 0 },
});

const delivery = async (name, body, prefix = "X-Shopify-") => {
  const id = "98880550-7158-44d4-b7cd-2c97c8a091b5"; // the same for all subscriptions to an event
  const headers = {
    "Content-Type": "application/json",
    [`${prefix}API-Version`]: "2026-01",
    [`${prefix}Event-Id`]: id,
    [`${prefix}Handle`]: "orders",
    [`${prefix}Hmac-SHA256`]: hmac("sha256", secret, "base64", body),
    [`${prefix}Shop-Domain`]: "example.myshopify.com",
    [`${prefix}Topic`]: "orders/create",
    [`${prefix}Webhook-Id`]: "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
  };
  const rawRequest = { method: "POST", url: "/webhook", headers };
  check(name, (await shopify.webhooks.validate({ rawBody: body, rawRequest, rawResponse: {} })).valid);
  return { name, body, headers, secret, time: now, id };
};

const event = '{"id":820982911946154508,"name":"#9999","customer":{"first_name":"Zoë"}}';
record(`node:crypto, accepted by ${sdk("@shopify/shopify-api")}`, [
  await delivery("event", event),
  await delivery("headers without X-", event, "Shopify-"),
  ...(await Promise.all(Object.entries(bodies).map(([name, body]) => delivery(name, body)))),
]);
