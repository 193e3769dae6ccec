// Shared by the scripts in this directory.
import { createHmac } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { mock } from "node:test";
import { fileURLToPath } from "node:url";

// now is when all deliveries are signed. SDKs that read the clock see it too.
export const now = Date.UTC(2026, 0, 1) / 1000;
mock.timers.enable({ apis: ["Date"], now: now * 1000 });

// bodies are JSON documents that a change of encoding or white space breaks.
export const bodies = {
  "UTF-8": '{"name":"Zoë ♥ 日本語 🎉","separator":"\u2028","escaped":"\\u00eb\\/"}',
  "empty object": "{}",
  "line breaks": '{\r\n  "a": 1.0,\n\t"a": 2\r\n}\r\n',
};

// hmac signs without an SDK.
export function hmac(algorithm, key, encoding, ...parts) {
  const mac = createHmac(algorithm, key);
  for (const part of parts) mac.update(part);
  return mac.digest(encoding);
}

// sdk returns the name and the version of a package, for source.
export function sdk(name) {
  const file = new URL("package.json", import.meta.url);
  return `${name}@${JSON.parse(readFileSync(file)).dependencies[name]}`;
}

// check fails unless the provider's SDK accepts a delivery.
export function check(name, accepted) {
  if (!accepted) throw new Error(`${name}: the SDK rejects this delivery`);
}

// record writes deliveries to recordings/PROVIDER.json. PROVIDER is the name of
// the running script.
export function record(source, deliveries) {
  const script = basename(process.argv[1]);
  const file = new URL(`../recordings/${script.replace(".mjs", ".json")}`, import.meta.url);
  const recordings = deliveries.map(({ name, url, body, ...rest }) => ({
    name,
    source,
    command: `node ${script}`,
    method: "POST",
    url: url ?? "https://example.com/webhook",
    ...(Buffer.isBuffer(body) ? { bodyBase64: body.toString("base64") } : { body }),
    ...rest,
  }));
  writeFileSync(file, JSON.stringify(recordings, null, 2) + "\n");
  console.log(fileURLToPath(file), recordings.length);
}
