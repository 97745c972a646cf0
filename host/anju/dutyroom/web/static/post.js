// Changes go up with a key of their own, so that one that is sent again is done once.

const TRIES = 30; // a restart takes a few seconds; until then the page says that it tries again
const AGAIN_MS = 1000;

// {ok, status, body}; throws when the duty room could not be reached at all. `onRetry` is called before each repetition.
export async function post(path, fields, onRetry) {
  const body = JSON.stringify(fields);
  for (let tries = 1; ; tries += 1) {
    try {
      const response = await fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body });
      return { ok: response.ok, status: response.status, body: await response.json() };
    } catch (error) {
      if (tries === TRIES) throw error;
      onRetry();
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}

export function newKey() {
  return crypto.randomUUID();
}

// A part of the page, drawn anew by the server.
export async function part(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return parsed(await response.text());
}

export function parsed(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}
