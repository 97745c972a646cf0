// The middle of the page: one incident. It is redrawn at each of its changes, but for the form that somebody may be filling in.

import { part } from "./post.js";

const centre = document.getElementById("centre");
let chosen = shown(); // what is to be seen; it may still be on its way
let isStale = false;
let wantsFocus = false;
let drawing = null;

// The incident that is to be seen, or null.
export function selected() {
  return chosen;
}

// The incident that is seen, to which buttons and keys apply.
export function shown() {
  return document.getElementById("incident")?.dataset.id ?? null;
}

// Whether the place is free for another incident.
export function isOver() {
  return chosen === null || (chosen === shown() && document.getElementById("incident").dataset.state === "closed");
}

export function action(name) {
  return centre.querySelector(`[data-act="${name}"]`);
}

export function closing() {
  return document.getElementById("closing");
}

// Shows an incident as it is now, or that all is quiet; `focus`: its title gets the focus, for those who don't see it change.
// Many wishes at once are one drawing, of the last.
export function show(id, focus = false) {
  chosen = id;
  isStale = true;
  wantsFocus ||= focus;
  drawing ??= draw().finally(() => {
    drawing = null;
  });
  return drawing;
}

async function draw() {
  while (isStale) {
    isStale = false;
    const id = chosen;
    const fresh = await part(id === null ? "/parts/quiet" : `/incidents/${id}`);
    if (id !== chosen) continue;
    const now = fresh.getElementById("incident");
    const old = document.getElementById("incident");
    if (now && old && now.dataset.id === old.dataset.id) renew(old, now);
    else centre.replaceChildren(...fresh.children);
    if (now === null) chosen = null;
    if (wantsFocus) centre.querySelector("h2").focus({ preventScroll: true });
    wantsFocus = false;
  }
}

function renew(old, now) {
  const act = document.activeElement?.dataset?.act;
  old.className = now.className;
  old.dataset.state = now.dataset.state;
  for (const fresh of now.querySelectorAll("[data-part]")) {
    old.querySelector(`[data-part="${fresh.dataset.part}"]`).replaceWith(fresh);
  }
  if (!now.querySelector("#closing")) closing()?.remove();
  if (act) (action(act)?.disabled === false ? action(act) : centre.querySelector("[data-act]:enabled, h2"))?.focus({ preventScroll: true });
}

export function openClosing() {
  const form = closing();
  if (!form) return;
  form.hidden = false;
  (form.querySelector("input:checked") ?? form.querySelector("input")).focus();
}

export function cancelClosing() {
  const form = closing();
  if (!form || form.hidden) return;
  form.hidden = true;
  action("close")?.focus();
}

// Chooses the cause with a number; one that needs a note brings the writer there.
export function chooseCause(number) {
  const form = closing();
  if (!form || form.hidden) return;
  const choice = form.querySelectorAll("input[name=cause]")[number - 1];
  choice.checked = true;
  if (choice.dataset.note) form.querySelector("textarea").focus();
  else choice.focus();
}
