// Signs as the sample of Mailgun's documentation does. Its SDK does not verify
// webhooks. Only the token is signed.
import { check, hmac, now, record } from "./record.mjs";

const secret = "key-1a2b3c4d5e6f7a8b9c0d1e2f3a4b5c6d";
const token = "e0b5477167110d68991efc6b9f89f0a11066af27834600e123";
const signature = hmac("sha256", secret, "hex", String(now) + token);
const event = '{"id":"G9Bn5sl1TC6nu79C8C0bwg","event":"delivered","recipient":"zoe@example.com"}';

const json = {
  name: "event",
  body: `{"signature":{"timestamp":"${now}","token":"${token}","signature":"${signature}"},"event-data":${event}}`,
  headers: { "Content-Type": "application/json" },
  secret,
  time: now,
  id: token,
  // The event is not signed, and field names match without regard to case.
  ignored: ['"signature":{"timestamp":', ',"token":', ',"signature":', `"event-data":${event}`],
};
const subaccount = {
  ...json,
  name: "event of a subaccount",
  body: json.body.replace(`"${signature}"`, `"${"0".repeat(64)}","parent-signature":"${signature}"`),
  ignored: [...json.ignored.slice(0, 2), `,"signature":"${"0".repeat(64)}","parent-signature":`, json.ignored[3]],
};

// A route sends a form. Rails tests its ingress with this one:
// https://github.com/rails/rails/blob/main/actionmailbox/test/controllers/ingresses/mailgun/inbound_emails_controller_test.rb
const fields = {
  timestamp: "1539112500",
  token: "7VwW7k6Ak7zcTwoSoNm7aTtbk1g67MKAnsYLfUB7PdszbgR5Xi",
  signature: "ef24c5225322217bb065b80bb54eb4f9206d764e3e16abab07f0a64d1cf477cc",
};
const email = new URLSearchParams({ "body-mime": "From: zoe@example.com\r\nSubject: Hi\r\n\r\nZoë\r\n" });
const form = {
  name: "form of a route",
  body: `${new URLSearchParams(fields)}&${email}`,
  headers: { "Content-Type": "application/x-www-form-urlencoded" },
  secret: "tbsy84uSV1Kt3ZJZELY2TmShPRs91E3yL4tzf96297vBCkDWgL",
  time: 1539112500,
  id: fields.token,
  ignored: [`${email}`],
};
check(form.name, hmac("sha256", form.secret, "hex", fields.timestamp, fields.token) === fields.signature);

record("https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks", [json, subaccount, form]);
