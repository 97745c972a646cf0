// The queue on the left: priority, then age.

import { parsed } from "./post.js";

const list = document.getElementById("items");

export function items() {
  return [...list.children];
}

export function unseen() {
  return items().filter((item) => item.classList.contains("unseen"));
}

// Puts an incident where it belongs, in place of what was shown of it; takes it out if `html` is empty. Returns its element.
export function put(id, html) {
  const old = document.getElementById(`incident-${id}`);
  const item = parsed(html).firstElementChild;
  if (item === null) {
    old?.remove();
    return null;
  }
  const hadFocus = old?.contains(document.activeElement);
  const after = items().find((other) => other !== old && isBefore(item, other));
  old?.remove();
  list.insertBefore(item, after ?? null);
  if (hadFocus) item.querySelector("button").focus({ preventScroll: true });
  return item;
}

export function replaceAll(fragment) {
  list.replaceChildren(...fragment.children);
}

export function mark(id) {
  for (const item of items()) {
    const button = item.querySelector("button");
    if (item.dataset.id === id) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
}

function isBefore(item, other) {
  const mine = item.dataset.rank.split(" ").map(Number);
  const theirs = other.dataset.rank.split(" ").map(Number);
  const differs = mine.findIndex((part, at) => part !== theirs[at]);
  return differs >= 0 && mine[differs] < theirs[differs];
}
