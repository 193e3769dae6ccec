// Meta's SDK for WhatsApp signs what it compares with. Facebook and Instagram
// sign in the same way. Meta escapes characters outside ASCII before it signs.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { bodies, now, record, sdk } from "./record.mjs";

const require = createRequire(import.meta.url);
const root = dirname(require.resolve("whatsapp/package.json"));
const { generateXHub256Sig } = require(join(root, "build", "utils.js"));

const secret = "5b0c2fb3c1f0a4cf25d1a0b7bcd9b6f2";
const delivery = (name, body) => ({
  name,
  body,
  headers: { "Content-Type": "application/json", "X-Hub-Signature-256": `sha256=${generateXHub256Sig(body, secret)}` },
  secret,
  time: now,
});

const message = '{"object":"whatsapp_business_account","entry":[{"id":"102290129340398","changes":[{"value":{"messaging_product":"whatsapp","contacts":[{"profile":{"name":"Zo\\u00eb"},"wa_id":"16505551234"}],"messages":[{"from":"16505551234","id":"wamid.HBgLMTY1MDU1NTEyMzQ=","timestamp":"1767225600","type":"text","text":{"body":"Hi \\ud83c\\udf89"}}]},"field":"messages"}]}]}';
const feed = '{"object":"page","entry":[{"id":"106","time":1767225600,"changes":[{"field":"feed","value":{"item":"comment","message":"a\\/b"}}]}]}';
record(sdk("whatsapp"), [
  delivery("WhatsApp message", message),
  delivery("Facebook comment", feed),
  ...Object.entries(bodies).map(([name, body]) => delivery(name, body)),
]);
