// The stream of changes. A browser's own EventSource comes back by itself after most failures; this one after all of them.

const SILENT_MS = 8000; // four beats of the server
const AGAIN_MS = 1000;

export class Feed {
  #source = null;
  #last;
  #handlers;
  #onState;
  #heard = 0;
  #timer = 0;

  // `last`: the newest change that the page shows; `handlers`: {event name: function of its data}; `onState(isUp)`.
  constructor(last, handlers, onState) {
    this.#last = last;
    this.#handlers = handlers;
    this.#onState = onState;
  }

  open() {
    this.#connect();
    setInterval(() => this.#watch(), AGAIN_MS);
  }

  #connect() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#heard = Date.now();
    const source = new EventSource(`/events?after=${this.#last}`);
    this.#source = source;
    source.addEventListener("error", () => this.#fail(source));
    for (const [name, handle] of Object.entries(this.#handlers)) {
      source.addEventListener(name, (event) => {
        this.#heard = Date.now();
        this.#onState(true);
        if (event.lastEventId) this.#last = event.lastEventId;
        handle(JSON.parse(event.data));
      });
    }
  }

  #fail(source) {
    if (source !== this.#source) return;
    this.#onState(false);
    source.close();
    this.#timer = setTimeout(() => this.#connect(), AGAIN_MS);
  }

  #watch() {
    if (Date.now() - this.#heard < SILENT_MS) return;
    this.#onState(false);
    this.#connect();
  }
}
