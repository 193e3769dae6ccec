"use strict";
// The page of fngen dev. It listens to /.fngen/events, and keeps one row for
// each function, request and delivery. Data only ever becomes text.

const maxRequests = 200;
const chartSize = 24; // requests in a function's chart
const $ = (id) => document.getElementById(id);
const functions = new Map(); // by name
const requests = new Map(); // by number, oldest first
const rows = new Map(); // of requests, by number
let opened = 0; // the number of the request in the detail
let editing = false;
let view = 0; // incremented when the user chooses what the detail shows

// el returns an element with properties and children.
function el(name, properties = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key === "dataset") Object.assign(node.dataset, value);
    else if (key in node) node[key] = value;
    else node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== null && child !== ""));
  return node;
}

const button = (text, onclick, className = "") => el("button", { type: "button", className, onclick }, text);
const named = (node, name) => Object.assign(node, { ariaLabel: `${node.textContent}: ${name}` });
const level = (status) => (status >= 500 ? "bad" : status >= 400 ? "warn" : "");
const clock = (ms) => new Date(ms).toLocaleTimeString([], { hour12: false });
const duration = (ms) => (ms >= 1000 ? (ms / 1000).toFixed(2) + " s" : ms >= 10 ? Math.round(ms) + " ms" : ms.toFixed(1) + " ms");
const statusText = (r) => (!r.done ? "…" : r.failed && r.status === 200 ? "failed" : r.status ? String(r.status) : "closed");
const outcome = (r) => (r.failed ? "bad" : level(r.status));

// State of the build.

function showState(state) {
  if (state.run !== document.body.dataset.run) return location.reload(); // fngen dev was restarted
  const texts = {
    building: "Building …",
    starting: "Starting …",
    ready: `Ready in ${state.seconds.toFixed(2)} s`,
    failed: "Failed",
  };
  $("state").textContent = texts[state.status];
  $("state").dataset.status = state.status;
  showProblem(state.problem);
  if (state.status === "ready") show("");
  functions.clear();
  for (const f of state.functions || []) functions.set(f.name, f);
  showFunctions();
}

function showProblem(problem) {
  $("problem").hidden = !problem;
  if (!problem) return;
  $("problem-title").textContent = problem.title;
  $("problem-places").replaceChildren(problemView(problem));
}

function problemView(problem) {
  const places = el("div", { className: "places" });
  if (problem.reason) places.append(el("pre", { className: "reason" }, problem.reason));
  for (const p of problem.places || []) {
    const position = [p.file, p.line, p.column].filter(Boolean).join(":");
    places.append(el("div", { className: p.own ? "place" : "place foreign" },
      el("h3", {}, p.edit ? el("a", { href: p.edit, title: "Open in the editor" }, position) : position,
        p.function ? el("span", { className: "function" }, " " + p.function) : ""),
      p.message ? el("p", { className: "message" }, p.message) : "",
      p.source ? source(p) : ""));
  }
  if (!problem.places && problem.text) places.append(el("pre", {}, problem.text));
  return places;
}

function source(place) {
  const pre = el("pre", { className: "source" });
  for (const line of place.source) {
    pre.append(el("span", { className: line.here ? "line here" : "line" },
      el("span", { className: "n" }, String(line.n)), el("code", {}, line.text)));
    if (line.here && place.column) {
      pre.append(el("span", { className: "line caret", ariaHidden: "true" },
        el("span", { className: "n" }), el("code", {}, (line.caret || "") + "^")));
    }
  }
  return pre;
}

// Functions.

function showFunctions() {
  $("no-functions").hidden = functions.size > 0 || !["ready", "failed"].includes($("state").dataset.status);
  const first = functions.values().next().value;
  if (first) $("example").textContent = first.kind === "http" ? `curl ${location.hostname}:${location.port}/${first.name}` : `fngen invoke ${first.name}`;
  $("functions").replaceChildren(...[...functions.values()].map(functionRow));
}

function functionRow(f) {
  const labels = f.guards.map((guard) => (guard === "webhook" && f.webhook ? "webhook: " + f.webhook : guard));
  const tags = [f.kind, ...labels].map((label) => el("span", { className: "tag" }, label));
  const actions = el("div", { className: "actions" });
  if (f.kind === "http") {
    actions.append(named(button("New request", () => edit({ function: f.name })), f.name));
  } else if (f.kind === "schedule") {
    actions.append(named(button("Run now", () => command("sample", { function: f.name })), f.name));
  } else if (["queue", "kinesis", "sns"].includes(f.kind)) {
    const body = el("input", { value: "{}", ariaLabel: `Message for ${f.name}` });
    actions.append(body, named(button("Send message", () => command("sample", { function: f.name, message: body.value })), f.name));
  }
  if (f.samples) {
    const select = el("select", { ariaLabel: `Sample event for ${f.name}` }, ...f.samples.map((name) => el("option", {}, name)));
    actions.append(select, named(button("Send sample", () => command("sample", { function: f.name, sample: select.value })), f.name));
  }
  return el("li", { dataset: { function: f.name } },
    el("div", { className: "first" },
      f.edit ? el("a", { className: "name", href: f.edit, title: "Open the handler in the editor" }, f.name) : el("span", { className: "name" }, f.name),
      chart(f.name)),
    f.schedule || f.queue ? el("div", {}, el("code", { className: "route muted" }, f.schedule || f.queue)) : "",
    el("div", {}, ...(f.routes || []).map((route) => el("code", { className: "route muted" }, route.includes(" ") ? route : "any method " + route))),
    el("div", { className: "foot" }, el("div", { className: "tags" }, ...tags), actions));
}

// chart returns the durations of a function's last requests as bars.
function chart(name) {
  const last = [...requests.values()].filter((r) => r.done && r.function === name).slice(-chartSize);
  const box = el("span", { className: "chart" });
  if (!last.length) return box;
  const sorted = last.map((r) => r.ms).sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)];
  const slowest = sorted[sorted.length - 1];
  const make = (tag, attributes) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    return node;
  };
  const svg = make("svg", {
    width: chartSize * 4, height: 22, role: "img",
    "aria-label": `${last.length} requests, median ${duration(median)}, slowest ${duration(slowest)}`,
  });
  last.forEach((r, i) => {
    const height = Math.max(2, (20 * r.ms) / Math.max(slowest, 1));
    svg.append(make("rect", { x: (chartSize - last.length + i) * 4, y: 22 - height, width: 3, height, class: outcome(r) }));
  });
  box.append(svg, duration(median));
  return box;
}

function updateChart(name) {
  const row = [...$("functions").children].find((li) => li.dataset.function === name);
  if (row) row.querySelector(".chart").replaceWith(chart(name));
}

// Requests.

function showRequests(changed) {
  for (const r of changed) {
    requests.set(r.n, r);
    if (!rows.has(r.n)) {
      const row = requestRow(r);
      rows.set(r.n, row);
      $("requests").prepend(row);
    }
    fillRow(r);
    if (r.n === opened && r.done && !editing) open(r.n, false);
  }
  for (const n of requests.keys()) {
    if (requests.size <= maxRequests) break;
    rows.get(n).remove();
    rows.delete(n);
    requests.delete(n);
  }
  new Set(changed.map((r) => r.function)).forEach(updateChart);
  const empty = requests.size === 0;
  $("no-requests").hidden = !empty;
  $("requests-scroll").hidden = empty;
  announce(changed.filter((r) => r.done).pop());
}

function requestRow(r) {
  const path = el("button", { type: "button" },
    el("span", { className: "method" }, r.method), " ", el("span", { className: "path" }, r.path), el("span", { className: "muted" }));
  const row = el("tr", { onclick: () => open(r.n, true) },
    el("td", {}, clock(r.start)), el("td", {}, path), el("td", { className: "status" }), el("td", {}));
  path.title = r.path;
  return row;
}

function fillRow(r) {
  const row = rows.get(r.n);
  row.querySelector(".muted").textContent = r.delivery ? `  delivery ${r.delivery}` : "";
  row.children[2].textContent = statusText(r);
  row.children[2].className = "status " + outcome(r);
  row.children[3].textContent = r.done ? duration(r.ms) : "";
  row.hidden = !matches(r);
}

function matches(r) {
  const wanted = $("filter").value.trim().toLowerCase();
  return !wanted || `${r.method} ${r.path} ${statusText(r)}`.toLowerCase().includes(wanted);
}

// announce tells screen readers about the latest request, at most once in two
// seconds.
let announced = 0;
function announce(r) {
  if (!r || Date.now() - announced < 2000) return;
  announced = Date.now();
  $("announce").textContent = `${r.method} ${r.path} ${statusText(r)}`;
}

// The detail of a request.

async function open(n, focus) {
  const chosen = focus ? ++view : view;
  let r;
  try {
    const response = await fetch("/.fngen/requests/" + n);
    r = await response.json();
    if (!response.ok) throw new Error(r.error);
  } catch (error) {
    return show(error.message);
  }
  if (view !== chosen) return; // the user has moved on
  rows.get(opened)?.classList.remove("open");
  opened = n;
  editing = false;
  rows.get(n)?.classList.add("open");
  const webhook = functions.get(r.function)?.webhook;
  const actions = el("div", { className: "actions" },
    r.delivery ? button("Replay", () => command("replay", { n: r.delivery }), "primary") : "",
    button("Send again", () => command("send", { n }), r.delivery ? "" : "primary"),
    button("Edit and send", () => edit(r)), button("Close", close));
  const facts = [r.done ? duration(r.ms) : "in progress", "at " + clock(r.start)];
  if (r.requestId) facts.push("request id " + r.requestId);
  if (r.delivery) facts.push(`delivery ${r.delivery}: Replay signs it again${webhook ? " for " + webhook : ""}`);
  $("detail").replaceChildren(...[
    el("div", { className: "head" },
      el("h2", { id: "detail-title" }, `${r.method} ${r.target} `, el("span", { className: level(r.status) }, `${statusText(r)} ${r.statusText}`)),
      actions),
    el("p", { className: "facts" }, facts.join(" · ")),
    r.problem ? problemView(r.problem) : "",
    el("div", { className: "pair" }, message("Request", r.header, r.body), message("Response", r.responseHeader, r.problem ? {} : r.responseBody)),
    log(r)].filter(Boolean));
  $("detail").hidden = false;
  if (focus) focusDetail();
}

function message(title, header, body) {
  const fields = (header || []).flatMap((field) => [el("dt", {}, field.name), el("dd", {}, field.value)]);
  let text = pretty(body.text || "");
  if (body.note) text = `${body.size} bytes: ${body.note}`;
  return el("div", {}, el("h3", {}, title), text ? el("pre", {}, text) : body.size === 0 ? el("p", { className: "facts" }, "No body") : "",
    fields.length ? el("details", { open: true }, el("summary", {}, "Headers"), el("dl", {}, ...fields)) : "");
}

function log(r) {
  const lines = r.log || [];
  const box = el("div", {}, el("h3", {}, "Log"));
  if (!lines.length) {
    box.append(el("p", { className: "facts" }, "The function printed nothing."));
    return box;
  }
  box.append(el("pre", {}, lines.map((line) => line.text).join("\n")));
  if (!lines.every((line) => line.byId)) {
    box.append(el("p", { className: "facts" },
      "Lines without this request's id were printed while it was in progress. Other requests may have printed them."));
  }
  return box;
}

function pretty(text) {
  try {
    const value = JSON.parse(text);
    const shown = typeof value === "object" && value ? JSON.stringify(value, null, 2) : text;
    return /\d{16}/.test(text) ? text : shown; // a script's numbers are not exact beyond
  } catch {
    return text;
  }
}

function close() {
  view++;
  const row = rows.get(opened);
  row?.classList.remove("open");
  opened = 0;
  editing = false;
  $("detail").hidden = true;
  row?.querySelector("button").focus();
}

function focusDetail() {
  $("detail").focus({ preventScroll: true });
  $("detail").scrollIntoView({ block: "nearest" });
}

// Editing a request: a recorded one, or a new one of a function.

function edit(r) {
  view++;
  const f = functions.get(r.function);
  const isNew = !r.n;
  if (isNew) {
    rows.get(opened)?.classList.remove("open");
    opened = 0;
  }
  const [verb, path] = newRequest(f);
  const headers = isNew ? "" : (r.header || []).map((field) => `${field.name}: ${field.value}`).join("\n");
  const method = el("input", { value: r.method || verb, required: true, spellcheck: false });
  const target = el("input", { value: r.target || path, required: true, spellcheck: false });
  const header = el("textarea", { value: headers, rows: Math.min(10, Math.max(3, headers.split("\n").length)), spellcheck: false, placeholder: "Content-Type: application/json" });
  const body = el("textarea", { value: isNew ? "" : pretty(r.body.text), rows: 10, spellcheck: false });
  if (!isNew && r.body.note) body.placeholder = "Leave this empty to send the recorded body.";
  const sign = el("input", { type: "checkbox", checked: true });
  const form = el("form", {
    onsubmit: (event) => {
      event.preventDefault();
      const fields = header.value.split("\n").filter((line) => line.includes(":")).map((line) => {
        const colon = line.indexOf(":");
        return { name: line.slice(0, colon).trim(), value: line.slice(colon + 1).trim() };
      });
      const keep = !isNew && r.body.note && body.value === "";
      command("send", {
        n: r.n || 0, function: r.function, sign: Boolean(f?.webhook) && sign.checked,
        request: { method: method.value.trim().toUpperCase(), target: target.value.trim(), header: fields, body: keep ? null : body.value },
      });
    },
  },
  el("div", { className: "target" }, el("label", {}, "Method", method), el("label", {}, "Path and query", target)),
  el("label", {}, "Headers, one on a line", header),
  el("label", {}, "Body", body),
  f?.webhook ? el("label", { className: "check" }, sign, `Sign for ${f.webhook}`) : "",
  isNew ? "" : el("p", { className: "facts" }, "[redacted] stands for the recorded secret, which is sent."),
  el("div", { className: "actions" }, el("button", { className: "primary" }, "Send"),
    button("Cancel", () => (isNew ? close() : open(r.n, true)))));
  $("detail").replaceChildren(el("div", { className: "head" }, el("h2", { id: "detail-title" }, isNew ? "New request" : "Edit and send")), form);
  $("detail").hidden = false;
  editing = true;
  focusDetail();
  body.setSelectionRange(0, 0);
  (isNew ? target : body).focus();
}

// newRequest returns the method and the path of a function's first route.
function newRequest(f) {
  const route = f?.routes?.[0] || "/";
  const [method, path] = route.includes(" ") ? route.split(" ") : [f?.webhook ? "POST" : "GET", route];
  return [method, path];
}

// Deliveries.

function showDeliveries(deliveries) {
  $("no-deliveries").hidden = deliveries.length > 0;
  $("deliveries").replaceChildren(...deliveries.map((d) => el("li", {},
    el("div", { className: "first" },
      el("span", {}, el("span", { className: "name" }, d.function), d.event ? el("code", { className: "muted" }, "  " + d.event) : ""),
      el("strong", { className: level(d.status) }, d.status ? String(d.status) : "closed")),
    el("div", { className: "first" },
      el("span", { className: "facts" }, `delivery ${d.n} · ${clock(d.start)} · ${d.size} bytes`),
      el("span", { className: "actions" },
        button("Open", () => openDelivery(d.n)),
        d.canSend ? button("Replay", () => command("replay", { n: d.n })) : "")))));
}

function openDelivery(n) {
  const r = [...requests.values()].find((request) => request.delivery === n);
  if (r) open(r.n, true);
  else show("Only its delivery is kept. Replay it to see the request.");
}

// Commands.

async function command(name, data) {
  show("");
  const chosen = view;
  try {
    const response = await fetch("/.fngen/" + name, {
      method: "POST",
      headers: { "Content-Type": "application/json", "Fngen-Token": document.body.dataset.token },
      body: JSON.stringify(data),
    });
    const result = await response.json();
    if (!response.ok) return show(result.error + (result.hint ? "\nhint: " + result.hint : ""));
    if (result.n && view === chosen) await open(result.n, true);
  } catch {
    show("fngen dev does not respond.");
  }
}

function show(text) {
  $("message").textContent = text;
  $("message").hidden = !text;
}

$("filter").addEventListener("input", () => requests.forEach(fillRow));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  if (!$("message").hidden) show("");
  else if (!$("detail").hidden && !editing) close();
});

const events = new EventSource("/.fngen/events");
const on = (name, handle) => events.addEventListener(name, (event) => handle(JSON.parse(event.data)));
on("state", showState);
on("requests", showRequests);
on("deliveries", showDeliveries);
events.onerror = () => {
  $("state").textContent = "fngen dev is not running";
  $("state").dataset.status = "lost";
};
