// Signs as the sample of Dropbox's documentation does. Its SDK has no webhooks.
import { bodies, hmac, now, record } from "./record.mjs";

const secret = "dropbox0app0secr";
const delivery = (name, body) => ({
  name,
  body,
  headers: { "Content-Type": "application/json", "X-Dropbox-Signature": hmac("sha256", secret, "hex", body) },
  secret,
  time: now,
});

const event = '{"list_folder": {"accounts": ["dbid:AAH4f99T0taONIb-OurWxbNQ6ywGRopQngc"]}, "delta": {"users": [12345678]}}';
record("https://www.dropbox.com/developers/reference/webhooks", [
  delivery("event", event),
  ...Object.entries(bodies).map(([name, body]) => delivery(name, body)),
]);
