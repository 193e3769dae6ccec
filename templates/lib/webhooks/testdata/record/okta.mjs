// Okta sends a secret in a header and does not sign.
import { now, record } from "./record.mjs";

const secret = "my-shared-secret";
const delivery = (name, body, id) => ({
  name,
  body,
  headers: { "Content-Type": "application/json", Authorization: secret },
  secret,
  time: now,
  id,
  unsignedBody: true,
});

const id = "b5a188b9-5ece-4636-b041-482ffda96311";
const event = `{"eventType":"com.okta.event_hook","eventTypeVersion":"1.0","cloudEventsVersion":"0.1","eventId":"${id}","eventTime":"2026-01-01T00:00:00.000Z","data":{"events":[{"eventType":"user.lifecycle.create","displayMessage":"Zoë"}]}}`;
record("https://developer.okta.com/docs/concepts/event-hooks/", [delivery("event", event, id)]);
