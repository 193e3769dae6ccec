// The SDK verifies deliveries and does not sign them.
import Razorpay from "razorpay";
import { bodies, check, hmac, now, record, sdk } from "./record.mjs";

const secret = "razorpay webhook secret";
const id = "QfXkVcKm2Lr0Pz";

const delivery = (name, body) => {
  const signature = hmac("sha256", secret, "hex", body);
  check(name, Razorpay.validateWebhookSignature(body, signature, secret));
  return {
    name,
    body,
    headers: { "Content-Type": "application/json", "X-Razorpay-Signature": signature, "X-Razorpay-Event-Id": id },
    secret,
    time: now,
    id,
  };
};

const event = '{"entity":"event","account_id":"acc_BFQ7uQEaa7j2z7","event":"payment.captured","contains":["payment"],"payload":{"payment":{"entity":{"id":"pay_Q1","amount":50000,"currency":"INR","notes":{"name":"Zoë ₹"}}}},"created_at":1767225600}';
record(`node:crypto, accepted by ${sdk("razorpay")}`, [
  delivery("event", event),
  ...Object.entries(bodies).map(([name, body]) => delivery(name, body)),
]);
