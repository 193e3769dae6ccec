import { createPrivateKey, sign as signEd25519 } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { bodies, now, record, sdk } from "./record.mjs";

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const id = "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W";
const event = '{"type":"contact.created","timestamp":"2026-01-01T00:00:00Z","data":{"id":"1f81eb52","name":"Zoë"}}';

const headers = (signature) => ({
  "Content-Type": "application/json",
  "webhook-id": id,
  "webhook-timestamp": String(now),
  "webhook-signature": signature,
});

const symmetric = (name, body, old) => {
  const signature = new Webhook(secret).sign(id, new Date(now * 1000), body);
  const sent = headers(old ? `${old} ${signature}` : signature);
  new Webhook(secret).verify(body, sent);
  return { name, body, headers: sent, secret, time: now, id, ignored: old && [old] };
};

// The SDK has no asymmetric signatures. This one is made as
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
// describes, with the key pair of RFC 8032, section 7.1, test 1.
const seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
const publicKey = Buffer.from("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "hex");
const privateKey = createPrivateKey({
  key: Buffer.from("302e020100300506032b657004220420" + seed, "hex"), // PKCS #8
  format: "der",
  type: "pkcs8",
});
const asymmetric = (name, body) => ({
  name,
  body,
  headers: headers("v1a," + signEd25519(null, Buffer.from(`${id}.${now}.${body}`), privateKey).toString("base64")),
  publicKey: "whpk_" + publicKey.toString("base64"),
  time: now,
  id,
});

const old = new Webhook("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD").sign(id, new Date(now * 1000), event);
record(`${sdk("standardwebhooks")}; v1a: node:crypto, as the specification describes`, [
  symmetric("event", event),
  symmetric("rotated secret", event, old),
  asymmetric("asymmetric", event),
  ...Object.entries(bodies).flatMap(([name, body]) => [symmetric(name, body), asymmetric(`asymmetric, ${name}`, body)]),
]);
