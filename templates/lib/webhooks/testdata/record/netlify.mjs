// Netlify has no SDK for webhooks. It sends a JSON Web Token, as
// https://docs.netlify.com/site-deploys/notifications/#payload-signature
// describes.
import { createHash } from "node:crypto";
import jwt from "jsonwebtoken";
import { bodies, now, record, sdk } from "./record.mjs";

const secret = "netlify_test_secret";

const delivery = (name, body) => {
  const claims = { iss: "netlify", sha256: createHash("sha256").update(body).digest("hex") };
  return {
    name,
    body,
    headers: {
      "Content-Type": "application/json",
      "X-Netlify-Event": "deploy_created",
      "X-Webhook-Signature": jwt.sign(claims, secret, { noTimestamp: true }),
    },
    secret,
    time: now,
  };
};

record(`${sdk("jsonwebtoken")}, https://docs.netlify.com/site-deploys/notifications/#payload-signature`, [
  delivery("event", '{"id":"5ebc34bf4fea0b01f02efa3a","state":"ready","title":"Zoë"}'),
  ...Object.entries(bodies).map(([name, body]) => delivery(name, body)),
]);
