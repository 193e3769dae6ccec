// The SDK verifies requests and does not sign them. The key pair is that of RFC
// 8032, section 7.1, test 1.
import { createPrivateKey, sign } from "node:crypto";
import { verifyKey } from "discord-interactions";
import { bodies, check, now, record, sdk } from "./record.mjs";

const publicKey = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
const seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
const key = createPrivateKey({
  key: Buffer.from("302e020100300506032b657004220420" + seed, "hex"), // PKCS #8
  format: "der",
  type: "pkcs8",
});

const delivery = async (name, body, id) => {
  const signature = sign(null, Buffer.from(now + body), key).toString("hex");
  check(name, await verifyKey(body, signature, String(now), publicKey));
  return {
    name,
    body,
    headers: { "Content-Type": "application/json", "X-Signature-Ed25519": signature, "X-Signature-Timestamp": String(now) },
    publicKey,
    time: now,
    id,
  };
};

record(`node:crypto, accepted by ${sdk("discord-interactions")}`, [
  await delivery("interaction", '{"id":"846462639134605312","type":2,"data":{"name":"blep","options":[{"value":"Zoë"}]}}', "846462639134605312"),
  await delivery("webhook event", '{"version":1,"application_id":"1234560123453231555","type":1,"event":{"type":"APPLICATION_AUTHORIZED"}}'),
  ...(await Promise.all(Object.entries(bodies).map(([name, body]) => delivery(name, body)))),
]);
