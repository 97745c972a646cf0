// The duty room's page: what comes from the stream, what a guard does with mouse and keys, what is heard.

import * as centre from "./centre.js";
import { Feed } from "./feed.js";
import { newKey, part, parsed, post } from "./post.js";
import * as queue from "./queue.js";
import { CLASSES, Sound } from "./sound.js";

const root = document.documentElement;
const byId = (id) => document.getElementById(id);
const notice = byId("notice");
const title = document.title;
const clockOffset = Number(root.dataset.now) - Date.now();
const sound = new Sound(showSound);
let silenced = false;
let isUp = true;

// What is seen and heard of all incidents together.

function refresh() {
  const unseen = queue.unseen();
  byId("count").textContent = queue.items().length;
  byId("no-items").hidden = queue.items().length > 0;
  document.title = unseen.length ? `(${unseen.length}) ${title}` : title;
  const classes = unseen.map((item) => item.dataset.kind);
  if (!isUp) classes.push("lost");
  const loudest = CLASSES.find((one) => classes.includes(one)) ?? null;
  if (loudest === null) silenced = false;
  byId("silence").hidden = loudest === null || silenced || !sound.isOn;
  sound.play(silenced ? null : loudest);
}

function showSound() {
  const button = byId("sound");
  button.setAttribute("aria-pressed", String(sound.isOn));
  button.querySelector("span").textContent = sound.isOn ? button.dataset.on : button.dataset.off;
  refresh();
}

function tick() {
  const now = Date.now() + clockOffset;
  for (const age of document.querySelectorAll("time.age")) {
    const seconds = Math.max(0, Math.floor((now - Number(age.dataset.since)) / 1000));
    const pad = (number) => String(number).padStart(2, "0");
    const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
    const text = hours ? `${hours}:${pad(minutes)}:${pad(seconds % 60)}` : `${minutes}:${pad(seconds % 60)}`;
    if (age.textContent !== text) age.textContent = text;
  }
  const isOverdue = (answer) => Number(answer.dataset.until) < now;
  if ([...document.querySelectorAll("[data-until]")].some(isOverdue)) redraw(() => centre.show(centre.selected()));
}

function tell(text) {
  notice.textContent = text;
  notice.hidden = text === "";
}

// A part that can't be drawn anew must not look as if it were up to date.
async function redraw(work) {
  try {
    await work();
  } catch {
    tell(notice.dataset.stale);
  }
}

// What comes from the stream.

async function onIncident({ incident, html }) {
  const id = String(incident.id);
  const item = queue.put(id, html);
  if (incident.report && item) {
    silenced = false; // a new alarm is heard, whatever was silenced before
    byId("said").textContent = item.dataset.said;
  }
  refresh();
  await redraw(async () => {
    const isWanted = id === centre.selected() || (item && centre.isOver() && incident.state === "new");
    if (isWanted) await centre.show(id);
    queue.mark(centre.selected());
  });
  if (incident.state === "closed") await redrawSide();
}

async function redrawSide() {
  await redraw(async () => byId("side").replaceChildren(...(await part("/parts/side")).children));
}

async function onReload() {
  await redraw(async () => {
    queue.replaceAll(await part("/parts/queue"));
    await centre.show(centre.selected());
    queue.mark(centre.selected());
  });
  await redrawSide();
  refresh();
}

function onLink({ html }) {
  const links = byId("links");
  links.replaceChildren(...parsed(html).children);
  if (byId("quiet")) redraw(drawQuiet);
}

// The quiet page says what is not heard, so it follows the links.
async function drawQuiet() {
  const fresh = (await part("/parts/quiet")).getElementById("quiet");
  const old = byId("quiet");
  if (old && old.textContent !== fresh.textContent) old.replaceWith(fresh);
}

function onState(nowUp) {
  if (isUp === nowUp) return;
  isUp = nowUp;
  byId("lost").hidden = isUp;
  root.classList.toggle("lost", !isUp);
  refresh();
}

// What a guard does.

async function select(id, focus = false) {
  tell("");
  await redraw(() => centre.show(id, focus));
  queue.mark(centre.selected());
}

async function send(act, fields = {}) {
  const id = centre.shown();
  if (id === null) return false;
  try {
    const answer = await post(`/incidents/${id}/${act}`, { key: newKey(), ...fields }, () => tell(notice.dataset.retry));
    tell(answer.ok ? "" : answer.body.error);
    if (answer.status === 403) askWho();
    if (answer.ok) await redraw(() => centre.show(centre.selected()));
    return answer.ok;
  } catch {
    tell(notice.dataset.failed);
    return false;
  }
}

async function perform(act) {
  const button = centre.action(act);
  if (!button || button.disabled) return;
  if (byId("at-desk").hidden) {
    tell(notice.dataset.nobody);
    askWho();
    return;
  }
  if (act === "close") {
    centre.openClosing();
    return;
  }
  button.disabled = true; // until it is redrawn: a second click is not a second wish
  if (!(await send(act)) && button.isConnected) button.disabled = false;
}

function askWho() {
  byId("duty").hidden = false;
  byId("at-desk").hidden = true;
  byId("person").focus();
}

async function sitDown(event) {
  event.preventDefault();
  const answer = await post("/duty", { person: byId("person").value }, () => tell(notice.dataset.retry)).catch(() => null);
  tell(answer === null ? notice.dataset.failed : answer.ok ? "" : answer.body.error);
  if (!answer?.ok) return;
  byId("at-desk").querySelector("b").textContent = answer.body.person;
  byId("at-desk").hidden = false;
  byId("duty").hidden = true;
  (document.querySelector("[data-act]:enabled") ?? byId("change")).focus();
}

async function closeIncident() {
  const form = centre.closing();
  if (!form || form.hidden) return;
  const fields = new FormData(form);
  const done = await send("close", { cause: fields.get("cause"), note: fields.get("note") });
  if (!done && fields.get("cause") !== null && !fields.get("note").trim()) form.querySelector("textarea").focus();
  else if (done) byId("incident")?.querySelector("h2").focus({ preventScroll: true });
}

function step(by) {
  const items = queue.items();
  if (items.length === 0) return undefined;
  const at = items.findIndex((item) => item.dataset.id === centre.selected());
  const next = items[at < 0 ? 0 : (at + by + items.length) % items.length];
  next.scrollIntoView({ block: "nearest" });
  return select(next.dataset.id, true);
}

function nextUnseen() {
  const unseen = queue.unseen();
  const at = unseen.findIndex((item) => item.dataset.id === centre.selected());
  const next = unseen[(at + 1) % unseen.length];
  return next && select(next.dataset.id, true);
}

function silence() {
  silenced = true;
  refresh();
}

// Keys that come faster than the duty room answers wait for their turn.
let turn = Promise.resolve();
let waiting = 0;

function inTurn(command) {
  waiting += 1;
  turn = turn
    .then(command)
    .catch(() => tell(notice.dataset.stale))
    .finally(() => {
      waiting -= 1;
    });
}

const AT_ONCE = { s: silence, m: () => (sound.isOn ? sound.switchOff() : sound.switchOn()) };
const IN_TURN = {
  a: () => perform("acknowledge"),
  d: () => perform("dispatch"),
  c: () => perform("close"),
  r: () => perform("reset"),
  t: () => perform(centre.action("test") ? "test" : "test_end"),
  n: nextUnseen,
  arrowdown: () => step(1),
  arrowup: () => step(-1),
  j: () => step(1),
  k: () => step(-1),
  escape: centre.cancelClosing,
  enter: closeIncident,
};
for (const number of [1, 2, 3, 4, 5, 6]) IN_TURN[number] = () => centre.chooseCause(number);
// The first letter of a note that is typed too early must not send anybody.
const WHILE_CLOSING = new Set(["escape", "enter", "1", "2", "3", "4", "5", "6"]);

// Whether a key is left to the browser: writing, moving among the causes, pressing the button that has the focus.
function isForBrowser(event, key) {
  const { target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return true;
  const isInForm = centre.closing()?.contains(target) ?? false;
  if (key === "escape") return false;
  if (key === "enter") return isInForm ? event.shiftKey || target.type === "button" : waiting === 0 || target.id === "person";
  if (target.matches("textarea, input:not([type=radio])")) return true;
  return isInForm && key.startsWith("arrow");
}

function onKey(event) {
  const key = event.key.toLowerCase();
  if (isForBrowser(event, key)) return;
  const command = AT_ONCE[key] ?? IN_TURN[key];
  if (!command) return;
  event.preventDefault();
  if (AT_ONCE[key]) command();
  else inTurn(() => (WHILE_CLOSING.has(key) || centre.closing()?.hidden !== false ? command() : undefined));
}

// Wiring.

document.addEventListener("keydown", onKey);
document.addEventListener("click", (event) => {
  const pick = event.target.closest(".pick");
  const act = event.target.closest("[data-act]");
  if (pick) inTurn(() => select(pick.dataset.id ?? pick.closest("[data-id]").dataset.id, true));
  else if (act) inTurn(() => perform(act.dataset.act));
  else if (event.target.closest("[data-cancel]")) centre.cancelClosing();
});
document.addEventListener("submit", (event) => {
  if (event.target.id === "duty") sitDown(event);
  else if (event.target.id === "closing") {
    event.preventDefault();
    inTurn(closeIncident);
  }
});
byId("change").addEventListener("click", askWho);
byId("silence").addEventListener("click", silence);
byId("sound").addEventListener("click", (event) => {
  event.stopPropagation();
  AT_ONCE.m();
});
for (const gesture of ["pointerdown", "keydown"]) {
  document.addEventListener(gesture, () => sound.isWished && !sound.isOn && sound.switchOn(), { once: true, capture: true });
}
new Feed(root.dataset.newest, { incident: onIncident, trouble: redrawSide, reload: onReload, link: onLink }, onState).open();
setInterval(tick, 500);
showSound();
root.dataset.ready = "true";
