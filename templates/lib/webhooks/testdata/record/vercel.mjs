// There is no SDK for webhooks. This is the sample code of
// https://vercel.com/docs/webhooks/webhooks-api#securing-webhooks
import { gzipSync } from "node:zlib";
import { bodies, hmac, now, record } from "./record.mjs";

const secret = "9CFGhwnVyE3nyDDIDAJYPhHd";

const delivery = (name, body, id, more = {}) => ({
  name,
  body,
  headers: { "Content-Type": "application/json", "X-Vercel-Signature": hmac("sha1", secret, "hex", body), ...more },
  secret,
  time: now,
  id,
});

record("node:crypto, https://vercel.com/docs/webhooks/webhooks-api#securing-webhooks", [
  delivery("event", '{"id":"uev_1","type":"deployment.created","payload":{"name":"Zoë"}}', "uev_1"),
  delivery("drain, compressed", gzipSync('{"id":"1","message":"Zoë"}\n', { level: 9 }), undefined, { "Content-Encoding": "gzip" }),
  ...Object.entries(bodies).map(([name, body]) => delivery(name, body)),
]);
