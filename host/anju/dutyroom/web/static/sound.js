// One tone per class of alarm, repeated while something of that class is unseen. Silencing stops the sound and nothing else.

// Notes: [frequency in Hz, start in s, length in s]; again after `every` seconds.
const TONES = {
  hold_up: { every: 2, notes: [[988, 0, 0.16], [740, 0.18, 0.16], [988, 0.36, 0.16], [740, 0.54, 0.16], [988, 0.72, 0.3]] },
  duress: { every: 2, notes: [[740, 0, 0.16], [988, 0.18, 0.16], [740, 0.36, 0.16], [988, 0.54, 0.16], [740, 0.72, 0.3]] },
  fire: { every: 4, notes: [[784, 0, 0.5], [784, 1, 0.5], [784, 2, 0.5]] }, // three pulses and a pause (ISO 8201)
  unknown: { every: 2.5, notes: [[880, 0, 0.12], [880, 0.2, 0.12], [880, 0.4, 0.12], [587, 0.6, 0.3]] },
  technical: { every: 2.5, notes: [[523, 0, 0.2], [659, 0.25, 0.2], [523, 0.5, 0.2]] },
  intrusion: { every: 3, notes: [[659, 0, 0.35], [494, 0.4, 0.35]] },
  tamper: { every: 5, notes: [[440, 0, 0.15], [440, 0.25, 0.15]] },
  lost: { every: 10, notes: [[330, 0, 0.5]] },
};
export const CLASSES = Object.keys(TONES);
const LOUDNESS = 0.35;
const WISH = "anju.sound";

export class Sound {
  #context = null;
  #tone = null;
  #timer = 0;
  #onChange;

  constructor(onChange) {
    this.#onChange = onChange;
  }

  // A browser plays nothing before the first click or key: what was wished last time begins with that.
  get isWished() {
    return localStorage.getItem(WISH) === "on";
  }

  get isOn() {
    return this.#context !== null && this.#context.state === "running";
  }

  async switchOn() {
    localStorage.setItem(WISH, "on");
    if (this.#context === null) {
      this.#context = new AudioContext();
      this.#context.addEventListener("statechange", () => this.#onChange());
    }
    await this.#context.resume();
    this.#onChange();
  }

  async switchOff() {
    localStorage.setItem(WISH, "off");
    await this.#context?.suspend();
    this.#onChange();
  }

  // Repeats a class's tone until it is given another, or null.
  play(tone) {
    if (tone === this.#tone) return;
    this.#tone = tone;
    clearInterval(this.#timer);
    if (tone === null) return;
    this.#sound();
    this.#timer = setInterval(() => this.#sound(), TONES[tone].every * 1000);
  }

  #sound() {
    if (!this.isOn) return;
    for (const [frequency, start, length] of TONES[this.#tone].notes) this.#note(frequency, start, length);
  }

  #note(frequency, start, length) {
    const at = this.#context.currentTime + start;
    const oscillator = new OscillatorNode(this.#context, { type: "triangle", frequency });
    const gain = new GainNode(this.#context, { gain: 0 });
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(LOUDNESS, at + 0.01);
    gain.gain.setValueAtTime(LOUDNESS, at + length - 0.02);
    gain.gain.linearRampToValueAtTime(0, at + length);
    oscillator.connect(gain).connect(this.#context.destination);
    oscillator.start(at);
    oscillator.stop(at + length);
  }
}
