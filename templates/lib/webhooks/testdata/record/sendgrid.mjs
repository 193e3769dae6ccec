// SendGrid's SDK has these deliveries in src/eventwebhook.spec.js.
import { EventWebhook } from "@sendgrid/eventwebhook";
import { check, record, sdk } from "./record.mjs";

const webhook = new EventWebhook();

const delivery = (name, publicKey, timestamp, signature, body) => {
  check(name, webhook.verifySignature(webhook.convertPublicKeyToECDSA(publicKey), body, signature, timestamp));
  return {
    name,
    body,
    headers: {
      "Content-Type": "application/json;charset=utf-8",
      "X-Twilio-Email-Event-Webhook-Signature": signature,
      "X-Twilio-Email-Event-Webhook-Timestamp": String(timestamp),
    },
    publicKey,
    time: timestamp,
  };
};

const id = "LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0";
const dropped = { email: "hello@world.com", event: "dropped", reason: "Bounced Address", sg_event_id: "ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA", sg_message_id: id, "smtp-id": "<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>", timestamp: 1600112492 };
const sent = { sg_message_id: "qNwBLgPQQjW6DJvKQwSAbw.filterdrecv-canary-547b64655b-cw6zx-1-6089EA4A-56.0", "smtp-id": "<qNwBLgPQQjW6DJvKQwSAbw@ismtpd0178p1mdw1.sendgrid.net>" };
const processed = { email: "invalid@gmail.com", event: "processed", send_at: 0, sg_event_id: "cHJvY2Vzc2VkLTE5OTQyMTEyLXFOd0JMZ1BRUWpXNkRKdktRd1NBYnctMA", ...sent, timestamp: 1619651146 };
const bounce = {
  email: "invalid@gmail.com", event: "bounce", ip: "167.89.101.76",
  reason: "552 5.2.2 The email account that you tried to reach is over quota and inactive. Please direct the recipient to https://support.google.com/mail/?p=OverQuotaPerm c17si1130468pgv.34 - gsmtp",
  sg_event_id: "Ym91bmNlLTAtMTk5NDIxMTItcU53QkxnUFFRalc2REp2S1F3U0Fidy0w", ...sent,
  status: "5.2.2", timestamp: 1619651147, tls: 1, type: "blocked",
};

record(`${sdk("@sendgrid/eventwebhook")}, src/eventwebhook.spec.js`, [
  delivery(
    "dropped",
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g==",
    1600112502,
    "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM=",
    JSON.stringify([dropped]) + "\r\n",
  ),
  delivery(
    "two events",
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEQ4LIFtWztlsF7skFqOncjD1lun4H5w8XOhyOArHW9RcIx/FfEzx6cikC/yPfUvwaX/JScE7Fc9CJD2afQ9Ok3Q==",
    1619651159,
    "MEYCIQC/I4o6vCgqRYrTljjoVWB/GRWNtxeePlLMHr3x9ETeRQIhAIpV+03nREPTTHWSW0wIOA0EoMPdcNgXa70yCaqDJlu5",
    `[${JSON.stringify(processed)},\r\n${JSON.stringify(bounce)}]\r\n`,
  ),
]);
