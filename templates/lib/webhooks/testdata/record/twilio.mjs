import { parse } from "node:querystring";
import twilio from "twilio";
import { bodies, check, now, record, sdk } from "./record.mjs";

const secret = "12345";
const id = "8e2b5d6c-5f6d-4b7e-9f1a-2f0f6d1c9a11";
const call = "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212";

const delivery = (name, method, url, body, type, signature, ignored) => {
  const headers = { "I-Twilio-Idempotency-Token": id, "X-Twilio-Signature": signature };
  if (type) headers["Content-Type"] = type;
  return { name, url, method, body, headers, secret, time: now, id, ignored };
};

// form is signed with its fields. signedURL differs from url if Twilio adds or
// removes the port.
const form = (name, url, body = call, signedURL = url, ignored) => {
  const signature = twilio.getExpectedTwilioSignature(secret, signedURL, parse(body));
  check(name, twilio.validateRequest(secret, signature, url, parse(body)));
  return delivery(name, "POST", url, body, "application/x-www-form-urlencoded; charset=UTF-8", signature, ignored);
};

// A GET request has its parameters in the URL.
const get = (name, url) => {
  const signature = twilio.getExpectedTwilioSignature(secret, url, {});
  check(name, twilio.validateRequest(secret, signature, url, {}));
  return delivery(name, "GET", url, "", undefined, signature);
};

// Twilio appends the hash of a JSON body to the query and signs the URL.
const json = (name, url, body) => {
  url += (url.includes("?") ? "&" : "?") + "bodySHA256=" + twilio.getExpectedBodyHash(body);
  const signature = twilio.getExpectedTwilioSignature(secret, url, {});
  check(name, twilio.validateRequestWithBody(secret, signature, url, body));
  return delivery(name, "POST", url, body, "application/json", signature);
};

record(sdk("twilio"), [
  form("form", "https://example.com/sms"),
  form("trailing slash", "https://example.com/sms/"),
  form("query", "https://example.com/sms?foo=1&bar=2"),
  form("empty query", "https://example.com/sms?"),
  form("parameter without a value", "https://example.com/sms?flag"),
  form("escaped slash", "https://example.com/sms?a=%2f&b=%C3%A9"),
  form("escaped path", "https://example.com/sms/a%20b%2Fc"),
  form("double slash", "https://example.com/sms//x"),
  form("escaped query", "https://example.com/sms/?z=a%20b+c&a=%c3%ab&empty=&flag&a=2"),
  form("port added", "https://example.com/sms?foo=1", call, "https://example.com:443/sms?foo=1"),
  form("port removed", "https://example.com:8443/sms?foo=1", call, "https://example.com/sms?foo=1", [":8443"]),
  form("port kept", "https://example.com:8443/sms?foo=1"),
  form("user and password", "https://user:pass@example.com/sms?foo=1"),
  form("UTF-8, spaces and plus", "https://example.com/sms", "Body=Zo%C3%AB+%E2%99%A5+a%20b%2Bc&From=%2B15005550006&Special=%26%3D%25"),
  form("empty values", "https://example.com/sms", "Digits=&CallSid=CA1&Empty="),
  form("repeated fields", "https://example.com/sms", "Media=b&Media=a&Media=b&MediaUrl=c"),
  form("empty form", "https://example.com/sms", ""),
  get("GET", "https://example.com/voice?ToCountry=US&SmsSid=SM1&Body=a+b&From=%2B15005550006"),
  get("GET, names not sorted", "https://example.com/voice/?Retry=1&Digits=1&Retry=2&AccountSid=AC1"),
  json("JSON", "https://example.com/events", '{"type":"com.twilio.messaging","name":"Zoë"}'),
  json("JSON and a query", "https://example.com/events/?foo=1&bar=a%20b", '{"type":"com.twilio.messaging"}'),
  ...Object.entries(bodies).map(([name, body]) => json(`JSON, ${name}`, "https://example.com/events", body)),
]);
