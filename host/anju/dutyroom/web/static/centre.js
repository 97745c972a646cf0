// The middle of the page: one incident. It is redrawn at each of its changes, but for the form that somebody may be filling in.

import { part } from "./post.js";

const centre = document.getElementById("centre");
let wanted = 0; // answers of older requests are dropped

export function selected() {
  return document.getElementById("incident")?.dataset.id ?? null;
}

export function isOver() {
  const incident = document.getElementById("incident");
  return incident === null || incident.dataset.state === "closed";
}

export function action(name) {
  return centre.querySelector(`[data-act="${name}"]`);
}

export function closing() {
  return document.getElementById("closing");
}

// Shows an incident, or that all is quiet; `focus`: its title gets the focus, for those who don't see it change.
export async function show(id, focus = false) {
  const mine = ++wanted;
  const fresh = await part(id === null ? "/parts/quiet" : `/incidents/${id}`);
  if (mine !== wanted) return;
  const now = fresh.getElementById("incident");
  const old = document.getElementById("incident");
  if (now && old && now.dataset.id === old.dataset.id) renew(old, now);
  else centre.replaceChildren(...fresh.children);
  if (focus) centre.querySelector("h2").focus({ preventScroll: true });
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
  if (!form || form.hidden) return false;
  form.hidden = true;
  action("close")?.focus();
  return true;
}

// Chooses the cause with a number; one that needs a note brings the writer there.
export function chooseCause(number) {
  const choice = closing()?.querySelectorAll("input[name=cause]")[number - 1];
  if (!choice) return;
  choice.checked = true;
  if (choice.dataset.note) closing().querySelector("textarea").focus();
  else choice.focus();
}
